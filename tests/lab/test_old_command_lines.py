"""`nginx -t`, `keepalived -t` and the stock files, as the old programs have them."""

import re

from lab import configs
from lab.pairings import old_command_lines
from lab.roles import PEERS, PROXY_FILE


@old_command_lines
def test_nginx_t_speaks_as_nginx_does(network):
    host = network.nginx01.host
    done = host.run(["nginx", "-t"])
    assert f"nginx: the configuration file {PROXY_FILE} syntax is ok" in done.stderr
    assert f"nginx: configuration file {PROXY_FILE} test is successful" in done.stderr
    text = configs.proxy_centos().replace("proxy_pass", "proxy_pas")
    network.nginx01.write_proxy(text)
    line = next(number for number, line in enumerate(text.splitlines(), 1) if "proxy_pas " in line)
    done = host.run(["nginx", "-t"], check=False)
    assert done.returncode == 1
    # Debian's nginx has its error log on stderr, and so a time in front where upstream's has "nginx:".
    assert re.search(
        rf'(nginx: \[emerg\]|\[emerg\] \d+#\d+:) unknown directive "proxy_pas" in {PROXY_FILE}:{line}$',
        done.stderr,
        re.MULTILINE,
    ), done.stderr
    assert f"nginx: configuration file {PROXY_FILE} test failed" in done.stderr


@old_command_lines
def test_keepalived_t_exits_as_keepalived_does(network):
    host = network.nginx01.host
    host.run(["keepalived", "-t"])
    network.nginx01.write_failover(
        configs.failover("nginx01", changes=[("priority 100", "priorty 100")])
    )
    done = host.run(["keepalived", "-t"], check=False)
    assert done.returncode == 5 and "priorty" in done.stdout + done.stderr
    network.nginx01.write_failover(
        configs.failover("nginx01", changes=[("virtual_router_id 55 ", "virtual_router_id ")])
    )
    assert host.run(["keepalived", "-t"], check=False).returncode in (2, 5)


@old_command_lines
def test_the_stock_files_load_and_serve_unchanged(network):
    """Debian's main file and default site, the site with the tutorial's two blocks in it."""
    proxy, packaged = network.nginx01, PEERS / "root/etc/nginx"
    proxy.write_proxy((packaged / "nginx.conf").read_text())
    proxy.host.write("/var/www/html/index.html", "the default site\n")
    proxy.host.write(
        "/etc/nginx/sites-enabled/default", (packaged / "sites-available/default").read_text()
    )
    proxy.host.systemctl("start", "nginx")
    network.await_service("192.168.175.101")
    assert network.get("192.168.175.101") == "the default site\n"

    site = configs.site_debian((packaged / "sites-available/default").read_text())
    proxy.host.write("/etc/nginx/sites-enabled/default", site)
    for web in network.webs:
        web.start()
    proxy.host.systemctl("restart", "nginx")
    network.await_service("192.168.175.101")
    assert {network.get("192.168.175.101") for _ in range(4)} == {"web01\n", "web02\n"}
