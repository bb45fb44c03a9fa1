"""Memory that an idle kept-alive client costs, after one request through the proxy."""

import time

import configs
import connections
import servers
from parts.proxying import Stage
from report import Goal, Report

WARM_UP = 64


def idle(options):
    count = options.idle_connections
    connections.allow_descriptors(count + 2000)
    report = Report(
        f"idle: process memory of {count:,} kept-alive clients after one request each",
        ["", "KB each", "MB before", "MB with them", "failed", "lost while idle"],
    )
    for name in ("nginx", "haproxy", "baton"):
        if name in options.programs:
            report.rows.append([name, *_measure(name, count)])
    for row in report.rows:
        if row[0] == "baton":
            report.goals = [
                Goal("KB of process memory each", row[1], 0.47),
                Goal("failed requests and lost connections", row[4] + row[5], 0),
            ]
    return [report]


def _measure(name, count):
    with Stage() as stage:
        stage.start_webs()
        port, limit = servers.free_port(), count + 1000
        if name == "haproxy":
            files = {"haproxy.cfg": configs.haproxy(port, stage.web_ports, connections=limit)}
        else:
            files = {
                "nginx.conf": configs.tutorial(
                    port, stage.web_ports, keepalive=True, connections=limit
                )
            }
        server = stage.add(getattr(servers, name), files, port, core=servers.PROXY_CORE)
        with connections.Clients(port, WARM_UP) as clients:
            clients.ask_each()
        time.sleep(0.5)
        before = server.private_bytes()
        with connections.Clients(port, count) as clients:
            failed = clients.ask_each()
            time.sleep(1)
            after = server.private_bytes()
            lost = clients.ask_each()
        server.check_alive()
        return (after - before) / 1024 / count, before / 2**20, after / 2**20, failed, lost
