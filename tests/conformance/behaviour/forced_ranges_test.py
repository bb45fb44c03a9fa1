"""Ranges cut out of a server's whole answer: proxy_force_ranges and fastcgi_force_ranges."""

import pytest

from server import reply

DIGITS = b"0123456789"
LARGE = bytes(range(256)) * 4096


def serve(server, answer, location="proxy_force_ranges on;"):
    backend = server.backend(answer)
    server.start("server { listen 127.0.0.1:PORT; location / { proxy_pass http://127.0.0.1:B; "
                 + location + " } }", B=backend.port)
    return backend


@pytest.mark.parametrize("asked,got,said", [
    ("bytes=0-0", b"0", "bytes 0-0/10"), ("bytes=2-4", b"234", "bytes 2-4/10"),
    ("bytes=-3", b"789", "bytes 7-9/10"), ("bytes=5-100", b"56789", "bytes 5-9/10"),
])
def test_a_range_of_an_answer_that_knows_none(server, asked, got, said):
    serve(server, reply(DIGITS))
    response = server.get("/", {"Range": asked})
    assert (response.status, response.body) == (206, got)
    assert response.header("Content-Range") == said
    assert response.header("Content-Length") == str(len(got))
    assert response.header("Accept-Ranges") is None


def test_ranges_are_offered_once(server):
    serve(server, reply(DIGITS, headers=[("Accept-Ranges", "bytes")]))
    response = server.get("/")
    assert (response.status, response.body) == (200, DIGITS)
    assert response.all("Accept-Ranges") == ["bytes"]


def test_a_range_behind_the_end_is_refused(server):
    serve(server, reply(DIGITS))
    with server.connect() as client:
        response = client.request("GET", "/", {"Range": "bytes=10-"})
        assert response.status == 416 and response.header("Content-Range") == "bytes */10"
        assert client.request("GET", "/").body == DIGITS


def test_several_ranges_get_the_whole(server):
    serve(server, reply(DIGITS))
    response = server.get("/", {"Range": "bytes=0-1,4-5"})
    assert (response.status, response.body) == (200, DIGITS)


def test_another_status_is_left_alone(server):
    serve(server, reply(DIGITS, "404 Not Found"))
    response = server.get("/", {"Range": "bytes=0-1"})
    assert (response.status, response.body) == (404, DIGITS)


def test_if_range_of_another_version_gets_the_whole(server):
    serve(server, reply(DIGITS, headers=[("ETag", '"one"')]))
    same = server.get("/", {"Range": "bytes=0-1", "If-Range": '"one"'})
    other = server.get("/", {"Range": "bytes=0-1", "If-Range": '"two"'})
    assert (same.status, same.body) == (206, b"01")
    assert (other.status, other.body) == (200, DIGITS)


@pytest.mark.parametrize("buffering", ["on", "off"])
def test_a_range_of_a_long_answer(server, buffering):
    serve(server, reply(LARGE), f"proxy_force_ranges on; proxy_buffering {buffering};")
    with server.connect() as client:
        for first, last in ((0, 99), (70000, 699999), (len(LARGE) - 5, len(LARGE) - 1)):
            response = client.request("GET", "/", {"Range": f"bytes={first}-{last}"})
            assert response.status == 206 and response.body == LARGE[first:last + 1]


def test_an_answer_without_a_length_is_whole(server):
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n" + DIGITS + b"\r\n0\r\n\r\n"
    serve(server, chunked, "proxy_force_ranges on; proxy_http_version 1.1;")
    response = server.get("/", {"Range": "bytes=2-4"})
    assert response.status in (200, 206) and response.body == DIGITS


def test_what_goes_out_compressed_is_whole(server):
    serve(server, reply(b"text " * 1000, headers=[("Content-Type", "text/html")]),
          "proxy_force_ranges on; gzip on;")
    response = server.get("/", {"Range": "bytes=2-4", "Accept-Encoding": "gzip"})
    assert response.status == 200 and response.header("Content-Encoding") == "gzip"


def test_off_is_off(server):
    serve(server, reply(DIGITS), "proxy_force_ranges off;")
    response = server.get("/", {"Range": "bytes=2-4"})
    assert (response.status, response.body) == (200, DIGITS)


def test_a_cached_answer_too(server):
    backend = server.backend(reply(DIGITS, headers=[("Cache-Control", "max-age=60")]))
    server.start("proxy_cache_path FOLDER/cache keys_zone=z:1m; server { listen 127.0.0.1:PORT; "
                 "location / { proxy_pass http://127.0.0.1:B; proxy_cache z; "
                 "proxy_force_ranges on; } }", B=backend.port)
    for _ in range(2):
        response = server.get("/", {"Range": "bytes=2-4"})
        assert (response.status, response.body) == (206, b"234")
    assert len(backend.requests) == 1
