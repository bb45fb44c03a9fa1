"""limit_conn: how many at a time."""

import threading
import time

import pytest

from server import parallel, reply

HTTP = ("limit_conn_zone $binary_remote_addr zone=one:1m; "
        "server { listen 127.0.0.1:PORT; location / { limit_conn one %s; %s "
        "proxy_pass http://127.0.0.1:BACKEND; } }")


class Slow:
    """A backend that answers when it is told to."""

    def __init__(self, server):
        self.go = threading.Event()
        self.backend = server.backend(self.answer)

    def answer(self, head, body):
        if b"/slow" in head.split(b"\r\n")[0]:
            self.go.wait(10)
        return reply()


def begin(server, count=1):
    """Requests that stay open; returns their clients."""
    clients = []
    for _ in range(count):
        client = server.connect()
        client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        clients.append(client)
    return clients


def start(server, limit=1, rest="", http=HTTP):
    slow = Slow(server)
    server.start(http % (limit, rest), BACKEND=slow.backend.port)
    return slow


def wait_for_requests(slow, count):
    deadline = time.monotonic() + 5
    while len(slow.backend.requests) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(slow.backend.requests) >= count


def test_one_too_many_is_turned_away(server):
    slow = start(server)
    clients = begin(server)
    wait_for_requests(slow, 1)
    assert server.get("/").status == 503
    assert 'limiting connections by zone "one", client: 127.0.0.1' in server.error_log()
    slow.go.set()
    assert clients[0].response().status == 200
    assert server.get("/").status == 200


def test_as_many_as_the_limit_may(server):
    slow = start(server, 3)
    clients = begin(server, 3)
    wait_for_requests(slow, 3)
    assert server.get("/").status == 503
    slow.go.set()
    assert [client.response().status for client in clients] == [200] * 3


def test_idle_connections_do_not_count(server):
    start(server)
    with server.connect() as idle:
        assert idle.request("GET", "/").status == 200
        assert server.get("/").status == 200


def test_a_client_that_leaves_makes_room(server):
    slow = start(server)
    clients = begin(server)[0].close()  # noqa: F841 (stay open)
    assert server.wait_for(lambda: server.get("/").status == 200)
    slow.go.set()


def test_status_and_level_can_be_chosen(server):
    slow = start(server, 1, "limit_conn_status 429; limit_conn_log_level warn;")
    clients = begin(server)  # noqa: F841 (stay open)
    wait_for_requests(slow, 1)
    assert server.get("/").status == 429
    line = next(l for l in server.error_log().splitlines() if "limiting connections" in l)
    assert "[warn]" in line
    slow.go.set()


def test_a_dry_run_only_tells(server):
    slow = start(server, 1, "limit_conn_dry_run on; add_header X-Limit $limit_conn_status;")
    clients = begin(server)  # noqa: F841 (stay open)
    wait_for_requests(slow, 1)
    response = server.get("/")
    assert (response.status, response.header("X-Limit")) == (200, "REJECTED_DRY_RUN")
    assert 'limiting connections, dry run, by zone "one"' in server.error_log()
    slow.go.set()


def test_limit_conn_status_tells_what_happened(server):
    slow = start(server, 1, "add_header X-Limit $limit_conn_status always;")
    assert server.get("/").header("X-Limit") == "PASSED"
    clients = begin(server)  # noqa: F841 (stay open)
    wait_for_requests(slow, 2)
    assert server.get("/").header("X-Limit") == "REJECTED"
    slow.go.set()


def test_each_key_is_counted_apart_and_an_empty_one_not_at_all(server):
    http = HTTP.replace("$binary_remote_addr", "$arg_key")
    slow = start(server, 1, http=http)
    client = server.connect()
    client.send("GET /slow?key=a HTTP/1.1\r\nHost: a\r\n\r\n")
    clients = begin(server, 2)  # noqa: F841 (stay open)
    wait_for_requests(slow, 3)
    assert server.get("/?key=a").status == 503
    assert server.get("/?key=b").status == 200
    assert server.get("/").status == 200
    slow.go.set()


def test_two_zones_both_count(server):
    slow = Slow(server)
    server.start("limit_conn_zone $binary_remote_addr zone=one:1m; "
                 "limit_conn_zone $server_name zone=two:1m; "
                 "server { listen 127.0.0.1:PORT; server_name name; limit_conn one 5; "
                 "limit_conn two 2; location / { proxy_pass http://127.0.0.1:BACKEND; } }",
                 BACKEND=slow.backend.port)
    clients = begin(server, 2)  # noqa: F841 (stay open)
    wait_for_requests(slow, 2)
    assert server.get("/").status == 503
    assert 'by zone "two"' in server.error_log()
    slow.go.set()


def test_threads_count_together(server):
    slow = Slow(server)
    server.start(HTTP % (4, ""), main="worker_processes 2;", BACKEND=slow.backend.port)
    clients = begin(server, 12)
    wait_for_requests(slow, 4)
    time.sleep(0.3)
    slow.go.set()
    results = [client.response().status for client in clients]
    assert (results.count(200), results.count(503)) == (4, 8)


@pytest.mark.parametrize("text, words", [
    ("limit_conn none 1;", 'zero size shared memory zone "none"'),
    ("limit_conn one 0;", 'invalid number of connections "0"'),
    ("limit_conn one 65536;", "connection limit must be less 65536"),
    ("limit_conn one 1; limit_conn one 2;", '"limit_conn" directive is duplicate'),
])
def test_is_refused(server, text, words):
    status, output = server.check("limit_conn_zone $uri zone=one:1m; "
                                  "server { listen 127.0.0.1:PORT; %s }" % text)
    assert status == 1
    assert words in output
