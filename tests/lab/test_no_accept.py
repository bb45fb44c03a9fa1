"""no_accept: who is not the owner of the address drops what comes to it, except where baton's proxy serves."""

from lab import configs
from lab.host import PYTHON
from lab.network import VIP
from lab.pairings import a_tree_on_both, made_of
from lab.waiting import wait_until


CONNECT = f"""\
import socket
try:
    socket.create_connection(("{VIP}", 80), 1.5).close()
except ConnectionRefusedError:
    pass
"""


def is_let_in(network):
    """Whether a packet to the address gets any answer, be it that nobody listens."""
    return network.client.run([PYTHON, "-c", CONNECT], check=False).returncode == 0


def guarded(network):
    for proxy in network.proxies:
        proxy.write_failover(configs.failover(proxy.name, instance="          no_accept\n"))


@made_of([("baton", "baton", "baton")], [("keepalived", "keepalived", "apache")])
def test_traffic_to_the_address_is_dropped_without_a_proxy_and_let_in_again_at_the_end(network):
    guarded(network)
    first = network.nginx01
    first.host.systemctl("start", "keepalived")
    wait_until(first.holds_vip, 8, "nginx01 has the address")
    assert not is_let_in(network)
    table = first.host.output(["/usr/sbin/nft", "list", "ruleset"])
    assert "table" in table and "drop" in table
    first.host.systemctl("stop", "keepalived")
    rules = ["/usr/sbin/nft", "list", "ruleset"]
    wait_until(lambda: not first.host.output(rules).strip(), 3, "no table is left")
    first.write_failover(configs.failover("nginx01"))
    first.host.systemctl("start", "keepalived")
    wait_until(first.holds_vip, 8, "nginx01 has the address again")
    assert is_let_in(network)


@a_tree_on_both
def test_a_tree_with_a_proxy_answers_and_says_why(network):
    guarded(network)
    network.start()
    assert is_let_in(network)
    assert "no_accept: the proxy serves on this node" in network.nginx01.host.messages()
