"""Two batons watch each other by BFD: a master that is cut off or killed is replaced at once.

Figures are judged with the margin of a machine that also does other things; `./dev bench failover`
measures them.
"""

import contextlib
import json
import os
import signal

import pytest

from lab import configs
from lab.pairings import a_tree_on_both, master_is_a_tree
from lab.waiting import stays, wait_until


def sessions(proxy):
    status = json.loads(proxy.host.output(["baton", "status", "--json"]))
    return status["failover"]["bfd"]["sessions"]


def await_watch(network):
    """Until the backup's session with the master is up."""
    wait_until(
        lambda: [s["state"] for s in sessions(network.nginx02)] == ["Up"],
        3,
        "the backup watches the master",
    )


def outage_of(network, fault):
    prober = network.prober(interval_ms=5, timeout_ms=500)
    prober.await_success()
    fault()
    wait_until(network.nginx02.holds_vip, 3, "nginx02 takes the address")
    prober.await_success()
    prober.stop()
    return prober.outage


@pytest.mark.parametrize("fast_failover, outage_max", [("", 0.3), ("fast_failover 10ms 3", 0.12)])
@a_tree_on_both
def test_a_cut_off_master_is_replaced_in_a_fraction_of_a_second(
    network, fast_failover, outage_max
):
    for proxy in network.proxies:
        text = configs.failover(proxy.name, instance=f"          {fast_failover}\n")
        proxy.write_failover(text)
    network.start()
    await_watch(network)
    [session] = sessions(network.nginx02)
    assert session["uses"] == ["follows the master"]
    assert session["detection_time_ms"] == (30 if fast_failover else 150)
    assert outage_of(network, lambda: network.cut("nginx01")) < outage_max
    network.mend("nginx01")
    network.await_master("nginx01", within=12)


@pytest.mark.parametrize("which", ["nginx", "keepalived", "baton", "all"])
@a_tree_on_both
def test_a_killed_master_is_replaced_at_once(network, which):
    """Its executor survives it, releases the address and says goodbye; a proxy comes back in place."""
    network.start()
    await_watch(network)
    tree = network.nginx01.tree()
    prober = network.prober(interval_ms=5, timeout_ms=500)
    prober.await_success()
    for process in tree:
        if which in (process.name, "all"):
            # Who has lost its supervisor may have ended by itself.
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
    if which != "nginx":
        wait_until(network.nginx02.holds_vip, 1, "nginx02 takes the address")
        wait_until(lambda: not network.nginx01.holds_vip(), 0.5, "nginx01 has released it")
    prober.await_success()
    stays(lambda: len(network.holders()) == 1, 1.0, "one node has the address")
    prober.stop()
    assert prober.outage < 0.2, prober.summary()


@a_tree_on_both
def test_nobody_believes_a_master_dead_that_stops_reloads_or_passes_the_address(network):
    network.start()
    await_watch(network)
    master = network.nginx01.host
    master.run(["baton", "reload"])
    stays(lambda: network.holders() == ["nginx01"], 1.0, "a reload is no death")
    master.systemctl("stop", "baton")
    network.await_master("nginx02")
    master.systemctl("start", "baton")
    network.await_master("nginx01", within=12)
    await_watch(network)
    for proxy in network.proxies:
        assert "BFD lost" not in proxy.host.messages()


@a_tree_on_both
def test_nothing_happens_to_the_master_when_its_backup_dies(network):
    network.start()
    await_watch(network)
    for process in network.nginx02.tree():
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    stays(lambda: network.holders() == ["nginx01"], 2.0, "nginx01 keeps the address")
    assert network.nginx01.host.messages().count("Entering MASTER STATE") == 1


@master_is_a_tree
def test_without_an_answer_vrrp_decides_alone(network):
    """Fast failover is off on the master, or the master's partner does not know of it."""
    text = configs.failover("nginx01", instance="          fast_failover off\n")
    network.nginx01.write_failover(text)
    network.start()
    stays(lambda: network.holders() == ["nginx01"], 1.5, "nginx01 keeps the address")
    network.cut("nginx01")
    wait_until(network.nginx02.holds_vip, 6, "nginx02 takes the address")
    assert "BFD session" not in network.nginx02.host.messages()
