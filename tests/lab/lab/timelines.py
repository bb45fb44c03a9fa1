"""Who held the address when: the same scenario is played to keepalived 2.2.7 alone and to both mixed
pairs, all at the same time, each in a network of its own, and compared event by event.

A holder is told by its gratuitous ARP on the wire. Events happen right behind an advert of the master, so
that timers of different runs stand alike. A mixed pair may be earlier only where the scenario says why."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from . import configs
from .host import PYTHON
from .network import VIP, Network

TOLERANCE = 0.1
TRIES = 3  # a busy machine may be late once
REAL = ("keepalived", "keepalived")
PAIRS = [("baton", "keepalived"), ("keepalived", "baton")]
# One burst for each takeover, so that a burst is a claim.
ONE_BURST = "          garp_master_delay 0\n"
HEALTH, MORE_HEALTH = "/run/health", "/run/more_health"
# Says goodbye as nginx02 would, in version 2 with the tutorial's password.
GOODBYE = """
import socket
advert = bytearray.fromhex("21370001010100 00 c0a8af64 31323334 00000000")
total = sum(int.from_bytes(advert[i : i + 2], "big") for i in range(0, len(advert), 2))
total = (total & 0xFFFF) + (total >> 16)
advert[6:8] = (0xFFFF - total).to_bytes(2, "big")
bare = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
bare.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
bare.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("192.168.175.102"))
bare.sendto(advert, ("224.0.0.18", 0))
"""


@dataclass
class Scenario:
    name: str
    events: list  # (what happens, to whom, seconds that follow)
    files: dict = field(default_factory=dict)  # for configs.failover; values may be functions of the node
    earlier: str = ""  # why baton may be earlier, or not move the address at all
    master: str = "nginx01"  # at the start
    by_design: dict = field(default_factory=dict)  # pair: its own timeline, which is better


def _main_process(host):
    return host.process_inside(int(host.read("/run/keepalived.pid")))


def _signal(processes, number):
    assert processes
    for process in processes:
        os.kill(process.pid, number)


def _kill_parent(host):
    _signal([_main_process(host)], signal.SIGKILL)


def _kill_child(host):
    parent = _main_process(host).pid
    _signal([one for one in host.processes("keepalived") if one.parent == parent], signal.SIGKILL)


EVENTS = {
    "stop": lambda host: host.systemctl("stop", "keepalived"),
    "start": lambda host: host.systemctl("start", "keepalived"),
    "reload": lambda host: host.systemctl("reload", "keepalived"),
    "sicken": lambda host: host.write("/run/sick", ""),
    "remove": lambda host: host.run(["ip", "addr", "del", f"{VIP}/32", "dev", "ens33"]),
    "fail": lambda host: host.write(HEALTH, "1\n"),
    "recover": lambda host: host.write(HEALTH, "0\n"),
    "fail more": lambda host: host.write(MORE_HEALTH, "1\n"),
    "recover more": lambda host: host.write(MORE_HEALTH, "0\n"),
    "goodbye": lambda host: host.run([PYTHON, "-c", GOODBYE]),
    "kill parent": _kill_parent,
    "kill child": _kill_child,
    "kill all": lambda host: _signal(host.processes("keepalived"), signal.SIGKILL),
    "freeze": lambda host: _signal(host.processes("keepalived"), signal.SIGSTOP),
    "thaw": lambda host: _signal(host.processes("keepalived"), signal.SIGCONT),
}


def act(network, what, name):
    if what in ("cut", "mend"):
        getattr(network, what)(name)
    elif what in ("part", "join"):
        network.part(what == "part")
    else:
        hosts = [network.proxy(name).host] if name else [proxy.host for proxy in network.proxies]
        with ThreadPoolExecutor(len(hosts)) as threads:
            list(threads.map(EVENTS[what], hosts))


def moves(recording, since, holder):
    """(seconds after `since`, holder) of each change of who announces the address, which was `holder`."""
    found = []
    last = holder
    for arp in sorted(list(recording.arps), key=lambda arp: arp.time):
        if arp.time < since or not arp.gratuitous or arp.sender_ip != VIP:
            continue
        if arp.sender != last:
            last = arp.sender
            found.append((arp.time - since, arp.sender))
    return found


def behind_an_advert(network, recording):
    """Returns when a master has just sent one, if there is any."""
    seen, end = len(recording.adverts), time.time() + 1.5
    while len(recording.adverts) == seen and time.time() < end:
        time.sleep(0.002)


def play(scenario, pair):
    """The moves behind each event of the scenario."""
    with Network(*pair, "baton") as network:
        for proxy in network.proxies:
            files = {
                key: value(proxy.name) if callable(value) else value
                for key, value in scenario.files.items()
            }
            files["instance"] = files.get("instance", "") + ONE_BURST
            proxy.write_failover(configs.failover(proxy.name, **files))
        network.start(master=scenario.master)
        recording = network.capture()
        timeline, holder = [], scenario.master
        for what, name, seconds in scenario.events:
            behind_an_advert(network, recording)
            since = time.time()
            act(network, what, name)
            time.sleep(max(0.0, since + seconds - time.time()))
            timeline.append(moves(recording, since, holder))
            holder = timeline[-1][-1][1] if timeline[-1] else holder
        return timeline


def difference(scenario, real, mixed):
    """What is not alike, for people; empty when all is."""
    for number, (theirs, ours) in enumerate(zip(real, mixed)):
        what = f"{scenario.events[number][:2]}: keepalived {theirs}, mixed {ours}"
        # Who holds the address at the end must be the same; on the way there a better one may do less.
        if [who for _, who in theirs] != [who for _, who in ours]:
            ends_alike = not ours or not theirs or theirs[-1][1] == ours[-1][1]
            # A keepalived that survived a partition does not always announce itself again.
            forgotten = not theirs and len(ours) == 1
            fewer = len(ours) <= len(theirs) or forgotten
            if not (scenario.earlier and ends_alike and fewer):
                return what
            continue
        for (their_time, _), (our_time, _) in zip(theirs, ours):
            late, early = our_time - their_time, their_time - our_time
            if late > TOLERANCE or (early > TOLERANCE and not scenario.earlier):
                return what
    return ""


def judge(scenario):
    """Plays it until both mixed pairs keep keepalived's time; fails when they never do."""
    for _ in range(TRIES):
        with ThreadPoolExecutor(1 + len(PAIRS)) as threads:
            real, *mixed = threads.map(lambda pair: play(scenario, pair), [REAL, *PAIRS])
        for pair, found in zip([REAL, *PAIRS], [real, *mixed]):
            print(f"{scenario.name}, {'+'.join(pair)}: {found}")
        different = [
            difference(scenario, scenario.by_design.get(pair, real), found)
            for pair, found in zip(PAIRS, mixed)
        ]
        if not any(different):
            return
    raise AssertionError(different)
