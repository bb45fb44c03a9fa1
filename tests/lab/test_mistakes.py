"""Mistakes between the two files are named on both nodes, once, with the lines that differ."""

import pytest

from lab import configs
from lab.pairings import a_tree_on_both, made_of
from lab.questions import instance
from lab.waiting import stays, wait_until

beside_keepalived = made_of([("keepalived", "baton", "baton")])
FILE = "/etc/keepalived/keepalived.conf"
# What nginx02's file says differently, the keyword that is to be named, and how both lines read.
MISTAKES = {
    "password": ("auth_pass 1234", "auth_pass 4321", "auth_pass"),
    "interval": ("advert_int 1 ", "advert_int 2 ", "advert_int"),
    "addresses": (
        "              192.168.175.100\n",
        "              192.168.175.100\n              192.168.175.99\n",
        "virtual_ipaddress",
    ),
    "priority": ("priority 80", "priority 100", "priority"),
}


def found(proxy, keyword):
    mistakes = instance(proxy).get("mismatches") or []
    return next((one for one in mistakes if one["keyword"] == keyword), None)


@pytest.mark.parametrize("mistake", MISTAKES)
@beside_keepalived
def test_a_mistake_is_named_beside_a_keepalived(network, mistake):
    old, new, keyword = MISTAKES[mistake]
    network.nginx02.write_failover(configs.failover("nginx02", changes=[(old, new)]))
    for node in [*network.webs, *network.proxies]:
        node.start()
    one = wait_until(lambda: found(network.nginx02, keyword), 10, f"{keyword} is named")
    assert one["from"] == "192.168.175.101" and one["ours"].startswith(FILE + ":"), one
    assert keyword in one["ours"] and "4321" not in one["ours"], one
    assert one["count"] >= 1
    said = f"(web_server_group) {keyword} does not fit 192.168.175.101"
    assert said in network.nginx02.host.messages()
    stays(lambda: network.nginx02.host.messages().count(said) == 1, 2.5, "it is said once")


@a_tree_on_both
def test_with_a_pair_link_both_nodes_name_both_lines(network):
    configs.share_pair_key(*network.proxies)
    changes = [("auth_pass 1234", "auth_pass 4321"), ("priority 80", "priority 80\n nopreempt")]
    network.nginx01.write_failover(configs.failover_pair("nginx01"))
    network.nginx02.write_failover(configs.failover_pair("nginx02", changes=changes))
    for node in [*network.webs, *network.proxies]:
        node.start()
    for proxy in network.proxies:
        for keyword in ("auth_pass", "nopreempt"):
            one = wait_until(
                lambda: (found(proxy, keyword) or {}).get("theirs") and found(proxy, keyword),
                10,
                f"{proxy.name} knows the other's line of {keyword}",
            )
            assert one["ours"].startswith(FILE) and one["theirs"].startswith(FILE), one
        assert "; there " + FILE in proxy.host.messages()
        assert "1234" not in proxy.host.messages() and "4321" not in proxy.host.messages()
    shown = network.nginx01.host.output(["baton", "status"])
    assert "MISMATCH" in shown and "there " in shown, shown

    # The mistake is mended: both forget it.
    network.nginx02.write_failover(configs.failover_pair("nginx02"))
    network.nginx02.host.run(["baton", "reload"])
    for proxy in network.proxies:
        wait_until(lambda: not instance(proxy)["mismatches"], 8, f"{proxy.name} has forgotten it")
