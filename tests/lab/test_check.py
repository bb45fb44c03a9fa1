"""`baton check`, seen as a user would."""

import resource

from lab import configs
from lab.pairings import a_tree_on_both
from lab.roles import HA_FILE, PROXY_FILE

CHECK = ["baton", "check", "--proxy", PROXY_FILE, "--ha", HA_FILE]


@a_tree_on_both
def test_the_tutorial_s_files_are_in_order(network):
    for proxy in network.proxies:
        proxy.host.run(CHECK)


@a_tree_on_both
def test_check_shows_all_mistakes_of_both_files_at_once(network):
    proxy = network.nginx01
    text = (
        configs.proxy_centos()
        .replace("proxy_pass", "proxy_pas")
        .replace("worker_connections", "worker_conections")
    )
    proxy.write_proxy(text)
    proxy.write_failover(configs.failover("nginx01", changes=[("priority 100", "priorty 100")]))
    done = proxy.host.run(CHECK, check=False)
    shown = done.stdout + done.stderr
    assert done.returncode != 0
    for file, content, word, right in (
        (PROXY_FILE, text, "proxy_pas", "proxy_pass"),
        (PROXY_FILE, text, "worker_conections", "worker_connections"),
        (HA_FILE, proxy.host.read(HA_FILE), "priorty", "priority"),
    ):
        line = next(
            number for number, line in enumerate(content.splitlines(), 1) if word in line.split()
        )
        column = content.splitlines()[line - 1].index(word) + 1
        assert f"{file}:{line}:{column}" in shown, shown
        assert f'"{right}"' in shown, f"{right} is not suggested:\n{shown}"
    assert shown.count("^") >= 3, shown


@a_tree_on_both
def test_a_directive_that_baton_lacks_is_named_as_such(network):
    network.nginx01.write_proxy(configs.proxy_centos(http_extra="    perl_modules perl/lib;\n"))
    done = network.nginx01.host.run(CHECK, check=False)
    assert done.returncode != 0
    assert (
        "perl_modules" in done.stdout + done.stderr and "not supported" in done.stdout + done.stderr
    )
    assert "unknown directive" not in done.stdout + done.stderr


@a_tree_on_both
def test_ten_thousand_servers_are_checked_within_a_second(network):
    servers = "".join(
        f"    server {{ listen 80; server_name s{n}.example; location / {{ proxy_pass http://WebServer; }} }}\n"
        for n in range(10000)
    )
    network.nginx01.write_proxy(configs.proxy_centos(http_extra=servers))
    # CPU seconds: other scenarios share the machine's cores with this one.
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    network.nginx01.host.run(["baton", "check", "--proxy", PROXY_FILE])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert 0.02 < used < 1.0, used
