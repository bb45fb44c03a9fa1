"""A proxy that hangs instead of dying: scripts by process name do not see it, the pulse does."""

import signal

from lab.pairings import master_is_a_tree


@master_is_a_tree
def test_a_hung_proxy_gives_the_address_up_and_gets_it_back_when_it_lives_again(network):
    network.start()
    prober = network.prober(interval_ms=20, timeout_ms=500)
    prober.await_success()
    assert network.nginx01.host.signal(signal.SIGSTOP, "nginx")
    network.await_master("nginx02")
    prober.await_success()
    network.nginx01.host.signal(signal.SIGCONT, "nginx")
    network.await_master("nginx01", within=12)
    prober.await_success()
    prober.stop()
    # Two seconds until a silent pulse counts as hung, 0.69 s until the backup takes over.
    assert prober.outage < 4.0, prober.summary()
