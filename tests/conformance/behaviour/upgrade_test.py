"""Tunnels: a connection that changes its protocol (WebSocket and the like)."""

import socket
import time

import pytest

from raw_backend import RawBackend
from server import reply

TUNNEL = ("server { listen 127.0.0.1:PORT; location / { proxy_pass http://127.0.0.1:B; "
          "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
          'proxy_set_header Connection "upgrade"; %s } }')
SWITCH = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          b"Sec-WebSocket-Accept: x\r\n\r\n")
ASK = ("GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
       "Sec-WebSocket-Key: y\r\n\r\n")


def echo(connection, _):
    connection.sendall(SWITCH)
    while (some := connection.recv(65536)):
        connection.sendall(some.upper())


def start(server, serve=echo, directives="", http=""):
    backend = RawBackend(serve)
    server.start(http + TUNNEL % directives, B=backend.port)
    return backend


def test_bytes_go_both_ways(server):
    backend = start(server)
    with server.connect() as client:
        client.send(ASK)
        head = client.head()
        assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
        assert b"Upgrade: websocket" in head and b"Connection: upgrade" in head
        assert b"Sec-WebSocket-Accept: x" in head
        assert b"Content-Length" not in head and b"Transfer-Encoding" not in head
        for text in ("hello", "x" * 200_000, "bye"):
            client.send(text)
            assert client.stream.read(len(text)) == text.upper().encode()
    assert b"Upgrade: websocket\r\n" in backend.heads[0]
    assert b"connection: upgrade\r\n" in backend.heads[0].lower()


def test_bytes_behind_the_heads_are_not_lost(server):
    def serve(connection, _):
        connection.sendall(SWITCH + b"first")
        connection.sendall(connection.recv(100))
        time.sleep(0.3)

    start(server, serve)
    with server.connect() as client:
        client.send(ASK + "early")
        client.head()
        assert client.stream.read(10) == b"firstearly"


def test_end_of_the_server_is_the_end(server):
    def serve(connection, _):
        connection.sendall(SWITCH + b"bye")

    start(server, serve)
    with server.connect() as client:
        client.send(ASK)
        client.head()
        assert client.rest() == b"bye"


def test_end_of_the_client_is_the_end(server):
    backend = RawBackend(None)

    def serve(connection, _):
        connection.sendall(SWITCH)
        backend.wait_closed(connection)

    backend.serve = serve
    server.start(TUNNEL % "", B=backend.port)
    with server.connect() as client:
        client.send(ASK)
        client.head()
    assert server.wait_for(lambda: backend.closed, 3)


def test_tunnel_is_logged_at_its_end_with_its_bytes(server):
    start(server, http="log_format t '$status $upstream_status $upstream_bytes_received "
          "$upstream_bytes_sent'; access_log FOLDER/t.log t;")
    with server.connect() as client:
        client.send(ASK)
        client.head()
        client.send("hello")
        assert client.stream.read(5) == b"HELLO"
        time.sleep(0.2)
        assert server.log_lines(1, "t.log", wait=0.1) == []
    status, upstream, received, sent = server.log_lines(1, "t.log")[0].split()
    assert (status, upstream) == ("101", "101")
    assert int(received) == len(SWITCH) + 5
    assert int(sent) > 5


def test_silence_of_both_sides_ends_it(server):
    start(server, directives="proxy_read_timeout 500ms;")
    with server.connect() as client:
        client.send(ASK)
        client.head()
        started = time.monotonic()
        assert client.ended(3)
        assert 0.3 < time.monotonic() - started < 1.5
    assert ("upstream timed out (110: Connection timed out) while proxying upgraded connection"
            in server.error_log())


def test_talk_in_one_direction_keeps_it_alive(server):
    def serve(connection, _):
        connection.sendall(SWITCH)
        while connection.recv(1000):
            pass

    start(server, serve, "proxy_read_timeout 1s;")
    with server.connect() as client:
        client.send(ASK)
        client.head()
        for _ in range(4):
            time.sleep(0.5)
            client.send("still here")
        assert not client.ended(0.3)


def test_server_may_refuse_to_change(server):
    start(server, lambda connection, _: connection.sendall(reply("no", "403 Forbidden")))
    with server.connect() as client:
        client.send(ASK)
        assert client.response().status == 403


def test_without_the_directives_nothing_of_it_passes(server):
    backend = RawBackend(lambda connection, _: connection.sendall(reply()))
    server.start("server { listen 127.0.0.1:PORT; location / { proxy_pass http://127.0.0.1:B; } }",
                 B=backend.port)
    with server.connect() as client:
        client.send(ASK)
        assert client.response().status == 200
    assert b"upgrade" not in backend.heads[0].lower()


def test_error_page_does_not_meddle(server):
    start(server, directives="proxy_intercept_errors on; error_page 404 /x;")
    with server.connect() as client:
        client.send(ASK)
        assert client.head().startswith(b"HTTP/1.1 101 ")


def test_many_tunnels_at_once(server):
    start(server)
    clients = [server.connect() for _ in range(50)]
    for client in clients:
        client.send(ASK)
    for number, client in enumerate(clients):
        client.head()
        client.send(f"number {number}")
    for number, client in enumerate(clients):
        text = f"NUMBER {number}".encode()
        assert client.stream.read(len(text)) == text
        client.close()


def test_tunnel_survives_a_reload(server):
    start(server)
    with server.connect() as client:
        client.send(ASK)
        client.head()
        server.reload()
        client.send("hello")
        assert client.stream.read(5) == b"HELLO"


def test_shutdown_timeout_ends_tunnels(server):
    backend = RawBackend(echo)
    server.start(TUNNEL % "", main="worker_shutdown_timeout 1s;", B=backend.port)
    with server.connect() as client:
        client.send(ASK)
        client.head()
        server.reload()
        client.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.socket.recv(1)
        client.socket.settimeout(4)
        assert client.socket.recv(1) == b""
