"""`baton pass` between nodes that also have a second path and a witness: neither holds it up."""

from lab import configs
from lab.handover import baton
from lab.pairings import a_tree_on_both
from lab.waiting import wait_until

GUARDS = "heartbeat_interface ens34\n        witness ping 192.168.175.121\n"


@a_tree_on_both
def test_a_pass_is_a_pass_whatever_the_second_path_and_the_witness_say(network):
    configs.share_pair_key(*network.proxies)
    network.second_cable()
    for proxy in network.proxies:
        proxy.write_failover(configs.failover_pair(proxy.name, extra=GUARDS))
    network.start()
    first, second = network.proxies
    linked = "): up for"
    wait_until(lambda: linked in first.host.output(["baton", "status"]), 8, "a pair link")
    for giver, taker in ((first, second), (second, first), (first, second)):
        said = baton(giver, "pass").stdout
        assert f"passed to {taker.name} in" in said, said
        told = taker.host.output(["baton", "history", "1", "--brief"])
        assert f"passed on by {giver.name}" in told, told
        assert "outage 0." in told or "outage 1." in told, told
