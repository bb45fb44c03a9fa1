"""What happens to bytes that nobody wants any more: lingering_close and its times."""

import time

import pytest

SERVER = """server { listen 127.0.0.1:PORT; %s
    location = /small { client_max_body_size 10; } location / { return 200 ok; } }"""


def ask_too_much(server, settings):
    """Sends a head that is answered with 413 and part of its body; the open connection."""
    server.start(SERVER % settings)
    client = server.connect()
    client.send("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + "x" * 1000)
    assert client.response().status == 413
    return client


def sends_on(client, seconds):
    """How long the server takes what comes, at most `seconds`."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        try:
            client.send("y" * 100)
        except OSError:
            break
        time.sleep(0.02)
    return time.monotonic() - began


def test_a_client_that_still_sends_gets_its_answer(server):
    client = ask_too_much(server, "")
    assert sends_on(client, 0.5) >= 0.5


def test_lingering_ends_after_its_time(server):
    # nginx counts in whole seconds: what is left of the first one may be short.
    client = ask_too_much(server, "lingering_time 2s; lingering_timeout 5s;")
    assert 0.9 < sends_on(client, 6) < 4


def test_lingering_ends_when_nothing_comes(server):
    client = ask_too_much(server, "lingering_timeout 1s;")
    began = time.monotonic()
    assert client.ended(5) and time.monotonic() - began < 3


def test_a_body_under_way_is_taken_whatever_is_configured(server):
    client = ask_too_much(server, "lingering_close off;")
    assert sends_on(client, 0.5) >= 0.5


def test_off_closes_at_once_after_a_head_that_is_none(server):
    server.start(SERVER % "lingering_close off;")
    client = server.connect()
    client.send("GET / HTTP/1.1\r\nHost: a\r\n: b\x00\r\n\r\n" + "x" * 100)
    assert client.response().status == 400
    assert sends_on(client, 3) < 0.5


@pytest.mark.parametrize("how,lingers", [("always", True), ("on", False), ("off", False)])
def test_after_a_whole_request_only_always_lingers(server, how, lingers):
    server.start(SERVER % f"lingering_close {how}; lingering_timeout 2s;")
    client = server.connect()
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert client.response().status == 200
    assert (sends_on(client, 1) >= 1) == lingers
