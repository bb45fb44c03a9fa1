"""nopreempt: who has the address keeps it, but not when its proxy is dead."""

from lab import configs
from lab.pairings import every_pairing, master_is_baton
from lab.waiting import stays


@every_pairing
def test_a_returning_node_leaves_the_address_where_it_is(network):
    for proxy in network.proxies:
        proxy.write_failover(configs.failover_nopreempt(proxy.name))
    network.start()
    network.nginx01.host.systemctl("stop", "keepalived")
    network.await_master("nginx02")
    network.nginx01.host.systemctl("start", "keepalived")
    # Priority 100 would take over within 3.6 s of its start.
    stays(lambda: network.holders() == ["nginx02"], 4.5, "nginx02 keeps the address")
    network.nginx02.host.systemctl("stop", "keepalived")
    network.await_master("nginx01")


@master_is_baton
def test_a_nopreempt_backup_takes_over_from_a_master_whose_proxy_died(network):
    """Between two keepaliveds the pair stays down here: the master only lowers its priority, and a
    nopreempt backup accepts a lower master."""
    for proxy in network.proxies:
        text = configs.failover_script2(proxy.name).replace("state MASTER", "state BACKUP")
        proxy.write_failover(configs.insert_after(text, "state BACKUP", "          nopreempt\n"))
    network.start()
    prober = network.prober(interval_ms=20, timeout_ms=500)
    prober.await_success()
    assert network.nginx01.host.signal(9, "nginx")
    network.await_master("nginx02", within=6)
    prober.await_success()
    prober.stop()
    assert prober.outage < 6, prober.summary()
