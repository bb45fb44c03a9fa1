"""A pair with IPv6 addresses: adverts from link-local addresses to ff02::12, neighbour advertisements."""

from lab.pairings import every_pairing
from lab.waiting import wait_until

VIP, LOCAL_VIP, VIP4 = "fd09::63", "fe80::63", "192.168.175.163"
NAMES = {"nginx01": 150, "nginx02": 100}


def failover(name, more=""):
    return f"""
vrrp_instance V6 {{
    state BACKUP
    interface ens33
    virtual_router_id 63
    priority {NAMES[name]}
    advert_int 0.5
    {more}
    virtual_ipaddress {{
        {LOCAL_VIP}/64
        {VIP}
    }}
    virtual_ipaddress_excluded {{
        {VIP4}/24
    }}
}}
"""


@every_pairing
def test_the_backup_takes_over_with_ipv6_addresses_and_announces_them(network):
    recording = network.capture()
    network.start_failover(failover)
    network.await_holder("nginx01", VIP)
    held = network.nginx01.host.addresses6()
    assert held[VIP]["prefixlen"] == 128 and held[VIP].get("deprecated")
    assert held[VIP].get("nodad") and not held[LOCAL_VIP].get("deprecated")
    assert network.nginx01.host.has_address(VIP4)
    source = network.nginx01.host.link_local()
    wait_until(lambda: len(recording.adverts_of("nginx01")) >= 3, 4, "three adverts")
    for advert in recording.adverts_of("nginx01"):
        assert (advert.source, advert.destination) == (source, "ff02::12")
        assert (advert.destination_mac, advert.tos, advert.ttl) == ("33:33:00:00:00:12", 0xC0, 255)
        assert (advert.version, advert.interval, advert.addresses) == (3, 50, [LOCAL_VIP, VIP])

    network.nginx01.host.systemctl("stop", "keepalived")
    network.await_holder("nginx02", VIP, within=4)
    wait_until(lambda: len(recording.announcements6("nginx02", VIP)) >= 5, 3, "five announcements")
    assert network.nginx02.host.has_address(LOCAL_VIP) and network.nginx02.host.has_address(VIP4)
    first = recording.announcements6("nginx02", VIP)[0]
    assert (first.source, first.destination, first.hop_limit) == (VIP, "ff02::1", 255)
    assert first.override and first.destination_mac == "33:33:00:00:00:01"
    assert len(recording.announcements6("nginx02", LOCAL_VIP)) == 5
    assert len(recording.announcements("nginx02", VIP4)) == 5


@every_pairing
def test_unicast_works_over_ipv6_with_its_own_hop_limit(network):
    wait_until(network.nginx01.host.link_local, 6, "a link-local address")
    for number, proxy in enumerate(network.proxies, 1):
        command = f"ip addr add fd09::{number}/64 dev ens33 nodad"
        proxy.host.run(command)
    peers = {"nginx01": ("fd09::1", "fd09::2"), "nginx02": ("fd09::2", "fd09::1")}

    def text(name):
        own, peer = peers[name]
        return failover(
            name,
            f"unicast_src_ip {own}\n    unicast_ttl 64\n"
            f"    unicast_peer {{\n        {peer} min_ttl 60 max_ttl 64\n    }}",
        )

    recording = network.capture()
    network.start_failover(text)
    network.await_holder("nginx01", VIP)
    wait_until(lambda: len(recording.adverts_of("nginx01")) >= 4, 5, "four adverts")
    assert not network.nginx02.host.has_address(VIP)
    assert {(a.source, a.destination, a.ttl) for a in recording.adverts_of("nginx01")} == {
        ("fd09::1", "fd09::2", 64)
    }
    network.nginx01.host.systemctl("stop", "keepalived")
    network.await_holder("nginx02", VIP, within=4)


@every_pairing
def test_a_partition_that_heals_leaves_one_master_that_announces_its_ipv6_addresses(network):
    recording = network.capture()
    network.start_failover(failover)
    network.await_holder("nginx01", VIP)
    network.part()
    wait_until(lambda: network.nginx02.host.has_address(VIP), 5, "both are masters")
    assert network.nginx01.host.has_address(VIP)
    network.part(False)
    network.await_holder("nginx01", VIP, within=4)
    last = recording.adverts_of("nginx02")[-1].time
    if not network.nginx01.is_baton:
        return  # keepalived forgets it now and then
    wait_until(
        lambda: recording.announcements6("nginx01", VIP, since=last),
        3,
        "nginx01 tells all nodes that the address is with it",
    )
