"""Two batons whose adverts carry an HMAC; a forger who knows everything but the key is not believed."""

import struct

from lab.pairings import made_of
from lab.waiting import wait_until

VIP = "192.168.175.163"
PRIORITIES = {"nginx01": 150, "nginx02": 100}
KEY = "correct horse battery staple"


def failover(name, key=KEY):
    return f"""
vrrp_instance V {{
    interface ens33
    virtual_router_id 61
    priority {PRIORITIES[name]}
    version 3
    advert_int 0.2
    auth_hmac {{
        key 1 "{key}"
    }}
    virtual_ipaddress {{
        {VIP}/24
    }}
}}
"""


two_batons = made_of([("baton", "baton", "apache")])


@two_batons
def test_a_pair_with_the_same_key_elects_one_master(network):
    recording = network.capture()
    network.start_failover(failover)
    network.await_holder("nginx01", VIP)
    wait_until(lambda: len(recording.adverts_of("nginx01")) >= 5, 4, "five adverts")
    assert not network.nginx02.host.has_address(VIP)
    stamps = [advert.auth[4:12] for advert in recording.adverts_of("nginx01")]
    assert all(len(advert.payload) == 12 + 28 for advert in recording.adverts_of("nginx01"))
    assert all(earlier < later for earlier, later in zip(stamps, stamps[1:]))
    assert abs(struct.unpack("!I", stamps[0][:4])[0] - recording.adverts[0].time) <= 1
    network.cut("nginx01")
    network.await_holder("nginx02", VIP, within=2)


@two_batons
def test_a_replayed_or_forged_advert_moves_nothing(network):
    recording = network.capture()
    network.start_failover(failover)
    network.await_holder("nginx01", VIP)
    wait_until(lambda: len(recording.adverts_of("nginx01")) >= 3, 4, "three adverts")
    # Another host says again what it has heard, and the same with priority 255.
    old = recording.adverts_of("nginx01")[0].payload
    forged = bytes([old[0], old[1], 255]) + old[3:]
    script = (
        "import socket, sys\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)\n"
        "s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)\n"
        "[s.sendto(bytes.fromhex(h), ('224.0.0.18', 0)) for h in sys.argv[1:]]\n"
    )
    network.client.run("ip route add 224.0.0.0/4 dev ens33", check=False)
    network.client.run(["/usr/bin/python3", "-c", script, old.hex(), forged.hex()])
    wait_until(lambda: "HMAC" in network.nginx01.host.messages(), 3, "the forgery is told")
    assert network.nginx01.host.has_address(VIP) and not network.nginx02.host.has_address(VIP)
