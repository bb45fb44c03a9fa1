"""10,000 established connections: their entries are on the new owner in under a second."""

import time

from lab import handover
from lab.handover import LongConnections, baton
from lab.pairings import a_tree_on_both
from lab.waiting import wait_until

COUNT = 10_000


def moved(proxy):
    running = handover.status(proxy).get("handovers", {}).get("running", ())
    return max((one["connections"] for one in running), default=0)


@a_tree_on_both
def test_ten_thousand_connections_move_their_entries_in_a_second(network):
    handover.start_pair(network)
    connections = LongConnections(network, idle=COUNT, path="/own")
    begun = time.monotonic()
    baton(network.nginx01, "pass")
    passed = time.monotonic()
    wait_until(lambda: moved(network.nginx02) >= COUNT, 10, "all entries are there")
    took = time.monotonic() - passed
    print(f"pass {passed - begun:.3f} s, entries {took:.3f} s later at most")
    # A tenth of a second of this is the question itself; the machine may be busy.
    assert took < 2, took
    report = connections.finish(within=90)
    assert set(report["idle"]) <= {"answered", "answered, closed", "closed"}, report["idle"]
