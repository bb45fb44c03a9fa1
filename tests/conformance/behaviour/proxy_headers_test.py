"""Header lines on their way up and down: proxy_set_header, hidden and passed ones, the method, the
body and the URI that a server is asked with."""

import socket

import pytest

from marks import baton_only
from raw_backend import RawBackend
from server import reply

PROXY = "%s server { listen 127.0.0.1:PORT; %s location %s { proxy_pass http://127.0.0.1:B%s; %s } }"


def asked(server, directives="", path="/", headers=None, where="/", passed="", http="",
          in_server="", method="GET", body=None):
    """The head that the server saw."""
    backend = server.backend(reply())
    server.start(PROXY % (http, in_server, where, passed, directives), B=backend.port)
    assert server.request(method, path, headers, body).status == 200
    head = backend.requests[0][0].decode("latin-1")
    return head.replace(f":{backend.port}", ":B"), backend.requests[0][1]


def answered(server, lines, directives=""):
    backend = server.backend(reply(headers=lines))
    server.start(PROXY % ("", "", "/", "", directives), B=backend.port)
    return server.get("/")


def test_host_is_what_proxy_pass_names(server):
    assert "\r\nHost: 127.0.0.1:B\r\n" in asked(server)[0]


@pytest.mark.parametrize("directive, line", [
    ("proxy_set_header Host $host;", "Host: a.example"),
    ("proxy_set_header Host $http_host;", "Host: A.Example:8"),
    ("proxy_set_header X-Real-IP $remote_addr;", "X-Real-IP: 127.0.0.1"),
    ("proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
     "X-Forwarded-For: 10.1.1.1, 127.0.0.1"),
    ("proxy_set_header X-Forwarded-Proto $scheme;", "X-Forwarded-Proto: http"),
    ('proxy_set_header X-Two "a  b";', "X-Two: a  b"),
    ("proxy_set_header Accept-Encoding identity;", "Accept-Encoding: identity"),
])
def test_line_can_be_set(server, directive, line):
    head, _ = asked(server, directive, headers={
        "Host": "A.Example:8", "X-Forwarded-For": "10.1.1.1", "Accept-Encoding": "gzip"})
    assert f"\r\n{line}\r\n" in head
    assert head.lower().count("\r\n" + line.split(":")[0].lower() + ":") == 1


def test_empty_value_drops_the_line(server):
    head, _ = asked(server, 'proxy_set_header Accept-Encoding ""; proxy_set_header X-None $arg_none;',
                    headers={"Host": "a", "Accept-Encoding": "gzip", "X-None": "1"})
    assert "Accept-Encoding" not in head and "X-None" not in head


def test_lines_of_the_location_replace_all_inherited_ones(server):
    head, _ = asked(server, "proxy_set_header X-Second 2;", http="proxy_set_header X-A 1;",
                    in_server="proxy_set_header X-A 3; proxy_set_header Host fixed;")
    assert "X-Second: 2" in head and "X-A" not in head and "Host: 127.0.0.1:B" in head


def test_lines_are_inherited_as_a_whole(server):
    head, _ = asked(server, http="proxy_set_header X-A 1;", in_server="proxy_set_header X-C 3;")
    assert "X-C: 3" in head and "X-A" not in head


def test_client_lines_pass_in_their_order(server):
    head, _ = asked(server, headers={"Host": "a", "B-Line": "1", "A-Line": "2", "Cookie": "c=d"})
    assert head.index("B-Line: 1") < head.index("A-Line: 2") < head.index("Cookie: c=d")


def test_lines_of_the_client_can_be_kept_back(server):
    head, _ = asked(server, "proxy_pass_request_headers off; proxy_set_header X-Own 1;",
                    headers={"Host": "a", "Cookie": "c=d"})
    assert "Cookie" not in head and "X-Own: 1" in head


@pytest.mark.parametrize("where, passed, path, expected", [
    ("/", "", "/a%20b/../c?x=%20y", "/a%20b/../c?x=%20y"),
    ("/name/", "/remote/", "/name/x?y=1", "/remote/x?y=1"),
    ("/name/", "/", "/name/x", "/x"),
    ("/name", "/", "/name/x", "//x"),
    ("/name/", "/remote/", "/name/a%20b", "/remote/a%20b"),
    ("/name/", "/remote/", "/name//a/../b", "/remote/b"),
    ("= /exact", "/other", "/exact?a", "/other?a"),
    ("^~ /im", "/pic", "/img/x", "/picg/x"),
    ("~ ^/re(.*)$", "", "/regex/x?y", "/regex/x?y"),
])
def test_uri_that_the_server_sees(server, where, passed, path, expected):
    head, _ = asked(server, path=path, where=where, passed=passed)
    assert head.split(" ")[1] == expected


def test_uri_of_a_named_location_is_the_clients(server):
    backend = server.backend(reply())
    server.start("server { listen 127.0.0.1:PORT; location / { try_files /none @app; } "
                 "location @app { proxy_pass http://127.0.0.1:B; } }", B=backend.port)
    server.get("/a/b?c")
    assert backend.lines()[0].startswith("GET /a/b?c ")


@pytest.mark.parametrize("where", ["~ ^/x", "@named"])
def test_uri_part_is_refused_in(server, where):
    status, output = server.check("server { listen 127.0.0.1:PORT; location %s "
                                  "{ proxy_pass http://127.0.0.1:1/uri; } }" % where)
    assert status == 1
    assert ('"proxy_pass" cannot have URI part in location given by regular expression, or inside '
            'named location, or inside "if" statement, or inside "limit_except" block') in output


def test_method_can_be_set(server):
    head, _ = asked(server, "proxy_method POST;")
    assert head.startswith("POST / ")


def test_method_may_come_from_a_variable(server):
    head, _ = asked(server, "proxy_method $arg_m;", path="/?m=PURGE")
    assert head.startswith("PURGE /?m=PURGE ")


def test_head_for_a_get_gives_no_body_and_the_connection_goes_on(server):
    def serve(connection, _):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")

    backend = RawBackend(serve)
    server.start(PROXY % ("", "", "/", "", "proxy_method HEAD;"), B=backend.port)
    with server.connect() as client:
        client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.response("HEAD").header("Content-Length") == "100"
    assert backend.heads[0].startswith(b"HEAD / ")


def test_body_can_be_set(server):
    head, body = asked(server, 'proxy_set_body "m=$request_method&u=$arg_u";', path="/?u=7",
                       method="POST", body=b"theirs")
    assert body == b"m=POST&u=7"
    assert "\r\nContent-Length: 10\r\n" in head


def test_body_can_be_added_to_a_get(server):
    head, body = asked(server, 'proxy_set_body "hello";')
    assert body == b"hello"
    assert "\r\nContent-Length: 5\r\n" in head


def test_version_is_1_0_where_asked(server):
    head, _ = asked(server, "proxy_http_version 1.0;")
    assert head.startswith("GET / HTTP/1.0\r\n")
    assert "\r\nConnection: close\r\n" in head


@pytest.mark.parametrize("name", ["Date", "Server", "X-Pad", "X-Accel-Expires",
                                  "X-Accel-Buffering", "X-Accel-Charset"])
def test_line_is_hidden_by_itself(server, name):
    response = answered(server, [(name, "theirs"), ("X-Other", "1")])
    assert response.header(name) != "theirs"
    assert response.header("X-Other") == "1"


def test_line_can_be_hidden(server):
    response = answered(server, [("X-Powered-By", "it"), ("X-Other", "1")],
                        "proxy_hide_header X-POWERED-by;")
    assert response.header("X-Powered-By") is None
    assert response.header("X-Other") == "1"


@pytest.mark.parametrize("name, value", [("Server", "theirs"), ("X-Pad", "theirs"),
                                         ("Date", "Mon, 01 Jan 2001 00:00:00 GMT")])
def test_hidden_line_can_be_passed(server, name, value):
    response = answered(server, [(name, value)], f"proxy_pass_header {name};")
    assert response.all(name) == [value]


def test_status_words_are_the_servers(server):
    backend = server.backend(reply("x", "299 Odd But Fine"))
    server.start(PROXY % ("", "", "/", "", ""), B=backend.port)
    assert server.get("/").line == "HTTP/1.1 299 Odd But Fine"


def test_unix_socket_with_a_uri(server):
    path = server.folder / "app.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(8)
    backend = RawBackend(lambda connection, _: connection.sendall(reply("unix")))
    backend.listener.close()
    backend.listener = listener
    import threading
    threading.Thread(target=backend._accept, daemon=True).start()
    path.chmod(0o777)
    server.start("server { listen 127.0.0.1:PORT; location /a/ { "
                 "proxy_pass http://unix:FOLDER/app.sock:/b/; } }")
    assert server.get("/a/c").body == b"unix"
    assert backend.heads[0].startswith(b"GET /b/c ")
    assert b"Host: localhost\r\n" in backend.heads[0]


def peer_of(server, directives):
    seen = []

    def serve(connection, _):
        seen.append(connection.getpeername())
        connection.sendall(reply())

    backend = RawBackend(serve)
    server.start(PROXY % ("", "", "/", "", directives), B=backend.port)
    assert server.get("/?from=127.0.0.9").status == 200
    return seen[0]


@pytest.mark.parametrize("directive, address", [
    ("proxy_bind 127.0.0.7;", "127.0.0.7"),
    ("proxy_bind $arg_from;", "127.0.0.9"),
    ("proxy_bind $arg_from transparent;", "127.0.0.9"),
    ("proxy_bind off;", "127.0.0.1"),
    ("proxy_bind $arg_none;", "127.0.0.1"),
])
def test_address_to_connect_from(server, directive, address):
    assert peer_of(server, directive)[0] == address


def test_address_and_port_to_connect_from(server):
    with socket.socket() as probe:
        probe.bind(("127.0.0.6", 0))
        port = probe.getsockname()[1]
    assert peer_of(server, f"proxy_bind 127.0.0.6:{port};") == ("127.0.0.6", port)


@pytest.mark.parametrize("text, message", [
    ("proxy_bind nowhere;", 'invalid address "nowhere"'),
    ("proxy_bind 127.0.0.1 opaque;", 'invalid parameter "opaque"'),
    ("proxy_http_version 1.5;", 'invalid value "1.5"'),
    ("proxy_ignore_headers X-Other;", 'invalid value "X-Other"'),
    ("proxy_next_upstream http_418;", 'invalid value "http_418"'),
])
def test_wrong_words_are_told(server, text, message):
    status, output = server.check("server { listen 127.0.0.1:PORT; %s }" % text)
    assert status == 1 and message in output


@baton_only("the real nginx sends whatever Content-Length the configuration says")
def test_framing_is_not_for_the_configuration_to_say(server):
    head, body = asked(server, "proxy_set_header Content-Length 3;"
                       "proxy_set_header Transfer-Encoding chunked;", method="POST", body=b"hello")
    assert body == b"hello"
    assert "\r\nContent-Length: 5\r\n" in head and "Transfer-Encoding" not in head
