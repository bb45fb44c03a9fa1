"""The pair link: one key file, both nodes dial, one link; without the key nothing is said."""

import json

from lab import configs
from lab.pairings import a_tree_on_both
from lab.waiting import stays, wait_until


def link(node):
    shown = node.host.run(["/usr/sbin/baton", "status", "--json"], check=False).stdout
    try:
        peer = json.loads(shown)["failover"]["pair"]["peers"][0]
    except (ValueError, KeyError, IndexError):
        return None
    return peer


def start_pair(network):
    configs.share_pair_key(*network.proxies)
    for proxy in network.proxies:
        proxy.write_failover(configs.failover_pair(proxy.name))
    network.start()


@a_tree_on_both
def test_two_nodes_with_one_key_find_each_other_and_again_after_a_crash(network):
    start_pair(network)
    for proxy in network.proxies:
        wait_until(lambda: (link(proxy) or {}).get("up"), 8, f"{proxy.name} has a link")
    assert network.nginx01.host.run("stat -c %a /etc/baton/pair.key").stdout == "600\n"
    assert link(network.nginx01)["address"] == "192.168.175.102"

    network.nginx02.host.signal(9, "keepalived")
    wait_until(lambda: link(network.nginx01)["connections"] == 2, 8, "the link is back")
    wait_until(lambda: (link(network.nginx02) or {}).get("up"), 8, "on both sides")


@a_tree_on_both
def test_another_key_gives_no_link_and_the_pair_works_without_it(network):
    configs.share_pair_key(*network.proxies)
    network.nginx02.host.write(configs.PAIR_KEY, "12" * 32 + "\n", 0o600)
    for proxy in network.proxies:
        proxy.write_failover(configs.failover_pair(proxy.name))
    network.start()
    wait_until(lambda: "another key" in (link(network.nginx01) or {}).get("problem", ""), 8, "told")
    stays(lambda: not link(network.nginx02)["up"], 2, "no link")
    network.nginx01.host.systemctl("stop", "baton")
    network.await_master("nginx02")


@a_tree_on_both
def test_a_new_key_is_used_after_a_reload_of_both(network):
    start_pair(network)
    wait_until(lambda: (link(network.nginx01) or {}).get("up"), 8, "a link")
    for proxy in network.proxies:
        proxy.host.write(configs.PAIR_KEY, "34" * 32 + "\n", 0o600)
        proxy.host.run(["/usr/sbin/baton", "reload"])
        assert "cannot listen" not in proxy.host.messages()
        assert ":4112" in proxy.host.output(["ss", "-ltn"])
    wait_until(lambda: link(network.nginx01)["up"], 12, "a link with the new key")
    wait_until(lambda: link(network.nginx02)["up"], 5, "on both sides")


@a_tree_on_both
def test_a_key_that_others_may_read_and_a_missing_one_are_refused(network):
    node = network.nginx01
    node.write_failover(configs.failover_pair("nginx01"))
    check = ["/usr/sbin/baton", "check", "--ha", "/etc/keepalived/keepalived.conf"]
    assert "baton key" in str(node.host.run(check, check=False))
    node.host.run(["systemctl", "start", "baton"], check=False)
    wait_until(lambda: not node.host.processes("baton", "keepalived"), 5, "it does not start")
    node.host.run(["/usr/sbin/baton", "key", configs.PAIR_KEY])
    assert node.host.run(check, check=False).returncode == 0
    node.host.run(["chmod", "644", configs.PAIR_KEY])
    assert "not for root alone" in str(node.host.run(check, check=False))


@a_tree_on_both
def test_nothing_listens_unless_it_is_configured(network):
    network.start()
    assert ":4112" not in network.nginx01.host.output(["ss", "-ltn"])
