"""Notify scripts are run for every change, in the order of the changes."""

from lab import configs
from lab.pairings import every_pairing
from lab.waiting import wait_until


def told(proxy):
    return proxy.host.read("/var/log/notify.log").split()


@every_pairing
def test_notify_scripts_run_in_the_order_of_the_states(network):
    for proxy in network.proxies:
        proxy.write_failover(configs.failover_notify(proxy.name))
    network.start()
    first, second = network.proxies
    wait_until(lambda: told(first) == ["backup", "master"], 2, "nginx01: backup, master")
    wait_until(lambda: told(second) == ["backup"], 2, "nginx02: backup")

    network.cut("nginx01")
    wait_until(lambda: told(first)[2:] == ["fault"], 3, "nginx01: fault")
    wait_until(lambda: told(second)[1:] == ["master"], 6, "nginx02: master")
    network.mend("nginx01")
    network.await_master("nginx01")
    wait_until(lambda: told(first)[3:] == ["backup", "master"], 3, "nginx01: backup, master again")
    wait_until(lambda: told(second)[2:] == ["backup"], 3, "nginx02: backup again")

    first.host.systemctl("stop", "keepalived")
    wait_until(lambda: told(first)[5:] == ["stop"], 3, "nginx01: stop")
    network.await_master("nginx02")
    wait_until(lambda: told(second)[3:] == ["master"], 3, "nginx02: master again")
