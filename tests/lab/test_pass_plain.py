"""`baton pass` without a pair link: VRRP alone does it, also towards a keepalived; errors are clear."""

from lab import configs
from lab.handover import baton
from lab.pairings import made_of
from lab.waiting import stays

PAIRINGS = [("tree", "tree", "baton"), ("tree", "keepalived", "baton")]


@made_of(PAIRINGS)
def test_a_pass_without_a_key_moves_the_address_and_it_stays_there(network):
    network.start()
    prober = network.prober(interval_ms=5, timeout_ms=1000)
    prober.await_success()
    said = baton(network.nginx01, "pass").stdout
    assert "passed to 192.168.175.102" in said, said
    network.await_master("nginx02", within=3)
    prober.await_success()
    stays(lambda: network.holders() == ["nginx02"], 5, "it is not taken back")
    prober.stop()
    assert len(prober.failures) <= 3 and prober.outage < 0.3, prober.summary()


@made_of(PAIRINGS[:1])
def test_without_a_successor_the_address_stays_and_the_reason_is_said(network):
    network.start()
    network.nginx02.stop()
    prober = network.prober(interval_ms=5, timeout_ms=1000)
    prober.await_success()
    refused = baton(network.nginx01, "pass", check=False)
    assert refused.returncode == 1 and "nobody took over" in refused.stderr
    assert network.holders() == ["nginx01"]
    prober.stop()
    assert not prober.failures, prober.summary()


@made_of(PAIRINGS[:1])
def test_what_cannot_be_passed_is_refused_with_the_reason(network):
    network.start()
    for node, words, reason in (
        (network.nginx02, ["pass"], "not master of anything"),
        (network.nginx02, ["pass", "web_server_group"], "the master is 192.168.175.101"),
        (network.nginx01, ["pass", "VI_9"], "there is no vrrp_instance VI_9"),
        (network.nginx01, ["pass", "--to", "10.0.0.1"], "needs the pair link"),
    ):
        refused = baton(node, *words, check=False)
        assert refused.returncode == 1 and reason in refused.stderr, refused.stderr
    assert network.holders() == ["nginx01"]
    assert configs.VIP in str(network.nginx01.host.addresses())
