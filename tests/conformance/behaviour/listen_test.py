"""`listen` in all its forms and with its parameters, and the PROXY protocol on a listener."""

import socket
import struct

import pytest

from marks import baton_only
from server import Client

ANSWER = 'location / { return 200 "$server_addr $server_port"; }'


def addressed(server, listen, address):
    server.start(f"server {{ listen {listen}; {ANSWER} }}")
    with Client((address, server.port) if isinstance(address, str) else address) as client:
        return client.request("GET", "/").text


@pytest.mark.parametrize("listen, address", [
    ("127.0.0.1:PORT", "127.0.0.1"),
    ("PORT", "127.0.0.1"),
    ("*:PORT", "127.0.0.1"),
    ("0.0.0.0:PORT", "127.0.0.2"),
    ("localhost:PORT", "127.0.0.1"),
    ("127.0.0.3:PORT", "127.0.0.3"),
    ("[::1]:PORT", "::1"),
    ("[::]:PORT", "::1"),
])
def test_listens_at(server, listen, address):
    assert addressed(server, listen, address) == f"{address} {server.port}"


def test_ipv6only_off_serves_ipv4_as_well(server):
    server.start("server { listen [::]:PORT ipv6only=off; location / { return 200 $remote_addr; } }")
    with server.connect() as client:
        assert client.request("GET", "/").text == "::ffff:127.0.0.1"


def test_ipv6_alone_leaves_the_port_free_for_ipv4(server):
    server.start("server { listen [::]:PORT; return 200 six; } "
                 "server { listen PORT; return 200 four; }")
    assert server.get("/").body == b"four"
    with Client(("::1", server.port)) as client:
        assert client.request("GET", "/").body == b"six"


def test_a_range_of_ports(server):
    # Four free ports in a row are asked for until there are.
    first = next(p for p in range(21000, 30000, 4) if all(free(p + i) for i in range(4)))
    server.start(f"server {{ listen 127.0.0.1:{first}-{first + 3}; return 200 $server_port; }}")
    for port in range(first, first + 4):
        with Client(("127.0.0.1", port)) as client:
            assert client.request("GET", "/").text == str(port)


def free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


# --- unix sockets ---

UNIX = "server { listen unix:FOLDER/s.sock; location / { return 200 %s; } }"


def test_a_unix_socket_serves_everybody_on_the_machine(server):
    server.start(UNIX % "hi")
    path = server.folder / "s.sock"
    assert path.stat().st_mode & 0o777 == 0o666
    with Client(str(path)) as client:
        assert client.request("GET", "/").body == b"hi"


def test_variables_of_a_client_at_a_unix_socket(server):
    server.start(UNIX % '"$remote_addr|$remote_port|$server_addr|$server_port"')
    with Client(str(server.folder / "s.sock")) as client:
        assert client.request("GET", "/").text == f"unix:||unix:{server.folder}/s.sock|"


def test_a_unix_sockets_file_goes_with_the_server(server):
    server.start(UNIX % "hi")
    server.stop()
    assert not (server.folder / "s.sock").exists()


def test_a_unix_socket_stays_over_a_reload(server):
    server.start(UNIX % "hi")
    inode = (server.folder / "s.sock").stat().st_ino
    server.reload(UNIX % "ho")
    assert (server.folder / "s.sock").stat().st_ino == inode
    with Client(str(server.folder / "s.sock")) as client:
        assert client.request("GET", "/").body == b"ho"


def test_a_unix_socket_that_the_new_file_does_not_name_goes(server):
    server.start(UNIX % "hi")
    server.reload("server { listen 127.0.0.1:PORT; return 200 hi; }")
    assert server.wait_for(lambda: not (server.folder / "s.sock").exists())


@baton_only("nginx refuses to start until somebody removes the file")
def test_a_unix_sockets_file_that_a_crash_has_left_is_replaced(server):
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(server.folder / "s.sock"))
    left.close()
    server.start(UNIX % "hi")
    with Client(str(server.folder / "s.sock")) as client:
        assert client.request("GET", "/").body == b"hi"


# --- which server ---

def test_the_first_server_of_an_address_is_its_default(server):
    server.start("server { listen 127.0.0.1:PORT; server_name a; return 200 a; } "
                 "server { listen 127.0.0.1:PORT; server_name b; return 200 b; }")
    assert server.get("/", {"Host": "c"}).body == b"a"


@pytest.mark.parametrize("word", ["default_server", "default"])
def test_default_server_says_otherwise(server, word):
    server.start("server { listen 127.0.0.1:PORT; server_name a; return 200 a; } "
                 f"server {{ listen 127.0.0.1:PORT {word}; server_name b; return 200 b; }}")
    assert server.get("/", {"Host": "c"}).body == b"b"


def test_an_exact_address_has_servers_of_its_own_beside_the_wildcard(server):
    server.start("server { listen PORT; return 200 any; } "
                 "server { listen 127.0.0.2:PORT; return 200 two; }")
    with Client(("127.0.0.2", server.port)) as client:
        assert client.request("GET", "/").body == b"two"
    assert server.get("/").body == b"any"


# --- parameters of the socket ---

@pytest.mark.parametrize("parameters", [
    "backlog=64", "reuseport", "bind", "deferred", "so_keepalive=on", "so_keepalive=off",
    "so_keepalive=30m::10", "rcvbuf=64k sndbuf=64k", "fastopen=16",
    "default_server reuseport backlog=128 deferred so_keepalive=10s:5s:3",
])
def test_serves_with(server, parameters):
    server.start(f"server {{ listen 127.0.0.1:PORT {parameters}; return 200 hi; }}")
    assert server.get("/").body == b"hi"


def test_a_reload_may_add_reuseport(server):
    server.start("server { listen 127.0.0.1:PORT; return 200 a; }")
    server.reload("server { listen 127.0.0.1:PORT reuseport; return 200 b; }")
    assert server.wait_for(lambda: server.get("/").body == b"b")


@pytest.mark.parametrize("servers, words", [
    ("server { listen 127.0.0.1:80800; }",
     'invalid port in "127.0.0.1:80800" of the "listen" directive'),
    ("server { listen 0; }", 'invalid port in "0" of the "listen" directive'),
    ("server { listen :80; }", 'no host in ":80" of the "listen" directive'),
    ("server { listen [::1; }", 'invalid host in "[::1" of the "listen" directive'),
    ("server { listen /tmp/x; }", 'invalid host in "/tmp/x" of the "listen" directive'),
    ("server { listen unix:; }",
     'no path in the unix domain socket in "unix:" of the "listen" directive'),
    ("server { listen nosuch.invalid:80; }",
     'host not found in "nosuch.invalid:80" of the "listen" directive'),
    ("server { listen 19003-19000; }",
     'invalid port range in "19003-19000" of the "listen" directive'),
    ("server { listen; }", 'invalid number of arguments in "listen" directive'),
    ("server { listen PORT backlog=x; }", 'invalid backlog "backlog=x"'),
    ("server { listen PORT rcvbuf=x; }", 'invalid rcvbuf "rcvbuf=x"'),
    ("server { listen PORT sndbuf=x; }", 'invalid sndbuf "sndbuf=x"'),
    ("server { listen PORT fastopen=x; }", 'invalid fastopen "fastopen=x"'),
    ("server { listen PORT setfib=1; }", 'invalid parameter "setfib=1"'),
    ("server { listen PORT so_keepalive=x; }", 'invalid so_keepalive value: "x"'),
    ("server { listen [::]:PORT ipv6only=perhaps; }", 'invalid parameter "ipv6only=perhaps"'),
    ("server { listen PORT spdy; }", 'invalid parameter "spdy"'),
    ("server { listen PORT foo; }", 'invalid parameter "foo"'),
    ("server { listen PORT; listen PORT; }", "a duplicate listen 0.0.0.0:PORT"),
    ("server { listen 127.0.0.1:PORT; listen localhost:PORT; }",
     "a duplicate listen 127.0.0.1:PORT"),
    ("server { listen PORT bind; } server { listen PORT bind; }",
     "duplicate listen options for 0.0.0.0:PORT"),
    ("server { listen PORT default_server; } server { listen PORT default_server; }",
     "a duplicate default server for 0.0.0.0:PORT"),
])
def test_is_refused(server, servers, words):
    code, output = server.check(servers)
    assert code == 1
    assert f"[emerg] {server.fill_in(words)}" in output


def test_accept_filters_are_told_about_and_ignored(server):
    code, output = server.check("server { listen 127.0.0.1:PORT accept_filter=httpready; }")
    assert code == 0
    assert ('accept filters "accept_filter=httpready" are not supported on this platform, ignored'
            in output)


@baton_only("what comes with the next version is refused by name until then")
@pytest.mark.parametrize("word", ["ssl", "http2", "quic"])
def test_is_refused_by_name(server, word):
    code, output = server.check(f"server {{ listen 127.0.0.1:PORT {word}; }}")
    assert code == 1
    assert f'parameter "{word}" of "listen" is not supported by baton' in output


# --- the PROXY protocol ---

PROXIED = ('server { listen 127.0.0.1:PORT proxy_protocol; location / { return 200 '
           '"$proxy_protocol_addr|$proxy_protocol_port|$proxy_protocol_server_addr|'
           '$proxy_protocol_server_port|$remote_addr"; } }')
GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def proxied(server, header, rest=GET):
    server.start(PROXIED)
    return server.raw(header + rest)


def binary(addresses, command=0x21, family=0x11):
    return (b"\r\n\r\n\0\r\nQUIT\n" + bytes([command, family]) + struct.pack(">H", len(addresses))
            + addresses)


PAIR = bytes([10, 0, 0, 1, 10, 0, 0, 2]) + struct.pack(">HH", 12345, 443)


@pytest.mark.parametrize("header, told", [
    (b"PROXY TCP4 192.0.2.1 192.0.2.2 123 5678\r\n", b"192.0.2.1|123|192.0.2.2|5678|127.0.0.1"),
    (b"PROXY TCP6 2001:DB8::1 ::1 1 2\r\n", b"2001:DB8::1|1|::1|2|127.0.0.1"),
    (b"PROXY UNKNOWN\r\n", b"||||127.0.0.1"),
    (b"PROXY UNKNOWN some words\r\n", b"||||127.0.0.1"),
    (binary(PAIR), b"10.0.0.1|12345|10.0.0.2|443|127.0.0.1"),
    (binary(PAIR + b"\x03\x00\x04abcd"), b"10.0.0.1|12345|10.0.0.2|443|127.0.0.1"),
    (binary(bytes(15) + b"\1" + bytes(15) + b"\2" + struct.pack(">HH", 1, 2), family=0x21),
     b"::1|1|::2|2|127.0.0.1"),
    (binary(b"", command=0x20, family=0), b"||||127.0.0.1"),
])
def test_variables_of_a_proxy_header(server, header, told):
    answer = proxied(server, header)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.split(b"\r\n\r\n", 1)[1].lower() == told.lower()


@pytest.mark.parametrize("header", [
    b"", b"PROXY TCP4 192.0.2.1 192.0.2.2 123\r\n", b"PROXY TCP5 1.1.1.1 2.2.2.2 1 2\r\n",
    b"PROXY TCP4 " + b"1" * 200 + b"\r\n", binary(PAIR, command=0x31),
])
def test_a_broken_proxy_header_ends_the_connection_without_a_word(server, header):
    assert proxied(server, header) == b""
    assert server.wait_for(lambda: "while reading PROXY protocol, client: 127.0.0.1, server: "
                           f"127.0.0.1:{server.port}" in server.error_log())


def test_a_request_without_a_proxy_header_is_told_in_the_log(server):
    proxied(server, b"")
    assert server.wait_for(lambda: 'broken header: "GET / HTTP/1.1' in server.error_log())


@baton_only("nginx takes a header only in one piece")
def test_a_proxy_header_may_come_in_pieces(server):
    server.start(PROXIED)
    with server.connect() as client:
        for byte in b"PROXY TCP4 192.0.2.1 192.0.2.2 123 5678\r\n":
            client.send(bytes([byte]))
        client.send(GET)
        assert client.response().text == "192.0.2.1|123|192.0.2.2|5678|127.0.0.1"


def test_a_proxy_header_is_read_once_a_connection(server):
    server.start(PROXIED)
    with server.connect() as client:
        client.send(b"PROXY TCP4 192.0.2.1 192.0.2.2 123 5678\r\n")
        for _ in range(2):
            assert client.request("GET", "/").text == "192.0.2.1|123|192.0.2.2|5678|127.0.0.1"


def test_one_server_of_an_address_asks_for_proxy_headers_for_all(server):
    server.start(PROXIED + "server { listen 127.0.0.1:PORT; server_name b; return 200 b; }")
    assert server.raw(b"PROXY UNKNOWN\r\n" + GET.replace(b"a\r\n", b"b\r\n", 1)).endswith(b"b")
