"""The client's address behind trusted proxies."""

import pytest

from server import Client

SHOW = 'location / { return 200 "$remote_addr $realip_remote_addr"; }'


def serve(server, settings, extra=""):
    server.start("server { listen 127.0.0.1:PORT; " + settings + SHOW + extra + " }")


def seen(server, headers=None, path="/"):
    return server.get(path, headers).text


def test_x_real_ip_of_a_trusted_proxy(server):
    serve(server, "set_real_ip_from 127.0.0.1;")
    assert seen(server, {"X-Real-IP": "10.0.0.1"}) == "10.0.0.1 127.0.0.1"
    assert seen(server) == "127.0.0.1 127.0.0.1"


def test_untrusted_proxies_are_not_believed(server):
    serve(server, "set_real_ip_from 10.0.0.0/8;")
    assert seen(server, {"X-Real-IP": "10.0.0.1"}) == "127.0.0.1 127.0.0.1"


def test_last_address_of_x_forwarded_for(server):
    serve(server, "set_real_ip_from 127.0.0.0/8; real_ip_header X-Forwarded-For;")
    assert seen(server, {"X-Forwarded-For": "1.1.1.1, 2.2.2.2"}).startswith("2.2.2.2 ")
    assert seen(server, {"X-Forwarded-For": "1.1.1.1,2.2.2.2 , "}).startswith("2.2.2.2 ")
    assert seen(server, {"X-Forwarded-For": "junk"}).startswith("127.0.0.1 ")


def test_recursive_search_goes_on_to_the_first_stranger(server):
    serve(server, "set_real_ip_from 127.0.0.0/8; set_real_ip_from 2.2.2.0/24; "
                  "real_ip_header X-Forwarded-For; real_ip_recursive on;")
    assert seen(server, {"X-Forwarded-For": "1.1.1.1, 3.3.3.3, 2.2.2.2"}).startswith("3.3.3.3 ")
    assert seen(server, {"X-Forwarded-For": "2.2.2.1, 2.2.2.2"}).startswith("2.2.2.1 ")
    assert seen(server, {"X-Forwarded-For": "junk, 2.2.2.2"}).startswith("2.2.2.2 ")


def test_any_header_may_be_named(server):
    serve(server, "set_real_ip_from 127.0.0.1; real_ip_header CF-Connecting-IP;")
    assert seen(server, {"cf-connecting-ip": "9.9.9.9"}).startswith("9.9.9.9 ")


def test_ipv6_and_ports_in_the_header(server):
    server.start('server { listen 127.0.0.1:PORT; set_real_ip_from 127.0.0.1; '
                 'location / { return 200 "$remote_addr|$remote_port|$realip_remote_port"; } }')
    with server.connect() as client:
        port = client.socket.getsockname()[1]
        assert client.request("GET", "/", {"X-Real-IP": "[2001:db8::1]:77"}).text == \
            f"2001:db8::1|77|{port}"
        assert client.request("GET", "/", {"X-Real-IP": "2001:db8::1"}).text == \
            f"2001:db8::1||{port}"
        assert client.request("GET", "/").text == f"127.0.0.1|{port}|{port}"


def test_each_request_of_a_connection_has_its_own_address(server):
    serve(server, "set_real_ip_from 127.0.0.1;")
    with server.connect() as client:
        for address in ("1.1.1.1", "2.2.2.2"):
            assert client.request("GET", "/", {"X-Real-IP": address}).text == address + " 127.0.0.1"
        assert client.request("GET", "/").text == "127.0.0.1 127.0.0.1"


def test_logs_show_the_real_address(server):
    server.start("log_format f '$remote_addr'; access_log FOLDER/r.log f; server { "
                 "listen 127.0.0.1:PORT; set_real_ip_from 127.0.0.1; root FOLDER/html; }")
    server.get("/none", {"X-Real-IP": "10.9.8.7"})
    assert server.log_lines(1, "r.log") == ["10.9.8.7"]
    assert "client: 10.9.8.7," in server.error_log()


def test_geo_and_forwarded_headers_follow(server):
    backend = server.backend()
    server.start("geo $where { default out; 10.0.0.0/8 in; } server { listen 127.0.0.1:PORT; "
                 "set_real_ip_from 127.0.0.1; location / { proxy_pass http://127.0.0.1:B; "
                 "proxy_set_header X-F $proxy_add_x_forwarded_for; proxy_set_header X-W $where; "
                 "} }", B=backend.port)
    server.get("/", {"X-Real-IP": "10.1.1.1"})
    assert b"\r\nX-F: 10.1.1.1\r\n" in backend.requests[0][0]
    assert b"\r\nX-W: in\r\n" in backend.requests[0][0]


def test_trust_on_the_location_level(server):
    server.start('server { listen 127.0.0.1:PORT; location / { set_real_ip_from 127.0.0.1; '
                 'add_header A "$remote_addr"; root FOLDER/html; } }')
    server.write("html/x", "x")
    assert server.get("/x", {"X-Real-IP": "10.1.1.1"}).header("A") == "10.1.1.1"


def test_the_address_of_a_proxy_protocol_header(server):
    server.start("server { listen 127.0.0.1:PORT proxy_protocol; set_real_ip_from 127.0.0.1; "
                 "real_ip_header proxy_protocol; " + SHOW + " }")
    with server.connect() as client:
        client.send("PROXY TCP4 10.0.0.7 10.0.0.8 1234 80\r\n")
        for _ in range(2):
            assert client.request("GET", "/").text == "10.0.0.7 127.0.0.1"
    with server.connect() as client:
        client.send("PROXY UNKNOWN\r\n")
        assert client.request("GET", "/").text == "127.0.0.1 127.0.0.1"


def test_a_client_of_a_unix_socket_may_be_trusted(server):
    server.start("server { listen unix:FOLDER/s.sock; set_real_ip_from unix:; " + SHOW + " }")
    with Client(str(server.folder / "s.sock")) as client:
        assert client.request("GET", "/", {"X-Real-IP": "10.0.0.1"}).text == "10.0.0.1 unix:"
        assert client.request("GET", "/").text == "unix: unix:"


@pytest.mark.parametrize("text,message", [
    ("set_real_ip_from 1.2.3.0/33;", "1.2.3.0/33"),
    ("set_real_ip_from nobody.invalid;", "host not found in set_real_ip_from \"nobody.invalid\""),
])
def test_refuses(server, text, message):
    code, said = server.check("server { " + text + " }")
    assert code == 1 and message in said
