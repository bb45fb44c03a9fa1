"""A planned stop and a preempting return of an IPv6 address: connections end where they began."""

from lab import configs, handover
from lab.handover import LongConnections
from lab.pairings import a_tree_on_both
from lab.waiting import wait_until
from test_pass_ipv6 import INSTANCE, VIP6, holds


def start_pair(network):
    hosts = (network.nginx01.host, network.nginx02.host, network.client)
    for number, host in enumerate(hosts, 1):
        host.run(f"ip addr add fd00:175::{number}/64 dev ens33 nodad")
    configs.share_pair_key(*network.proxies)
    for proxy, priority in zip(network.proxies, (100, 80)):
        proxy.write_proxy(handover.PROXY_CONF)
        proxy.write_failover(configs.failover_pair(proxy.name) + INSTANCE % priority)
    network.start()
    for proxy in network.proxies:
        wait_until(lambda: handover.link_is_up(proxy), 10, f"{proxy.name} has a link")
    wait_until(lambda: holds(network.nginx01), 8, "nginx01 has the IPv6 address")


def assert_unharmed(found):
    assert found["download"] == found["upload"] == found["tunnel"] == "ok", found
    assert set(found["idle"]) <= {"answered", "answered, closed", "closed"}, found


@a_tree_on_both
def test_connections_over_ipv6_survive_a_stop_and_a_return(network):
    start_pair(network)
    first, second = network.proxies
    connections = LongConnections(network, address=VIP6)
    stopping = first.host.popen(["/usr/sbin/baton", "stop"])
    wait_until(lambda: holds(second) and not holds(first), 5, "the address has moved")
    assert_unharmed(connections.finish())
    assert stopping.wait(timeout=30) == 0
    wait_until(lambda: not first.supervisor(), 10, "nginx01 has ended")

    connections = LongConnections(network, address=VIP6)
    first.host.systemctl("start", "baton")
    wait_until(lambda: holds(first) and not holds(second), 15, "the address has come back")
    handover.await_lists(first)
    assert_unharmed(connections.finish())
