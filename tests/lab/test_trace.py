"""`baton trace` shows the adverts on the wire in the manner of the tutorial's tcpdump, and what is wrong
with a bad one."""

from lab.pairings import a_tree_on_both

# A spoiled advert of the tutorial's pair, sent from the client: the checksum is one too high.
SEND_BAD = """
import socket
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
raw.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
raw.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("192.168.175.200"))
raw.sendto(bytes.fromhex("213796010101 7353 c0a8af64 31323334 00000000"), ("224.0.0.18", 0))
"""


@a_tree_on_both
def test_trace_decodes_adverts_as_the_tutorial_shows_them(network):
    network.start()
    lines = network.nginx02.host.output("timeout 3.3 baton trace ens33 || [ $? = 124 ]")
    for part in ("tos 0xc0", "ttl 255", "proto VRRP (112)", "length 40", "192.168.175.101 > 224.0.0.18", "VRRPv2, Advertisement",
                 "vrid 55", "prio 100", "authtype simple", "intvl 1s", "addrs: 192.168.175.100"):  # fmt: skip
        assert part in lines, f"{part} is missing in:\n{lines}"
    assert 2 <= lines.count("vrid 55") <= 5, lines


@a_tree_on_both
def test_trace_says_what_is_wrong_with_a_bad_advert(network):
    tracing = network.nginx02.host.popen("timeout 2 baton trace ens33")
    network.client.run(["sh", "-c", "sleep 0.7; exec /usr/bin/python3 -"], feed=SEND_BAD)
    lines = tracing.communicate()[0]
    assert "prio 150" in lines and "checksum" in lines, lines
