"""SIGKILL on the master of a `baton run` tree: each process by itself, and all of them at once."""

import os
import signal

import pytest

from lab.pairings import every_pairing, master_is_a_tree
from lab.waiting import stays, wait_until


def kill(processes):
    """SIGKILL to each; one that has died with another meanwhile is what was wanted."""
    for process in processes:
        try:
            os.kill(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def victims(proxy, which):
    if which == "supervisor":
        return [proxy.supervisor()]
    return proxy.tree() if which == "all" else proxy.host.processes(which)


@pytest.mark.parametrize(
    "which, outage_max", [("nginx", 1.0), ("keepalived", 4.5), ("supervisor", 4.5), ("all", 5.0)]
)
@master_is_a_tree
def test_a_killed_process_never_leaves_the_pair_down_or_with_two_masters(
    network, which, outage_max
):
    network.start()
    prober = network.prober(interval_ms=20, timeout_ms=500)
    prober.await_success()
    killed = victims(network.nginx01, which)
    assert killed, f"no process for {which} in the tree"
    kill(killed)

    prober.await_success(within=8)
    # A crash never leaves an address behind: the kernel drops it when nobody renews it.
    wait_until(lambda: len(network.holders()) == 1, 8, "exactly one node has the address")
    if which in ("supervisor", "all"):
        network.await_master("nginx02")
        wait_until(
            lambda: not network.nginx01.host.processes("nginx", "keepalived"),
            3,
            "the tree dies with its root",
        )
        network.nginx01.host.systemctl("start", "baton")
    network.await_master("nginx01", within=12)
    prober.await_both()
    stays(lambda: network.holders() == ["nginx01"], 1.0, "it is quiet again")
    prober.stop()
    assert prober.outage < outage_max, prober.summary()


@every_pairing
def test_the_backup_serves_when_nginx_and_keepalived_of_the_master_are_killed_together(network):
    network.start()
    prober = network.prober(interval_ms=20, timeout_ms=500)
    prober.await_success()
    kill(network.nginx01.tree())
    wait_until(network.nginx02.holds_vip, 6, "nginx02 takes the address")
    prober.await_both()
    if network.nginx01.is_baton:  # a killed keepalived leaves its address behind for ever
        wait_until(lambda: not network.nginx01.holds_vip(), 8, "the kernel drops it on nginx01")
    prober.await_both()
    prober.stop()
    assert prober.outage < 4.5, prober.summary()
