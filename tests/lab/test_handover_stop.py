"""`baton stop` and a preempting return under load, with and without a key: no request fails, and with
the pair link every connection ends where it began."""

from lab import handover
from lab.handover import LongConnections
from lab.pairings import a_tree_on_both
from lab.waiting import wait_until


@a_tree_on_both
def test_a_stop_with_the_pair_link_serves_what_has_begun_to_its_end(network):
    handover.start_pair(network)
    prober = network.prober(interval_ms=5, timeout_ms=1000)
    prober.await_success()
    connections = LongConnections(network)
    stopping = network.nginx01.host.popen(["/usr/sbin/baton", "stop"])
    wait_until(lambda: network.nginx02.holds_vip(), 5, "nginx02 has the address")
    prober.await_success()
    report = connections.finish()
    prober.stop()
    assert not prober.failures, prober.summary()
    assert report["download"] == report["upload"] == report["tunnel"] == "ok", report
    assert set(report["idle"]) <= {"answered", "answered, closed", "closed"}, report
    stopping.communicate(timeout=30)
    assert "baton_handover" not in network.nginx01.host.output(["nft", "list", "ruleset"])
    assert not network.nginx01.holds_vip()


@a_tree_on_both
def test_a_returning_master_asks_for_its_address_and_harms_no_connection(network):
    handover.start_pair(network)
    network.nginx01.host.systemctl("stop", "baton")
    network.await_master("nginx02")
    prober = network.prober(interval_ms=5, timeout_ms=1000)
    prober.await_success()
    connections = LongConnections(network)
    network.nginx01.host.systemctl("start", "baton")
    network.await_master("nginx01", within=15)
    prober.await_success()
    report = connections.finish()
    prober.stop()
    assert not prober.failures, prober.summary()
    assert report["download"] == report["upload"] == report["tunnel"] == "ok", report
    assert set(report["idle"]) <= {"answered", "answered, closed", "closed"}, report


@a_tree_on_both
def test_a_second_stop_ends_a_handover_that_still_serves_at_once(network):
    handover.start_pair(network)
    network.await_master("nginx01")
    connections = LongConnections(network)
    first = network.nginx01.host.popen(["/usr/sbin/baton", "stop"])
    wait_until(lambda: network.nginx02.holds_vip(), 5, "nginx02 has the address")
    keepers = network.nginx01.host.processes("keepalived")
    assert keepers, "the failover process serves on"
    network.nginx01.host.signal(15, "keepalived")
    wait_until(lambda: not network.nginx01.host.processes("keepalived"), 3, "it has ended")
    assert "baton_handover" not in network.nginx01.host.output(["nft", "list", "ruleset"])
    assert not network.nginx01.holds_vip()
    assert network.nginx02.holds_vip()
    connections.client.kill()
    connections.server.kill()
    first.communicate(timeout=60)
