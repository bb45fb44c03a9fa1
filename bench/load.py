"""Load by wrk, in turns (A B C A B C ...), so that a machine that grows noisier meets all alike.

A figure is the median of its rounds. CPU per request is what the server's whole process tree used
during a round, by the scheduler's count, over the requests that were answered. A round in which
others took more than a little of these cores is run again, a bounded number of times.
"""

import os
import resource
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from servers import LOAD_CORES, PEERS, PROXY_CORE, cpu_ns_of, descendants

REPORT = Path(__file__).with_name("report.lua")
DISTURBED = 0.10  # share of a core taken by others
REPEATS_MAX = 6
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
    disturbance: float = 0.0  # share that others took of the proxy's or the load's cores

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


def _busy_ns(cores):
    names, busy = {f"cpu{core}" for core in cores}, 0
    for line in Path("/proc/stat").read_text().splitlines():
        name, *times = line.split()
        if name in names:
            user, nice, system, _, _, irq, softirq, steal = (int(time) for time in times[:8])
            busy += user + nice + system + irq + softirq + steal
    return busy * 1_000_000_000 // CLOCK_TICK


class _Watch:
    """What a server used from now on, and what others took of the cores that are measured on."""

    def __init__(self, server):
        self._server = server
        self._start = self._read()

    def _read(self):
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)  # wrk, once it was waited for
        ours = cpu_ns_of(descendants(os.getpid())) + int((ended.ru_utime + ended.ru_stime) * 1e9)
        busy = _busy_ns([PROXY_CORE]), _busy_ns(LOAD_CORES)
        return self._server.cpu_ns(), ours, *busy, time.monotonic_ns()

    def stop(self):
        """CPU nanoseconds of the server, and the larger of the shares that others took of the
        proxy's core and of the load's cores."""
        used, ours, proxy_busy, load_busy, wall = (
            now - before for now, before in zip(self._read(), self._start)
        )
        of_proxy_core = (proxy_busy - used) / wall
        of_load_cores = (load_busy - (ours - used)) / (wall * len(LOAD_CORES))
        return used, max(0.0, of_proxy_core, of_load_cores)


def measure(server, path="/", seconds=4, connections=64, headers=()):
    """One round against a server."""
    watch = _Watch(server)
    wrk = start_wrk(server.url + path, seconds, connections, headers)
    round_ = result(wrk, seconds)
    used, round_.disturbance = watch.stop()
    server.check_alive()
    round_.cpu_us_per_request = used / 1000 / max(1, round_.requests)
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
