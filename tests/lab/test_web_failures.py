"""A web server stops, freezes, answers garbage or dies in the middle of a body: what clients see."""

import pytest

from lab import configs
from lab.pairings import single_proxy, single_proxy_of_baton

NGINX01 = "192.168.175.101"


def start(network):
    for node in [*network.webs, network.nginx01]:
        node.start()
    network.await_service(NGINX01)


@single_proxy
def test_a_stopped_web_server_is_left_out_and_comes_back(network):
    start(network)
    prober = network.prober(address=NGINX01, interval_ms=20)
    network.web01.stop()
    assert [network.get(NGINX01) for _ in range(6)] == ["web02\n"] * 6
    network.web01.start()
    prober.await_success(body="web01", within=8)  # fail_timeout is 5 s
    prober.stop()
    assert not prober.failures, prober.summary()


@single_proxy
def test_a_frozen_web_server_costs_time_but_no_request(network):
    network.nginx01.write_proxy(
        configs.proxy_centos(location_extra="            proxy_read_timeout 1s;")
    )
    start(network)
    network.freeze(network.web01)
    prober = network.prober(address=NGINX01, interval_ms=100, timeout_ms=5000)
    prober.await_success(body="web02")
    bodies = [network.get(NGINX01) for _ in range(8)]
    assert bodies == ["web02\n"] * 8
    network.thaw(network.web01)
    prober.await_success(body="web01", within=12)
    prober.stop()
    assert not prober.failures, prober.summary()


@pytest.mark.parametrize("habit", ["garbage", "bad-header"])
@single_proxy_of_baton
def test_garbage_never_reaches_a_client(network, habit):
    start(network)
    network.impostor(network.web01, habit)
    answers = []
    for _ in range(10):
        done = network.client.run(
            ["curl", "-s", "-i", "--max-time", "3", f"http://{NGINX01}/"], check=False
        )
        answers.append(done.stdout)
    assert not [answer for answer in answers if "GARBAGE" in answer], answers
    # 404: the stock file's error page for 502, which is not on this host, as nginx answers it.
    proper = ("HTTP/1.1 200 ", "HTTP/1.1 502 ", "HTTP/1.1 404 ")
    assert all(answer.startswith(proper) for answer in answers), answers
    assert sum("web02" in answer for answer in answers) >= 5, "web02 still has its turns"
    assert all("web02" in answer for answer in answers if " 200 " in answer.splitlines()[0])


@single_proxy
def test_a_body_that_breaks_off_is_never_passed_as_whole(network):
    start(network)
    network.impostor(network.web01, "dies-mid-body")
    whole, broken = 0, 0
    for _ in range(8):
        done = network.client.run(
            ["curl", "-s", "-S", "--max-time", "3", f"http://{NGINX01}/"], check=False
        )
        if done.returncode == 0:
            assert done.stdout == "web02\n"
            whole += 1
        else:
            assert done.returncode in (
                18,
                56,
            ), done.stderr  # partial file, or the connection was reset
            broken += 1
    assert broken >= 1 and whole >= 4, (whole, broken)
