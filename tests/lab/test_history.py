"""`baton history`: why an address moved, what led to it, how long it was away; a reload forgets nothing."""

from lab import configs
from lab.pairings import made_of
from lab.questions import history, instance
from lab.waiting import wait_until

baton_as_second = made_of([("baton", "baton", "baton"), ("keepalived", "baton", "baton")])


@baton_as_second
def test_history_tells_why_the_address_moved_and_how_long_it_was_away(network):
    # Two batons would notice it by BFD, and there would be little to tell.
    for proxy in network.proxies:
        line = "          fast_failover off\n"
        proxy.write_failover(configs.failover(proxy.name, instance=line))
    network.start()
    wait_until(lambda: instance(network.nginx02)["adverts"]["in"] >= 5, 8, "five adverts")
    network.cut("nginx01")
    wait_until(network.nginx02.holds_vip, 6, "nginx02 takes over")
    takeover = history(network.nginx02)[-1]
    assert (takeover["from"], takeover["to"]) == ("BACKUP", "MASTER")
    assert "no advert from 192.168.175.101" in takeover["reason"]
    assert takeover["old_master"] == "192.168.175.101"
    # Three adverts of a second and the skew of priority 80 after the last advert.
    assert 3500 < takeover["outage_ms"] < 4000, takeover["outage_ms"]
    events = [moment["event"] for moment in takeover["timeline"]]
    assert events.count("advert_heard") >= 3, events
    assert events.index("transition") < events.index("addresses_added") < events.index("announced")
    heard = [m for m in takeover["timeline"] if m["event"] == "advert_heard"]
    assert all(m["priority"] == 100 and 3500 < m["timer_in_ms"] < 3800 for m in heard), heard

    network.nginx02.host.run(["baton", "reload"])
    after = history(network.nginx02)[-1]
    for key in ("number", "time", "reason", "outage_ms", "silence_ms"):
        assert after[key] == takeover[key], key
    assert after["timeline"][: len(takeover["timeline"])] == takeover["timeline"]
    shown = network.nginx02.host.output(["baton", "history", "1"])
    for part in ("BACKUP -> MASTER", "outage", "advert of 192.168.175.101, priority 100"):
        assert part in shown, shown
