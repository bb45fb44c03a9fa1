"""The tutorial's unicast section: adverts go to the other proxy alone, nothing goes to 224.0.0.18."""

from lab import configs
from lab.pairings import every_pairing
from lab.waiting import wait_until


@every_pairing
def test_unicast_adverts_go_to_the_peer_and_nothing_to_the_group(network):
    for proxy in network.proxies:
        proxy.write_failover(configs.failover_unicast(proxy.name))
    recording = network.capture()
    network.start()
    wait_until(lambda: len(recording.adverts_of("nginx01")) >= 4, 8, "four adverts")
    network.nginx01.host.systemctl("stop", "keepalived")
    network.await_master("nginx02")
    wait_until(lambda: len(recording.adverts_of("nginx02")) >= 2, 4, "adverts of nginx02")
    recording.stop()

    assert {(a.source, a.destination) for a in recording.adverts_of("nginx01")} == {
        ("192.168.175.101", "192.168.175.102")
    }
    assert {(a.source, a.destination) for a in recording.adverts_of("nginx02")} == {
        ("192.168.175.102", "192.168.175.101")
    }
    assert all((a.tos, a.ttl, a.length) == (0xC0, 255, 40) for a in recording.adverts)
    assert all(
        a.auth == b"1234\0\0\0\0" and a.addresses == ["192.168.175.100"] for a in recording.adverts
    )
