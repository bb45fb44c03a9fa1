"""What else a request may cost: compression, the response cache, groups of very many servers.

nginx and baton get the same file; ratios within one run.
"""

import servers
from load import in_turns
from parts.proxying import FILES, Stage, compare
from report import Goal, Report, ratio

WORDS = "the quick brown fox jumps over the lazy dog while gathered proxies balance load".split()
TEXT = "".join(
    f"<p id={n}>{WORDS[n % 14]} {WORDS[n * 7 % 14]} {n * 2654435761 % 100003} {WORDS[n * 3 % 14]}</p>\n"
    for n in range(600)
).encode()
MANY_GROUPS, SERVERS_EACH = 1000, 100


def _main(http, workers=1):
    return f"""\
user www-data;
worker_processes {workers};
pid {{folder}}/nginx.pid;
error_log {{folder}}/error.log;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    include {{folder}}/places/*.conf;
    {http}
}}
"""


def gzip(options):
    """A page of some 30 KB from a file, compressed for each request."""
    with Stage() as stage:
        proxies = stage.start_proxies(
            options,
            lambda port: _main(
                f"gzip on; gzip_types text/plain; default_type text/plain;"
                f"server {{ listen 127.0.0.1:{port}; root {{folder}}; }}"
            ),
            files={**FILES, "page": TEXT},
        )
        figures = in_turns(
            proxies, options.rounds, max(1, options.seconds // 2), path="/page",
            headers=("Accept-Encoding: gzip",), connections=16,
        )  # fmt: skip
        return [compare(f"gzip: a page of {len(TEXT) // 1024} KB, level 1", figures, [(1.0, False)])]


def cache(options):
    """A small response from proxy_cache."""
    with Stage() as stage:
        stage.start_webs()
        proxies = stage.start_proxies(
            options,
            lambda port: _main(
                "proxy_cache_path {folder}/cache keys_zone=c:1m;"
                f"upstream web {{ server 127.0.0.1:{stage.web_ports[0]}; keepalive 8; }}"
                f"server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://web;"
                " proxy_cache c; proxy_cache_valid 200 1h; } }"
            ),
        )
        figures = in_turns(proxies, options.rounds, max(1, options.seconds // 2), path="/")
        return [compare("cache: a small response, always a hit", figures, [(1.0, False)])]


def upstreams(options):
    """One request in front of 100,000 servers in groups, against the same in front of two."""
    count = MANY_GROUPS * SERVERS_EACH
    report = Report(
        f"upstreams: a request with {count:,} servers in {MANY_GROUPS:,} groups configured",
        ["", "CPU us/request", "requests/s", "errors"],
    )
    if "baton" not in options.programs:
        return [report]
    with Stage() as stage:
        stage.start_webs()
        started = []
        for name, many in (("two servers", False), (f"{count:,} servers", True)):
            port = servers.free_port()
            web = "".join(f"server 127.0.0.1:{p};" for p in stage.web_ports)
            # The group that is asked for is as large as the others; all of its servers answer.
            own = web if not many else web * (SERVERS_EACH // 2)
            groups = "".join(
                f"upstream g{g} {{ "
                + "".join(f"server 10.{g // 250}.{g % 250}.{s + 1};" for s in range(SERVERS_EACH))
                + " }\n"
                for g in range(MANY_GROUPS if many else 0)
            )
            text = _main(
                f"{groups} upstream web {{ {own} keepalive 256; }} server {{ listen 127.0.0.1:{port};"
                " location / { proxy_pass http://web; } }"
            )
            server = stage.add(
                servers.baton, {"nginx.conf": text}, port, core=servers.PROXY_CORE, ready_within=30
            )
            server.name = name
            started.append(server)
        figures = in_turns(started, options.rounds, max(1, options.seconds // 2), path="/")
        for figure in figures:
            report.rows.append([figure.name, figure.cpu_us, int(figure.rate), figure.errors])
        few, many = figures
        report.goals = [Goal("CPU in multiples of two servers'", ratio(many.cpu_us, few.cpu_us), 1.05)]
    return [report]
