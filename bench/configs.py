"""Configuration files of the benches: the tutorial's, put into the stock main file, on ports of
this machine.

The same nginx.conf serves nginx and baton. Of the stock file only what names places of the
machine is replaced (user, paths, ports), and `worker_processes` is 1 so that everybody has one
core.
"""

import sys

from servers import PEERS, REPOSITORY

sys.path.insert(0, str(REPOSITORY / "tests" / "lab"))
from lab import configs as lab_configs  # noqa: E402

# For 64 clients: round robin wants up to all of them at either server, now and then. With 64, up to a
# tenth of the requests of nginx and baton open a connection; HAProxy and the byte pump know no limit.
KEEPALIVE_UPSTREAM = "            keepalive 128;\n"
KEEPALIVE_LOCATION = (
    '            proxy_http_version 1.1;\n            proxy_set_header Connection "";\n'
)


def _replaced(text, changes):
    for old, new in changes:
        assert old in text, f"{old!r} is not in the stock file"
        text = text.replace(old, new)
    return text


def place(text, port, workers=1, connections=1024):
    """The stock main file with its places moved to {folder} and its server to a port."""
    return _replaced(
        text,
        [
            ("user nginx;", "user www-data;"),
            ("worker_processes auto;", f"worker_processes {workers};"),
            ("worker_connections 1024;", f"worker_connections {connections};"),
            ("/var/log/nginx/", "{folder}/"),
            ("/run/nginx.pid", "{folder}/nginx.pid"),
            ("include /usr/share/nginx/modules/*.conf;", "include {folder}/modules/*.conf;"),
            ("/etc/nginx/mime.types", str(PEERS / "root/etc/nginx/mime.types")),
            ("/etc/nginx/conf.d/", "{folder}/conf.d/"),
            ("/etc/nginx/default.d/", "{folder}/default.d/"),
            ("listen       80 default_server;", f"listen       127.0.0.1:{port} default_server;"),
            ("        listen       [::]:80 default_server;\n", ""),
            ("/usr/share/nginx/html", "{folder}"),
            ("http {\n", "http {\n    include {folder}/places/*.conf;\n"),
        ],
    )


def tutorial(port, web_ports, keepalive=False, **placing):
    """The tutorial's proxy over two web servers. `keepalive`: with nginx's three lines for it."""
    text = lab_configs.proxy_centos(location_extra=KEEPALIVE_LOCATION if keepalive else "")
    text = _replaced(
        text,
        [
            ("192.168.175.121", f"127.0.0.1:{web_ports[0]}"),
            ("192.168.175.122", f"127.0.0.1:{web_ports[1]}"),
        ],
    )
    if keepalive:
        text = lab_configs.insert_after(text, f"127.0.0.1:{web_ports[1]}", KEEPALIVE_UPSTREAM)
    return place(text, port, **placing)


def static(port, **placing):
    """The stock main file as a web server; files come from {folder}."""
    return place(lab_configs.stock("centos7-nginx.conf"), port, **placing)


def web(name, port):
    """A web server that is never the bottleneck: fixed answers, long-lived connections, no log.
    /64k and /1m are files in {folder}."""
    return f"""\
user www-data;
worker_processes 1;
pid {{folder}}/nginx.pid;
error_log {{folder}}/error.log;
events {{ worker_connections 20000; }}
http {{
    access_log off;
    sendfile on;
    keepalive_requests 100000000;
    include {{folder}}/places/*.conf;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = / {{ default_type text/html; return 200 "{name}\\n"; }}
        location / {{ root {{folder}}; }}
    }}
}}
"""


def haproxy(port, web_ports, connections=4000, access_log=True):
    """HAProxy in the tutorial's part, kept-alive on both sides; also a client's first request may
    use a pooled connection, as in nginx and baton.

    It does the same work as they do, so it logs each request, in the way that costs it least:
    written to its standard output, which is a file (Debian's file has it send each line to the
    system's log daemon, which costs it more)."""
    log = "    log stdout format raw local0\n" if access_log else ""
    line = "    log global\n    option httplog\n" if access_log else ""
    return f"""\
global
{log}    nbthread 1
    no strict-limits
    maxconn {connections}
defaults
    mode http
{line}    timeout connect 60s
    timeout client 65s
    timeout server 60s
frontend tutorial
    bind 127.0.0.1:{port}
    option forwardfor
    http-request set-header X-Real-IP %[src]
    default_backend WebServer
backend WebServer
    balance roundrobin
    http-reuse always
    server web01 127.0.0.1:{web_ports[0]} weight 1
    server web02 127.0.0.1:{web_ports[1]} weight 1
"""
