"""nginx and keepalived as two trees of baton's: a move keeps connections, idle ones end politely."""

from lab import configs, handover
from lab.handover import LongConnections, baton
from lab.pairings import made_of

separate = made_of([("baton", "baton", "baton")])


@separate
def test_a_pass_between_separate_trees_keeps_connections_and_idle_ones_end_politely(network):
    handover.start_pair(network)
    connections = LongConnections(network, idle=50)
    baton(network.nginx01, "pass")
    network.await_master("nginx02", within=3)
    handover.await_lists(network.nginx02)
    found = connections.finish()
    assert found["download"] == found["upload"] == found["tunnel"] == "ok", found
    # Asked once more, they are told not to come again by the same connection.
    assert found["idle"] == {"answered, closed": 50}, found["idle"]


@separate
def test_a_stop_of_keepalived_alone_keeps_connections_at_its_proxy(network):
    handover.start_pair(network)
    connections = LongConnections(network, idle=50)
    stopping = network.nginx01.host.popen(
        "kill $(cat /run/keepalived.pid); while kill -0 $(cat /run/keepalived.pid) 2>/dev/null; "
        "do sleep 0.1; done"
    )
    network.await_master("nginx02", within=3)
    found = connections.finish()
    assert found["download"] == found["upload"] == found["tunnel"] == "ok", found
    assert found["idle"] == {"answered, closed": 50}, found["idle"]
    stopping.communicate(timeout=30)
    network.await_service()


@separate
def test_without_a_key_idle_connections_are_closed_before_the_address_goes(network):
    handover.start_pair(network, key=False)
    connections = LongConnections(network, idle=50)
    network.nginx01.host.systemctl("stop", "keepalived")
    network.await_master("nginx02", within=5)
    found = connections.finish()
    assert found["idle"] == {"closed": 50}, found["idle"]
    assert configs.VIP in str(network.nginx02.host.addresses())
