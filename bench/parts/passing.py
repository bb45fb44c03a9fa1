"""Planned moves of the address under load: new requests that fail, connections that are broken.

A round is ten moves: four by `baton pass`, three by a stop of the master (`systemctl stop`, or
`baton stop` where connections that began there are served to their end first) and three by its
preempting return. wrk asks over a new connection each time, as fast as it is answered. 200 idle
kept-alive connections, a download of 100 MB, an upload and a tunnel stand through the moves: one set
through two passes and the stop of the node that it lives on, a second one, on the other node,
through everything else.
"""

import os
import re
import signal
import time
from collections import Counter

import configs  # noqa: F401  (makes the lab importable)
from lab import handover
from lab.network import Network
from lab.waiting import wait_until
from report import Goal, Report

SETTLE_SECONDS = 0.6  # of load before and after each move
MOVES_PER_ROUND = 10
DOWNLOAD_RATE = 2.5e6  # bytes a second, faster once the set is told to end
FINE = ("answered", "answered, closed", "closed")


class Kind:
    def __init__(self):
        self.moves, self.requests, self.failed, self.broken = 0, 0, 0, 0
        self.seconds = self.slowest_ms = 0.0


class Moves:
    """Makes moves and counts what each kind of them cost."""

    def __init__(self, network):
        self.network = network
        self.kinds = {name: Kind() for name in ("baton pass", "planned stop", "preempting return")}
        self.begun = []  # (time, kind)
        self.found_at_end = Counter()  # idle connections that were broken at some time
        self.first, self.second = network.proxies

    def _move(self, name, act, owner):
        kind = self.kinds[name]
        load = self.network.client.popen(
            ["wrk", "-t1", "-c8", "-d120s", "--timeout", "2s", "-H", "Connection: close",
             "http://192.168.175.100/"]
        )  # fmt: skip
        time.sleep(SETTLE_SECONDS)
        begun = time.monotonic()
        self.begun.append((begun, kind))
        act()
        wait_until(lambda: self.network.holders() == [owner.name], 20, f"{owner.name} is the owner")
        kind.slowest_ms = max(kind.slowest_ms, (time.monotonic() - begun) * 1000)
        time.sleep(SETTLE_SECONDS)
        self.network.client.signal(signal.SIGINT, "wrk")
        output, _ = load.communicate(timeout=30)
        kind.moves += 1
        kind.seconds += float(re.search(r"requests in ([\d.]+)s", output)[1])
        kind.requests += int(re.search(r"(\d+) requests in", output)[1])
        kind.failed += failures_of(output)

    def hand_over(self, giver, taker):
        self._move("baton pass", lambda: handover.baton(giver, "pass"), taker)

    def stop(self, giver, taker):
        self._move("planned stop", lambda: giver.host.systemctl("stop", "baton"), taker)

    def stop_with_connections(self, giver, taker, connections):
        stopping = giver.host.popen(["/usr/sbin/baton", "stop"])
        self._move("planned stop", lambda: None, taker)
        self.judge(connections)
        assert stopping.wait(timeout=60) == 0
        wait_until(lambda: not giver.supervisor(), 10, "the old tree has ended")

    def come_back(self, node):
        self._move("preempting return", lambda: node.host.systemctl("start", "baton"), node)
        wait_until(lambda: handover.link_is_up(node), 10, "there is a link")

    def judge(self, connections):
        found = connections.finish(within=120)
        for broken in found["breaks"]:
            kinds = [kind for begun, kind in self.begun if begun <= broken["at"]]
            kinds[-1].broken += 1
        for kind, count in found["idle"].items():
            if kind not in FINE:
                self.found_at_end[kind] += count


def failures_of(output):
    failed = 0
    if errors := re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", output):
        failed += sum(map(int, errors.groups()))
    if wrong := re.search(r"Non-2xx or 3xx responses: (\d+)", output):
        failed += int(wrong[1])
    return failed


def passing(options):
    os.sched_setaffinity(0, range(os.cpu_count()))  # hosts of the lab use the whole machine
    with Network("tree", "tree", "baton") as network:
        handover.start_pair(network)
        moves = Moves(network)
        for _ in range(max(1, options.passes // MOVES_PER_ROUND)):
            _round(network, moves)
    return [_report(moves)]


def _round(network, moves):
    first, second = network.proxies
    connections = handover.LongConnections(network, rate=DOWNLOAD_RATE)
    moves.hand_over(first, second)
    moves.hand_over(second, first)
    moves.stop_with_connections(first, second, connections)
    connections = handover.LongConnections(network, rate=DOWNLOAD_RATE)
    moves.come_back(first)
    for _ in range(2):
        moves.stop(first, second)
        moves.come_back(first)
    moves.hand_over(first, second)
    moves.hand_over(second, first)
    moves.judge(connections)


def _report(moves):
    kinds = moves.kinds.values()
    total = sum(kind.moves for kind in kinds)
    report = Report(
        f"{total} planned moves under load, connections standing through them",
        ["", "moves", "requests", "requests/s", "failed", "broken", "slowest move ms"],
    )
    for name, kind in moves.kinds.items():
        report.rows.append(
            [name, kind.moves, kind.requests, kind.requests / max(kind.seconds, 1e-9), kind.failed,
             kind.broken, kind.slowest_ms]
        )  # fmt: skip
    idle = sum(moves.found_at_end.values())
    report.goals.append(Goal("failed new requests", sum(kind.failed for kind in kinds), 0))
    report.goals.append(
        Goal("broken downloads, uploads and tunnels", sum(kind.broken for kind in kinds), 0)
    )
    report.goals.append(Goal("idle connections that were reset", idle, 0))
    if idle:
        report.notes.append(f"idle connections: {dict(moves.found_at_end)}")
    report.notes.append("a return counts from the start of the program, with its wait for the link")
    return report
