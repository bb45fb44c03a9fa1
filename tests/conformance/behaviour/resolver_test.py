"""Names at run time: resolver, proxy_pass with variables, upstream servers with `resolve`."""

import pathlib
import socket
import threading
import time

import pytest

from marks import baton_only
from name_server import NXDOMAIN, REFUSED, SERVFAIL, SILENT, TRUNCATED, NameServer, Srv
from server import Backend, parallel, reply

PROXY = """
    resolver NAMES %s;
    server {
        listen 127.0.0.1:PORT;
        set $backend %s;
        location / { proxy_pass http://$backend:BACKEND; }
    }"""


@pytest.fixture
def names():
    made = NameServer()
    yield made
    made.close()


class Elsewhere(Backend):
    """A backend at another loopback address, at a given port; it says where it is."""

    def __init__(self, address, port=0):
        super().__init__()
        self.listener.close()
        self.listener = socket.create_server((address, port), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.answer = lambda head, body: reply(address)
        threading.Thread(target=self._accept, daemon=True).start()


def two_backends():
    first = Elsewhere("127.0.0.1")
    return first, Elsewhere("127.0.0.2", first.port)


def start(server, names, backend, name="web.test", options="ipv6=off", **more):
    server.start(PROXY % (options, name), NAMES=names.address, BACKEND=backend.port, **more)


# --- proxy_pass with variables ---


def test_a_name_is_resolved_at_request_time(server, names):
    backend = server.backend(reply("here"))
    names.records["web.test"] = ["127.0.0.1"]
    start(server, names, backend)
    assert server.get("/a?b=c").body == b"here"
    assert backend.lines()[0].startswith("GET /a?b=c HTTP/1.")
    assert names.asked("web.test", "A") == 1


def test_the_host_line_is_the_name_with_its_port(server, names):
    backend = server.backend(reply())
    names.records["web.test"] = ["127.0.0.1"]
    start(server, names, backend)
    server.get("/")
    assert f"Host: web.test:{backend.port}".encode() in backend.requests[0][0]


def test_an_answer_is_kept_for_its_time_to_live(server, names):
    backend = server.backend(reply())
    names.records["web.test"] = ["127.0.0.1"]
    start(server, names, backend)
    for _ in range(5):
        assert server.get("/").status == 200
    assert names.asked("web.test") == 1


def test_after_its_time_to_live_a_name_is_asked_for_again(server, names):
    first, second = two_backends()
    names.ttl = 1
    names.records["web.test"] = ["127.0.0.1"]
    start(server, names, first)
    assert server.get("/").body == b"127.0.0.1"
    names.records["web.test"] = ["127.0.0.2"]
    assert server.wait_for(lambda: server.get("/").body == b"127.0.0.2", wait=4)
    assert second.requests


def test_valid_replaces_the_time_to_live(server, names):
    first, _ = two_backends()
    names.ttl = 3600
    names.records["web.test"] = ["127.0.0.1"]
    start(server, names, first, options="ipv6=off valid=1s")
    assert server.get("/").body == b"127.0.0.1"
    names.records["web.test"] = ["127.0.0.2"]
    assert server.wait_for(lambda: server.get("/").body == b"127.0.0.2", wait=4)


def test_without_a_resolver_a_name_is_a_502(server):
    server.start("""server { listen 127.0.0.1:PORT; set $backend web.test;
                    location / { proxy_pass http://$backend; } }""")
    assert server.get("/").status == 502
    assert "no resolver defined to resolve web.test, client: 127.0.0.1" in server.error_log()


def test_a_name_that_does_not_exist_is_a_502(server, names):
    names.records["web.test"] = NXDOMAIN
    start(server, names, server.backend())
    assert server.get("/").status == 502
    assert "web.test could not be resolved (3: Host not found), client: " in server.error_log()


def test_a_name_without_addresses_is_not_found(server, names):
    names.records["web.test"] = []
    start(server, names, server.backend())
    assert server.get("/").status == 502
    assert "web.test could not be resolved (3: Host not found)" in server.error_log()


@pytest.mark.parametrize("code,words", [(SERVFAIL, "2: Server failure"),
                                        (REFUSED, "5: Operation refused")])
def test_what_the_name_server_says_is_in_the_log(server, names, code, words):
    names.records["web.test"] = code
    start(server, names, server.backend())
    assert server.get("/").status == 502
    assert f"web.test could not be resolved ({words})" in server.error_log()


def test_a_silent_name_server_ends_at_resolver_timeout(server, names):
    names.records["web.test"] = SILENT
    start(server, names, server.backend(), options="ipv6=off; resolver_timeout 1s")
    began = time.monotonic()
    assert server.get("/").status == 502
    assert 0.9 < time.monotonic() - began < 2.5
    assert "web.test could not be resolved (110: Operation timed out)" in server.error_log()


def test_answers_with_a_wrong_id_are_ignored(server, names):
    backend = server.backend(reply("true"))
    names.wrong_ids = True
    names.records["web.test"] = ["127.0.0.1"]
    start(server, names, backend)
    assert server.get("/").body == b"true"


def test_a_truncated_answer_is_asked_for_by_tcp(server, names):
    backend = server.backend(reply("whole"))
    names.records["web.test"] = lambda name, kind, tcp: ["127.0.0.1"] if tcp else TRUNCATED
    start(server, names, backend)
    assert server.get("/").body == b"whole"
    assert ("web.test", "A", True) in names.questions


def test_garbage_is_survived(server, names):
    names.records["web.test"] = b"\x81\x80\0\1\xff\xff\0\0\0\0\xc0\x0c\xc0\x0c\xff"
    start(server, names, server.backend(), options="ipv6=off; resolver_timeout 1s")
    assert server.get("/").status == 502
    names.records["web.test"] = ["127.0.0.1"]
    assert server.wait_for(lambda: server.get("/").status == 200, wait=15)


def test_an_alias_is_followed(server, names):
    backend = server.backend(reply("edge"))
    names.records["web.test"] = "edge.test"
    names.records["edge.test"] = ["127.0.0.1"]
    start(server, names, backend)
    assert server.get("/").body == b"edge"


def test_ipv6_is_asked_for_unless_it_is_off(server, names):
    backend = server.backend(reply())
    names.records["web.test"] = ["127.0.0.1"]
    start(server, names, backend, options="")
    assert server.get("/").status == 200
    assert names.asked("web.test", "AAAA") == 1


def test_ipv6_off_asks_for_no_aaaa(server, names):
    backend = server.backend(reply())
    names.records["web.test"] = ["127.0.0.1"]
    start(server, names, backend)
    assert server.get("/").status == 200
    assert names.asked("web.test", "AAAA") == 0


def test_all_addresses_of_a_name_are_used_in_turn(server, names):
    first, _ = two_backends()
    names.records["web.test"] = ["127.0.0.1", "127.0.0.2"]
    start(server, names, first)
    assert {server.get("/").body for _ in range(20)} == {b"127.0.0.1", b"127.0.0.2"}


def test_another_address_of_the_name_is_tried(server, names):
    backend = Elsewhere("127.0.0.2")  # nobody listens at 127.0.0.3
    names.records["web.test"] = ["127.0.0.2", "127.0.0.3"]
    start(server, names, backend)
    for _ in range(6):
        assert server.get("/").body == b"127.0.0.2"


def test_requests_for_one_name_ask_once(server, names):
    backend = server.backend(reply())
    names.records["web.test"] = lambda *_: (time.sleep(0.3), ["127.0.0.1"])[1]
    start(server, names, backend)
    assert {r.status for r in parallel(10, lambda _: server.get("/"))} == {200}
    assert names.asked("web.test") == 1


def test_another_name_server_is_asked_when_one_is_silent(server, names):
    silent = NameServer({"web.test": SILENT}, "127.0.0.2")
    backend = server.backend(reply())
    names.records["web.test"] = ["127.0.0.1"]
    server.start(PROXY.replace("NAMES", "SILENT NAMES") % ("ipv6=off valid=1s", "web.test"),
                 NAMES=names.address, SILENT=silent.address, BACKEND=backend.port)
    assert server.get("/").status == 200


@baton_only("nginx remembers no failures; here as long as the zone says, 10 s at most")
def test_a_name_that_does_not_exist_is_not_asked_for_at_once_again(server, names):
    names.soa_minimum = 5
    names.records["web.test"] = NXDOMAIN
    start(server, names, server.backend())
    for _ in range(3):
        assert server.get("/").status == 502
    assert names.asked("web.test") == 1


def test_a_name_of_an_upstream_block_is_that_group(server, names):
    backend = server.backend(reply("group"))
    server.start("""upstream app { server 127.0.0.1:BACKEND; }
        server { listen 127.0.0.1:PORT; set $backend App;
                 location / { proxy_pass http://$backend; } }""", BACKEND=backend.port)
    assert server.get("/x").body == b"group"
    assert b"Host: App\r\n" in backend.requests[0][0]


def test_an_upstream_block_with_a_port_is_a_host(server, names):
    backend = server.backend(reply("host"))
    names.records["app"] = ["127.0.0.1"]
    server.start("""upstream app { server 127.0.0.1:1; } resolver NAMES ipv6=off;
        server { listen 127.0.0.1:PORT; set $backend app;
                 location / { proxy_pass http://$backend:BACKEND; } }""",
                 BACKEND=backend.port, NAMES=names.address)
    assert server.get("/x").body == b"host"


def test_an_address_needs_no_resolver(server):
    backend = server.backend(reply("direct"))
    server.start("""server { listen 127.0.0.1:PORT;
        location / { proxy_pass http://$arg_to; } }""")
    assert server.get(f"/?to=127.0.0.1:{backend.port}").body == b"direct"


def test_a_unix_socket_may_come_from_a_variable(server):
    backend = server.backend(reply("unix"))
    backend.listener.close()
    path = pathlib.Path(server.folder, "s")
    backend.listener = socket.socket(socket.AF_UNIX)
    backend.listener.bind(str(path))
    backend.listener.listen()
    path.chmod(0o777)
    threading.Thread(target=backend._accept, daemon=True).start()
    server.start("""server { listen 127.0.0.1:PORT; set $where unix:FOLDER/s;
        location / { proxy_pass http://$where:/base; } }""")
    assert server.get("/x").body == b"unix"
    assert backend.lines()[0].startswith("GET /base HTTP/1.")
    assert b"Host: localhost\r\n" in backend.requests[0][0]


def test_a_uri_given_with_variables_is_sent_as_it_is(server):
    backend = server.backend(reply())
    server.start("""server { listen 127.0.0.1:PORT; set $to 127.0.0.1;
        location /a/ { proxy_pass http://$to:BACKEND/fixed?x=$arg_y; } }""", BACKEND=backend.port)
    server.get("/a/b?y=1")
    assert backend.lines()[0].startswith("GET /fixed?x=1 HTTP/1.")


def test_request_uri_may_be_part_of_it(server):
    backend = server.backend(reply())
    server.start("""server { listen 127.0.0.1:PORT;
        location / { proxy_pass http://127.0.0.1:BACKEND$request_uri; } }""", BACKEND=backend.port)
    server.get("/a%20b//c?d=%2F")
    assert backend.lines()[0].startswith("GET /a%20b//c?d=%2F HTTP/1.")


def test_without_a_uri_the_request_is_sent_as_it_came(server):
    backend = server.backend(reply())
    server.start("""server { listen 127.0.0.1:PORT; set $to 127.0.0.1;
        location /a { proxy_pass http://$to:BACKEND; } }""", BACKEND=backend.port)
    server.get("/a/%41%2e/../b?c")
    assert backend.lines()[0].startswith("GET /a/%41%2e/../b?c HTTP/1.")


def test_a_query_alone_gets_a_slash(server):
    backend = server.backend(reply())
    server.start("""server { listen 127.0.0.1:PORT; set $to 127.0.0.1;
        location / { proxy_pass http://$to:BACKEND?q=1; } }""", BACKEND=backend.port)
    server.get("/a")
    assert backend.lines()[0].startswith("GET /?q=1 HTTP/1.")


def test_the_whole_url_may_be_a_variable(server):
    backend = server.backend(reply("whole"))
    server.start("""server { listen 127.0.0.1:PORT; set $url http://127.0.0.1:BACKEND/u;
        location / { proxy_pass $url; } }""", BACKEND=backend.port)
    assert server.get("/a").body == b"whole"
    assert backend.lines()[0].startswith("GET /u HTTP/1.")


@pytest.mark.parametrize("url,words", [
    ("ftp://127.0.0.1", 'invalid URL prefix in "ftp://127.0.0.1"'),
    ("http://", 'invalid URL prefix in "http://"'),
    ("http:///x", 'no host in upstream "/x"'),
    ("http://127.0.0.1:99999", 'invalid port in upstream "127.0.0.1:99999"')])
def test_text_that_is_no_url_is_a_500(server, url, words):
    server.start("""server { listen 127.0.0.1:PORT; set $url %s;
        location / { proxy_pass $url; } }""" % url)
    assert server.get("/").status == 500
    assert words in server.error_log()


def test_proxy_host_and_port_are_those_of_the_request(server):
    backend = server.backend(reply())
    server.start("""server { listen 127.0.0.1:PORT; set $to 127.0.0.1:BACKEND;
        location / { proxy_set_header X-To "$proxy_host $proxy_port"; proxy_pass http://$to; } }""",
                 BACKEND=backend.port)
    server.get("/")
    line = f"X-To: 127.0.0.1:{backend.port} {backend.port}\r\n"
    assert line.encode() in backend.requests[0][0]


def test_upstream_addr_is_the_address_that_was_found(server, names):
    backend = server.backend(reply())
    names.records["web.test"] = ["127.0.0.1"]
    server.start("log_format a '$upstream_addr $upstream_status';\n access_log FOLDER/a.log a;"
                 + PROXY % ("ipv6=off", "web.test"), NAMES=names.address, BACKEND=backend.port)
    server.get("/")
    assert server.log_lines(name="a.log") == [f"127.0.0.1:{backend.port} 200"]


def test_a_redirect_of_the_backend_is_left_alone(server):
    backend = server.backend(lambda head, body: reply(
        "", "302 Found", [("Location", f"http://127.0.0.1:{backend.port}/there")]))
    server.start("""server { listen 127.0.0.1:PORT; set $to 127.0.0.1;
        location / { proxy_pass http://$to:BACKEND; } }""", BACKEND=backend.port)
    assert server.get("/").header("Location") == f"http://127.0.0.1:{backend.port}/there"


def test_error_page_answers_for_a_name_that_does_not_exist(server, names):
    names.records["web.test"] = NXDOMAIN
    server.start("""resolver NAMES ipv6=off; server { listen 127.0.0.1:PORT; set $to web.test;
        error_page 502 = @down; location / { proxy_pass http://$to; }
        location @down { return 200 sorry; } }""", NAMES=names.address)
    assert server.get("/").body == b"sorry"


@baton_only("nginx keeps no connections to servers that it found for one request")
def test_connections_to_found_servers_are_kept(server, names):
    backend = server.backend(reply())
    names.records["web.test"] = ["127.0.0.1"]
    start(server, names, backend)
    for _ in range(5):
        assert server.get("/").status == 200
    assert backend.connections == 1


@baton_only("nginx sends them as they are, which ends the request line early")
def test_what_would_end_the_request_line_is_escaped(server):
    backend = server.backend(reply())
    server.start("""server { listen 127.0.0.1:PORT;
        location / { proxy_pass http://127.0.0.1:BACKEND$uri; } }""", BACKEND=backend.port)
    server.get("/a%20b%0d%0aX:%20y")
    assert backend.lines() == ["GET /a%20b%0D%0AX:%20y HTTP/1.1"]
    assert b"\nX:" not in backend.requests[0][0]


# --- the directives ---


@pytest.mark.parametrize("text,words", [
    ("resolver valid=5s;", "no name servers defined"),
    ("resolver 127.0.0.1 valid=x;", "invalid parameter: valid=x"),
    ("resolver 127.0.0.1 ipv6=maybe;", "invalid parameter: ipv6=maybe"),
    ("resolver 127.0.0.1:99999;", "invalid port in resolver \"127.0.0.1:99999\""),
    ("resolver 127.0.0.1; resolver 127.0.0.2;", '"resolver" directive is duplicate'),
    ("resolver_timeout x;", '"resolver_timeout" directive invalid value')])
def test_mistakes_are_told(server, text, words):
    status, output = server.check(text)
    assert status == 1
    assert f"[emerg] {words}" in output or f"[emerg] \"{words}" in output


def test_proxy_redirect_default_needs_a_fixed_url(server):
    status, output = server.check("""server { listen 127.0.0.1:PORT; set $to x;
        location / { proxy_pass http://$to; proxy_redirect default; } }""")
    assert status == 1
    assert '"proxy_redirect default" cannot be used with "proxy_pass" directive with variables' \
        in output


def test_a_name_that_nobody_knows_is_refused_at_load(server):
    status, output = server.check(
        "server { listen 127.0.0.1:PORT; location / { proxy_pass http://no.invalid; } }")
    assert status == 1
    assert '[emerg] host not found in upstream "no.invalid"' in output


# --- upstream servers with `resolve` ---

GROUP = """
    resolver NAMES %s;
    upstream app { zone app 256k; server web.test:BACKEND resolve %s; %s }
    server { listen 127.0.0.1:PORT; location / { proxy_pass http://app; } }"""
newer = baton_only("nginx knows `resolve` since 1.27.3")


def start_group(server, names, port, parameters="", more="", options="ipv6=off"):
    server.start(GROUP % (options, parameters, more), NAMES=names.address, BACKEND=port)


@newer
def test_servers_are_known_before_the_first_request(server, names):
    first, _ = two_backends()
    names.records["web.test"] = ["127.0.0.1", "127.0.0.2"]
    start_group(server, names, first.port)
    assert [server.get("/").body for _ in range(4)].count(b"127.0.0.1") == 2


@newer
def test_a_group_follows_its_name(server, names):
    first, _ = two_backends()
    names.ttl = 1
    names.records["web.test"] = ["127.0.0.1"]
    start_group(server, names, first.port)
    assert server.get("/").body == b"127.0.0.1"
    names.records["web.test"] = ["127.0.0.2"]
    assert server.wait_for(lambda: server.get("/").body == b"127.0.0.2", wait=4)
    assert {server.get("/").body for _ in range(4)} == {b"127.0.0.2"}


@newer
def test_a_server_that_stays_keeps_its_connections(server, names):
    first, second = two_backends()
    names.ttl = 1
    names.records["web.test"] = ["127.0.0.1"]
    start_group(server, names, first.port)
    server.get("/")
    names.records["web.test"] = ["127.0.0.1", "127.0.0.2"]
    assert server.wait_for(lambda: server.get("/").body == b"127.0.0.2", wait=4)
    for _ in range(10):
        server.get("/")
    assert (first.connections, second.connections) == (1, 1)


@newer
def test_servers_stay_while_name_servers_fail(server, names):
    first, _ = two_backends()
    names.ttl = 1
    names.records["web.test"] = ["127.0.0.1"]
    start_group(server, names, first.port)
    names.records["web.test"] = SERVFAIL
    assert server.wait_for(lambda: "web.test could not be resolved (2: " in server.error_log())
    assert server.get("/").body == b"127.0.0.1"


@newer
def test_a_name_that_is_gone_has_no_servers(server, names):
    first, _ = two_backends()
    names.ttl = 1
    names.records["web.test"] = ["127.0.0.1"]
    start_group(server, names, first.port)
    names.records["web.test"] = NXDOMAIN
    assert server.wait_for(lambda: server.get("/").status == 502)
    assert "no live upstreams while connecting to upstream" in server.error_log()
    assert "web.test could not be resolved (3: Host not found)" in server.error_log()
    names.records["web.test"] = ["127.0.0.1"]
    assert server.wait_for(lambda: server.get("/").status == 200)


@newer
def test_fixed_servers_serve_beside_names(server, names):
    first, _ = two_backends()
    names.records["web.test"] = ["127.0.0.2"]
    start_group(server, names, first.port, "", "server 127.0.0.1:BACKEND;")
    assert {server.get("/").body for _ in range(4)} == {b"127.0.0.1", b"127.0.0.2"}


@newer
def test_a_start_does_not_wait_for_a_silent_name_server(server, names):
    first, _ = two_backends()
    names.records["web.test"] = SILENT
    began = time.monotonic()
    start_group(server, names, first.port, "", "server 127.0.0.1:BACKEND;")
    assert time.monotonic() - began < 5
    assert server.get("/").body == b"127.0.0.1"


@newer
def test_servers_are_known_after_a_reload_without_a_name_server(server, names):
    first, _ = two_backends()
    names.records["web.test"] = ["127.0.0.1"]
    start_group(server, names, first.port)
    assert server.get("/").status == 200
    names.records["web.test"] = SILENT
    server.reload()
    assert {server.get("/").status for _ in range(5)} == {200}


@newer
def test_a_failed_server_of_a_name_is_left_out(server, names):
    backend = Elsewhere("127.0.0.2")
    names.records["web.test"] = ["127.0.0.2", "127.0.0.3"]
    start_group(server, names, backend.port)
    assert {server.get("/").status for _ in range(6)} == {200}
    assert server.error_log().count("connect() failed (111: Connection refused)") == 1


@newer
def test_services_give_ports_and_weights(server, names):
    first, second = Elsewhere("127.0.0.1"), Elsewhere("127.0.0.1")
    first.answer = lambda head, body: reply("first")
    second.answer = lambda head, body: reply("second")
    names.records["_http._tcp.web.test"] = [Srv(1, 3, first.port, "a.test"),
                                            Srv(1, 1, second.port, "a.test")]
    names.records["a.test"] = ["127.0.0.1"]
    server.start("""resolver NAMES ipv6=off;
        upstream app { zone app 256k; server web.test service=http resolve; }
        server { listen 127.0.0.1:PORT; location / { proxy_pass http://app; } }""",
                 NAMES=names.address)
    got = [server.get("/").body for _ in range(8)]
    assert (got.count(b"first"), got.count(b"second")) == (6, 2)


@newer
def test_services_of_lower_priority_are_backups(server, names):
    first, second = Elsewhere("127.0.0.1"), Elsewhere("127.0.0.1")
    first.answer = lambda head, body: reply("first")
    second.answer = lambda head, body: reply("second")
    names.ttl = 1
    records = [Srv(1, 1, first.port, "a.test"), Srv(9, 1, second.port, "a.test")]
    names.records["_http._tcp.web.test"] = records
    names.records["a.test"] = ["127.0.0.1"]
    server.start("""resolver NAMES ipv6=off;
        upstream app { zone app 256k; server web.test service=_http._tcp resolve; }
        server { listen 127.0.0.1:PORT; location / { proxy_pass http://app; } }""",
                 NAMES=names.address)
    assert {server.get("/").body for _ in range(4)} == {b"first"}
    names.records["_http._tcp.web.test"] = records[1:]
    assert server.wait_for(lambda: server.get("/").body == b"second", wait=4)


@newer
def test_an_upstream_block_may_have_its_own_resolver(server, names):
    first, _ = two_backends()
    names.records["web.test"] = ["127.0.0.1"]
    server.start("""resolver 127.0.0.9; upstream app { zone app 256k; resolver NAMES ipv6=off;
            resolver_timeout 2s; server web.test:BACKEND resolve; }
        server { listen 127.0.0.1:PORT; location / { proxy_pass http://app; } }""",
                 NAMES=names.address, BACKEND=first.port)
    assert server.get("/").status == 200


@newer
@pytest.mark.parametrize("line,words", [
    ("server web.test service=http;", 'service upstream "web.test" requires "resolve" parameter'),
    ("server web.test:80 service=http resolve;", 'service upstream "web.test:80" may not have port'),
    ("server web.test service= resolve;", "service is empty"),
    ("server web.test resolve;", "no resolver defined to resolve names at run time")])
def test_mistakes_with_names_are_told(server, line, words):
    status, output = server.check(f"upstream app {{ zone app 256k; {line} }}")
    assert status == 1
    assert words in output


@newer
def test_a_server_that_is_told_twice_counts_twice(server, names):
    first, second = two_backends()
    names.records["_http._tcp.web.test"] = [Srv(1, 1, first.port, "a.test"),
                                            Srv(1, 1, first.port, "a.test"),
                                            Srv(1, 1, first.port, "b.test")]
    names.records.update({"a.test": ["127.0.0.1"], "b.test": ["127.0.0.2"]})
    server.start("""resolver NAMES ipv6=off;
        upstream app { zone app 256k; server web.test service=http resolve; }
        server { listen 127.0.0.1:PORT; location / { proxy_pass http://app; } }""",
                 NAMES=names.address)
    server.wait_for(lambda: server.get("/").status == 200)
    seen = [server.get("/").body for _ in range(6)]
    assert sorted(seen) == [b"127.0.0.1"] * 4 + [b"127.0.0.2"] * 2
