"""Interim responses (1xx) of an upstream, early hints, and trailers."""

import pytest

from marks import baton_only
from raw_backend import RawBackend
from server import reply

PROXY = ("server { listen 127.0.0.1:PORT; location / { proxy_pass http://127.0.0.1:B; "
         "proxy_http_version 1.1; %s } }")
HINTS = (b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nX-Accel-Expires: 1\r\n"
         b"Connection: x\r\nX: 1\r\n\r\n")


def start(server, text, directives=""):
    backend = RawBackend(lambda connection, _: connection.sendall(text))
    server.start(PROXY % directives, B=backend.port)
    return backend


@baton_only("the real nginx 1.22 takes a 100 for the response")
def test_100_is_swallowed(server):
    start(server, b"HTTP/1.1 100 Continue\r\n\r\n" + reply("done"))
    assert server.get("/").body == b"done"


@baton_only("early hints are newer")
def test_early_hints_are_swallowed_unless_asked_for(server):
    start(server, HINTS + reply("done"))
    assert server.get("/").body == b"done"


@baton_only("early hints are newer")
def test_early_hints_reach_the_client(server):
    start(server, HINTS + reply("done"), "early_hints $http_x_hints;")
    with server.connect() as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Hints: 1\r\n\r\n")
        hints = client.response()
        assert (hints.status, hints.header("Link")) == (103, "</a.css>; rel=preload")
        assert hints.header("X-Accel-Expires") is None and hints.header("X") is None
        assert client.response().body == b"done"
        assert client.request("GET", "/").status == 200
        assert client.request("GET", "/", {"X-Hints": "0"}).status == 200


@baton_only("early hints are newer")
def test_http_1_0_client_gets_no_early_hints(server):
    start(server, HINTS + reply("done"), "early_hints 1;")
    assert server.get("/", version="1.0").status == 200


@baton_only("early hints are newer")
def test_interim_responses_are_bounded(server):
    start(server, HINTS * 100 + reply("done"))
    assert server.get("/").status == 502


@baton_only("the real nginx 1.22 takes a 101 for the response")
def test_change_of_protocol_that_nobody_asked_for_is_refused(server):
    start(server, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")
    assert server.get("/").status == 502


TRAILERS = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
            b"5\r\nhello\r\n0\r\nX-Sum: 12\r\nContent-Length: 7\r\n\r\n")


@baton_only("trailers are newer")
def test_trailers_are_dropped_unless_asked_for(server):
    start(server, TRAILERS)
    response = server.get("/")
    assert (response.body, response.trailers) == (b"hello", [])


@baton_only("trailers are newer")
def test_trailers_reach_the_client(server):
    start(server, TRAILERS, "proxy_pass_trailers on;")
    response = server.get("/")
    assert (response.body, response.trailers) == (b"hello", [("X-Sum", "12")])


@baton_only("trailers are newer")
def test_trailers_are_variables(server):
    backend = RawBackend(lambda connection, _: connection.sendall(TRAILERS))
    server.start("log_format t '$upstream_trailer_x_sum'; " + PROXY % "access_log FOLDER/t.log t;",
                 B=backend.port)
    server.get("/")
    assert server.log_lines(1, "t.log") == ["12"]


@baton_only("trailers are newer")
def test_http_1_0_client_gets_no_trailers(server):
    start(server, TRAILERS, "proxy_pass_trailers on;")
    assert server.get("/", version="1.0").body == b"hello"
