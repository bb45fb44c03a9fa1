"""Which server answers."""

import pytest


def servers(*names, first=""):
    text = f"server {{ listen 127.0.0.1:PORT {first}; server_name {names[0]}; return 200 '0'; }} "
    for i, name in enumerate(names[1:], 1):
        text += f"server {{ listen 127.0.0.1:PORT; server_name {name}; return 200 '{i}'; }} "
    return text


def answer(server, host):
    return server.get("/", {"Host": host}).text


def test_names_in_order_of_their_kind(server):
    server.start(servers("first.test", "www.example.com", "*.example.com", "www.example.*",
                         r"'~^(?<n>w+)\.example\.net$'", "*.a.example.com"))
    for host, expected in [("www.example.com", "1"), ("x.example.com", "2"),
                           ("a.b.example.com", "2"), ("www.example.org", "3"),
                           ("www.example.net", "3"), ("ww.example.net", "4"),
                           ("x.a.example.com", "5"), ("nobody", "0"), ("WWW.Example.COM", "1"),
                           ("www.example.com:8080", "1"), ("www.example.com.", "1"),
                           ("example.com", "0")]:
        assert answer(server, host) == expected, host


def test_dot_name_stands_for_itself_and_what_is_below(server):
    server.start(servers("a", ".example.com"))
    assert answer(server, "example.com") == "1"
    assert answer(server, "x.y.example.com") == "1"
    assert answer(server, "xexample.com") == "0"


def test_first_server_is_the_default(server):
    server.start(servers("a", "b"))
    assert answer(server, "c") == "0"


def test_default_server_says_so_itself(server):
    server.start("server { listen 127.0.0.1:PORT; server_name a; return 200 a; } "
                 "server { listen 127.0.0.1:PORT default_server; server_name b; return 200 b; }")
    assert answer(server, "zzz") == "b"


def test_empty_name_is_for_requests_without_host(server):
    server.start("server { listen 127.0.0.1:PORT; server_name a; return 200 a; } "
                 "server { listen 127.0.0.1:PORT; server_name ''; return 200 none; }")
    assert server.raw(b"GET / HTTP/1.0\r\n\r\n").endswith(b"none")
    assert answer(server, "zzz") == "a"


def test_expressions_in_their_order(server):
    server.start(servers("a", "~^w", "~^ww", "~x$"))
    assert answer(server, "www") == "1"
    assert answer(server, "abx") == "3"
    assert answer(server, "WX") == "1"


def test_names_are_looked_up_for_the_address_connected_to(server):
    server.start("server { listen 127.0.0.1:PORT; server_name a; return 200 a1; } "
                 "server { listen 127.0.0.1:PORT2; server_name a; return 200 a2; } "
                 "server { listen 127.0.0.1:PORT; server_name b; return 200 b1; }")
    assert answer(server, "b") == "b1"
    assert server.get("/", {"Host": "b"}, port="PORT2").text == "a2"


def test_captures_of_the_name_are_variables(server):
    server.write("sites/joe/index.html", "joe's")
    server.start(r"server { listen 127.0.0.1:PORT; server_name ~^(www\.)?(?<who>.+)\.test$; "
                 "root FOLDER/sites/$who; }")
    assert answer(server, "joe.test") == "joe's"
    assert answer(server, "www.joe.test") == "joe's"


def test_host_in_the_request_line_wins(server):
    server.start(servers("a", "b"))
    assert server.raw(b"GET http://b/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") \
        .endswith(b"1")


def test_hostname_is_the_machines(server):
    import socket
    server.start(servers("a", "$hostname"))
    assert answer(server, socket.gethostname()) == "1"


@pytest.mark.parametrize("host", ["a b", "a/b", "a..b"])
def test_invalid_host(server, host):
    server.start(servers("a"))
    assert server.get("/", {"Host": host}).status == 400


def test_conflicting_names_are_warned_of(server):
    code, said = server.check(servers("a", "a"))
    assert code == 0 and 'conflicting server name "a" on 127.0.0.1:' in said
