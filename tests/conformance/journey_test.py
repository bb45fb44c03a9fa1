"""Requests on their way through the proxy: who is asked, what is tried again, what the client gets
when something fails, what is logged."""

import os
import signal
import socket
import time

import pytest

from proxy_under_test import Backend, Proxy, free_port, statuses

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Setting:
    """Proxies and backends that a test made, ended with it."""

    def __init__(self):
        self.proxies = []

    def backend(self, answer=None):
        backend = Backend()
        if answer:
            backend.answer = answer
        return backend

    def proxy(self, config, **ports):
        proxy = Proxy(config, **ports)
        self.proxies.append(proxy)
        return proxy


@pytest.fixture
def setting():
    made = Setting()
    yield made
    for proxy in made.proxies:
        proxy.stop()


ONE = "server { listen 127.0.0.1:PORT; location / { proxy_pass http://127.0.0.1:BACKEND; %s } }"
TWO = ("upstream g { server 127.0.0.1:FIRST; server 127.0.0.1:SECOND; }"
       "server { listen 127.0.0.1:PORT; location / { proxy_pass http://g; %s } }")


def test_keeps_upstream_connections_for_the_next_request(setting):
    backend = setting.backend()
    proxy = setting.proxy(ONE % "", backend=backend.port)
    with proxy.connect() as client:
        for _ in range(20):
            client.sendall(GET)
            assert client.recv(4096).startswith(b"HTTP/1.1 200")
    assert backend.connections == 1


def test_stale_pooled_connection_is_never_seen_by_the_client(setting):
    # The server closes each connection in the moment in which its second request arrives.
    backend = setting.backend()
    counts = {}

    def serve(connection):
        stream = connection.makefile("rb")
        for number in range(2):
            while stream.readline().strip():
                pass
            if number == 1:
                break
            connection.sendall(OK)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
        counts["closed"] = counts.get("closed", 0) + 1

    backend._serve = serve
    proxy = setting.proxy(ONE % "", backend=backend.port)
    with proxy.connect() as client:
        for _ in range(10):
            client.sendall(GET)
            assert client.recv(4096).startswith(b"HTTP/1.1 200")
    assert counts["closed"] >= 5
    assert "[error]" not in proxy.error_log()


def test_refused_server_is_passed_over_and_logged_in_the_words_of_nginx(setting):
    second = setting.backend()
    dead = free_port()
    proxy = setting.proxy(TWO % "", first=dead, second=second.port)
    for _ in range(4):
        assert statuses(proxy.raw(LAST)) == [200]
    log = proxy.error_log()
    assert ("connect() failed (111: Connection refused) while connecting to upstream, client: "
            f"127.0.0.1, server: , request: \"GET / HTTP/1.1\", upstream: \"http://127.0.0.1:{dead}/\", "
            "host: \"a\"") in log
    assert "upstream server temporarily disabled while connecting to upstream" in log
    assert log.count("connect() failed") == 1


def test_no_server_left_is_502(setting):
    proxy = setting.proxy(TWO % "", first=free_port(), second=free_port())
    assert statuses(proxy.raw(LAST)) == [502]
    assert statuses(proxy.raw(LAST)) == [502]
    assert "no live upstreams while connecting to upstream" in proxy.error_log()


@pytest.mark.parametrize("method,status", [(b"GET", 200), (b"POST", 502), (b"PUT", 200)])
def test_server_that_closes_without_an_answer(setting, method, status):
    first = setting.backend(lambda head, body: None)
    second = setting.backend()
    proxy = setting.proxy(TWO % "", first=first.port, second=second.port)
    seen = [statuses(proxy.raw(method + b" / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"))
            for _ in range(1)]
    assert seen == [[status]]
    assert "upstream prematurely closed connection while reading response header from upstream" in proxy.error_log()


def test_silent_server_is_504_or_passed_over(setting):
    first = setting.backend(lambda head, body: time.sleep(3) or OK)
    proxy = setting.proxy(ONE % "proxy_read_timeout 1s;", backend=first.port)
    assert statuses(proxy.raw(LAST)) == [504]
    assert "upstream timed out (110: Connection timed out) while reading response header from upstream" in proxy.error_log()
    second = setting.backend()
    proxy = setting.proxy(TWO % "proxy_read_timeout 1s;", first=first.port, second=second.port)
    assert [statuses(proxy.raw(LAST)) for _ in range(2)] == [[200], [200]]


def test_statuses_are_passed_over_when_the_configuration_says_so(setting):
    first = setting.backend(lambda head, body: b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
    second = setting.backend()
    proxy = setting.proxy(TWO % "proxy_next_upstream error http_503;", first=first.port, second=second.port)
    assert [statuses(proxy.raw(LAST)) for _ in range(2)] == [[200], [200]]
    proxy = setting.proxy(ONE % "proxy_next_upstream error http_503;", backend=first.port)
    assert statuses(proxy.raw(LAST)) == [503]


def test_client_that_goes_away_ends_the_upstream_request(setting):
    backend = setting.backend()
    gone = []

    def serve(connection):
        connection.recv(4096)
        connection.settimeout(5)
        gone.append(connection.recv(1))

    backend._serve = serve
    proxy = setting.proxy(ONE % "", backend=backend.port)
    with proxy.connect() as client:
        client.sendall(GET)
        time.sleep(0.3)
    deadline = time.monotonic() + 3
    while not gone and time.monotonic() < deadline:
        time.sleep(0.02)
    assert gone == [b""]
    time.sleep(0.1)
    assert '" 499 0 ' in proxy.access_log()


def test_interim_responses_are_not_the_answer(setting):
    backend = setting.backend(lambda head, body: b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK)
    proxy = setting.proxy(ONE % "", backend=backend.port)
    assert statuses(proxy.raw(GET + LAST)) == [200, 200]


def test_answer_before_the_end_of_the_upload(setting):
    backend = setting.backend()

    def serve(connection):
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
        time.sleep(0.5)
        connection.close()

    backend._serve = serve
    proxy = setting.proxy("client_max_body_size 100m;" + ONE % "proxy_request_buffering off;",
                          backend=backend.port)
    with proxy.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n")
        client.sendall(b"x" * 300000)
        client.settimeout(3)
        assert client.recv(4096).startswith(b"HTTP/1.1 403 ")


def test_slow_halves_of_a_large_exchange_keep_memory_flat(setting):
    size = 64 << 20
    backend = setting.backend()

    def serve(connection):
        stream = connection.makefile("rb")
        while stream.readline().strip():
            pass
        got = len(stream.read(size))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % got)
        for _ in range(got >> 20):
            connection.sendall(b"y" * (1 << 20))

    backend._serve = serve
    proxy = setting.proxy("client_max_body_size 0;" + ONE % "", backend=backend.port)
    with proxy.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size >> 20):
            client.sendall(b"x" * (1 << 20))
        stream = client.makefile("rb")
        while stream.readline().strip():
            pass
        assert len(stream.read(size)) == size
    worker = int(os.popen(f"pgrep -P {proxy.process.pid}").read().split()[0])
    with open(f"/proc/{worker}/status") as status:
        peak = [int(l.split()[1]) for l in status if l.startswith("VmHWM")][0]
    assert peak < 60_000, f"{peak} KB"


def test_until_close_becomes_chunked_and_is_complete(setting):
    backend = setting.backend()

    def serve(connection):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello ")
        time.sleep(0.1)
        connection.sendall(b"world")
        connection.close()

    backend._serve = serve
    proxy = setting.proxy(ONE % "", backend=backend.port)
    received = proxy.raw(GET + LAST)
    assert statuses(received) == [200, 200]
    assert received.count(b"Transfer-Encoding: chunked") == 2
    assert received.endswith(b"0\r\n\r\n")
    old = proxy.raw(b"GET / HTTP/1.0\r\n\r\n")
    assert old.endswith(b"\r\n\r\nhello world") and b"chunked" not in old


def test_head_has_the_length_but_no_body(setting):
    backend = setting.backend(lambda head, body: b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n")
    proxy = setting.proxy(ONE % "", backend=backend.port)
    received = proxy.raw(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" * 2 + b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert statuses(received) == [200] * 3
    assert received.count(b"Content-Length: 1234\r\n") == 3


def test_error_pages(setting):
    backend = setting.backend(lambda head, body: b"HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\noops")
    proxy = setting.proxy("""
      server { listen 127.0.0.1:PORT; error_page 404 /missing; error_page 403 =200 @named; error_page 410 http://b/gone;
        error_page 500 502 /sorry; proxy_intercept_errors on;
        location = /missing { internal; return 200 "not here"; }
        location = /sorry { return 200 "sorry"; }
        location @named { return 200 "named $uri"; }
        location /404 { return 404; } location /403 { return 403; } location /410 { return 410; }
        location /loop { try_files /x /loop2; } location /loop2 { try_files /x /loop; }
        location /500 { proxy_pass http://127.0.0.1:BACKEND; } }""", backend=backend.port)

    def get(path):
        return proxy.raw(b"GET " + path + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")

    assert statuses(get(b"/404")) == [404] and get(b"/404").endswith(b"not here")
    assert statuses(get(b"/403/x")) == [200] and get(b"/403/x").endswith(b"named /403/x")
    assert statuses(get(b"/410")) == [302] and b"Location: http://b/gone\r\n" in get(b"/410")
    assert statuses(get(b"/500")) == [500] and get(b"/500").endswith(b"sorry")
    assert statuses(get(b"/missing")) == [404]
    assert statuses(get(b"/loop")) == [500]


def test_slow_client_head_is_cut_off(setting):
    proxy = setting.proxy("client_header_timeout 1s; server { listen 127.0.0.1:PORT; location / { return 200; } }")
    with proxy.connect() as client:
        client.sendall(b"GET / HT")
        client.settimeout(4)
        started = time.monotonic()
        assert client.recv(100) == b""
        assert 0.8 < time.monotonic() - started < 2.5
    time.sleep(0.1)
    assert '" 408 0 ' in proxy.access_log()


def test_quit_closes_idle_connections_and_finishes_busy_ones(setting):
    backend = setting.backend(lambda head, body: time.sleep(0.7) or OK)
    proxy = setting.proxy(ONE % "", backend=backend.port)
    with proxy.connect() as idle, proxy.connect() as busy:
        idle.sendall(GET)
        idle.recv(4096)
        busy.sendall(GET)
        time.sleep(0.2)
        worker = int(os.popen(f"pgrep -P {proxy.process.pid}").read().split()[0])
        os.kill(worker, signal.SIGQUIT)
        idle.settimeout(0.4)
        assert idle.recv(10) == b""
        busy.settimeout(3)
        received = busy.recv(4096)
        assert received.startswith(b"HTTP/1.1 200") and b"Connection: close" in received


def test_reload_hands_idle_connections_over(setting):
    proxy = setting.proxy("server { listen 127.0.0.1:PORT; location / { return 200 one; } }")
    clients = [proxy.connect() for _ in range(100)]
    for client in clients:
        client.sendall(GET)
        assert client.recv(4096).endswith(b"one")
    text = (proxy.path / "nginx.conf").read_text().replace("200 one", "200 two")
    (proxy.path / "nginx.conf").write_text(text)
    proxy.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 5
    while proxy.raw(LAST).endswith(b"one") and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    for client in clients:
        client.sendall(GET)
        assert client.recv(4096).endswith(b"two")
        client.close()


def test_connections_are_bounded_and_idle_ones_make_room(setting):
    proxy = setting.proxy("server { listen 127.0.0.1:PORT; location / { return 200; } }")
    text = (proxy.path / "nginx.conf").read_text()
    text = text.replace("worker_connections 512", "worker_connections 8").replace("worker_processes 2", "worker_processes 1")
    (proxy.path / "nginx.conf").write_text(text)
    proxy.process.send_signal(signal.SIGHUP)
    time.sleep(0.7)
    clients = []
    for _ in range(30):
        client = proxy.connect()
        client.sendall(GET)
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        clients.append(client)
    time.sleep(0.2)
    alive = 0
    for client in clients:
        client.setblocking(False)
        try:
            alive += client.recv(1) != b""
        except BlockingIOError:
            alive += 1
    assert 6 <= alive <= 9
    for client in clients:
        client.close()


def test_streamed_body_is_not_sent_to_a_second_server_in_parts(setting):
    first = setting.backend()

    def serve(connection):
        connection.recv(4096)
        time.sleep(0.2)
        connection.recv(4096)
        connection.close()

    first._serve = serve
    second = setting.backend()
    proxy = setting.proxy("""client_max_body_size 0; proxy_request_buffering off; server { listen 127.0.0.1:PORT; error_page 502 = @second;
        location / { proxy_pass http://127.0.0.1:FIRST; }
        location @second { proxy_pass http://127.0.0.1:SECOND; } }""", first=first.port, second=second.port)
    with proxy.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\nConnection: close\r\n\r\n")
        time.sleep(0.1)
        client.sendall(b"x" * 100000)
        client.settimeout(5)
        received = b""
        while some := client.recv(4096):
            received += some
    assert statuses(received) == [502]
    assert second.requests == [] and second.broken == []
