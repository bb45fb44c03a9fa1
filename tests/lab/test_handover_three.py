"""Three nodes with a pair link each to the two others: a pass to a chosen one keeps connections."""

from lab import configs, handover
from lab.handover import LongConnections, baton
from lab.host import Host, connect
from lab.pairings import a_tree_on_both
from lab.roles import Proxy, visible_paths
from lab.waiting import wait_until

ADDRESSES = {
    "nginx01": "192.168.175.101",
    "nginx02": "192.168.175.102",
    "nginx03": "192.168.175.103",
}


def failover(name, priority):
    """The tutorial's file with the priority of this node, and both others as peers."""
    text = configs.failover("nginx02").replace("nginx02", name)
    text = text.replace("priority 80 ", f"priority {priority} ")
    others = [address for node, address in ADDRESSES.items() if node != name]
    peers = "".join(f"      pair_peer {address}\n" for address in others)
    return configs.insert_after(text, "global_defs", f"      pair_key {configs.PAIR_KEY}\n{peers}")


def links(proxy):
    return sum(peer["up"] for peer in handover.status(proxy).get("pair", {}).get("peers", ()))


def start_three(network, *priorities):
    third = network._keep(Host("nginx03", paths=visible_paths()))
    connect(third, network.switch, ADDRESSES["nginx03"])
    nodes = [*network.proxies, Proxy(third, "tree")]
    configs.share_pair_key(nodes[0], nodes[1])
    third.write(configs.PAIR_KEY, nodes[0].host.read(configs.PAIR_KEY), 0o600)
    for node, priority in zip(nodes, priorities):
        node.write_proxy(handover.PROXY_CONF)
        node.write_failover(failover(node.name, priority))
    network.start()
    nodes[2].start()
    for node in nodes:
        wait_until(lambda: links(node) == 2, 15, f"{node.name} has two links")
    return nodes


@a_tree_on_both
def test_a_pass_to_each_of_three_nodes_keeps_every_connection(network):
    nodes = start_three(network, 100, 90, 80)
    prober = network.prober(interval_ms=5, timeout_ms=1000)
    prober.await_success()
    connections = LongConnections(network)
    for giver, taker in ((0, 2), (2, 1), (1, 2), (2, 0)):
        baton(nodes[giver], "pass", "--to", ADDRESSES[nodes[taker].name])
        holders = lambda: [node.name for node in nodes if node.holds_vip()]  # noqa: E731
        wait_until(lambda: holders() == [nodes[taker].name], 4, f"{nodes[taker].name} has it")
        handover.await_lists(nodes[taker])
        prober.await_success()
    found = connections.finish()
    prober.stop()
    assert not prober.failures, prober.summary()
    assert found["download"] == found["upload"] == found["tunnel"] == "ok", found
    assert set(found["idle"]) <= {"answered", "answered, closed", "closed"}, found


@a_tree_on_both
def test_an_unnamed_pass_goes_to_the_node_with_the_best_priority(network):
    nodes = start_three(network, 100, 80, 90)
    wait_until(lambda: nodes[0].holds_vip(), 10, "nginx01 has the address")
    answer = baton(nodes[0], "pass")
    wait_until(lambda: nodes[2].holds_vip(), 4, f"nginx03 has it: {answer}")
    assert not nodes[1].holds_vip()
