"""`baton pass` again and again under load: new requests that fail, connections that are reset.

wrk asks over a new connection each time, as fast as it is answered; 200 idle kept-alive connections,
a download of 100 MB, an upload and a tunnel live meanwhile, begun anew for every ten moves.
"""

import os
import re
import time

import configs  # noqa: F401  (makes the lab importable)
from lab import handover
from lab.network import Network
from lab.waiting import wait_until
from report import Goal, Report

PAUSE_SECONDS = 0.3
MOVES_PER_ROUND = 10


def passing(options):
    os.sched_setaffinity(0, range(os.cpu_count()))  # hosts of the lab use the whole machine
    rounds = max(1, options.passes // MOVES_PER_ROUND)
    totals = {"moves": 0, "requests": 0, "failed": 0, "broken": 0, "slowest_ms": 0.0, "seconds": 0.0}
    with Network("tree", "tree", "baton") as network:
        handover.start_pair(network)
        for _ in range(rounds):
            _round(network, totals)
    report = Report(
        f"{totals['moves']} moves by `baton pass`",
        ["", "requests", "requests/s", "failed", "broken long-lived", "slowest pass ms"],
    )
    report.rows.append(
        [
            "baton, baton",
            totals["requests"],
            totals["requests"] / totals["seconds"],
            totals["failed"],
            totals["broken"],
            totals["slowest_ms"],
        ]
    )
    report.goals.append(Goal("failed new requests", totals["failed"], 0))
    report.goals.append(Goal("broken long-lived connections", totals["broken"], 0))
    return [report]


def _round(network, totals):
    connections = handover.LongConnections(network)
    seconds = int(MOVES_PER_ROUND * (PAUSE_SECONDS + 0.7)) + 2
    load = network.client.popen(
        ["wrk", "-t1", "-c8", f"-d{seconds}s", "--timeout", "2s", "-H", "Connection: close",
         "http://192.168.175.100/"]
    )  # fmt: skip
    begun = time.monotonic()
    for _ in range(MOVES_PER_ROUND):
        [owner] = [proxy for proxy in network.proxies if proxy.name in network.holders()[:1]]
        said = handover.baton(owner, "pass").stdout
        totals["moves"] += 1
        totals["slowest_ms"] = max(totals["slowest_ms"], float(re.search(r"in (\d+) ms", said)[1]))
        wait_until(lambda: not owner.holds_vip(), 3, "the old owner has released the address")
        time.sleep(PAUSE_SECONDS)
    output, _ = load.communicate(timeout=30)
    totals["seconds"] += time.monotonic() - begun
    totals["requests"] += int(re.search(r"(\d+) requests in", output)[1])
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", output)
    totals["failed"] += sum(map(int, errors.groups())) if errors else 0
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    totals["failed"] += int(wrong[1]) if wrong else 0
    found = connections.finish(within=90)
    totals["broken"] += sum(found[kind] != "ok" for kind in ("download", "upload", "tunnel"))
    fine = ("answered", "answered, closed", "closed")
    totals["broken"] += sum(count for kind, count in found["idle"].items() if kind not in fine)
