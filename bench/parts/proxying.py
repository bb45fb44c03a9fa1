"""CPU per request and latency of answers that go through a proxy, or come from its own files.

Every part starts nginx, baton and, where it can do the same, HAProxy on the same core, in front
of the same two web servers, and lets wrk ask them in turns.
"""

import contextlib

import configs
import servers
from load import in_turns
from report import Goal, Report, ratio

COLUMNS = "|CPU us/request|+- %|x nginx|requests/s|p50 ms|p99 ms|errors|others %".split("|")
SILENT = "haproxy, no log"
FILES = {
    "index.html": b"web01\n",
    "64k": b"0123456789abcde\n" * (64 << 6),
    "1m": b"0123456789abcde\n" * (64 << 10),
}


class Stage:
    """The two web servers and the proxies under measurement; all end together."""

    def __init__(self):
        self._open = contextlib.ExitStack()
        self.web_ports = []

    def __enter__(self):
        return self

    def __exit__(self, *what):
        return self._open.__exit__(*what)

    def add(self, make, files, port, **options):
        return self._open.enter_context(make(files, port, **options))

    def start_webs(self):
        for name in ("web01", "web02"):
            port = servers.free_port()
            self.add(servers.nginx, {"nginx.conf": configs.web(name, port), **FILES}, port)
            self.web_ports.append(port)

    def start_proxies(
        self, options, text_of, haproxy=False, pump=False, silent_haproxy=False, files=FILES
    ):
        """nginx and baton with the file that text_of(port) gives, and HAProxy if asked for;
        `silent_haproxy`: also one that logs nothing."""
        core, started = servers.PROXY_CORE, []
        for name, make in (("nginx", servers.nginx), ("baton", servers.baton)):
            if name in options.programs:
                port = servers.free_port()
                started.append(
                    self.add(make, {"nginx.conf": text_of(port), **files}, port, core=core)
                )
        if pump:
            port = servers.free_port()
            started.append(self._open.enter_context(servers.byte_pump(self.web_ports, port, core)))
        wanted = [name for name, asked in (("haproxy", haproxy), (SILENT, silent_haproxy)) if asked]
        for name in wanted if "haproxy" in options.programs else ():
            port = servers.free_port()
            text = configs.haproxy(port, self.web_ports, access_log=name != SILENT)
            files = {"haproxy.cfg": text}
            started.append(self.add(servers.haproxy, files, port, core=core, name=name))
        return started


def compare(title, figures, goals):
    """goals: (limit of CPU in multiples of nginx, later), or (limit, later, of whom)."""
    by_name = {figure.name: figure for figure in figures}
    nginx, baton = by_name["nginx"], by_name.get("baton")
    report = Report(title, COLUMNS)
    for figure in figures:
        report.rows.append([
            figure.name, figure.cpu_us, f"{figure.spread * 100:.0f}",
            ratio(figure.cpu_us, nginx.cpu_us), int(figure.rate),
            figure.p50_us / 1000, figure.p99_us / 1000,
            figure.errors, f"{figure.disturbance * 100:.0f}",
        ])  # fmt: skip
    if baton:
        for limit, later, *peer in goals:
            other = by_name[peer[0]] if peer else nginx
            what = f"CPU per request in multiples of {other.name}'s"
            report.goals.append(Goal(what, ratio(baton.cpu_us, other.cpu_us), limit, later=later))
        p99_later = all(later for _, later, *_ in goals)
        report.goals.append(
            Goal(
                "p99 in multiples of nginx's",
                ratio(baton.p99_us, nginx.p99_us),
                1.0,
                later=p99_later,
            )
        )
        report.goals.append(Goal("failed requests", baton.errors, 0))
    return report


def _through_proxies(
    options,
    title,
    goals,
    keepalive=True,
    haproxy=True,
    pump=False,
    silent_haproxy=False,
    path="/",
    seconds=None,
    **load,
):
    with Stage() as stage:
        stage.start_webs()
        proxies = stage.start_proxies(
            options,
            lambda port: configs.tutorial(port, stage.web_ports, keepalive=keepalive),
            haproxy,
            pump,
            silent_haproxy,
        )
        figures = in_turns(proxies, options.rounds, seconds or options.seconds, path=path, **load)
        return compare(title, figures, goals)


def tutorial(options):
    """The tutorial's nginx.conf as it stands: nginx 1.22 connects upstream for each request."""
    title = "tutorial: its nginx.conf as it stands, access log on, 64 kept-alive clients"
    return [
        _through_proxies(options, title, [(0.35, False)], keepalive=False, haproxy=False)
    ]


def keepalive(options):
    """The same with keep-alive to the web servers configured in nginx."""
    title = "keepalive: the same with upstream keep-alive in nginx too; all but the pump log"
    goals = [(0.85, False), (0.75, False, "haproxy"), (1.20, False, "byte pump")]
    return [_through_proxies(options, title, goals, pump=True, silent_haproxy=True)]


def close(options):
    """A new client connection for each request."""
    title = "close: a new client connection for each request, upstreams kept alive"
    return [_through_proxies(options, title, [(0.9, False)], headers=("Connection: close",))]


def body(options):
    """Bodies that do not fit one read."""
    seconds = max(1, options.seconds // 2)
    return [
        _through_proxies(
            options,
            "body: 64 KB through the proxy",
            [(0.70, False)],
            pump=True,
            path="/64k",
            seconds=seconds,
        ),
        _through_proxies(
            options,
            "body: 1 MB through the proxy",
            [(1.0, False)],
            pump=True,
            path="/1m",
            seconds=seconds,
            connections=16,
        ),
    ]


def static(options):
    """Files of the proxy's own."""
    reports, seconds = [], max(1, options.seconds // 2)
    with Stage() as stage:
        started = stage.start_proxies(options, configs.static)
        for path, title in (
            ("/", "static: index.html of 6 bytes"),
            ("/64k", "static: a file of 64 KB"),
        ):
            reports.append(
                compare(
                    title, in_turns(started, options.rounds, seconds, path=path), [(1.0, False)]
                )
            )
    return reports
