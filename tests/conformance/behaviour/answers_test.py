"""The plainest answers: return, built-in pages, methods, versions."""

import pytest

from marks import baton_only
from server import reply

HELLO = 'server { listen 127.0.0.1:PORT; location / { return 200 "hi"; } %s }'


def test_return_gives_text_with_the_default_type(server):
    server.start(HELLO % "")
    response = server.get("/")
    assert (response.status, response.body) == (200, b"hi")
    assert response.header("Content-Type") == "text/plain"
    assert response.header("Content-Length") == "2"


def test_head_has_the_length_and_no_body(server):
    server.start(HELLO % "")
    with server.connect() as client:
        response = client.request("HEAD", "/")
        assert response.header("Content-Length") == "2"
        assert client.request("GET", "/").body == b"hi"


def test_http_1_0_without_keep_alive_ends_the_connection(server):
    server.start(HELLO % "")
    with server.connect() as client:
        response = client.request("GET", "/", version="1.0")
        assert response.header("Connection") == "close"
        assert client.ended()


@pytest.mark.parametrize("code", [400, 403, 404, 405, 410, 411, 412, 413, 414, 415, 416, 421,
                                  429, 500, 501, 502, 503, 504, 505, 507])
def test_built_in_page_of(server, code):
    server.start(HELLO % f"location /c {{ return {code}; }}")
    response = server.get("/c")
    assert response.status == code
    title = response.line.split(" ", 1)[1]
    assert f"<title>{title}</title>" in response.text
    assert f"<center><h1>{title}</h1></center>" in response.text
    assert response.header("Content-Type") == "text/html"


@pytest.mark.parametrize("code", [408, 444, 499])
def test_closes_without_a_word_on(server, code):
    server.start(HELLO % f"location /c {{ return {code}; }}")
    assert server.raw(b"GET /c HTTP/1.1\r\nHost: a\r\n\r\n") == b""


def test_request_without_a_host_line_is_refused_in_http_1_1(server):
    server.start(HELLO % "")
    assert server.raw(b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_pipelined_requests_are_answered_in_order(server):
    server.start('server { listen 127.0.0.1:PORT; location /a { return 200 A; } '
                 'location /b { return 200 B; } }')
    received = server.raw(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n"
                          b"Connection: close\r\n\r\n")
    assert received.index(b"\r\n\r\nA") < received.index(b"\r\n\r\nB")


def test_proxied_answer_keeps_status_and_body(server):
    backend = server.backend(reply("created", "201 Created", [("X-Mine", "1")]))
    server.start("server { listen 127.0.0.1:PORT; location / { proxy_pass http://127.0.0.1:B; } }",
                 B=backend.port)
    response = server.get("/x?y=1")
    assert (response.status, response.body) == (201, b"created")
    assert response.header("X-Mine") == "1"
    assert backend.lines()[0].startswith("GET /x?y=1 HTTP/1.")


@baton_only("nginx before 1.29.7 speaks HTTP/1.0 to upstream servers by default")
def test_upstream_is_asked_in_http_1_1(server):
    backend = server.backend(reply())
    server.start("server { listen 127.0.0.1:PORT; location / { proxy_pass http://127.0.0.1:B; } }",
                 B=backend.port)
    server.get("/")
    assert backend.lines() == ["GET / HTTP/1.1"]


# --- nginx's own statuses and words ---

@pytest.mark.parametrize("status, title", [
    (494, "Request Header Or Cookie Too Large"), (495, "The SSL certificate error"),
    (496, "No required SSL certificate was sent"),
    (497, "The plain HTTP request was sent to HTTPS port")])
def test_nginx_own_statuses_are_400_with_a_reason(server, status, title):
    server.start(f"server {{ listen 127.0.0.1:PORT; location / {{ return {status}; }} }}")
    response = server.get("/")
    assert response.status == 400
    assert f"<title>400 {title}</title>" in response.text
    assert f"<h1>400 Bad Request</h1></center>\r\n<center>{title}</center>" in response.text


def test_a_client_that_names_no_host_is_redirected_to_the_address(server):
    server.start("""server { listen 127.0.0.1:PORT; server_name named.example;
        location / { return 301 /x; }
        location /named { server_name_in_redirect on; return 301 /x; } }""")
    told = server.raw(b"GET / HTTP/1.0\r\n\r\n").decode()
    assert f"Location: http://127.0.0.1:{server.port}/x\r\n" in told
    told = server.raw(b"GET /named HTTP/1.0\r\n\r\n").decode()
    assert f"Location: http://named.example:{server.port}/x\r\n" in told


@pytest.mark.parametrize("request_text, words", [
    ("GET / HTTP/1.1\r\n\r\n", 'without "Host" header while reading client request headers, client'),
    ("GET / HTTP/9.1\r\n\r\n", "invalid version while reading client request line, client"),
    ("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
     "client sent invalid request while reading client request line, client"),
    ("GET / HTTP/1.1\r\nHost: \r\n\r\n",
     "invalid host header while reading client request headers, client")])
def test_what_was_wrong_with_a_request_is_told_once(server, request_text, words):
    server.start("server { listen 127.0.0.1:PORT; }")
    server.raw(request_text.encode())
    assert words in server.error_log()


def test_clients_that_end_their_connection_are_told_at_level_info(server):
    server.start("server { listen 127.0.0.1:PORT; location / { return 200 ok; } }")
    with server.connect() as client:
        client.request("GET", "/")
    assert server.wait_for(lambda: "client 127.0.0.1 closed keepalive connection"
                           in server.error_log())
    server.connect().close()
    assert server.wait_for(
        lambda: "client closed connection while waiting for request, client: 127.0.0.1, server: "
                f"127.0.0.1:{server.port}" in server.error_log())


def test_the_page_of_401_has_words_of_its_own(server):
    server.start("server { listen 127.0.0.1:PORT; location / { return 401; } }")
    response = server.get("/")
    assert response.line == "HTTP/1.1 401 Unauthorized"
    assert "<h1>401 Authorization Required</h1>" in response.text


def test_a_uri_that_is_too_long_is_told_with_its_place(server):
    server.start("""server { listen 127.0.0.1:PORT; client_header_buffer_size 256;
        large_client_header_buffers 2 512; }""")
    assert server.get("/" + "a" * 600).status == 414
    assert "client sent too long URI while reading client request line" in server.error_log()
