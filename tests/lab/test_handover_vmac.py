"""use_vmac and a handover: the virtual MAC moves, and connections end where they began."""

from lab import configs, handover
from lab.handover import LongConnections, baton
from lab.pairings import a_tree_on_both
from lab.waiting import wait_until

VMAC = "00:00:5e:00:01:37"


def holds(proxy):
    return "192.168.175.100" in proxy.host.output("ip -4 addr show dev vrrp.55", check=False)


@a_tree_on_both
def test_a_pass_and_a_pass_back_of_a_virtual_mac_harm_no_connection(network):
    configs.share_pair_key(*network.proxies)
    for proxy in network.proxies:
        proxy.write_proxy(handover.PROXY_CONF)
        proxy.write_failover(
            configs.failover_pair(proxy.name, instance="          use_vmac\n")
        )
    for node in [*network.webs, *network.proxies]:
        node.start()
    first, second = network.proxies
    wait_until(lambda: holds(first), 10, "nginx01 has the address on its virtual interface")
    for proxy in network.proxies:
        wait_until(lambda: handover.link_is_up(proxy), 10, f"{proxy.name} has a link")
    prober = network.prober(interval_ms=5, timeout_ms=1000)
    prober.await_success()
    connections = LongConnections(network)
    for giver, taker in ((first, second), (second, first)):
        baton(giver, "pass")
        wait_until(lambda: holds(taker) and not holds(giver), 4, f"{taker.name} has it")
        handover.await_lists(taker)
        prober.await_success()
        assert VMAC in network.client.output("ip neigh show 192.168.175.100")
    found = connections.finish()
    prober.stop()
    assert not prober.failures, prober.summary()
    assert found["download"] == found["upload"] == found["tunnel"] == "ok", found
    assert set(found["idle"]) <= {"answered", "answered, closed", "closed"}, found
