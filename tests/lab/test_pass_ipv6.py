"""`baton pass` of an IPv4 and an IPv6 address together, connections over IPv6 on them."""

from lab import configs, handover
from lab.handover import LongConnections, baton
from lab.pairings import a_tree_on_both
from lab.waiting import wait_until

VIP6 = "fd00:175::100"
INSTANCE = """
      vrrp_instance web_server_group_6 {
          version 3
          state BACKUP
          interface ens33
          virtual_router_id 56
          priority %d
          advert_int 1
          virtual_ipaddress {
              fd00:175::100
          }
      }
"""


def holds(proxy):
    return "fd00:175::100" in proxy.host.output("ip -6 addr show dev ens33")


def start_pair(network):
    """Both nodes with a pair link; nginx01 has the IPv4 and the IPv6 address."""
    hosts = (network.nginx01.host, network.nginx02.host, network.client)
    for number, host in enumerate(hosts, 1):
        host.run(f"ip addr add fd00:175::{number}/64 dev ens33 nodad")
    configs.share_pair_key(*network.proxies)
    for proxy, priority in zip(network.proxies, (100, 80)):
        proxy.write_proxy(handover.PROXY_CONF)
        proxy.write_failover(configs.failover_pair(proxy.name) + INSTANCE % priority)
    network.start()
    for proxy in network.proxies:
        wait_until(lambda: handover.link_is_up(proxy), 10, f"{proxy.name} has a link")
    wait_until(lambda: holds(network.nginx01), 8, "nginx01 has the IPv6 address")


@a_tree_on_both
def test_connections_over_ipv6_survive_a_pass_and_a_pass_back(network):
    start_pair(network)
    before = [handover.traces(proxy) for proxy in network.proxies]
    connections = LongConnections(network, address=VIP6)
    for giver, taker in ((network.nginx01, network.nginx02), (network.nginx02, network.nginx01)):
        baton(giver, "pass")
        wait_until(lambda: holds(taker) and not holds(giver), 3, "the address has moved")
    report = connections.finish()
    assert report["download"] == report["upload"] == report["tunnel"] == "ok", report
    assert set(report["idle"]) <= {"answered", "answered, closed", "closed"}, report
    wait_until(
        lambda: [handover.traces(proxy) for proxy in network.proxies] == before, 15, "clean"
    )
