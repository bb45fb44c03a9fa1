"""Shortages, floods and slowness: what one client or one upstream server does is not felt by
others, and memory has a bound."""

import contextlib
import re
import socket
import threading
import time

from marks import baton_only
from server import parallel, reply

HELLO = 'server { listen 127.0.0.1:PORT; %s location / { return 200 "hi"; } }'
PROXY = ("server { listen 127.0.0.1:PORT; %s location / { return 200 hi; } "
         "location /slow { proxy_pass http://127.0.0.1:B; } }")


def limit_descriptors(server, count):
    """The program as `ulimit -n` leaves it."""
    script = server.write("limited", f"#!/bin/sh\nulimit -n {count}\nexec {server.program} \"$@\"\n",
                          0o755)
    server.program = script


def hold(server, count):
    """Open connections that say nothing, as many as the system gives."""
    connections = []
    for _ in range(count):
        with contextlib.suppress(OSError):
            connections.append(socket.create_connection(("127.0.0.1", server.port), timeout=2))
    return connections


def release(connections):
    for connection in connections:
        connection.close()


def answers(server, path="/", wait=3.0):
    """Seconds until a fresh connection has its answer."""
    started = time.monotonic()
    with server.connect(timeout=wait) as client:
        assert client.request("GET", path).body == b"hi"
    return time.monotonic() - started


def worker_memory_kb(server):
    """Resident memory of the processes that serve."""
    pid = server.process.pid
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        pids = file.read().split() or [str(pid)]
    total = 0
    for each in pids:
        with open(f"/proc/{each}/status", encoding="ascii", errors="replace") as file:
            total += int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))
    return total


# --- shortages ---

def test_open_connections_are_served_while_descriptors_are_out(server):
    limit_descriptors(server, 256)
    server.start(HELLO % "", events="worker_connections 1024;")
    with server.connect() as client:
        assert client.request("GET", "/").body == b"hi"
        held = hold(server, 300)
        time.sleep(0.3)
        try:
            assert client.request("GET", "/").body == b"hi"
        except AttributeError:
            # The longest idle may have made room; whoever comes anew is served, then.
            assert server.name == "baton"
            assert answers(server) < 2
        finally:
            release(held)


def test_running_out_of_descriptors_is_told_and_passes(server):
    limit_descriptors(server, 128)
    server.start(HELLO % "", events="worker_connections 1024;")
    held = hold(server, 200)
    told = server.wait_for(lambda: "Too many open files" in server.error_log() or
                           "are not enough" in server.error_log())
    release(held)
    assert told
    assert server.wait_for(lambda: works(server))


def works(server):
    with contextlib.suppress(OSError, AssertionError):
        return server.get("/").body == b"hi"
    return False


@baton_only("nginx lets new clients wait until somebody goes")
def test_who_comes_anew_is_served_before_who_only_idles(server):
    limit_descriptors(server, 256)
    server.start(HELLO % "", events="worker_connections 1024;")
    held = hold(server, 400)
    try:
        assert answers(server, wait=5) < 4
    finally:
        release(held)


def test_worker_connections_are_told_to_be_not_enough(server):
    server.start(HELLO % "", events="worker_connections 20;")
    clients = [server.connect() for _ in range(40)]
    try:
        assert server.wait_for(lambda: "20 worker_connections are not enough" in server.error_log())
    finally:
        for client in clients:
            client.close()
    assert server.wait_for(lambda: works(server))


def test_idle_connections_make_room_for_new_ones(server):
    server.start(HELLO % "", events="worker_connections 20;")
    clients = []
    for _ in range(40):
        client = server.connect()
        assert client.request("GET", "/").body == b"hi"
        clients.append(client)
    assert "worker_connections are not enough, reusing connections" in server.error_log()
    for client in clients:
        client.close()


# --- floods ---

def test_a_flood_of_connections_does_not_stop_a_request(server):
    server.start(HELLO % "", events="worker_connections 4096;")
    ending = threading.Event()

    def flood(_):
        while not ending.is_set():
            release(hold(server, 20))
    threads = [threading.Thread(target=flood, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    try:
        assert max(answers(server) for _ in range(20)) < 2
    finally:
        ending.set()
        for thread in threads:
            thread.join()
    assert answers(server) < 1


def test_a_flood_of_pipelined_requests_is_answered_in_bounded_memory(server):
    server.start(HELLO % "keepalive_requests 100000;")
    answers(server)
    before = worker_memory_kb(server)
    count = 20000
    with server.connect(timeout=20) as client:
        sender = threading.Thread(
            target=lambda: client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * count))
        sender.start()
        for _ in range(count):
            assert client.response().body == b"hi"
        sender.join()
    assert worker_memory_kb(server) - before < 4096


def test_many_idle_connections_cost_little(server):
    server.start(HELLO % "", events="worker_connections 4096;")
    warm = hold(server, 50)
    before = worker_memory_kb(server)
    held = hold(server, 1000)
    assert server.wait_for(lambda: answers(server) < 1)
    grown = worker_memory_kb(server) - before
    release(held + warm)
    assert len(held) == 1000
    assert grown < 4096


# --- slow clients ---

def test_heads_that_come_byte_by_byte_stop_nobody(server):
    server.start(HELLO % "")
    clients = [server.connect() for _ in range(50)]
    for byte in b"GET / HTTP/1.1\r\nHost: a\r\n":
        for client in clients:
            client.send(bytes([byte]))
        assert answers(server) < 1
    for client in clients:
        client.send("\r\n")
        assert client.response().body == b"hi"
        client.close()


def test_a_body_that_comes_byte_by_byte_arrives_whole(server):
    backend = server.backend(reply("ok"))
    server.start(PROXY % "", B=backend.port)
    with server.connect() as client:
        client.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\n")
        for _ in range(30):
            client.send("x")
            assert answers(server) < 1
        assert client.response().body == b"ok"
    assert backend.requests[0][1] == b"x" * 30


def test_a_head_that_takes_too_long_ends_the_connection(server):
    server.start(HELLO % "client_header_timeout 1s;")
    with server.connect() as client:
        started = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() < started + 4:
                client.send("G")
                client.socket.settimeout(0.2)
                with contextlib.suppress(TimeoutError):
                    if client.socket.recv(100) == b"":
                        break
        assert 0.5 < time.monotonic() - started < 3


def test_a_body_that_stops_coming_ends_in_408(server):
    backend = server.backend(reply("ok"))
    server.start(PROXY % "client_body_timeout 1s;", B=backend.port)
    with server.connect() as client:
        client.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\nx")
        started = time.monotonic()
        client.rest()
        assert 0.5 < time.monotonic() - started < 4
    assert any(" 408 " in line for line in server.log_lines(1))


def test_whoever_says_nothing_is_not_kept_for_ever(server):
    server.start(HELLO % "client_header_timeout 1s; keepalive_timeout 1s;")
    with server.connect() as silent, server.connect() as client:
        assert silent.ended(3)
        client.close()


LARGE = b"x" * 30_000_000


def test_clients_that_do_not_read_cost_a_bounded_memory(server):
    backend = server.backend(reply(LARGE))
    server.start(PROXY % "", B=backend.port)
    answers(server)
    before = worker_memory_kb(server)
    clients = [server.connect() for _ in range(5)]
    for client in clients:
        client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    time.sleep(1.0)
    assert answers(server) < 1
    assert worker_memory_kb(server) - before < 8192
    for client in clients:
        client.close()


def test_a_client_that_reads_slowly_gets_everything(server):
    backend = server.backend(reply(LARGE[:3_000_000]))
    server.start(PROXY % "", B=backend.port)
    with server.connect() as client:
        client.send("GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        received = 0
        while (some := client.socket.recv(65536)):
            received += len(some)
            time.sleep(0.002)
        assert received > 3_000_000


def test_a_client_that_stops_reading_is_given_up_after_send_timeout(server):
    backend = server.backend(reply(LARGE))
    server.start(PROXY % "send_timeout 1s;", B=backend.port)
    with server.connect() as client:
        client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        lines = server.log_lines(1, wait=8)
        assert lines and "GET /slow" in lines[0]


# --- slow upstream servers ---

def test_upstream_servers_that_hang_stop_nobody_else(server):
    released = threading.Event()
    backend = server.backend(lambda head, body: released.wait(10) and reply("late"))
    server.start(PROXY % "", B=backend.port)
    clients = [server.connect() for _ in range(30)]
    for client in clients:
        client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    assert server.wait_for(lambda: len(backend.requests) == 30)
    assert max(answers(server) for _ in range(10)) < 1
    released.set()
    for client in clients:
        assert client.response().body == b"late"
        client.close()


def test_an_upstream_server_that_trickles_stops_nobody_else(server):
    listening = socket.create_server(("127.0.0.1", 0))

    def trickle():
        with contextlib.suppress(OSError):
            connection, _ = listening.accept()
            connection.recv(4096)
            for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello":
                connection.sendall(bytes([byte]))
                time.sleep(0.01)
            connection.recv(1)
    thread = threading.Thread(target=trickle, daemon=True)
    thread.start()
    server.start(PROXY % "", B=listening.getsockname()[1])
    with server.connect() as client:
        client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        assert max(answers(server) for _ in range(5)) < 1
        assert client.response().body == b"hello"
    listening.close()


def test_a_worker_survives_clients_that_reset(server):
    server.start(HELLO % "")

    def reset(_):
        for _ in range(20):
            with server.connect() as client:
                client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET")
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                         b"\1\0\0\0\0\0\0\0")
    parallel(4, reset)
    assert answers(server) < 1
    assert "exited on signal" not in server.error_log()
