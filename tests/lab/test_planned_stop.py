"""The master is stopped on purpose while a new connection comes every 5 ms: no request fails.
(keepalived's own stop: 0.7 s of outage.)

A connection lives on the node that accepted it. One that is in the middle of its request in the very
instant in which the neighbours learn the new place is sent on to that node by a baton; a keepalived
resets it. Such a request, and no other, is excused then."""

from lab.network import VIP
from lab.pairings import master_is_baton_in_any_form


@master_is_baton_in_any_form
def test_a_planned_stop_of_the_master_fails_no_request(network):
    network.start()
    recording = network.capture()
    prober = network.prober(interval_ms=5, timeout_ms=1000)
    prober.await_success()
    network.nginx01.host.systemctl("stop", network.nginx01.failover_service)
    network.await_master("nginx02")
    prober.await_success()
    prober.stop()
    moved = recording.announcements("nginx02", VIP)[0].time
    sends_on = network.nginx02.is_baton
    unexcused = [r for r in prober.failures if sends_on or not r.start <= moved <= r.end]
    assert not unexcused, (prober.summary(), moved, unexcused)
    assert prober.outage < 0.3, prober.summary()
    assert recording.adverts_of("nginx01")[-1].priority == 0, "the successor is told at once"
    taken_over = recording.adverts_of("nginx02")[0].time
    assert 0 <= recording.announcements("nginx02", VIP)[0].time - taken_over < 0.1
    assert "Entering MASTER STATE" in network.nginx02.host.messages()
