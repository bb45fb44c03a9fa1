"""Responses between a fast server and a slow client: buffers, temporary files, and without."""

import os
import socket
import time

import pytest

from marks import baton_only
from raw_backend import RawBackend
from server import reply

PROXY = "%s server { listen 127.0.0.1:PORT; location / { proxy_pass http://127.0.0.1:B; %s } }"
# More than the kernel's buffers hold.
LARGE = os.urandom(1 << 20) * 24


def head(size, *lines):
    return (f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n"
            + "".join(f"{line}\r\n" for line in lines) + "\r\n").encode()


def slow_client(server, path="/"):
    """A connection that asks and does not read, with small buffers."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", server.port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    return connection


def read_all(connection):
    received = bytearray()
    while (some := connection.recv(1 << 16)):
        received += some
    return bytes(received)


def large_backend(done, *lines):
    def serve(connection, _):
        connection.sendall(head(len(LARGE), *lines) + LARGE)
        done.append(time.monotonic())
        time.sleep(0.1)

    return RawBackend(serve)


def test_slow_client_does_not_hold_the_server(server):
    done = []
    backend = large_backend(done)
    server.start(PROXY % ("proxy_temp_path FOLDER/p;" if server.name == "baton" else "", ""),
                 B=backend.port)
    with slow_client(server) as client:
        assert server.wait_for(lambda: done, 5)
        assert read_all(client).endswith(LARGE)
    assert "an upstream response is buffered to a temporary file" in server.error_log()
    assert '" 200 %d' % len(LARGE) in server.log_lines(1)[0]


@pytest.mark.parametrize("how", ["directive", "header"])
def test_without_buffering_the_server_waits_for_the_client(server, how):
    done = []
    backend = large_backend(done, *(["X-Accel-Buffering: no"] if how == "header" else []))
    server.start(PROXY % ("", "proxy_buffering off;" if how == "directive" else ""),
                 B=backend.port)
    with slow_client(server) as client:
        time.sleep(1)
        assert not done
        assert read_all(client).endswith(LARGE)
    assert "temporary file" not in server.error_log()


def test_header_turns_buffering_on_as_well(server):
    done = []
    backend = large_backend(done, "X-Accel-Buffering: yes")
    server.start(PROXY % ("", "proxy_buffering off;"), B=backend.port)
    with slow_client(server) as client:
        assert server.wait_for(lambda: done, 5)
        assert read_all(client).endswith(LARGE)


def test_header_can_be_ignored(server):
    done = []
    backend = large_backend(done, "X-Accel-Buffering: no")
    server.start(PROXY % ("", "proxy_ignore_headers X-Accel-Buffering;"), B=backend.port)
    with slow_client(server) as client:
        assert server.wait_for(lambda: done, 5)
        assert b"X-Accel-Buffering" not in read_all(client)[:500]


def test_without_a_file_only_the_buffers_are_read_ahead(server):
    done = []
    backend = large_backend(done)
    server.start(PROXY % ("", "proxy_max_temp_file_size 0;"), B=backend.port)
    with slow_client(server) as client:
        time.sleep(1)
        assert not done
        assert read_all(client).endswith(LARGE)
    assert "temporary file" not in server.error_log()


def test_file_is_bounded(server):
    done = []
    backend = large_backend(done)
    server.start(PROXY % ("", "proxy_max_temp_file_size 1m;"), B=backend.port)
    with slow_client(server) as client:
        time.sleep(1)
        assert not done
        assert read_all(client).endswith(LARGE)


def test_chunked_response_survives_the_file(server):
    body = LARGE[:3_000_000]

    def serve(connection, _):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(body), 7001):
            piece = body[at:at + 7001]
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        connection.sendall(b"0\r\n\r\n")

    backend = RawBackend(serve)
    server.start(PROXY % ("", "proxy_http_version 1.1;"), B=backend.port)
    with slow_client(server) as connection:
        time.sleep(0.5)
        stream = connection.makefile("rb")
        while stream.readline() != b"\r\n":
            pass
        got = b""
        while (size := int(stream.readline(), 16)):
            got += stream.read(size)
            stream.read(2)
    assert got == body


def test_response_until_the_end_of_the_connection_survives_the_file(server):
    def serve(connection, _):
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + LARGE)

    backend = RawBackend(serve)
    server.start(PROXY % ("", ""), B=backend.port)
    with server.connect() as client:
        client.send("GET / HTTP/1.0\r\n\r\n")
        time.sleep(0.5)
        assert client.rest().endswith(b"\r\n\r\n" + LARGE)


def test_server_that_dies_while_the_client_lags_ends_the_connection(server):
    def serve(connection, _):
        connection.sendall(head(len(LARGE)) + LARGE[:4_000_000])

    backend = RawBackend(serve)
    server.start(PROXY % ("", ""), B=backend.port)
    with slow_client(server) as client:
        time.sleep(0.5)
        received = read_all(client)
    assert len(received.split(b"\r\n\r\n", 1)[1]) == 4_000_000
    assert ("upstream prematurely closed connection while reading upstream"
            in server.error_log())


def test_client_that_leaves_ends_the_reading(server):
    backend = RawBackend(None)

    def serve(connection, _):
        connection.sendall(head(1 << 30))
        try:
            while True:
                connection.sendall(LARGE)
        except OSError:
            backend.closed.append(time.monotonic())

    backend.serve = serve
    server.start(PROXY % ("", "proxy_max_temp_file_size 1m;"), B=backend.port)
    client = slow_client(server)
    client.recv(1000)
    client.close()
    assert server.wait_for(lambda: backend.closed, 5)


def test_small_pieces_are_passed_on_as_they_come(server):
    def serve(connection, _):
        connection.sendall(head(6))
        for piece in (b"ab", b"cd", b"ef"):
            connection.sendall(piece)
            time.sleep(0.3)

    backend = RawBackend(serve)
    server.start(PROXY % ("", "proxy_buffering off;"), B=backend.port)
    with server.connect() as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        client.head()
        started = time.monotonic()
        assert client.stream.read1(10) == b"ab"
        assert time.monotonic() - started < 0.25


def test_large_head_is_refused(server):
    backend = server.backend(reply(headers=[("X-Large", "x" * 9000)]))
    server.start(PROXY % ("", "proxy_buffer_size 8k; proxy_buffers 8 8k;"), B=backend.port)
    assert server.get("/").status == 502
    assert "upstream sent too big header while reading response header" in server.error_log()


def test_buffer_size_makes_room_for_a_large_head(server):
    backend = server.backend(reply(headers=[("X-Large", "x" * 9000)]))
    server.start(PROXY % ("", "proxy_buffer_size 16k; proxy_buffers 8 16k;"), B=backend.port)
    assert server.get("/").header("X-Large") == "x" * 9000


def test_rate_of_reading_can_be_limited(server):
    backend = server.backend(reply(LARGE[:300_000]))
    server.start(PROXY % ("", "proxy_limit_rate 100k;"), B=backend.port)
    started = time.monotonic()
    assert server.get("/").body == LARGE[:300_000]
    assert 1.0 < time.monotonic() - started < 6


def test_folder_of_temporary_files_is_made(server):
    if server.name == "nginx":
        pytest.skip("the fixture names the folder for nginx")
    backend = server.backend(reply())
    server.start(PROXY % ("proxy_temp_path FOLDER/files 1 2;", ""), B=backend.port)
    assert server.get("/").status == 200
    assert (server.folder / "files").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("text, message", [
    ("proxy_buffers 1 4k;", 'there must be at least 2 "proxy_buffers"'),
    ("proxy_busy_buffers_size 1k;", '"proxy_busy_buffers_size" must be equal to or greater than'),
    ("proxy_temp_path /tmp/x 0;", "invalid value"),
    ("proxy_temp_path /tmp/x 5 6;", "invalid value"),
])
def test_wrong_sizes_are_told(server, text, message):
    status, output = server.check(PROXY % ("", text), B=1)
    assert status == 1 and message in output


@baton_only("a client that only pauses for a moment costs nginx a file")
def test_client_that_merely_breathes_costs_no_file(server):
    done = []
    backend = large_backend(done)
    server.start(PROXY % ("", ""), B=backend.port)
    assert server.get("/").body == LARGE
    assert "temporary file" not in server.error_log()
