"""proxy_next_upstream: which failures lead to another server, for which requests, how often."""

import socket
import time

import pytest

from marks import baton_only
from raw_backend import RawBackend
from server import reply

GROUP = ("upstream u { %s } server { listen 127.0.0.1:PORT; "
         "location / { proxy_pass http://u; add_header X-Tried $upstream_status; %s } }")
PAIR = "server 127.0.0.1:BAD max_fails=0; server 127.0.0.1:GOOD backup;"


def pair(server, bad, directives="", good=None):
    """A server that does `bad`, and a good one behind it."""
    first = RawBackend(bad)
    second = server.backend(good or reply("good"))
    server.start(GROUP % (PAIR, directives), BAD=first.port, GOOD=second.port)
    return first, second


def closes(connection, number):
    pass


def silent(connection, number):
    time.sleep(3)


def says(text):
    def serve(connection, number):
        connection.sendall(text)

    return serve


def status(code, words="Whatever"):
    return says(reply("bad", f"{code} {words}"))


def test_server_that_closes_is_followed_by_the_next(server):
    first, second = pair(server, closes)
    response = server.get("/")
    assert (response.body, response.header("X-Tried")) == (b"good", "502, 200")
    assert "upstream prematurely closed connection" in server.error_log()


def test_server_that_refuses_is_followed_by_the_next(server):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        second = server.backend(reply("good"))
        server.start(GROUP % (PAIR, ""), BAD=probe.getsockname()[1], GOOD=second.port)
        assert server.get("/").body == b"good"
    assert "connect() failed (111: Connection refused) while connecting" in server.error_log()


def test_server_that_does_not_answer_in_time_is_followed_by_the_next(server):
    pair(server, silent, "proxy_read_timeout 300ms;")
    response = server.get("/")
    assert (response.body, response.header("X-Tried")) == (b"good", "504, 200")
    assert "upstream timed out (110: Connection timed out)" in server.error_log()


@pytest.mark.parametrize("code", [500, 502, 503, 504, 403, 404, 429])
def test_status_is_passed_over_where_it_is_named(server, code):
    pair(server, status(code), f"proxy_next_upstream http_{code};")
    response = server.get("/")
    assert (response.body, response.header("X-Tried")) == (b"good", f"{code}, 200")


@pytest.mark.parametrize("code", [500, 503, 404])
def test_status_is_the_answer_where_it_is_not_named(server, code):
    pair(server, status(code))
    assert server.get("/").status == code


def test_invalid_head_counts_where_it_is_named(server):
    pair(server, says(b"HTTP/1.1 200 OK\r\nbroken line\r\n\r\n"),
         "proxy_next_upstream invalid_header;")
    assert server.get("/").body == b"good"


def test_invalid_head_is_502_where_it_is_not_named(server):
    _, second = pair(server, says(b"HTTP/1.1 200 OK\r\nbroken line\r\n\r\n"))
    assert server.get("/").status == 502
    assert second.requests == []


@pytest.mark.parametrize("directive", ["off", "timeout", "http_500"])
def test_error_is_502_where_it_is_not_named(server, directive):
    _, second = pair(server, closes, f"proxy_next_upstream {directive};")
    assert server.get("/").status == 502
    assert second.requests == []


def test_timeout_is_504_where_it_is_not_named(server):
    _, second = pair(server, silent, "proxy_next_upstream error; proxy_read_timeout 300ms;")
    assert server.get("/").status == 504
    assert second.requests == []


@pytest.mark.parametrize("method", ["POST", "PATCH", "LOCK"])
def test_request_that_may_have_been_acted_upon_is_not_repeated(server, method):
    _, second = pair(server, closes)
    assert server.request(method, "/", body=b"x").status == 502
    assert second.requests == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "HEAD", "PROPFIND"])
def test_idempotent_request_is_repeated(server, method):
    pair(server, closes)
    assert server.request(method, "/").status == 200


@pytest.mark.parametrize("method", ["POST", "PATCH", "LOCK"])
def test_request_that_was_never_sent_is_repeated(server, method):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        second = server.backend(reply("good"))
        server.start(GROUP % (PAIR, ""), BAD=probe.getsockname()[1], GOOD=second.port)
        assert server.request(method, "/", body=b"x").body == b"good"
    assert second.requests[0][1] == b"x"


def test_non_idempotent_allows_to_repeat_them_too(server):
    _, second = pair(server, closes, "proxy_next_upstream error non_idempotent;")
    assert server.request("POST", "/", body=b"hello").body == b"good"
    assert second.requests[0][1] == b"hello"


def test_status_of_a_post_is_not_passed_over(server):
    _, second = pair(server, status(503), "proxy_next_upstream http_503;")
    assert server.request("POST", "/", body=b"x").status == 503
    assert second.requests == []


def test_tries_are_bounded(server):
    backends = [RawBackend(closes) for _ in range(4)]
    servers = "".join(f"server 127.0.0.1:{b.port};" for b in backends)
    server.start(GROUP % (servers, "proxy_next_upstream_tries 2;"))
    assert server.get("/").status == 502
    assert sum(len(b.heads) for b in backends) == 2


def test_every_server_is_tried_once(server):
    backends = [RawBackend(closes) for _ in range(3)]
    servers = "".join(f"server 127.0.0.1:{b.port};" for b in backends)
    server.start("log_format tried '$upstream_status'; access_log FOLDER/tried.log tried;"
                 + GROUP % (servers, ""))
    assert server.get("/").status == 502
    assert [len(b.heads) for b in backends] == [1, 1, 1]
    assert server.log_lines(1, "tried.log") == ["502, 502, 502"]


def test_time_for_tries_is_bounded(server):
    backends = [RawBackend(silent) for _ in range(3)]
    servers = "".join(f"server 127.0.0.1:{b.port};" for b in backends)
    server.start(GROUP % (servers, "proxy_read_timeout 400ms; proxy_next_upstream_timeout 600ms;"))
    assert server.get("/").status == 504
    assert sum(len(b.heads) for b in backends) == 2


def test_answer_that_comes_after_that_time_is_the_answer(server):
    def late(connection, number):
        time.sleep(0.4)
        connection.sendall(reply("bad", "503 Whatever"))

    backends = [RawBackend(late) for _ in range(3)]
    servers = " ".join(f"server 127.0.0.1:{b.port};" for b in backends)
    server.start(GROUP % (servers, "proxy_next_upstream http_503; "
                                   "proxy_next_upstream_timeout 600ms;"))
    assert server.get("/").body == b"bad"
    assert sum(len(b.heads) for b in backends) == 2


def test_status_of_the_last_server_is_the_answer(server):
    first, second = RawBackend(status(503, "One")), RawBackend(status(503, "Two"))
    server.start(GROUP % (f"server 127.0.0.1:{first.port}; server 127.0.0.1:{second.port};",
                          "proxy_next_upstream http_503;"))
    assert server.get("/").body == b"bad"
    assert len(first.heads) == len(second.heads) == 1


def test_404_is_nobodys_failure(server):
    first = RawBackend(status(404))
    second = server.backend(reply("good"))
    server.start(GROUP % ("server 127.0.0.1:BAD max_fails=1; server 127.0.0.1:GOOD backup;",
                          "proxy_next_upstream http_404;"), BAD=first.port, GOOD=second.port)
    for _ in range(3):
        assert server.get("/").body == b"good"
    assert len(first.heads) == 3


def test_500_is_a_failure(server):
    first = RawBackend(status(500))
    second = server.backend(reply("good"))
    server.start(GROUP % ("server 127.0.0.1:BAD max_fails=1; server 127.0.0.1:GOOD backup;",
                          "proxy_next_upstream http_500;"), BAD=first.port, GOOD=second.port)
    for _ in range(3):
        assert server.get("/").body == b"good"
    assert len(first.heads) == 1


def test_response_that_has_begun_is_not_repeated(server):
    first, second = pair(server, says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf!"))
    with server.connect() as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.rest().endswith(b"\r\n\r\nhalf!")
    assert second.requests == []
    assert ("upstream prematurely closed connection while reading upstream"
            in server.error_log())


def test_client_that_leaves_while_waiting_is_499(server):
    backend = RawBackend(None)
    backend.serve = lambda connection, _: backend.wait_closed(connection)
    server.start(GROUP % (f"server 127.0.0.1:{backend.port};", ""))
    with server.connect() as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert server.wait_for(lambda: backend.heads)
    assert '" 499 0' in server.log_lines(1)[0]
    assert server.wait_for(lambda: backend.closed)
    assert ("client prematurely closed connection, so upstream connection is closed too while "
            in server.error_log())


def full_listener():
    """A listening socket that answers no more connections: the queue is full."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    time.sleep(0.1)
    return listener, fillers


def test_client_that_leaves_while_connecting_is_499(server):
    listener, fillers = full_listener()
    server.start(GROUP % (f"server 127.0.0.1:{listener.getsockname()[1]};", ""))
    with server.connect() as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.3)
    line = server.log_lines(1, wait=2)[0]
    assert '" 499 0' in line
    assert "closed too while connecting to upstream" in server.error_log()
    for one in [listener, *fillers]:
        one.close()


def test_connecting_takes_no_longer_than_it_may(server):
    listener, fillers = full_listener()
    second = server.backend(reply("good"))
    server.start(GROUP % (PAIR, "proxy_connect_timeout 400ms;"),
                 BAD=listener.getsockname()[1], GOOD=second.port)
    started = time.monotonic()
    response = server.get("/")
    assert (response.body, response.header("X-Tried")) == (b"good", "504, 200")
    assert 0.3 < time.monotonic() - started < 2
    for one in [listener, *fillers]:
        one.close()


def test_client_abort_can_be_ignored(server):
    finished = []

    def serve(connection, _):
        time.sleep(0.6)
        connection.sendall(reply("late"))
        finished.append(1)

    backend = RawBackend(serve)
    server.start(GROUP % (f"server 127.0.0.1:{backend.port};", "proxy_ignore_client_abort on;"))
    with server.connect() as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert server.wait_for(lambda: backend.heads)
    assert '" 200 ' in server.log_lines(1)[0]
    assert finished


def test_read_timeout_counts_between_two_reads(server):
    def serve(connection, _):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
        for byte in (b"a", b"b", b"c", b"d"):
            time.sleep(0.5)
            connection.sendall(byte)

    backend = RawBackend(serve)
    server.start(GROUP % (f"server 127.0.0.1:{backend.port};", "proxy_read_timeout 1s;"))
    assert server.get("/").body == b"abcd"


def test_body_that_stops_coming_ends_the_connection(server):
    def serve(connection, _):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
        time.sleep(3)

    backend = RawBackend(serve)
    server.start(GROUP % (f"server 127.0.0.1:{backend.port};", "proxy_read_timeout 400ms; proxy_buffering off;"))
    with server.connect() as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.rest().endswith(b"ab")
    assert "upstream timed out (110: Connection timed out) while reading upstream" \
        in server.error_log()


def test_intercepted_errors_get_the_page(server):
    backend = server.backend(reply("theirs", "404 Not Found"))
    server.start("server { listen 127.0.0.1:PORT; error_page 404 /page; "
                 'location = /page { return 200 "ours"; } '
                 "location / { proxy_pass http://127.0.0.1:B; proxy_intercept_errors on; } "
                 "location /plain { proxy_pass http://127.0.0.1:B; } }", B=backend.port)
    response = server.get("/")
    assert (response.status, response.body) == (404, b"ours")
    assert server.get("/plain").body == b"theirs"


@baton_only("the real nginx gives 502 when a pooled connection was closed and next_upstream is off")
def test_stale_pooled_connection_is_replaced_unnoticed(server):
    backend = RawBackend(lambda connection, _: connection.sendall(reply("once")))
    server.start("upstream u { server 127.0.0.1:B; keepalive 4; } server { listen 127.0.0.1:PORT;"
                 "location / { proxy_pass http://u; proxy_next_upstream off; } }", B=backend.port)
    with server.connect() as client:
        for _ in range(5):
            assert client.request("GET", "/").body == b"once"
