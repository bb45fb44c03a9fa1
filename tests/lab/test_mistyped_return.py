"""A node that returns with a mistyped nginx.conf must not take the address: it could not serve it.
(A keepalived returns whatever became of its nginx, and the pair is down.)"""

from lab import configs
from lab.pairings import master_is_a_tree
from lab.waiting import stays


@master_is_a_tree
def test_a_node_with_a_mistyped_nginx_conf_leaves_the_address_to_its_partner(network):
    network.start()
    network.nginx01.stop()
    network.await_master("nginx02")
    prober = network.prober(interval_ms=50, timeout_ms=500)
    prober.await_success()

    network.nginx01.write_proxy(configs.proxy_centos().replace("proxy_pass", "proxy_pas"))
    network.nginx01.host.systemctl("start", "baton", check=False)
    stays(lambda: network.holders() == ["nginx02"], 6, "nginx02 keeps the address")
    assert (
        'unknown directive "proxy_pas"'
        in network.nginx01.host.messages() + network.nginx01.host.read("/var/log/nginx/error.log")
    )
    assert not prober.stop() or not prober.failures, prober.summary()

    network.nginx01.write_proxy(configs.proxy_centos())
    network.nginx01.host.systemctl("restart", "baton")
    network.await_master("nginx01", within=12)
    network.await_service()
