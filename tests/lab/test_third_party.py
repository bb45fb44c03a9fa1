"""Somebody else on the link takes the shared address: baton says who, and gets it back."""

from lab.network import VIP
from lab.pairings import made_of
from lab.waiting import wait_until

baton_as_master = made_of([("baton", "baton", "baton"), ("tree", "keepalived", "baton")])
# An ARP announcement of VIP by the host's own hardware address, as arping -U sends it.
ANNOUNCE = """
import socket
mac = bytes.fromhex(open("/sys/class/net/ens33/address").read().strip().replace(":", ""))
ip = socket.inet_aton("%s")
frame = b"\\xff" * 6 + mac + b"\\x08\\x06\\x00\\x01\\x08\\x00\\x06\\x04\\x00\\x01"
frame += mac + ip + b"\\xff" * 6 + ip
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind(("ens33", 0))
link.send(frame)
""" % VIP


def link_address(host):
    return host.output("cat /sys/class/net/ens33/address").strip()


@baton_as_master
def test_a_third_host_with_the_address_is_named_and_loses_it(network):
    network.start()
    thief = network.web02.host
    mac = link_address(thief)
    thief.run(["ip", "addr", "add", f"{VIP}/32", "dev", "ens33"])
    thief.run(["/usr/bin/python3", "-c", ANNOUNCE])
    wait_until(
        lambda: f"{VIP} is also held by {mac}" in network.nginx01.host.messages(),
        3,
        "nginx01 says who has its address",
    )
    thief.run(["ip", "addr", "del", f"{VIP}/32", "dev", "ens33"])
    wait_until(
        lambda: "nobody else holds our addresses any more" in network.nginx01.host.messages(),
        4,
        "nginx01 says that the conflict is over",
    )
    wait_until(
        lambda: (
            link_address(network.nginx01.host)
            in network.client.output(["ip", "neigh", "show", VIP])
        ),
        2,
        "the client knows nginx01 again",
    )
    network.await_service(within=1)
    assert network.holders() == ["nginx01"]


VIP6 = "fd09::63"


def failover6(name):
    priority = {"nginx01": 150, "nginx02": 100}[name]
    return f"""
vrrp_instance V6 {{
    interface ens33
    virtual_router_id 63
    priority {priority}
    virtual_ipaddress {{
        {VIP6}
    }}
}}
"""


@made_of([("baton", "baton", "baton")])
def test_a_third_host_with_an_ipv6_address_is_found_without_a_word_of_it(network):
    network.start_failover(failover6)
    network.await_holder("nginx01", VIP6)
    thief = network.web02.host
    thief.run(["ip", "addr", "add", f"{VIP6}/128", "dev", "ens33", "nodad"])
    told = f"{VIP6} is also held by {link_address(thief)}"
    wait_until(lambda: told in network.nginx01.host.messages(), 6, "nginx01 says who has it")
    assert told in network.nginx01.host.output(["baton", "status"])
    thief.run(["ip", "addr", "del", f"{VIP6}/128", "dev", "ens33"])
    wait_until(
        lambda: "nobody else holds our addresses any more" in network.nginx01.host.messages(),
        4,
        "nginx01 says that the conflict is over",
    )
    assert "CONFLICT" not in network.nginx01.host.output(["baton", "status"])
