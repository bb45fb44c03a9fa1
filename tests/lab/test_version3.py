"""VRRPv3 over IPv4: adverts of hundredths of a second, and the forms of the checksum in unicast."""

import socket
import struct

import pytest

from lab.pairings import every_pairing
from lab.waiting import wait_until

VIP = "192.168.175.163"
ADDRESSES = {"nginx01": "192.168.175.101", "nginx02": "192.168.175.102"}
PRIORITIES = {"nginx01": 150, "nginx02": 100}


def failover(name, more=""):
    return f"""
vrrp_instance V3 {{
    interface ens33
    virtual_router_id 61
    priority {PRIORITIES[name]}
    version 3
    advert_int 0.2
    {more}
    virtual_ipaddress {{
        {VIP}/24
    }}
}}
"""


def unicast(name, more=""):
    peer = next(address for other, address in ADDRESSES.items() if other != name)
    return failover(name, f"{more}\n    unicast_peer {{\n        {peer}\n    }}")


def checksum_fits(advert, destination):
    words = socket.inet_aton(advert.source) + (socket.inet_aton(destination) if destination else b"")
    pseudo = words + struct.pack("!BBH", 0, 112, len(advert.payload)) if destination else b""
    total = sum(struct.unpack(f"!{len(pseudo + advert.payload) // 2}H", pseudo + advert.payload))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total == 0xFFFF


@every_pairing
def test_version_3_takes_over_within_a_second(network):
    recording = network.capture()
    network.start_failover(failover)
    network.await_holder("nginx01", VIP)
    wait_until(lambda: len(recording.adverts_of("nginx01")) >= 4, 3, "four adverts")
    for advert in recording.adverts_of("nginx01"):
        assert advert.version == 3 and advert.length == 32 and advert.ttl == 255
        assert struct.unpack("!H", advert.payload[4:6])[0] == 20
        assert checksum_fits(advert, "224.0.0.18")
    network.cut("nginx01")
    network.await_holder("nginx02", VIP, within=2)


# Who says old_unicast_checksum; the other has to learn it, unless it is asked not to.
@pytest.mark.parametrize("old", [(), ("nginx01",), ("nginx01", "nginx02")], ids=["new", "learnt", "old"])
@every_pairing
def test_unicast_works_with_both_forms_of_the_checksum(network, old):
    recording = network.capture()
    network.start_failover(
        lambda name: unicast(name, "old_unicast_checksum" if name in old else "")
    )
    network.await_holder("nginx01", VIP)
    wait_until(lambda: len(recording.adverts_of("nginx01")) >= 6, 4, "six adverts")
    assert not network.nginx02.host.has_address(VIP)
    form = "224.0.0.18" if "nginx01" in old else ADDRESSES["nginx02"]
    assert all(checksum_fits(advert, form) for advert in recording.adverts_of("nginx01"))
    network.nginx01.host.systemctl("stop", "keepalived")
    network.await_holder("nginx02", VIP, within=3)
    wait_until(lambda: len(recording.adverts_of("nginx02")) >= 3, 3, "three adverts of nginx02")
    # keepalived 2.2.7 says that it uses the old form from now on, and goes on with the new one.
    learns = "nginx02" in old or (old and network.nginx02.is_baton)
    form = "224.0.0.18" if learns else ADDRESSES["nginx01"]
    assert all(checksum_fits(advert, form) for advert in recording.adverts_of("nginx02"))
