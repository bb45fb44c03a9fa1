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
