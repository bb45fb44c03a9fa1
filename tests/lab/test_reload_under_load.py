"""Fifty reloads in ten seconds under load: nobody notices."""

import time

from lab import configs
from lab.pairings import single_proxy
from lab.waiting import wait_until

NGINX01 = "192.168.175.101"
RELOADS, EVERY = 50, 0.2


def reload_command(proxy):
    return {"tree": ["baton", "reload"]}.get(proxy.kind, ["nginx", "-s", "reload"])


@single_proxy
def test_fifty_reloads_fail_no_request(network):
    proxy = network.nginx01
    for node in [*network.webs, proxy]:
        node.start()
    network.await_service(NGINX01)
    fresh = network.prober(address=NGINX01, interval_ms=4, timeout_ms=3000)
    kept = network.prober(address=NGINX01, interval_ms=10, timeout_ms=3000, connections=8)
    due = time.monotonic()
    for number in range(RELOADS):
        # Every other reload changes something, so that a reload cannot be skipped as a no-op.
        proxy.write_proxy(
            configs.proxy_centos(http_extra=f"    keepalive_requests {1000 + number // 2};\n")
        )
        proxy.host.run(reload_command(proxy))
        due += EVERY
        time.sleep(max(0, due - time.monotonic()))
    fresh.await_success()
    kept.await_success()
    fresh.stop()
    kept.stop()
    assert not fresh.failures, fresh.summary()
    assert len(fresh.requests) > 1000 and len(kept.requests) > 2000, (
        fresh.summary(),
        kept.summary(),
    )
    # nginx closes idle connections under the client's next request; baton hands them over.
    if proxy.is_baton:
        assert not kept.failures, kept.summary()
    wait_until(lambda: len(proxy.host.processes("nginx")) <= 6, 5, "the old generations have ended")


@single_proxy
def test_a_reload_with_an_error_changes_nothing(network):
    proxy = network.nginx01
    for node in [*network.webs, proxy]:
        node.start()
    network.await_service(NGINX01)
    prober = network.prober(address=NGINX01, interval_ms=10)
    proxy.write_proxy(configs.proxy_centos().replace("proxy_pass", "proxy_pas"))
    assert proxy.host.run(reload_command(proxy), check=False).returncode != 0
    prober.await_success()
    prober.stop()
    assert not prober.failures, prober.summary()
