"""What scripts have always relied on: process names, killall, pid files, leftovers of a crash."""

from lab.network import VIP
from lab.pairings import every_pairing, master_is_baton_in_any_form
from lab.waiting import stays, wait_until

COMMANDS = (
    "killall -0 nginx",
    "killall -0 keepalived",
    "pidof nginx",
    "pidof keepalived",
    "ps -C nginx --no-header | grep -q nginx",
    "pgrep -x keepalived",
    "kill -0 $(cat /run/nginx.pid)",
    "kill -0 $(cat /run/keepalived.pid)",
)


@every_pairing
def test_killall_pidof_and_ps_find_nginx_and_keepalived(network):
    for proxy in network.proxies:
        proxy.start()
        for command in COMMANDS:
            proxy.host.run(command)
        proxy.host.systemctl("stop", "nginx")
        search = ["killall", "-0", "nginx"]
        wait_until(
            lambda: proxy.host.run(search, check=False).returncode == 1, 3, "no nginx is found"
        )
        assert proxy.host.output("pidof keepalived").strip()


@master_is_baton_in_any_form
def test_killall_keepalived_releases_the_address_and_leaves_the_proxy_serving(network):
    network.start()
    prober = network.prober(address="192.168.175.101", interval_ms=20)
    prober.await_success()
    network.nginx01.host.run("killall keepalived")
    network.await_master("nginx02", within=5)
    stays(lambda: network.holders() == ["nginx02"], 2, "nginx02 keeps it")
    prober.stop()
    assert not prober.failures, prober.summary()


@every_pairing
def test_an_address_left_over_from_a_crash_is_removed_at_start(network):
    for proxy in network.proxies:
        proxy.host.run(["ip", "addr", "add", f"{VIP}/32", "dev", "ens33"])
        proxy.start()
    wait_until(lambda: network.holders() == [], 2, "both removed it")
    network.await_master("nginx01")
