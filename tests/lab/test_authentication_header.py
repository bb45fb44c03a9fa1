"""Adverts behind an IPsec authentication header (auth_type AH): a baton and a keepalived believe
each other in both roles, hand the numbers on, and believe nothing that is forged or said again."""

import re

import pytest

from lab import configs
from lab.pairings import a_tree_on_both, every_pairing, made_of
from lab.waiting import stays, wait_until

VIP = "192.168.175.163"
PRIORITIES = {"nginx01": 150, "nginx02": 100}
PEERS = {"nginx01": "192.168.175.102", "nginx02": "192.168.175.101"}
HA_FILE = "/etc/keepalived/keepalived.conf"
two_batons = made_of([("baton", "baton", "apache")])
beside_keepalived = made_of([("baton", "keepalived", "baton"), ("keepalived", "baton", "apache")])


def failover(name, kind="AH", password="secret12", more=""):
    authentication = f"authentication {{\n auth_type {kind}\n auth_pass {password}\n }}"
    return f"""
vrrp_instance V {{
    interface ens33
    virtual_router_id 61
    priority {PRIORITIES[name]}
    {authentication if kind else ""}
    {more}
    virtual_ipaddress {{
        {VIP}/24
    }}
}}
"""


def numbers(network, seconds=2.3):
    """(sender, sequence) of the adverts that `baton trace` sees meanwhile."""
    traced = next(proxy for proxy in network.proxies if proxy.is_baton).host.output(
        f"timeout {seconds} baton trace ens33 || [ $? = 124 ]"
    )
    assert "authtype ah" in traced, traced
    found = re.findall(r"(\S+) > \S+: AH\(spi=0x\w+,seq=(0x\w+)\)", traced)
    return [(sender, int(number, 16)) for sender, number in found]


def complaints(network, *words):
    lines = [line for proxy in network.proxies for line in proxy.host.messages().splitlines()]
    return [line for line in lines if any(word in line for word in words)]


@pytest.mark.parametrize("cast", ["multicast", "unicast"])
@every_pairing
def test_an_authenticated_pair_takes_over_in_both_directions(network, cast):
    def text(name):
        peers = f"unicast_peer {{\n {PEERS[name]}\n }}" if cast == "unicast" else ""
        return failover(name, more=peers)

    network.start_failover(text)
    network.await_holder("nginx01", VIP)
    if not any(proxy.is_baton for proxy in network.proxies):
        return
    before = numbers(network)
    assert {sender for sender, _ in before} == {"192.168.175.101"}
    # A planned stop, and the return of one that knows no number yet.
    network.nginx01.host.systemctl("stop", "keepalived")
    network.await_holder("nginx02", VIP, within=3)
    after = numbers(network)
    assert {sender for sender, _ in after} == {"192.168.175.102"}
    assert after[0][1] > before[-1][1], (before, after)
    network.nginx01.host.systemctl("start", "keepalived")
    network.await_holder("nginx01", VIP)
    assert numbers(network)[0][1] > after[-1][1]
    assert not complaints(network, "already processed")
    # A cut cable, and two that each have gone on by themselves: their numbers may cross.
    network.cut("nginx01")
    wait_until(lambda: network.nginx02.host.has_address(VIP), 6, "nginx02 takes over")
    network.mend("nginx01")
    network.await_holder("nginx01", VIP, within=10)
    wrong = complaints(network, "HMAC", "SPI", "AH header", "does not fit")
    assert not wrong, wrong


@beside_keepalived
def test_a_wrong_password_is_told_on_both_nodes(network):
    network.start_failover(
        lambda name: failover(name, password="secret12" if name == "nginx01" else "secret13")
    )
    told = "(V) IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password !"
    for proxy in network.proxies:
        wait_until(lambda: told in proxy.host.messages(), 10, f"{proxy.name} tells it")
    baton = next(proxy for proxy in network.proxies if proxy.is_baton)
    assert "(V) auth_pass does not fit 192.168.175.10" in baton.host.messages()


@beside_keepalived
def test_where_only_one_has_the_header_baton_says_so(network):
    # What comes without a header is noticed; a keepalived says nothing and stays master.
    network.start_failover(
        lambda name: failover(name, kind="AH" if network.proxy(name).is_baton else "PASS")
    )
    baton = next(proxy for proxy in network.proxies if proxy.is_baton)
    wait_until(lambda: "but auth type is AH" in baton.host.messages(), 10, "it is told")
    assert "(V) auth_type does not fit 192.168.175.10" in baton.host.messages()


@beside_keepalived
def test_a_reload_changes_the_authentication_and_keeps_the_pair(network):
    network.start_failover(lambda name: failover(name, kind="PASS"))
    network.await_holder("nginx01", VIP)
    for kind in ("AH", "", "AH"):
        for proxy in reversed(network.proxies):
            proxy.host.write(HA_FILE, failover(proxy.name, kind=kind))
            proxy.host.systemctl("reload", "keepalived")
        network.await_holder("nginx01", VIP, within=12)
        stays(lambda: not network.nginx02.host.has_address(VIP), 4.5, f"one master with {kind}")


SEND = """
import socket, sys
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
raw.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("192.168.175.200"))
for packet in sys.argv[1:]:
    raw.sendto(bytes.fromhex(packet), ("224.0.0.18", 0))
"""
HEAR = """
import socket
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, 51)
group = socket.inet_aton("224.0.0.18") + socket.inet_aton("192.168.175.200")
raw.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
print(raw.recv(100).hex())
"""


@two_batons
def test_what_is_forged_or_said_again_moves_nothing_and_is_counted(network):
    network.start_failover(failover)
    network.await_holder("nginx01", VIP)
    heard = bytes.fromhex(network.client.output(["/usr/bin/python3", "-c", HEAR]).strip())
    forged = heard[:46] + b"\xff" + heard[47:]
    network.client.run(["/usr/bin/python3", "-c", SEND, heard.hex(), forged.hex()])
    for told in ("already processed. Packet dropped", "bad password !"):
        wait_until(lambda: told in network.nginx02.host.messages(), 3, told)
    assert network.nginx01.host.has_address(VIP) and not network.nginx02.host.has_address(VIP)
    network.nginx02.host.signal(12, "keepalived")
    path = "/tmp/keepalived.stats"
    wait_until(lambda: network.nginx02.host.path(path).exists(), 3, "the statistics are written")
    failures = re.search(r"Type Mismatch: 0\n    Failure: (\d+)", network.nginx02.host.read(path))
    assert failures and int(failures.group(1)) == 2, network.nginx02.host.read(path)


@two_batons
def test_a_killed_master_is_taken_over_from_at_once(network):
    network.start_failover(failover)
    network.await_holder("nginx01", VIP)
    stays(lambda: network.nginx01.host.has_address(VIP), 5, "some adverts go by")
    network.nginx01.host.signal(9, "keepalived")
    # Its last will is signed with a number that its adverts have not overtaken.
    network.await_holder("nginx02", VIP, within=1.5)
    shown = network.nginx02.host.output(["baton", "status"])
    assert "AH, which protects little" in shown, shown


@a_tree_on_both
def test_over_the_pair_link_both_nodes_tell_that_only_one_has_the_header(network):
    configs.share_pair_key(*network.proxies)
    network.nginx01.write_failover(configs.failover_pair("nginx01"))
    changes = [("auth_type PASS", "auth_type AH")]
    network.nginx02.write_failover(configs.failover_pair("nginx02", changes=changes))
    for node in [*network.webs, *network.proxies]:
        node.start()
    for proxy in network.proxies:
        told = "(web_server_group) auth_type does not fit"
        wait_until(lambda: told in proxy.host.messages(), 10, f"{proxy.name} tells it")
        shown = proxy.host.output(["baton", "status"])
        assert "auth_type AH" in shown and "auth_type PASS" in shown, shown
