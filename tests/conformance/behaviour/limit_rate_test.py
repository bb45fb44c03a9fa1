"""limit_rate: how fast."""

import time

import pytest

from marks import baton_only
from server import reply

HTTP = "server { listen 127.0.0.1:PORT; root FOLDER/html; location / { %s } }"
# nginx counts in whole seconds and gives the first one free: of three, at least one is waited for.
SIZE = 90000


def seconds_for(server, path="/file", size=SIZE, headers=None):
    began = time.monotonic()
    response = server.get(path, headers)
    assert len(response.body) == size
    return time.monotonic() - began


def start(server, text, **values):
    server.write("html/file", "x" * SIZE)
    server.start(HTTP % text, **values)


def test_a_file_takes_its_time(server):
    start(server, "limit_rate 30k;")
    assert 0.7 < seconds_for(server) < 6.0


def test_the_first_bytes_may_be_free(server):
    start(server, "limit_rate 20k; limit_rate_after 100k;")
    assert seconds_for(server) < 0.6


def test_0_is_no_limit(server):
    start(server, "limit_rate 0;")
    assert seconds_for(server) < 0.6


def test_a_proxied_body_takes_its_time(server):
    backend = server.backend(reply("x" * SIZE))
    start(server, "limit_rate 30k; proxy_pass http://127.0.0.1:BACKEND;", BACKEND=backend.port)
    assert 0.7 < seconds_for(server) < 6.0


def test_the_rate_may_come_from_a_variable(server):
    start(server, "limit_rate $arg_rate;")
    assert 0.7 < seconds_for(server, "/file?rate=30k") < 6.0
    assert seconds_for(server, "/file") < 0.6


def test_set_limit_rate(server):
    start(server, "if ($arg_slow) { set $limit_rate 30k; }")
    assert 0.7 < seconds_for(server, "/file?slow=1") < 6.0
    assert seconds_for(server, "/file") < 0.6


def test_x_accel_limit_rate_of_a_backend(server):
    backend = server.backend(reply("x" * SIZE, headers=[("X-Accel-Limit-Rate", "30000")]))
    start(server, "proxy_pass http://127.0.0.1:BACKEND;", BACKEND=backend.port)
    assert 0.7 < seconds_for(server) < 6.0


def test_x_accel_limit_rate_can_be_ignored(server):
    backend = server.backend(reply("x" * SIZE, headers=[("X-Accel-Limit-Rate", "10000")]))
    start(server, "proxy_ignore_headers X-Accel-Limit-Rate; proxy_pass http://127.0.0.1:BACKEND;",
          BACKEND=backend.port)
    assert seconds_for(server) < 0.6


def test_other_requests_are_not_held_up(server):
    start(server, "limit_rate 10k; location /quick { limit_rate 0; alias FOLDER/html/file; }")
    with server.connect() as slow:
        slow.send("GET /file HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.1)
        assert seconds_for(server, "/quick") < 0.5


@baton_only("nginx sends in steps of a second")
def test_the_rate_is_kept_over_a_longer_body(server):
    start(server, "limit_rate 20k;")
    assert 3.0 < seconds_for(server) < 4.2


def test_a_client_that_leaves_ends_it(server):
    server.write("html/file", "x" * 1000000)
    server.start('log_format f "$status $bytes_sent"; access_log FOLDER/f.log f; '
                 + HTTP % "limit_rate 50k;")
    with server.connect() as client:
        client.send("GET /file HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.3)
    lines = server.log_lines(1, "f.log", wait=4)
    assert len(lines) == 1
    assert int(lines[0].split()[1]) < 500000


def test_a_size_that_is_none_is_refused(server):
    status, output = server.check(HTTP % "limit_rate fast;")
    assert status == 1
    assert '"limit_rate" directive invalid value' in output


@pytest.mark.parametrize("buffering", ["on", "off"])
def test_proxy_limit_rate_bounds_how_fast_a_server_is_read(server, buffering):
    backend = server.backend(reply("x" * SIZE))
    start(server, f"proxy_pass http://127.0.0.1:BACKEND; proxy_buffering {buffering};"
                  "proxy_limit_rate 45k;", BACKEND=backend.port)
    seconds = seconds_for(server)
    # Unbuffered, it is the client that sets the pace.
    assert 0.7 < seconds < 6.0 if buffering == "on" else seconds < 0.6


def test_a_client_that_leaves_while_it_is_made_to_wait_is_noticed(server):
    server.write("html/file", "x" * 1000)
    server.start('log_format f "$status"; access_log FOLDER/f.log f; ' + HTTP % "limit_rate 10;")
    with server.connect() as client:
        client.send("GET /file HTTP/1.1\r\nHost: a\r\n\r\n")
        client.head()
    assert server.log_lines(1, "f.log", wait=1.5) == ["200"]
