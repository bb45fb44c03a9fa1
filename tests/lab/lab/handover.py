"""A pair with a pair link, under load, for the scenarios of the handover."""

import json

from . import configs
from .host import PROGRAMS, PYTHON
from .questions import find
from .waiting import wait_until

PROXY_CONF = """\
worker_processes 2;
events { worker_connections 16384; }
http {
  access_log off;
  keepalive_timeout 300s;
  client_max_body_size 200m;
  proxy_request_buffering off;
  proxy_buffering off;
  upstream web { server 192.168.175.121:80; server 192.168.175.122:80; }
  upstream long { server 192.168.175.121:8081; }
  server {
    listen 80;
    listen [::]:80;
    location / { proxy_pass http://web; }
    location = /own { return 200 "own\n"; }
    location /big { proxy_pass http://long; }
    location /up { proxy_pass http://long; proxy_http_version 1.1; }
    location /ws { proxy_pass http://long; proxy_http_version 1.1;
                   proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }
  }
}
"""


def start_pair(network, key=True, extra="", **options):
    """Both nodes with the configuration above; with `key`, linked."""
    if key:
        configs.share_pair_key(*network.proxies)
    for proxy in network.proxies:
        proxy.write_proxy(PROXY_CONF)
        if key:
            proxy.write_failover(configs.failover_pair(proxy.name, extra, **options))
    network.start()
    if key:
        for proxy in network.proxies:
            wait_until(lambda: link_is_up(proxy), 10, f"{proxy.name} has a link")


def status(proxy):
    shown = proxy.host.run(["/usr/sbin/baton", "status", "--json"], check=False).stdout
    try:
        return find(json.loads(shown), "failover")[0]
    except (ValueError, IndexError):
        return {}


def link_is_up(proxy):
    return any(peer["up"] for peer in status(proxy).get("pair", {}).get("peers", ()))


def await_lists(proxy, within=8):
    """Waits until the connections of the last move to this node are known to it."""

    def known():
        handovers = status(proxy).get("handovers", {"running": [], "past": []})
        states = [one["state"] for one in handovers["running"] if not one["given"]]
        taken = states + [one for one in handovers["past"] if not one["given"]]
        return taken and not {"prepared", "catching"} & set(states)

    wait_until(known, within, f"{proxy.name} knows the connections")


def baton(proxy, *words, check=True):
    return proxy.host.run(["/usr/sbin/baton", *words], check=check)


class LongConnections:
    def __init__(self, network, idle=200, path="/", address="192.168.175.100", rate=1e7):
        self.server = network.web01.host.popen([PYTHON, PROGRAMS / "long_server.py", 8081])
        assert self.server.stdout.readline() == "ready\n"
        self.client = network.client.popen(
            f"ulimit -n 20000; exec {PYTHON} {PROGRAMS}/long_client.py {address} {idle} {path} {rate}"
        )
        assert self.client.stdout.readline() == "ready\n"

    def finish(self, within=60):
        output, _ = self.client.communicate(timeout=within)
        self.server.communicate(timeout=10)
        return json.loads(output)


def traces(proxy):
    """What a handover might leave behind, as text."""
    host = proxy.host
    return "\n".join(
        [
            host.output(["nft", "list", "ruleset"]),
            host.output("ip -o addr show | sed 's/valid_lft.*//' | awk '{print $2, $4}' | sort"),
            host.output(
                "cd /proc/sys/net/ipv4/conf; grep . */arp_ignore */arp_announce */arp_filter "
                "*/rp_filter */forwarding"
            ),
        ]
    )
