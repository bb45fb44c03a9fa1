"""Either node dies in the middle of a handover: the other one serves, and nothing is left behind."""

from lab import handover
from lab.handover import LongConnections, baton
from lab.pairings import a_tree_on_both
from lab.waiting import wait_until


def pass_with_connections(network):
    handover.start_pair(network)
    connections = LongConnections(network, idle=10)
    baton(network.nginx01, "pass")
    network.await_master("nginx02", within=3)
    wait_until(
        lambda: "forwarding" in str(handover.status(network.nginx02)["handovers"]), 5, "lists ended"
    )
    return connections


def rules(proxy):
    return proxy.host.output(["nft", "list", "ruleset"])


@a_tree_on_both
def test_the_old_owner_dies_and_its_connections_are_reset_by_the_new_one(network):
    connections = pass_with_connections(network)
    network.nginx01.host.signal(9, "baton")
    wait_until(lambda: "baton_handover" not in rules(network.nginx01), 5, "its rules go with it")
    network.await_service()
    wait_until(lambda: "baton_handover" not in rules(network.nginx02), 45, "the other one's follow")
    connections.client.kill()
    assert "192.168.175.100" not in network.nginx01.host.output("ip -4 addr show dev lo")


@a_tree_on_both
def test_the_new_owner_dies_and_the_old_one_takes_the_address_back(network):
    connections = pass_with_connections(network)
    network.nginx02.host.signal(9, "baton")
    network.await_master("nginx01", within=10)
    network.await_service()
    wait_until(lambda: "baton_handover" not in rules(network.nginx02), 5, "its rules go with it")
    report = connections.finish()
    assert report["tunnel"] == "ok" or report["download"] == "ok", report
    wait_until(lambda: "baton_handover" not in rules(network.nginx01), 10, "nothing is left")
    assert "192.168.175.100" not in network.nginx01.host.output("ip -4 addr show dev lo")
