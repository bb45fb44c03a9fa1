"""Load by wrk, in turns (A B C A B C ...), so that a machine that grows noisier meets all alike.

A figure is the median of its rounds. CPU per request is what the server's whole process tree used
during a round, by the scheduler's count, over the requests that were answered. A round in which
others took more than a little of the proxy's core is run again, a bounded number of times.
"""

import os
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from servers import LOAD_CORES, PEERS, PROXY_CORE

REPORT = Path(__file__).with_name("report.lua")
DISTURBED = 0.08  # share of the proxy's core taken by others
REPEATS_MAX = 4
CLOCK_TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Round:
    requests: int
    seconds: float
    connect_errors: int
    read_errors: int
    write_errors: int
    status_errors: int
    timeouts: int
    p50_us: float
    p99_us: float
    cpu_us_per_request: float = 0.0
    disturbance: float = 0.0  # share of the proxy's core that others took

    @property
    def errors(self):
        return (
            self.connect_errors
            + self.read_errors
            + self.write_errors
            + self.status_errors
            + self.timeouts
        )


@dataclass
class Figures:
    """The medians of one server's rounds."""

    name: str
    rounds: list = field(default_factory=list)

    def _median(self, attribute):
        return statistics.median(getattr(one, attribute) for one in self.rounds)

    @property
    def cpu_us(self):
        return self._median("cpu_us_per_request")

    @property
    def p50_us(self):
        return self._median("p50_us")

    @property
    def p99_us(self):
        return self._median("p99_us")

    @property
    def rate(self):
        return statistics.median(one.requests / one.seconds for one in self.rounds)

    @property
    def errors(self):
        return sum(one.errors for one in self.rounds)

    @property
    def spread(self):
        """Half the distance of the best and the worst round's CPU per request, of the median."""
        values = [one.cpu_us_per_request for one in self.rounds]
        return (max(values) - min(values)) / 2 / self.cpu_us

    @property
    def disturbance(self):
        return self._median("disturbance")


def start_wrk(url, seconds, connections, headers=()):
    """wrk on the load's cores; finish it with `result`."""
    command = [
        PEERS / "bin/wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--timeout",
        "4s",
        "-s",
        REPORT,
    ]
    for header in headers:
        command += ["-H", header]
    return subprocess.Popen(
        [*map(str, command), url], text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        preexec_fn=lambda: os.sched_setaffinity(0, LOAD_CORES),
    )  # fmt: skip


def result(wrk, seconds):
    """Waits for a wrk that was started for `seconds`."""
    try:
        text, _ = wrk.communicate(timeout=seconds + 15)
    except subprocess.TimeoutExpired:
        wrk.kill()
        wrk.communicate()
        raise
    for line in text.splitlines():
        if line.startswith("RESULT "):
            values = [float(word) for word in line.split()[1:]]
            requests, duration_us, _, connect, read, write, status, timeout, p50, p99 = values
            counts = map(int, (connect, read, write, status, timeout))
            return Round(int(requests), duration_us / 1e6, *counts, p50, p99)
    raise RuntimeError(f"wrk said nothing that can be read: {text}")


def _busy_ns(core):
    for line in Path("/proc/stat").read_text().splitlines():
        if line.startswith(f"cpu{core} "):
            user, nice, system, _, _, irq, softirq, steal = (
                int(word) for word in line.split()[1:9]
            )
            return (user + nice + system + irq + softirq + steal) * 1_000_000_000 // CLOCK_TICK
    return 0


def measure(server, path="/", seconds=4, connections=64, headers=()):
    """One round against a server."""
    cpu, busy, start = server.cpu_ns(), _busy_ns(PROXY_CORE), time.monotonic_ns()
    wrk = start_wrk(server.url + path, seconds, connections, headers)
    round_ = result(wrk, seconds)
    used, wall = server.cpu_ns() - cpu, time.monotonic_ns() - start
    server.check_alive()
    round_.cpu_us_per_request = used / 1000 / max(1, round_.requests)
    round_.disturbance = max(0.0, (_busy_ns(PROXY_CORE) - busy - used) / wall)
    return round_


def in_turns(servers, rounds=5, seconds=4, **load):
    """Figures of several servers, in the order given."""
    figures = [Figures(server.name) for server in servers]
    for server in servers:
        measure(
            server, seconds=1, **load
        )  # connections, caches and pools are warm before it counts
    repeats_left = REPEATS_MAX if rounds > 1 else 0
    for _ in range(rounds):
        for server, figure in zip(servers, figures):
            round_ = measure(server, seconds=seconds, **load)
            while round_.disturbance > DISTURBED and repeats_left > 0:
                repeats_left -= 1
                round_ = measure(server, seconds=seconds, **load)
            figure.rounds.append(round_)
    return figures
