#!/usr/bin/python3
"""The bench: baton side by side with nginx, HAProxy and keepalived, in the same run.

    ./dev bench [PART...] [--quick] [--without-baton]

Figures are ratios within one run. They are worth something when the machine is quiet: the first
line says how quiet it was, and the column `others` what else ran meanwhile. The exit
code is 1 when a goal was missed.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True

import servers  # noqa: E402
from parts import (  # noqa: E402
    crowd, failover, features, idle, instructions, load_check, passing, proxying, reloading,
)

PARTS = {
    "load": load_check.load,
    "tutorial": proxying.tutorial,
    "keepalive": proxying.keepalive,
    "close": proxying.close,
    "body": proxying.body,
    "static": proxying.static,
    "gzip": features.gzip,
    "cache": features.cache,
    "upstreams": features.upstreams,
    "idle": idle.idle,
    "reload": reloading.reload,
    "instructions": instructions.instructions,
    "failover": failover.failover,
    "pass": passing.passing,
    "crowd": crowd.crowd,
}


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="./dev bench", description="Figures side by side with nginx, HAProxy, keepalived."
    )
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of: {' '.join(PARTS)} (default: all)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="short rounds, for a look; under two minutes"
    )
    parser.add_argument(
        "--without-baton", action="store_true", help="the peers alone: a check of the bench itself"
    )
    options = parser.parse_args()
    unknown = [name for name in options.parts if name not in PARTS]
    if unknown:
        parser.error(f"no such part: {' '.join(unknown)}; there are: {' '.join(PARTS)}")
    quick = options.quick
    options.programs = {"nginx", "haproxy"} | (set() if options.without_baton else {"baton"})
    options.rounds, options.seconds = (1, 1) if quick else (5, 4)
    options.idle_connections = 2_000 if quick else 10_000
    options.reloads, options.reload_seconds = (10, 4) if quick else (50, 20)
    options.failover_runs = 1 if quick else 10
    options.passes = 10 if quick else 100
    return options


def version(command):
    try:
        done = subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, timeout=5
        )
        return (done.stdout + done.stderr).strip().splitlines()[0]
    except (OSError, IndexError, subprocess.TimeoutExpired):
        return f"{command[0]}: no version"


def machine():
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").open()
            if line.startswith("model name")
        ),
        "",
    )
    state = version(["git", "-C", servers.REPOSITORY, "describe", "--always", "--dirty"])
    return (
        f"{model}, {os.cpu_count()} cores, Linux {os.uname().release}; baton {state}, "
        f"{version([servers.PEERS / 'bin/nginx', '-v'])}, "
        f"{version([servers.PEERS / 'bin/haproxy', '-v'])}; "
        f"load average {os.getloadavg()[0]:.2f}"
    )


def main():
    options = parse_arguments()
    missing = [
        line
        for line in servers.missing_programs()
        if not (options.without_baton and line.startswith("baton"))
    ]
    if missing:
        sys.exit("\n".join(missing))
    print(machine(), flush=True)
    os.sched_setaffinity(0, servers.LOAD_CORES)
    missed, start = [], time.monotonic()
    for name in options.parts or PARTS:
        try:
            for report in PARTS[name](options):  # some parts give each report as soon as it is known
                print(f"\n{report}", flush=True)
                missed += [
                    f"{name}: {goal.what}"
                    for goal in report.goals
                    if not goal.reached and not goal.later
                ]
        except (
            servers.ServerFailed,
            OSError,
            RuntimeError,
            AssertionError,
            subprocess.TimeoutExpired,
        ) as error:
            print(f"\n== {name}: could not be measured\n  {error}\n  MISSED", flush=True)
            missed.append(name)
    print(
        f"\n{time.monotonic() - start:.0f} s; "
        + (f"{len(missed)} missed: {'; '.join(missed)}" if missed else "no goal missed")
    )
    sys.exit(bool(missed))


main()
