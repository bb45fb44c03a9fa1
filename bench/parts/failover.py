"""Outages that clients see when the address moves, in the lab's network.

Pairs: baton with baton, with default settings and with `fast_failover 10ms 3`, baton with
keepalived+nginx as its partner, and keepalived+nginx twice. Each pair lives in a network of its own.
The master is stopped on purpose, its cable is cut, its power is lost, and parts of it or all of it
are killed; in between everything is as it was. What takes long here is waiting for timers, so
kills and cuts happen in all networks at the same time.
"""

import os
import signal
import statistics
import subprocess
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
INTERVAL_MS, TIMEOUT_MS = 2, 1000
SETTLE_SECONDS = 1.5
LOST_SHOWN_MAX = 12


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
        for _ in range(runs):
            if self.error is None:
                self._guarded(lambda: self.found[name].append(_one(self.network, FAULTS[name])))

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

    def _guarded(self, step):
        try:
            step()
        except (AssertionError, OSError, RuntimeError, subprocess.SubprocessError) as error:
            self.error = error


def failover(options):
    os.sched_setaffinity(0, range(os.cpu_count()))  # hosts of the lab use the whole machine
    pairs = [pair for pair in PAIRS if "baton" in options.programs or pair == PEERS_PAIR]
    trials, runs = [Trial(pair) for pair in pairs], options.failover_runs
    try:
        with ThreadPoolExecutor(len(trials)) as threads:
            list(threads.map(Trial.start, trials))
            # A request that is under way when the address moves is lost with it, so how long a
            # request takes counts here: one pair at a time, on a machine that does nothing else.
            for trial in trials:
                trial.strike("stop", runs)
            for name in list(FAULTS)[1:]:
                list(threads.map(lambda trial, name=name: trial.strike(name, runs), trials))
    finally:
        for trial in trials:
            trial.close()
    return [_report(name, fault, trials) for name, fault in FAULTS.items()]


def _one(network, fault):
    prober = network.prober(interval_ms=INTERVAL_MS, timeout_ms=TIMEOUT_MS)
    prober.await_success()
    time.sleep(SETTLE_SECONDS)
    struck = time.time()
    fault.strike(network)
    time.sleep(0.1)
    wait_until(lambda: len(network.holders()) == 1, 8, "one node holds the address")
    prober.await_success(since=struck + 0.1, within=12)
    time.sleep(SETTLE_SECONDS)
    prober.stop()
    fault.repair(network)
    network.await_master("nginx01", within=15)
    network.await_service()
    lost = [f"{one.outcome} at {one.start - struck:+.3f} s" for one in prober.failures]
    return Outcome(len(prober.requests), lost, prober.outage)


def _report(name, fault, trials):
    runs = max(len(trial.found[name]) for trial in trials)
    report = Report(
        f"failover: {fault.title} of the master, a connection every {INTERVAL_MS} ms, {runs} runs",
        ["master, backup", "outage s", "longest s", "failed requests", "of"],
    )
    medians = {}
    for trial in trials:
        if trial.error:
            lines = str(trial.error).strip().splitlines() or [repr(trial.error)]
            report.notes.append(f"{trial.pair}: {lines[0]}")
            report.goals.append(Goal(f"error, {trial.pair}", 1, 0))
        outcomes = trial.found[name]
        if not outcomes:
            continue
        outages = [outcome.outage for outcome in outcomes]
        medians[trial.pair] = statistics.median(outages)
        lost = [one for outcome in outcomes for one in outcome.lost]
        requests = sum(outcome.requests for outcome in outcomes)
        report.rows.append([trial.pair, medians[trial.pair], max(outages), len(lost), requests])
        report.goals += _goals(name, trial.pair, len(lost), medians)
        if 0 < len(lost) <= LOST_SHOWN_MAX:
            report.notes.append(f"{trial.pair}: lost: {', '.join(lost)}")
    return report


def _goals(name, pair, failed, medians):
    if name == "stop":
        return [] if pair == PEERS_PAIR else [Goal(f"failed requests, {pair}", failed, 0)]
    if not pair.startswith("baton, baton"):
        return []
    limits = {"kill": 0.06, "failover": 0.06, "tree": 0.06}
    quick = 0.05 if pair in OPTIONS else 0.2
    return [Goal(f"outage s, {pair}", medians[pair], limits.get(name, quick))]
