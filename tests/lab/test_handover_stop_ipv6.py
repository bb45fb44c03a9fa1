"""A planned stop and a preempting return of an IPv6 address: connections end where they began."""

from lab import handover
from lab.handover import LongConnections
from lab.pairings import a_tree_on_both
from lab.waiting import wait_until
from test_pass_ipv6 import VIP6, holds, start_pair


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
