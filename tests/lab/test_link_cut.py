"""The master's network cable is pulled and put back."""

from lab.pairings import every_pairing
from lab.waiting import wait_until


@every_pairing
def test_the_backup_takes_over_and_the_master_returns_with_its_cable(network):
    network.start()
    prober = network.prober(interval_ms=20, timeout_ms=500)
    prober.await_success()
    network.cut("nginx01")
    wait_until(
        lambda: not network.nginx01.holds_vip(), 3, "nginx01 drops the address with its link"
    )
    wait_until(network.nginx02.holds_vip, 6, "nginx02 takes the address")
    prober.await_success()
    assert "(web_server_group) Entering FAULT STATE" in network.nginx01.host.messages()

    network.mend("nginx01")
    network.await_master("nginx01")
    prober.await_success()
    prober.stop()
    # Three adverts of a second and the backup's skew of 0.69 s, less what had passed of the first.
    assert prober.outage < 4.2, prober.summary()
