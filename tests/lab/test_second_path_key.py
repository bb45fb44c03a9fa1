"""Reports of the second heartbeat path that are authenticated: who has the key is believed, a forger
and a recording are not, and a node without the key is named on both sides."""

import time

from lab import configs
from lab.pairings import made_of
from lab.questions import find, instance, status
from lab.waiting import stays, wait_until

two_batons = made_of([("baton", "baton", "baton")])
PATH = "          heartbeat_interface ens34\n"


def write(proxy, key=True):
    text = configs.failover(proxy.name, instance=PATH)
    if key:
        text = configs.insert_after(text, "global_defs", f"        pair_key {configs.PAIR_KEY}\n")
    proxy.write_failover(text)


def start(network, with_key=("nginx01", "nginx02")):
    configs.share_pair_key(*network.proxies)
    network.second_cable()
    for proxy in network.proxies:
        write(proxy, proxy.name in with_key)
    network.start()


def dropped(proxy):
    return find(status(proxy), "second_path")[0]["dropped"]


def repeat(network, count):
    """Sends `count` reports that nginx01 has really sent again, once to their letter and once with
    another state, from nginx01's own interface."""
    program = f"""
import socket, time
capture = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
capture.bind(("ens34", 3))  # all protocols: also what goes out
sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sender.bind(("ens34", 0))
frames = []
while len(frames) < {count}:
    frame, origin = capture.recvfrom(2000)
    if origin[2] == socket.PACKET_OUTGOING and b"bhs1" in frame:
        frames.append(frame)
time.sleep(2)
for frame in map(bytearray, frames):
    frame[40:42] = bytes(2)  # no UDP checksum
    sender.send(frame)
    frame[frame.index(b"bhb1") + 7] ^= 1
    sender.send(frame)
print("done")
"""
    listener = "import socket\n" + program
    done = network.nginx01.host.run(["/usr/bin/python3", "-c", listener], timeout=30)
    assert "done" in done.stdout


@two_batons
def test_with_a_key_the_second_path_holds_back_and_forged_reports_are_dropped(network):
    start(network)
    shown = lambda: instance(network.nginx02)["second_path"]["peers"]  # noqa: E731
    wait_until(shown, 6, "nginx02 believes the reports of nginx01")
    assert find(status(network.nginx02), "second_path")[0]["authenticated"]
    before = dropped(network.nginx02)
    repeat(network, 10)
    after = dropped(network.nginx02)
    assert after["stale"] + after["repeated"] - before["stale"] - before["repeated"] >= 10, after
    assert after["wrong_code"] - before["wrong_code"] >= 10, after
    network.part()
    wait_until(lambda: instance(network.nginx02)["held_back"], 6, "nginx02 holds back")
    stays(lambda: network.holders() == ["nginx01"], 2, "nginx01 alone has the address")


@two_batons
def test_a_key_on_one_side_is_named_on_both(network):
    start(network, with_key=["nginx01"])
    for proxy, what in ((network.nginx01, "are not signed"), (network.nginx02, "has no key")):
        wait_until(lambda: what in proxy.host.messages(), 6, f"{proxy.name} names the mistake")
        line = next(line for line in proxy.host.messages().splitlines() if what in line)
        assert "pair_key does not fit" in line
        assert "pair_key" in [one["keyword"] for one in instance(proxy)["mismatches"]]
        assert not instance(proxy)["second_path"]["peers"]
    write(network.nginx02)
    network.nginx02.host.systemctl("reload", network.nginx02.failover_service)
    wait_until(
        lambda: not instance(network.nginx01)["mismatches"], 20, "with the key all is forgiven"
    )
    assert instance(network.nginx01)["second_path"]["peers"]


@two_batons
def test_a_restarted_node_is_believed_again_at_once(network):
    start(network)
    network.nginx02.host.systemctl("restart", network.nginx02.failover_service)
    began = time.monotonic()
    wait_until(
        lambda: [peer["alive"] for peer in instance(network.nginx02)["second_path"]["peers"]]
        == [True], 6, "nginx02 believes nginx01")  # fmt: skip
    assert time.monotonic() - began < 4
    wait_until(
        lambda: [peer["alive"] for peer in instance(network.nginx01)["second_path"]["peers"]]
        == [True], 2, "nginx01 believes nginx02")  # fmt: skip
