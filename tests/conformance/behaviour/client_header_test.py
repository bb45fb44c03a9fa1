"""A client's request head: its limits, odd names, and how long it may take."""

import time

import pytest

from marks import baton_only
from server import reply

PLAIN = ("%s server { listen 127.0.0.1:PORT; %s location / { return 200 \"$http_x_a,$http_x_b\"; } "
         "location /up { proxy_pass http://127.0.0.1:B; } }")


def start(server, in_server="", http=""):
    backend = server.backend(reply())
    server.start(PLAIN % (http, in_server), B=backend.port)
    return backend


def raw_get(server, path="/", lines=()):
    head = f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    return server.raw((head + "".join(f"{line}\r\n" for line in lines) + "\r\n").encode("latin-1"))


def test_line_longer_than_the_small_buffer_is_fine(server):
    start(server)
    assert raw_get(server, "/" + "a" * 5000).startswith(b"HTTP/1.1 200 ")
    assert raw_get(server, lines=["X-A: " + "b" * 5000]).endswith(b"b" * 5000 + b",")


def test_request_line_beyond_a_large_buffer_is_414(server):
    start(server)
    received = raw_get(server, "/" + "a" * 8200)
    assert received.startswith(b"HTTP/1.1 414 Request-URI Too Large\r\n")
    assert "client sent too long URI" in server.error_log()


def test_header_line_beyond_a_large_buffer_is_400(server):
    start(server)
    received = raw_get(server, lines=["X-A: " + "b" * 8200])
    assert received.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"<title>400 Request Header Or Cookie Too Large</title>" in received
    assert b"<center>Request Header Or Cookie Too Large</center>" in received
    assert "client sent too long header line" in server.error_log()


def test_too_many_large_lines_are_400(server):
    start(server)
    received = raw_get(server, lines=[f"X-{i}: " + "b" * 7000 for i in range(6)])
    assert received.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"Request Header Or Cookie Too Large" in received


def test_large_buffers_can_be_larger(server):
    start(server, http="large_client_header_buffers 4 32k;")
    assert raw_get(server, lines=["X-A: " + "b" * 20_000]).endswith(b"b" * 20_000 + b",")
    assert raw_get(server, "/" + "a" * 20_000).startswith(b"HTTP/1.1 200 ")


def test_large_buffers_can_be_smaller(server):
    start(server, http="client_header_buffer_size 1k; large_client_header_buffers 2 1k;")
    assert raw_get(server, "/" + "a" * 900).startswith(b"HTTP/1.1 200 ")
    assert raw_get(server, "/" + "a" * 1100).startswith(b"HTTP/1.1 414 ")
    assert raw_get(server, lines=["X-A: " + "b" * 1100]).startswith(b"HTTP/1.1 400 ")


def test_error_page_may_answer_494(server):
    start(server, "error_page 494 =431 /large; location = /large { return 431 'too large'; }")
    received = raw_get(server, lines=["X-A: " + "b" * 8200])
    assert received.startswith(b"HTTP/1.1 431 ")


def test_log_says_400_for_a_large_head(server):
    start(server)
    raw_get(server, lines=["X-A: " + "b" * 8200])
    assert '" 400 ' in server.log_lines(1)[0]


def test_head_that_does_not_come_to_its_end_times_out(server):
    start(server, http="client_header_timeout 400ms;")
    with server.connect() as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\n")
        started = time.monotonic()
        assert client.ended(3)
        assert 0.2 < time.monotonic() - started < 2
    assert '"GET / HTTP/1.1" 408 0' in server.log_lines(1)[0]


def test_time_for_the_head_is_one_time_for_all_of_it(server):
    start(server, http="client_header_timeout 1s;")
    with server.connect() as client:
        client.send("GET / HTTP/1.1\r\n")
        started = time.monotonic()
        try:
            for _ in range(8):
                time.sleep(0.3)
                client.send("X-A: b\r\n")
        except OSError:
            pass
        assert time.monotonic() - started < 2.6


def test_connection_without_a_request_is_closed_without_a_log_line(server):
    start(server, http="client_header_timeout 300ms;")
    with server.connect() as client:
        assert client.ended(3)
    time.sleep(0.1)
    assert server.log_lines(1, wait=0.1) == []


def test_underscores_are_ignored(server):
    start(server)
    assert raw_get(server, lines=["X_A: 1", "X-B: 2"]).endswith(b"\r\n\r\n,2")


def test_underscores_can_be_allowed(server):
    start(server, http="underscores_in_headers on;")
    assert raw_get(server, lines=["X_A: 1", "X-B: 2"]).endswith(b"\r\n\r\n1,2")


@pytest.mark.parametrize("line", ["X!A: 1", "X.A: 1", "X(A: 1", "X\xe4: 1"])
def test_odd_names_are_ignored(server, line):
    backend = start(server)
    assert raw_get(server, "/up", [line, "X-B: 2"]).startswith(b"HTTP/1.1 200 ")
    head = backend.requests[0][0]
    assert line.encode("latin-1") not in head and b"X-B: 2" in head


@pytest.mark.parametrize("line", ["X A: 1", "X\x01: 1", ": 1"])
def test_names_that_break_the_grammar_are_refused(server, line):
    start(server)
    assert raw_get(server, lines=[line]).startswith(b"HTTP/1.1 400 ")


def test_empty_value_passes(server):
    backend = start(server)
    raw_get(server, "/up", ["X-Empty:", "X-B: 2"])
    assert b"X-Empty: \r\n" in backend.requests[0][0] or b"X-Empty:\r\n" in backend.requests[0][0]


@baton_only("before 1.23 nginx took the first line")
def test_lines_of_one_name_are_joined_in_the_variable(server):
    start(server)
    assert raw_get(server, lines=["X-A: 1", "X-A: 2", "X-B: 3"]).endswith(b"1, 2,3")


@baton_only("max_headers is newer")
def test_number_of_lines_is_bounded(server):
    start(server, http="max_headers 10;")
    assert raw_get(server, lines=["X: y"] * 8).startswith(b"HTTP/1.1 200 ")
    assert raw_get(server, lines=["X: y"] * 9).startswith(b"HTTP/1.1 400 ")


def test_empty_lines_before_a_request_are_skipped(server):
    start(server)
    assert server.raw(b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") \
        .startswith(b"HTTP/1.1 200 ")


def test_trace_is_not_allowed(server):
    start(server)
    received = server.raw(b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 405 Not Allowed\r\n")


@baton_only("the real nginx 1.22 takes the target for a broken line")
def test_connect_is_not_allowed(server):
    start(server)
    received = server.raw(b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 405 Not Allowed\r\n")


def test_head_may_come_in_single_bytes(server):
    start(server)
    with server.connect() as client:
        for byte in "GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n\r\n":
            client.send(byte)
            time.sleep(0.002)
        assert client.response().body == b"1,"


def test_pipelined_requests_longer_than_a_buffer_are_all_answered(server):
    start(server)
    one = "GET / HTTP/1.1\r\nHost: a\r\nX-A: " + "b" * 700 + "\r\n\r\n"
    received = server.raw(one * 30 + one.replace("Host: a", "Host: a\r\nConnection: close"))
    assert received.count(b"HTTP/1.1 200 OK") == 31


@baton_only("as nginx since 1.31")
@pytest.mark.parametrize("target", ["/a#b", "/a?b#c", "/%61#b", "http://host?a#b"])
def test_target_with_a_fragment_is_refused(server, target):
    server.start("server { listen 127.0.0.1:PORT; return 200 hi; }")
    answer = server.raw(f"GET {target} HTTP/1.1\r\nHost: host\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_log_shows_the_line_that_was_refused_or_dropped(server):
    server.start("server { listen 127.0.0.1:PORT; return 200 hi; }")
    for line in ("X\x02y: b", "If-Match: 1\r\nIf-Match: 2", "x.y_z: b"):
        server.raw(f"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{line}\r\n\r\n")
    log = server.error_log()
    while_reading = "while reading client request headers, client: 127.0.0.1"
    assert f'client sent invalid header line: "X\\x02..." {while_reading}' in log
    assert ('client sent duplicate header line: "If-Match: 2", previous value: "If-Match: 1" '
            + while_reading) in log
    assert f'client sent invalid header line: "x.y_z: b" {while_reading}' in log


def test_log_says_how_far_a_client_came(server):
    server.start("server { listen 127.0.0.1:PORT; return 200 hi; }")
    for text in ("GET /half", "GET /whole HTTP/1.1\r\nHost: a\r\nX-"):
        with server.connect() as client:
            client.send(text)
            time.sleep(0.1)
    server.wait_for(lambda: server.error_log().count("prematurely closed") == 2)
    log = server.error_log()
    gone = "client prematurely closed connection while reading client request"
    assert f'{gone} line, client: 127.0.0.1, server: , request: "GET /half"' in log
    assert f'{gone} headers, client: 127.0.0.1, server: , request: "GET /whole HTTP/1.1"' in log
