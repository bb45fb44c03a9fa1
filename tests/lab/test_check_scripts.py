"""The tutorial's two ways to watch nginx by a script, and what happens when nginx stops and starts."""

from lab import configs
from lab.pairings import every_pairing, master_is_baton
from lab.waiting import stays, wait_until


def prepare(network, failover):
    for proxy in network.proxies:
        proxy.write_failover(failover(proxy.name))
    network.start()
    return network.prober(interval_ms=20, timeout_ms=500)


def inactive(proxy, unit):
    return proxy.host.systemctl("is-active", unit, check=False).stdout == "inactive\n"


@every_pairing
def test_variant_1_the_curl_script_stops_keepalived_and_the_address_moves(network):
    prober = prepare(network, configs.failover_script1)
    network.nginx01.host.systemctl("stop", "nginx")
    network.await_master("nginx02")
    wait_until(
        lambda: inactive(network.nginx01, "keepalived"), 5, "the script has stopped keepalived"
    )
    prober.await_both()

    # The tutorial: first nginx, then keepalived, or the script would stop it again.
    network.nginx01.host.systemctl("start", "nginx")
    network.nginx01.host.systemctl("start", "keepalived")
    network.await_master("nginx01")
    prober.await_success()
    prober.stop()
    # Up to a second until the script runs, 0.69 s until the backup takes over.
    assert prober.outage < 3.0, prober.summary()
    access_log = network.nginx01.host.read("/var/log/nginx/access.log")
    assert (
        '"GET / HTTP/1.1" 200 6 "-" "curl/' in access_log
    ), "the script's own requests show in the log"


@every_pairing
def test_variant_2_killall_in_vrrp_script_lowers_the_priority_and_the_address_moves(network):
    prober = prepare(network, configs.failover_script2)
    network.nginx01.host.systemctl("stop", "nginx")
    network.await_master("nginx02")
    prober.await_success()
    stays(
        lambda: network.holders() == ["nginx02"],
        1.5,
        "nginx02 keeps the address while nginx is stopped",
    )

    network.nginx01.host.systemctl("start", "nginx")
    network.await_master("nginx01")
    prober.await_success()
    prober.stop()
    # Up to a second until the script runs; then a keepalived waits until the lower adverts have
    # worn out its down timer, 3.7 s.
    assert prober.outage < 6.0, prober.summary()


@master_is_baton
def test_without_any_script_a_stopped_nginx_gives_the_address_up(network):
    prober = prepare(network, configs.failover)
    network.nginx01.host.systemctl("stop", "nginx")
    network.await_master("nginx02")
    prober.await_success()
    network.nginx01.host.systemctl("start", "nginx")
    network.await_master("nginx01")
    prober.await_success()
    prober.stop()
    assert prober.outage < 1.5, prober.summary()
