"""Reloads under load: fresh and kept-alive connections at the same time, every request counted.

wrk counts a connection that ends under a request as a read error; the part `load` proves that it
does.
"""

import os
import signal
import time

import configs
import servers
from load import result, start_wrk
from parts.proxying import Stage
from report import Goal, Report

FRESH_CLIENTS, KEPT_CLIENTS = 32, 64


def reload(options):
    report = Report(
        f"reload: {options.reloads} reloads in {options.reload_seconds} s under load",
        [
            "",
            "reloads",
            "fresh requests",
            "failed",
            "kept-alive requests",
            "read errors",
            "other errors",
        ],
    )
    for name in ("nginx", "baton"):
        if name in options.programs:
            reloads, fresh, kept = _measure(options, name)
            report.rows.append(
                [
                    name,
                    reloads,
                    fresh.requests,
                    fresh.errors,
                    kept.requests,
                    kept.read_errors,
                    kept.errors - kept.read_errors,
                ]
            )
            if name == "baton":
                report.goals = _goals(options, reloads, fresh, kept)
    return [report]


def _goals(options, reloads, fresh, kept):
    share = options.reload_seconds / 20
    return [
        Goal("reloads that were seen", reloads, options.reloads, at_least=True),
        Goal("requests on fresh connections", fresh.requests, int(50_000 * share), at_least=True),
        Goal("failed ones of them", fresh.errors, 0),
        Goal(
            "requests on kept-alive connections", kept.requests, int(200_000 * share), at_least=True
        ),
        Goal("errors of them", kept.errors, 0),
    ]


def _measure(options, name):
    with Stage() as stage:
        stage.start_webs()
        port, seconds = servers.free_port(), options.reload_seconds + 2

        def text(number):
            # Every other reload changes something, so that none can be skipped as a no-op.
            plain = configs.tutorial(port, stage.web_ports, keepalive=True, workers=2)
            return plain.replace(
                "keepalive_timeout   65;", f"keepalive_timeout   {65 + number // 2};"
            )

        server = stage.add(
            getattr(servers, name), {"nginx.conf": text(0)}, port, core=servers.PROXY_CORE
        )
        fresh = start_wrk(server.url, seconds, FRESH_CLIENTS, ["Connection: close"])
        kept = start_wrk(server.url, seconds, KEPT_CLIENTS)
        time.sleep(1)
        reloads = _reload_again_and_again(options, server, text)
        fresh, kept = result(fresh, seconds), result(kept, seconds)
        server.check_alive()
        return reloads, fresh, kept


def _reload_again_and_again(options, server, text):
    """Returns how many reloads brought new processes."""
    known, seen = set(server.pids()), 0
    due = time.monotonic()
    for number in range(1, options.reloads + 1):
        server.write("nginx.conf", text(number))
        os.kill(server.process.pid, signal.SIGHUP)
        due += options.reload_seconds / options.reloads
        time.sleep(max(0, due - time.monotonic()))
        pids = set(server.pids())
        seen += bool(pids - known)
        known |= pids
    return seen
