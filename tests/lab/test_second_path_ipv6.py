"""The second heartbeat path in IPv6: on an interface without an IPv4 address, and to a peer's address."""

import pytest

from lab import configs
from lab.pairings import made_of
from lab.questions import instance
from lab.waiting import stays, wait_until

two_batons = made_of([("baton", "baton", "baton")])
PATHS = {
    "interface": {"nginx01": "heartbeat_interface ens34", "nginx02": "heartbeat_interface ens34"},
    "peer": {"nginx01": "heartbeat_peer fd34::2", "nginx02": "heartbeat_peer fd34::1"},
}


@pytest.mark.parametrize("kind", PATHS)
@pytest.mark.parametrize("key", [False, True])
@two_batons
def test_a_cut_first_path_makes_no_second_master(network, kind, key):
    network.second_cable()
    if key:
        configs.share_pair_key(*network.proxies)
    for number, proxy in enumerate(network.proxies, 1):
        proxy.host.run("ip -4 addr flush dev ens34")
        proxy.host.run(["ip", "addr", "add", f"fd34::{number}/64", "dev", "ens34", "nodad"])
        text = configs.failover(proxy.name, instance=f"          {PATHS[kind][proxy.name]}\n")
        if key:
            line = f"        pair_key {configs.PAIR_KEY}\n"
            text = configs.insert_after(text, "global_defs", line)
        proxy.write_failover(text)
    network.start()
    wait_until(lambda: instance(network.nginx02)["second_path"]["peers"], 6, "reports are heard")
    network.part()
    wait_until(lambda: instance(network.nginx02)["held_back"], 6, "nginx02 holds back")
    stays(lambda: network.holders() == ["nginx01"], 4, "nginx01 alone has the address")
    for complaint in ("second heartbeat path:", "second heartbeat path on"):
        assert complaint not in network.nginx01.host.messages()
    network.cut_second_cable()
    wait_until(network.nginx02.holds_vip, 2, "nginx02 takes over once the reports stop")
