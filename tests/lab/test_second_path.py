"""A second heartbeat path between two batons: a cut first path makes no second master, and a master
that has lost the clients gives up for the one that has not."""

import pytest

from lab import configs
from lab.pairings import made_of
from lab.questions import instance
from lab.waiting import stays, wait_until

two_batons = made_of([("baton", "baton", "baton")])
PATHS = {
    "interface": {"nginx01": "heartbeat_interface ens34", "nginx02": "heartbeat_interface ens34"},
    "peer": {"nginx01": "heartbeat_peer 10.34.0.2", "nginx02": "heartbeat_peer 10.34.0.1"},
}


def start(network, kind="interface"):
    network.second_cable()
    for proxy in network.proxies:
        line = f"          {PATHS[kind][proxy.name]}\n"
        proxy.write_failover(configs.failover(proxy.name, instance=line))
    network.start()


@pytest.mark.parametrize("kind", PATHS)
@two_batons
def test_a_cut_first_path_makes_no_second_master(network, kind):
    start(network, kind)
    network.part()
    wait_until(
        lambda: "only the first path is cut: not taking over" in network.nginx02.host.messages(),
        6,
        "nginx02 says why it holds back",
    )
    stays(lambda: network.holders() == ["nginx01"], 4, "nginx01 alone has the address")
    assert "alive on the second path" in instance(network.nginx02)["held_back"]
    assert "192.168.175.102 does not hear our adverts" in network.nginx01.host.messages()
    network.get()
    network.part(False)
    wait_until(lambda: instance(network.nginx02)["held_back"] is None, 4, "nothing is held back")
    assert network.nginx02.host.messages().count("only the first path is cut") == 1


@two_batons
def test_a_master_that_is_gone_on_both_paths_is_replaced(network):
    start(network)
    network.part()
    wait_until(
        lambda: instance(network.nginx02)["held_back"], 6, "nginx02 holds back for the second path"
    )
    network.cut_second_cable()
    wait_until(network.nginx02.holds_vip, 1, "nginx02 takes over once the reports stop")
    network.cut_second_cable(False)
    network.await_master("nginx01", within=5)  # two masters became one, by the second path alone
    assert "two masters" in network.nginx02.host.messages()


@two_batons
def test_a_master_that_lost_the_clients_gives_up_for_the_backup(network):
    start(network)
    prober = network.prober(interval_ms=20, timeout_ms=500)
    prober.await_success()
    network.block("nginx01")
    network.await_master("nginx02", within=12)
    prober.await_success()
    assert "our link receives nothing" in network.nginx01.host.messages()
    network.block("nginx01", False)
    network.await_master("nginx01", within=8)
    prober.await_success()
    prober.stop()
    # BFD misses it at once; 3 s in which the neighbours are asked, some 0.1 s until the backup is
    # master; requests time out after half a second.
    assert prober.outage < 6, prober.summary()


@two_batons
def test_a_second_path_on_which_nothing_is_heard_is_told(network):
    PATHS["wrong"] = {"nginx01": "heartbeat_peer 10.34.0.77", "nginx02": "heartbeat_peer 10.34.0.1"}
    try:
        start(network, "wrong")
    finally:
        del PATHS["wrong"]
    for proxy, way in ((network.nginx01, "10.34.0.77"), (network.nginx02, "10.34.0.1")):
        said = f"second heartbeat path: nothing is heard on {way}"
        wait_until(lambda: said in proxy.host.messages(), 9, f"{proxy.name} says so")
        shown = proxy.host.output(["baton", "status"])
        assert f"second path: NOTHING is heard on {way} for" in shown, shown
    line = f"          {PATHS['peer']['nginx01']}\n"
    network.nginx01.write_failover(configs.failover("nginx01", instance=line))
    network.nginx01.host.systemctl("reload", "keepalived")
    wait_until(lambda: "is heard" in network.nginx02.host.messages(), 5, "the mended path is heard")
    assert "NOTHING" not in network.nginx02.host.output(["baton", "status"])
    assert network.nginx02.host.messages().count("nothing is heard") == 1
