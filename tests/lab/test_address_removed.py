"""An operator or a network manager removes the shared address on the master: it is back at once, and
when that goes on, once a second instead of as often as it is removed."""

import time

from lab.network import VIP
from lab.pairings import made_of
from lab.waiting import wait_until

one_baton = made_of([("baton", "baton", "baton")])


@one_baton
def test_a_removed_address_is_put_back_at_once(network):
    network.start()
    prober = network.prober(interval_ms=5, timeout_ms=300)
    prober.await_success()
    for _ in range(3):
        network.nginx01.host.run(["ip", "addr", "del", f"{VIP}/32", "dev", "ens33"])
        wait_until(network.nginx01.holds_vip, 0.5, "the address is back", every=0.01)
        time.sleep(0.5)
    prober.stop()
    assert prober.outage < 0.4, prober.summary()
    assert "was removed by somebody else, putting it back" in network.nginx01.host.messages()
    assert network.holders() == ["nginx01"]


@one_baton
def test_who_removes_it_without_end_does_not_make_baton_spin(network):
    network.start()
    network.nginx01.host.run(
        f"for i in $(seq 60); do ip addr del {VIP}/32 dev ens33 2>/dev/null; sleep 0.03; done",
        timeout=20,
    )
    put_back = network.nginx01.host.messages().count("putting it back")
    assert 5 <= put_back <= 30, put_back
    wait_until(network.nginx01.holds_vip, 2, "in the end it is there")
