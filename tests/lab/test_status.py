"""`baton status`, as an operator reads it and as a script does."""

import pytest

from lab import configs
from lab.network import VIP
from lab.pairings import master_is_baton_in_any_form
from lab.questions import find, instance, status
from lab.waiting import wait_until


@master_is_baton_in_any_form
def test_status_says_who_is_master_and_why(network):
    for proxy in network.proxies:
        proxy.write_failover(configs.failover_script2(proxy.name))
    network.start()
    for _ in range(4):
        network.get()
    first = instance(network.nginx01)
    assert (first["name"], first["interface"], first["virtual_router_id"]) == (
        "web_server_group",
        "ens33",
        55,
    )
    assert (first["state"], first["master"]) == ("MASTER", "192.168.175.101")
    assert (first["priority"]["base"], first["priority"]["effective"]) == (100, 100)
    assert "script check_nginx_service" in [part["tracker"] for part in first["priority"]["parts"]]
    assert [(held["address"], held["held"]) for held in first["addresses"]] == [(f"{VIP}/32", True)]
    assert first["reason"], "a reason for the last transition"
    assert wait_until(
        lambda: instance(network.nginx01)["adverts"]["out"] >= 3, 4, "adverts are counted"
    )
    transitions = find(status(network.nginx01), "transitions")[0]
    assert [change["to"] for change in transitions][-2:] == ["BACKUP", "MASTER"] and all(
        change["reason"] for change in transitions
    )
    if network.nginx02.is_baton:
        second = instance(network.nginx02)
        assert (second["state"], second["master"], second["master_priority"]) == (
            "BACKUP",
            "192.168.175.101",
            100,
        )

    shown = network.nginx01.host.output(["baton", "status"])
    for word in (
        "web_server_group",
        "MASTER",
        VIP,
        "100",
        "WebServer",
        "192.168.175.121:80",
        "192.168.175.122:80",
    ):
        assert word in shown, f"{word} is missing in:\n{shown}"


@master_is_baton_in_any_form
def test_status_shows_a_dead_web_server(network):
    for node in [*network.webs, network.nginx01]:
        node.start()
    network.await_service("192.168.175.101")
    network.web01.stop()
    for _ in range(6):
        network.get("192.168.175.101")
    servers = {
        peer["address"]: peer
        for group in find(status(network.nginx01), "upstreams")[0]
        for peer in group["servers"]
    }
    assert servers["192.168.175.121:80"]["state"] != servers["192.168.175.122:80"]["state"], servers
    assert servers["192.168.175.121:80"]["failures"] >= 2, servers
    assert servers["192.168.175.122:80"]["requests"] >= 6, servers


@pytest.mark.parametrize("command", (["baton", "status"], ["baton", "status", "--json"]))
@master_is_baton_in_any_form
def test_status_of_a_stopped_baton_says_so(network, command):
    done = network.nginx01.host.run(command, check=False)
    assert done.returncode != 0 and "not running" in done.stderr
