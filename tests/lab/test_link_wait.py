"""A link whose carrier is back but which lets nothing through (spanning tree): who waits for it makes
no second master."""

from lab import configs
from lab.pairings import made_of
from lab.waiting import stays, wait_until

two_batons = made_of([("baton", "baton", "baton")])


@two_batons
def test_a_node_whose_link_receives_nothing_yet_does_not_take_over(network):
    for proxy in network.proxies:
        line = "          takeover_link_wait 25\n"
        proxy.write_failover(configs.failover(proxy.name, instance=line))
    network.start()
    network.cut("nginx01")
    network.await_master("nginx02")
    # A port that is no part of the bridge has a carrier and brings nothing.
    network.switch.run("echo 1 > /proc/sys/net/ipv6/conf/nginx01/disable_ipv6")
    network.switch.run(["ip", "link", "set", "nginx01", "nomaster"])
    network.mend("nginx01")
    wait_until(
        lambda: "the link has not received anything yet" in network.nginx01.host.messages(),
        12,
        "nginx01 says what it waits for",
    )
    stays(lambda: network.holders() == ["nginx02"], 4, "nginx02 alone has the address")
    network.switch.run(["ip", "link", "set", "nginx01", "master", "switch"])
    network.await_master("nginx01", within=10)
