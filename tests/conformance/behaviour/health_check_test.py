"""Active health checks, in the words of nginx's commercial version: baton alone knows them."""

import json
import socket
import subprocess
import threading
import time

import pytest

from marks import baton_only
from server import BATON, reply

pytestmark = baton_only("health_check is in nginx's commercial version")

GROUP = """
    upstream app { zone app 64k; server 127.0.0.1:ONE; server 127.0.0.1:TWO; }
    %s
    server { listen 127.0.0.1:PORT; location / { proxy_pass http://app; %s } }"""
OUT = "peer is unhealthy while "


class Checked:
    """A backend whose answer to checks can be changed; requests of clients get its name."""

    def __init__(self, server, name):
        self.healthy = reply("healthy")
        self.paths = []
        self.backend = server.backend(lambda head, body: self._answer(name, head))
        self.port = self.backend.port

    def _answer(self, name, head):
        path = head.split(b" ")[1].decode()
        self.paths.append(path)
        return self.healthy if path.startswith("/check") else reply(name)

    def checks(self):
        return sum(path.startswith("/check") for path in self.paths)


@pytest.fixture
def pair(server):
    return Checked(server, "one"), Checked(server, "two")


def start(server, pair, check, match=""):
    server.start(GROUP % (match, check), ONE=pair[0].port, TWO=pair[1].port)


def answers(server, count=8):
    return {server.get("/").text for _ in range(count)}


def test_checks_are_made_at_their_interval(server, pair):
    start(server, pair, "health_check uri=/check interval=200ms;")
    assert server.wait_for(lambda: min(pair[0].checks(), pair[1].checks()) >= 4, wait=3)
    assert pair[0].checks() < 40


def test_an_unhealthy_server_gets_no_requests(server, pair):
    start(server, pair, "health_check uri=/check interval=100ms;")
    assert answers(server) == {"one", "two"}
    pair[0].healthy = reply("", "503 Service Unavailable")
    assert server.wait_for(lambda: OUT in server.error_log())
    assert answers(server) == {"two"}


def test_a_server_that_is_healthy_again_gets_requests_again(server, pair):
    pair[0].healthy = reply("", "500 Internal Server Error")
    start(server, pair, "health_check uri=/check interval=100ms;")
    assert server.wait_for(lambda: OUT in server.error_log())
    pair[0].healthy = reply()
    assert server.wait_for(lambda: answers(server) == {"one", "two"})
    assert "peer is healthy, health check" in server.error_log()


def test_the_log_says_what_was_checked_of_whom(server, pair):
    pair[0].healthy = reply("", "404 Not Found")
    start(server, pair, "health_check uri=/check interval=100ms match=good;",
          "match good { status 200; }")
    assert server.wait_for(lambda: OUT in server.error_log())
    assert (f'{OUT}checking status code, health check "good" of peer 127.0.0.1:{pair[0].port} '
            f'in upstream "app"') in server.error_log()


def test_a_refused_connection_is_unhealthy(server, pair):
    pair[0].backend.listener.close()
    start(server, pair, "health_check uri=/check interval=100ms;")
    assert server.wait_for(lambda: OUT in server.error_log())
    assert "connect() failed (111: Connection refused) while connecting to upstream, " \
        'health check "" of peer' in server.error_log()
    assert OUT + "connecting to upstream" in server.error_log()


def test_a_server_that_does_not_answer_is_unhealthy(server, pair):
    pair[0].backend.answer = lambda head, body: (time.sleep(5), None)[1]
    start(server, pair, "proxy_read_timeout 300ms; health_check uri=/check interval=100ms;")
    assert server.wait_for(lambda: OUT + "reading response header from upstream"
                           in server.error_log())
    assert answers(server) == {"two"}


def test_fails_in_a_row_are_needed(server, pair):
    pair[0].healthy = reply("", "500 Internal Server Error")
    start(server, pair, "health_check uri=/check interval=150ms fails=4;")
    assert server.wait_for(lambda: OUT in server.error_log())
    assert 4 <= pair[0].checks() <= 6


def test_passes_in_a_row_are_needed(server, pair):
    pair[0].healthy = reply("", "500 Internal Server Error")
    start(server, pair, "health_check uri=/check interval=100ms passes=5;")
    assert server.wait_for(lambda: OUT in server.error_log())
    before = pair[0].checks()
    pair[0].healthy = reply()
    assert server.wait_for(lambda: "peer is healthy" in server.error_log())
    assert pair[0].checks() - before >= 5


@pytest.mark.parametrize("match,healthy,words", [
    ("status 200-299;", reply("", "302 Found"), "checking status code"),
    ("status ! 500;", reply("", "500 Internal Server Error"), "checking status code"),
    ("header X-Ok;", reply(), "checking header"),
    ("header ! X-Bad;", reply("", headers=[("X-Bad", "1")]), "checking header"),
    ("header Content-Type = text/plain;", reply("", headers=[("Content-Type", "a/b")]),
     "checking header"),
    ("header Content-Type !~ html;", reply("", headers=[("Content-Type", "text/html")]),
     "checking header"),
    ('body ~ "all is well";', reply("not so well"), "checking body"),
    ('body !~ "maintenance";', reply("in maintenance"), "checking body"),
    ("require $upstream_http_x_ready;", reply("", headers=[("X-Ready", "0")]),
     "checking variables")])
def test_match_finds_fault(server, pair, match, healthy, words):
    pair[0].healthy = healthy
    good = [("X-Ok", "1"), ("X-Ready", "yes"), ("Content-Type", "text/plain")]
    pair[1].healthy = reply("all is well", headers=good)
    start(server, pair, "health_check uri=/check interval=100ms match=m;", "match m { %s }" % match)
    assert server.wait_for(lambda: OUT + words in server.error_log())
    assert answers(server) == {"two"}


def test_a_chunked_body_is_matched(server, pair):
    chunked = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
               b"4\r\nall \r\n7\r\nis well\r\n0\r\n\r\n")
    pair[0].healthy = pair[1].healthy = chunked
    start(server, pair, "health_check uri=/check interval=100ms match=m mandatory;",
          'match m { body ~ "^all is well$"; }')
    assert answers(server) == {"one", "two"}


def test_mandatory_servers_wait_for_their_first_check(server, pair):
    pair[0].backend.answer = lambda head, body: (time.sleep(0.5), pair[0]._answer("one", head))[1]
    pair[1].healthy = reply("", "500 Internal Server Error")
    start(server, pair, "health_check uri=/check mandatory interval=5s;")
    # The start waits a moment for the first checks.
    assert answers(server, 2) == {"one"}
    assert pair[1].paths == ["/check"]


def test_mandatory_servers_that_never_pass_get_nothing(server, pair):
    pair[0].healthy = pair[1].healthy = reply("", "500 Internal Server Error")
    start(server, pair, "health_check uri=/check mandatory interval=100ms fails=50;")
    assert server.get("/").status == 502
    assert "no live upstreams while connecting to upstream" in server.error_log()


def test_a_reload_checks_mandatory_servers_again(server, pair):
    start(server, pair, "health_check uri=/check mandatory interval=30s;")
    assert answers(server) == {"one", "two"}
    pair[0].healthy = reply("", "500 Internal Server Error")
    server.reload()
    assert server.wait_for(lambda: pair[0].checks() == 2)
    assert answers(server) == {"two"}


def test_persistent_servers_are_used_at_once_after_a_reload(server, pair):
    start(server, pair, "health_check uri=/check mandatory persistent interval=30s;")
    assert answers(server) == {"one", "two"}
    for one in pair:
        one.backend.answer = lambda head, body, of=one: (
            time.sleep(3 if b"/check" in head else 0), of._answer("kept", head))[1]
    server.reload()
    assert server.get("/").text == "kept"


def test_an_unhealthy_server_stays_out_over_a_reload(server, pair):
    pair[0].healthy = reply("", "500 Internal Server Error")
    start(server, pair, "health_check uri=/check interval=100ms;")
    assert server.wait_for(lambda: OUT in server.error_log())
    server.reload()
    assert answers(server) == {"two"}
    assert b"one" not in [path.encode() for path in pair[0].paths]


def test_checks_go_to_another_port(server, pair):
    other = Checked(server, "other")
    start(server, pair, f"health_check uri=/check interval=100ms port={other.port};")
    assert server.wait_for(lambda: other.checks() >= 2)
    assert pair[0].checks() == 0


def test_a_tcp_check_only_connects(server, pair):
    start(server, pair, "health_check type=tcp interval=100ms;")
    assert server.wait_for(lambda: pair[0].backend.connections >= 3)
    assert pair[0].paths == []
    pair[0].backend.listener.shutdown(socket.SHUT_RDWR)
    pair[0].backend.listener.close()
    assert server.wait_for(lambda: OUT + "connecting to upstream" in server.error_log())
    assert answers(server) == {"two"}


def test_checks_carry_the_headers_of_the_location(server, pair):
    start(server, pair, 'proxy_set_header Host check.test; proxy_set_header X-Check "$proxy_host";'
                        " health_check uri=/check?x=1 interval=100ms;")
    assert server.wait_for(lambda: pair[0].checks() > 0)
    head = pair[0].backend.requests[0][0]
    assert head.startswith(b"GET /check?x=1 HTTP/1.")
    assert b"Host: check.test\r\n" in head
    assert b"X-Check: app\r\n" in head
    assert b"Connection: close\r\n" in head


def test_checks_are_in_no_access_log(server, pair):
    start(server, pair, "health_check uri=/check interval=50ms;")
    assert server.wait_for(lambda: pair[0].checks() > 3)
    server.get("/mine")
    assert [line.split('"')[1] for line in server.log_lines()] == ["GET /mine HTTP/1.1"]


def test_keepalive_time_keeps_one_connection(server, pair):
    start(server, pair, "health_check uri=/check interval=50ms keepalive_time=60s;")
    assert server.wait_for(lambda: pair[0].checks() >= 5)
    assert pair[0].backend.connections == 1


def test_jitter_puts_checks_off(server, pair):
    start(server, pair, "health_check uri=/check interval=50ms jitter=400ms;")
    time.sleep(2)
    assert 2 <= pair[0].checks() <= 20


def test_checks_of_several_locations_all_have_to_pass(server, pair):
    pair[1].healthy = reply("", headers=[("X-Odd", "1")])
    server.start("""
        upstream app { zone app 64k; server 127.0.0.1:ONE; server 127.0.0.1:TWO; }
        match odd { header X-Odd; }
        server { listen 127.0.0.1:PORT;
          location / { proxy_pass http://app; health_check uri=/check interval=100ms; }
          location /b { proxy_pass http://app; health_check uri=/check interval=100ms match=odd; } }
        """, ONE=pair[0].port, TWO=pair[1].port)
    assert server.wait_for(lambda: OUT + "checking header" in server.error_log())
    assert answers(server) == {"two"}


def test_checks_of_an_old_configuration_end(server, pair):
    start(server, pair, "health_check uri=/check interval=100ms;")
    assert server.wait_for(lambda: pair[0].checks() > 0)
    server.reload(GROUP % ("", ""), ONE=pair[0].port, TWO=pair[1].port)
    time.sleep(0.5)
    before = pair[0].checks()
    time.sleep(0.5)
    assert pair[0].checks() == before


def test_an_old_generation_with_a_busy_client_checks_no_more(server, pair):
    release = threading.Event()
    pair[0].backend.answer = pair[1].backend.answer = lambda head, body: (
        release.wait(5) if b"/slow" in head else None, pair[0]._answer("x", head))[1]
    start(server, pair, "health_check uri=/check interval=100ms;")
    with server.connect() as client:
        client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.2)
        server.reload(GROUP % ("", ""), ONE=pair[0].port, TWO=pair[1].port)
        time.sleep(0.4)
        before = pair[0].checks()
        time.sleep(0.6)
        assert pair[0].checks() == before
        release.set()
        assert client.response().status == 200


def test_status_tells_of_checks(server, pair):
    pair[0].healthy = reply("", "500 Internal Server Error")
    start(server, pair, "health_check uri=/check interval=100ms;")
    assert server.wait_for(lambda: OUT in server.error_log())
    done = subprocess.run([str(BATON), "status", "--json"], capture_output=True, text=True,
                          env=server.environment, check=True, timeout=10)
    status = json.loads(done.stdout)
    servers = status["proxy"]["upstreams"][0]["servers"]
    assert servers[0]["state"] == "unhealthy"
    assert servers[0]["health_checks"]["unhealthy"] == 1
    assert servers[0]["health_checks"]["fails"] >= 1
    assert servers[1]["state"] == "up"
    assert servers[1]["health_checks"]["last_passed"] is True
