"""`baton pass` under load: new connections go to the new owner, those that run end where they began."""

from lab import handover
from lab.handover import LongConnections, baton
from lab.pairings import a_tree_on_both
from lab.waiting import wait_until


def assert_unharmed(report):
    assert report["download"] == report["upload"] == report["tunnel"] == "ok", report
    assert set(report["idle"]) <= {"answered", "answered, closed", "closed"}, report
    assert report["echoes"] > 50, report


@a_tree_on_both
def test_a_pass_and_a_pass_back_harm_no_connection(network):
    handover.start_pair(network)
    before = {proxy.name: handover.traces(proxy) for proxy in network.proxies}
    prober = network.prober(interval_ms=5, timeout_ms=1000)
    prober.await_success()
    connections = LongConnections(network)

    said = baton(network.nginx01, "pass").stdout
    assert "VI_1 passed to" in said or "passed to" in said, said
    network.await_master("nginx02", within=3)
    prober.await_success()
    wait_until(
        lambda: "forwarding" in str(handover.status(network.nginx02)["handovers"]), 5, "lists ended"
    )
    baton(network.nginx02, "pass")
    network.await_master("nginx01", within=3)
    prober.await_success()
    report = connections.finish()
    prober.stop()
    assert not prober.failures, prober.summary()
    assert_unharmed(report)

    def clean():
        return all(handover.traces(proxy) == before[proxy.name] for proxy in network.proxies)

    wait_until(clean, 15, "nothing is left behind")


@a_tree_on_both
def test_the_passed_address_stays_until_the_other_fails(network):
    handover.start_pair(network)
    baton(network.nginx01, "pass", "--to", "192.168.175.102")
    network.await_master("nginx02", within=3)
    refused = baton(network.nginx01, "pass", check=False)
    assert refused.returncode != 0 and "nothing to pass" in refused.stderr
    network.nginx02.host.signal(9, "baton")
    network.await_master("nginx01", within=10)
