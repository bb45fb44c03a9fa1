"""A witness is asked before a takeover: who does not reach it does not take over, who does is not
late; a planned handover asks nobody."""

import pytest

from lab import configs
from lab.pairings import made_of
from lab.questions import history
from lab.waiting import stays, wait_until

two_batons = made_of([("baton", "baton", "baton")])
WEB01 = "192.168.175.121"
WITNESSES = {
    "ping": f"ping {WEB01}",
    "arp": f"arp {WEB01}",
    "tcp": f"tcp {WEB01} 80",
    "http": f"http http://{WEB01}/",
}


def start(network, witness):
    for proxy in network.proxies:
        line = f"          witness {witness}\n"
        proxy.write_failover(configs.failover(proxy.name, instance=line))
    network.start()


def gateway(network, there):
    """The witness's cable; it takes no part in serving the clients here but by being a web server."""
    network.mend("web01") if there else network.cut("web01")


@pytest.mark.parametrize("kind", WITNESSES)
@two_batons
def test_without_its_witness_a_node_does_not_take_over(network, kind):
    start(network, WITNESSES[kind])
    gateway(network, there=False)
    network.cut("nginx01")
    wait_until(
        lambda: "the witness is not reachable" in network.nginx02.host.messages(),
        8,
        "nginx02 says why it does not take over",
    )
    stays(lambda: not network.nginx02.holds_vip(), 2, "nginx02 does not take the address")
    gateway(network, there=True)
    wait_until(network.nginx02.holds_vip, 5, "with its witness back nginx02 takes over")
    assert network.nginx02.host.messages().count("the witness is not reachable") == 1


@two_batons
def test_a_witness_that_answers_costs_no_time(network):
    start(network, WITNESSES["ping"])
    network.cut("nginx01")
    wait_until(network.nginx02.holds_vip, 6, "nginx02 takes over")
    takeover = history(network.nginx02)[-1]
    assert takeover["to"] == "MASTER" and takeover["outage_ms"] < 3900, takeover
    events = [moment["event"] for moment in takeover["timeline"]]
    assert "witness_asked" in events and "witness" in events, events


@two_batons
def test_a_planned_handover_asks_no_witness(network):
    start(network, WITNESSES["ping"])
    gateway(network, there=False)
    network.nginx01.host.systemctl("stop", "keepalived")
    network.await_master("nginx02", within=3)
