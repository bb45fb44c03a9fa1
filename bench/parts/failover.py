"""Outages that clients see when the address moves, in the lab's network.

Three pairs: baton with baton, baton with keepalived+nginx as its partner, and keepalived+nginx
twice. Each pair lives in a network of its own; the three are measured at the same time, since
what takes long here is waiting for timers. Per pair the master is stopped on purpose, its proxy
is killed, its cable is cut; in between everything is as it was.
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
    "baton, keepalived": ("tree", "keepalived"),
    "keepalived, keepalived": ("keepalived", "keepalived"),
}
PEERS_PAIR = "keepalived, keepalived"
INTERVAL_MS, TIMEOUT_MS = 5, 1000
SETTLE_SECONDS = 1.5


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


FAULTS = {
    "stop": Fault("planned stop", _stop, _start),
    "kill": Fault("proxy killed -9", _kill_proxy, _restart_proxy),
    "cut": Fault(
        "link cut", lambda network: network.cut("nginx01"), lambda network: network.mend("nginx01")
    ),
}


@dataclass
class Outcome:
    requests: int
    failed: int
    outage: float  # seconds


def failover(options):
    os.sched_setaffinity(0, range(os.cpu_count()))  # hosts of the lab use the whole machine
    pairs = [pair for pair in PAIRS if "baton" in options.programs or pair == PEERS_PAIR]
    with ThreadPoolExecutor(len(pairs)) as threads:
        outcomes = dict(
            zip(pairs, threads.map(lambda pair: _measure(pair, options.failover_runs), pairs))
        )
    return [_report(name, fault, outcomes) for name, fault in FAULTS.items()]


def _measure(pair, runs):
    """All faults, `runs` times each, on one network: fault -> outcomes, or what went wrong."""
    found = {name: [] for name in FAULTS}
    try:
        with Network(*PAIRS[pair], "apache") as network:
            if pair == PEERS_PAIR:  # without a script, keepalived does not see its proxy die
                for proxy in network.proxies:
                    proxy.write_failover(lab_configs.failover_script2(proxy.name))
            network.start()
            for _ in range(runs):
                for name, fault in FAULTS.items():
                    found[name].append(_one(network, fault))
        return found
    except (AssertionError, OSError, RuntimeError, subprocess.SubprocessError) as error:
        return error


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
    return Outcome(len(prober.requests), len(prober.failures), prober.outage)


def _report(name, fault, outcomes):
    runs = max(
        (len(found[name]) for found in outcomes.values() if isinstance(found, dict)), default=0
    )
    report = Report(
        f"failover: {fault.title} of the master, a connection every {INTERVAL_MS} ms, {runs} runs",
        ["master, backup", "outage s", "longest s", "failed requests", "of"],
    )
    medians = {}
    for pair, found in outcomes.items():
        if isinstance(found, Exception):
            lines = str(found).strip().splitlines() or [repr(found)]
            report.notes.append(f"{pair}: {lines[0]}")
            report.goals.append(Goal(f"runs that ended, {pair}", 0, 1, at_least=True))
            continue
        outages = [outcome.outage for outcome in found[name]]
        medians[pair] = statistics.median(outages)
        failed, requests = (
            sum(getattr(one, what) for one in found[name]) for what in ("failed", "requests")
        )
        report.rows.append([pair, medians[pair], max(outages), failed, requests])
        report.goals += _goals(name, pair, failed, medians)
    return report


def _goals(name, pair, failed, medians):
    if pair == PEERS_PAIR:
        if name == "cut" and "baton, baton" in medians:
            # Both wait for three adverts to be missing; where in their second the cut falls is
            # chance.
            limit = medians[pair] + 0.5
            return [
                Goal(
                    "outage s, no longer than keepalived's (0.5 s of chance)",
                    medians["baton, baton"],
                    limit,
                )
            ]
        return []
    if name == "stop":
        return [Goal(f"failed requests, {pair}", failed, 0)]
    if name == "kill":
        return [
            Goal(f"outage s, {pair}", medians[pair], 1.0),
            Goal(f"outage s, {pair}", medians[pair], 0.06, later=True),
        ]
    return (
        [Goal(f"outage s, {pair}", medians[pair], 0.2, later=True)]
        if pair == "baton, baton"
        else []
    )
