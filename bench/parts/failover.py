"""Outages that clients see when the address moves, in the lab's network.

Pairs: baton with baton, with default settings and with `fast_failover 10ms 3`, baton with
keepalived+nginx as its partner, and keepalived+nginx twice. Each pair lives in a network of its own.
The master is stopped on purpose, its cable is cut, its power is lost, and parts of it or all of it
are killed; in between everything is as it was.

What takes long here is waiting: for the master's return, and for keepalived's timers. So all pairs
take part at the same time, but where milliseconds count, only one of them is measured at any
moment (`_quiet`). Where the outage is keepalived's three seconds, it is asked less often, beside
the others, and only PEER_RUNS times. Each figure is printed as soon as it is known.
"""

import contextlib
import json
import os
import signal
import statistics
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import configs  # noqa: F401  (makes the lab importable)
from lab import configs as lab_configs
from lab.network import Network
from lab.waiting import wait_until
from report import Goal, Report

PAIRS = {
    "baton, baton": ("tree", "tree"),
    "baton, baton 10ms 3": ("tree", "tree"),
    "baton, keepalived": ("tree", "keepalived"),
    "keepalived, keepalived": ("keepalived", "keepalived"),
}
OPTIONS = {"baton, baton 10ms 3": "fast_failover 10ms 3"}
PEERS_PAIR = "keepalived, keepalived"
SWIFT = ("baton, baton", "baton, baton 10ms 3")
INTERVAL_MS, COARSE_INTERVAL_MS, TIMEOUT_MS = 2, 20, 1000
SETTLE_SECONDS = 0.4
PEER_RUNS = 3
LOST_SHOWN_MAX = 12

_quiet = threading.Lock()  # held by who measures milliseconds
_telling = threading.Lock()


@dataclass
class Fault:
    title: str
    strike: object  # function of the network: what happens to nginx01, the master
    repair: object  # function of the network: puts it back


def _stop(network):
    network.nginx01.host.systemctl("stop", network.nginx01.failover_service)


def _start(network):
    network.nginx01.host.systemctl("start", network.nginx01.failover_service)


def _kill_proxy(network):
    assert network.nginx01.host.signal(signal.SIGKILL, "nginx"), "no proxy process to kill"


def _restart_proxy(network):
    if network.nginx01.kind == "keepalived":
        network.nginx01.host.systemctl("start", "nginx")
    else:  # so that deaths in a row do not add up to a pause before the next start
        network.nginx01.host.systemctl("restart", network.nginx01.failover_service)


def _kill(processes):
    for process in processes:
        try:
            os.kill(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it went with another one


def _kill_failover(network):
    _kill(network.nginx01.host.processes("keepalived"))


def _kill_tree(network):
    _kill(network.nginx01.tree())


def _lose_power(network):
    """Nothing of the node runs any more, and nobody tells the switch's neighbours."""
    for process in network.nginx01.host.processes():
        os.kill(process.pid, signal.SIGSTOP)
    network.cut("nginx01")


def _restore_power(network):
    time.sleep(3)  # whoever is back sooner was napping, and is not taken for dead again soon
    network.mend("nginx01")
    for process in network.nginx01.host.processes():
        os.kill(process.pid, signal.SIGCONT)


def _restart(network):
    """A killed keepalived leaves the address; nobody else takes it away."""
    if network.nginx01.kind == "keepalived":
        vip = f"{lab_configs.VIP}/32"
        network.nginx01.host.run(["ip", "addr", "del", vip, "dev", "ens33"], check=False)
        network.nginx01.start()
        return
    network.nginx01.host.systemctl("restart", network.nginx01.failover_service)


FAULTS = {
    "stop": Fault("planned stop", _stop, _start),
    "kill": Fault("proxy killed -9", _kill_proxy, _restart_proxy),
    "cut": Fault(
        "link cut", lambda network: network.cut("nginx01"), lambda network: network.mend("nginx01")
    ),
    "power": Fault("power loss", _lose_power, _restore_power),
    "failover": Fault("failover process killed -9", _kill_failover, _restart),
    "tree": Fault("all processes killed -9", _kill_tree, _restart),
}


@dataclass
class Outcome:
    requests: int
    lost: list  # what became of the requests that failed, and when
    outage: float  # seconds


class Trial:
    """A pair in its network, and what came of the faults so far."""

    def __init__(self, pair):
        self.pair, self.network, self.error = pair, None, None
        self.found = {name: [] for name in FAULTS}

    def start(self):
        self._guarded(self._start)

    def strike(self, name, runs):
        """Lets a fault happen `runs` times; not any more once something went wrong."""
        if self.pair == PEERS_PAIR or (self.pair not in SWIFT and name != "stop"):
            runs = min(runs, PEER_RUNS)
        for _ in range(runs):
            if self.error is None:
                self._guarded(lambda: self.found[name].append(self._one(name)))
        self._tell(name)

    def close(self):
        if self.network:
            self.network.close()

    def _start(self):
        self.network = Network(*PAIRS[self.pair], "apache")
        if self.pair == PEERS_PAIR:  # without a script, keepalived does not see its proxy die
            for proxy in self.network.proxies:
                proxy.write_failover(lab_configs.failover_script2(proxy.name))
        for proxy in self.network.proxies:
            if self.pair in OPTIONS:
                line = f"          {OPTIONS[self.pair]}\n"
                proxy.write_failover(lab_configs.failover(proxy.name, instance=line))
        self.network.start()

    def _one(self, name):
        network, fault = self.network, FAULTS[name]
        if self.pair in SWIFT:
            wait_until(lambda: _is_watched(network), 5, "the backup watches the master")
        counts = self.pair in SWIFT or (self.pair != PEERS_PAIR and name not in ("cut", "power"))
        with _quiet if counts else contextlib.nullcontext():
            outcome = _measure(network, fault, INTERVAL_MS if counts else COARSE_INTERVAL_MS)
        fault.repair(network)
        network.await_master("nginx01", within=15)
        network.await_service()
        return outcome

    def _guarded(self, step):
        try:
            step()
        except (AssertionError, OSError, RuntimeError, subprocess.SubprocessError) as error:
            self.error = error

    def _tell(self, name):
        outages = [outcome.outage for outcome in self.found[name]]
        said = _first_line(self.error) if self.error else ""
        if outages:
            lost = sum(len(outcome.lost) for outcome in self.found[name])
            said = (
                f"median {statistics.median(outages) * 1000:.0f} ms, longest "
                f"{max(outages) * 1000:.0f} ms, {lost} requests failed in {len(outages)} runs"
            )
        with _telling:
            print(f"  {FAULTS[name].title}: {self.pair}: {said}", flush=True)


def failover(options):
    """Gives a report for each fault as soon as it is known."""
    os.sched_setaffinity(0, range(os.cpu_count()))  # hosts of the lab use the whole machine
    pairs = [pair for pair in PAIRS if "baton" in options.programs or pair == PEERS_PAIR]
    trials, runs = [Trial(pair) for pair in pairs], options.failover_runs
    try:
        with ThreadPoolExecutor(len(trials)) as threads:
            list(threads.map(Trial.start, trials))
            for name, fault in FAULTS.items():
                list(threads.map(lambda trial, name=name: trial.strike(name, runs), trials))
                yield _report(name, fault, trials)
    finally:
        for trial in trials:
            trial.close()


def _is_watched(network):
    """Whether the backup has its session with the master."""
    shown = network.nginx02.host.run(["baton", "status", "--json"], check=False).stdout
    try:
        return [s["state"] for s in json.loads(shown)["failover"]["bfd"]["sessions"]] == ["Up"]
    except (ValueError, KeyError):
        return False


def _measure(network, fault, interval_ms):
    prober = network.prober(interval_ms=interval_ms, timeout_ms=TIMEOUT_MS)
    prober.await_success()
    time.sleep(SETTLE_SECONDS)
    struck = time.time()
    fault.strike(network)
    time.sleep(0.1)
    wait_until(lambda: len(network.holders()) == 1, 8, "one node holds the address")
    prober.await_success(since=struck + 0.1, within=12)
    time.sleep(SETTLE_SECONDS)
    prober.stop()
    lost = [f"{one.outcome} at {one.start - struck:+.3f} s" for one in prober.failures]
    return Outcome(len(prober.requests), lost, prober.outage)


def _first_line(error):
    return (str(error).strip().splitlines() or [repr(error)])[0]


def _report(name, fault, trials):
    report = Report(
        f"failover: {fault.title} of the master",
        ["master, backup", "outage ms", "longest ms", "failed requests", "of", "runs"],
    )
    for trial in trials:
        if trial.error:
            report.notes.append(f"{trial.pair}: {_first_line(trial.error)}")
            report.goals.append(Goal(f"error, {trial.pair}", 1, 0))
        outcomes = trial.found[name]
        if not outcomes:
            continue
        outages = [outcome.outage * 1000 for outcome in outcomes]
        median = statistics.median(outages)
        lost = [one for outcome in outcomes for one in outcome.lost]
        requests = sum(outcome.requests for outcome in outcomes)
        report.rows.append([trial.pair, median, max(outages), len(lost), requests, len(outcomes)])
        report.goals += _goals(name, trial.pair, len(lost), median)
        if 0 < len(lost) <= LOST_SHOWN_MAX:
            report.notes.append(f"{trial.pair}: lost: {', '.join(lost)}")
    return report


def _goals(name, pair, failed, median_ms):
    if name == "stop":
        return [] if pair == PEERS_PAIR else [Goal(f"failed requests, {pair}", failed, 0)]
    if pair not in SWIFT:
        return []
    limits = {"kill": 60, "failover": 60, "tree": 60}
    quick = 50 if pair in OPTIONS else 200
    return [Goal(f"outage ms, {pair}", median_ms, limits.get(name, quick))]
