"""gzip: which responses are compressed, for whom, and what their heads say."""

import gzip
import socket
import threading
import zlib

import pytest
from marks import baton_only

TEXT = b"".join(b"line %d of a text that can be made smaller\n" % i for i in range(1000))
TAKES = {"Accept-Encoding": "gzip"}


def serve(server, settings, files=None, location=""):
    for name, content in (files or {"a.html": TEXT}).items():
        server.write(f"html/{name}", content)
    server.start(f"""
        types {{ text/html html; text/plain txt; application/javascript js; image/png png; }}
        server {{ listen 127.0.0.1:PORT; root FOLDER/html; {settings}
                  location /x/ {{ {location} }} }}""")
    return server


def is_gzip(response):
    if response.header("Content-Encoding") is None:
        return False
    assert response.header("Content-Encoding") == "gzip"
    return True


def test_a_text_is_compressed_for_a_client_that_takes_it(server):
    serve(server, "gzip on;")
    response = server.get("/a.html", TAKES)
    assert is_gzip(response) and gzip.decompress(response.body) == TEXT
    assert response.header("Content-Length") is None
    assert response.header("Transfer-Encoding") == "chunked"
    assert response.header("Accept-Ranges") is None
    assert response.header("Vary") is None


def test_without_gzip_on_nothing_is_compressed(server):
    serve(server, "gzip off;")
    assert server.get("/a.html", TAKES).body == TEXT


def test_a_client_that_does_not_ask_gets_the_text(server):
    serve(server, "gzip on;")
    response = server.get("/a.html")
    assert not is_gzip(response) and response.body == TEXT
    assert response.header("Accept-Ranges") == "bytes"


@pytest.mark.parametrize("value,taken", [
    ("gzip, deflate", True), ("deflate, gzip;q=0.5", True), ("gzip;q=0", False),
    ("gzip;q=0.000, *", False), ("*", False), ("x-gzip", False), ("GZIP", True), ("br", False),
    ("gzip; q=1.0", True), ("gzip;q=1.5", False), ("deflate", False), ("gzip ;q=0.001", True),
])
def test_accept_encoding_is_read_with_its_weights(server, value, taken):
    serve(server, "gzip on;")
    assert is_gzip(server.get("/a.html", {"Accept-Encoding": value})) is taken


def test_only_the_listed_types_are_compressed(server):
    serve(server, "gzip on; gzip_types text/plain application/javascript;",
          {"a.html": TEXT, "a.txt": TEXT, "a.js": TEXT, "a.png": TEXT})
    found = {name: is_gzip(server.get(f"/a.{name}", TAKES))
             for name in ("html", "txt", "js", "png")}
    assert found == {"html": True, "txt": True, "js": True, "png": False}


def test_an_asterisk_lists_all_types(server):
    serve(server, "gzip on; gzip_types *;", {"a.png": TEXT})
    assert is_gzip(server.get("/a.png", TAKES))


def test_short_responses_are_left_alone(server):
    serve(server, "gzip on; gzip_min_length 1000;", {"a.html": b"x" * 999, "b.html": b"x" * 1000})
    assert not is_gzip(server.get("/a.html", TAKES))
    assert is_gzip(server.get("/b.html", TAKES))


def test_the_default_least_length_is_20(server):
    serve(server, "gzip on;", {"a.html": b"x" * 19, "b.html": b"x" * 20})
    assert not is_gzip(server.get("/a.html", TAKES))
    assert is_gzip(server.get("/b.html", TAKES))


def test_vary_is_sent_whether_or_not_the_client_takes_gzip(server):
    serve(server, "gzip on; gzip_vary on;", {"a.html": TEXT, "a.png": TEXT})
    assert server.get("/a.html", TAKES).header("Vary") == "Accept-Encoding"
    assert server.get("/a.html").header("Vary") == "Accept-Encoding"
    assert server.get("/a.png", TAKES).header("Vary") is None


def test_the_etag_becomes_weak(server):
    serve(server, "gzip on;")
    strong = server.get("/a.html").header("ETag")
    assert strong.startswith('"')
    assert server.get("/a.html", TAKES).header("ETag") == "W/" + strong
    unchanged = server.get("/a.html", {**TAKES, "If-None-Match": "W/" + strong})
    assert unchanged.status == 304


def test_a_range_of_what_is_compressed_is_the_whole(server):
    serve(server, "gzip on;")
    response = server.get("/a.html", {**TAKES, "Range": "bytes=0-9"})
    assert response.status == 200 and gzip.decompress(response.body) == TEXT
    assert server.get("/a.html", {"Range": "bytes=0-9"}).status == 206


def test_http_1_0_gets_plain_text_unless_told_otherwise(server):
    serve(server, "gzip on; location = /old.html { gzip_http_version 1.0; }",
          {"a.html": TEXT, "old.html": TEXT})
    with server.connect() as client:
        assert not is_gzip(client.request("GET", "/a.html", TAKES, version="1.0"))
    with server.connect() as client:
        response = client.request("GET", "/old.html", TAKES, version="1.0")
        assert is_gzip(response) and gzip.decompress(response.body) == TEXT


def test_a_head_request_tells_of_gzip_without_a_body(server):
    serve(server, "gzip on;")
    with server.connect() as client:
        response = client.request("HEAD", "/a.html", TAKES)
        assert is_gzip(response) and response.header("Content-Length") is None
        assert client.request("GET", "/a.html").body == TEXT


def test_error_pages_403_and_404_are_compressed_and_others_are_not(server):
    serve(server, """gzip on; location /403 { return 403; } location /404 { return 404; }
          location /500 { return 500; }""")
    assert is_gzip(server.get("/403", TAKES)) and is_gzip(server.get("/404", TAKES))
    assert not is_gzip(server.get("/500", TAKES))


def test_what_is_encoded_already_is_not_compressed_again(server):
    backend = server.backend(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
                             b"Content-Encoding: br\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000)
    serve(server, "gzip on; gzip_proxied any;", location=f"proxy_pass http://127.0.0.1:{backend.port};")
    response = server.get("/x/", TAKES)
    assert response.header("Content-Encoding") == "br" and response.body == b"x" * 2000


def test_what_an_upstream_server_sends_is_compressed(server):
    backend = server.backend(b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
                             b"ETag: \"abc\"\r\nAccept-Ranges: bytes\r\nContent-Length: %d\r\n\r\n"
                             % len(TEXT) + TEXT)
    serve(server, "gzip on;", location=f"proxy_pass http://127.0.0.1:{backend.port};")
    response = server.get("/x/", TAKES)
    assert is_gzip(response) and gzip.decompress(response.body) == TEXT
    assert response.header("ETag") == 'W/"abc"'
    assert response.header("Accept-Ranges") is None


def test_a_chunked_upstream_response_is_compressed_however_short(server):
    backend = server.backend(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
                             b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    serve(server, "gzip on;", location=f"""proxy_http_version 1.1;
          proxy_pass http://127.0.0.1:{backend.port};""")
    response = server.get("/x/", TAKES)
    assert is_gzip(response) and gzip.decompress(response.body) == b"abc"


def test_with_buffering_off_every_piece_is_flushed(server):
    go_on = threading.Event()

    def answer(connection):
        connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\nfirst")
        go_on.wait(5)
        connection.sendall(b"second")
    listener = socket.create_server(("127.0.0.1", 0))

    def run():
        connection, _ = listener.accept()
        connection.recv(65536)
        answer(connection)
        connection.close()
    threading.Thread(target=run, daemon=True).start()
    serve(server, "gzip on;", location=f"""proxy_buffering off;
          proxy_pass http://127.0.0.1:{listener.getsockname()[1]};""")
    with server.connect() as client:
        client.send("GET /x/ HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n")
        assert b"gzip" in client.head()
        unpack = zlib.decompressobj(31)
        text = b""
        while text != b"first":
            size = int(client.stream.readline(), 16)
            text += unpack.decompress(client.stream.read(size))
            client.stream.readline()
        go_on.set()
    listener.close()


VIA = {**TAKES, "Via": "1.1 somebody"}


@pytest.mark.parametrize("allowed,lines,compressed", [
    ("off", "", False), ("any", "", True),
    ("expired", "Expires: Thu, 01 Jan 1970 00:00:01 GMT", True),
    ("expired", "Expires: Thu, 31 Dec 2037 23:55:55 GMT", False),
    ("no-cache", "Cache-Control: no-cache", True), ("no-cache", "Cache-Control: private", False),
    ("no-store", "Cache-Control: a, no-store", True), ("private", "Cache-Control: private", True),
    ("no_last_modified", "", True),
    ("no_last_modified", "Last-Modified: Thu, 01 Jan 1970 00:00:01 GMT", False),
    ("no_etag", "", True), ("no_etag", 'ETag: "a"', False), ("auth", "", False),
])
def test_for_other_proxies_gzip_proxied_decides(server, allowed, lines, compressed):
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(TEXT)}\r\n"
    head += lines + "\r\n" if lines else ""
    backend = server.backend(head.encode() + b"\r\n" + TEXT)
    serve(server, f"gzip on; gzip_proxied {allowed};",
          location=f"proxy_pass http://127.0.0.1:{backend.port};")
    response = server.get("/x/", VIA)
    expected = compressed or (allowed == "auth" and not lines)
    assert is_gzip(response) is expected
    assert is_gzip(server.get("/x/", TAKES))


def test_gzip_proxied_auth_asks_for_authorization(server):
    serve(server, "gzip on; gzip_proxied auth no_etag;")
    assert not is_gzip(server.get("/a.html", VIA))
    assert is_gzip(server.get("/a.html", {**VIA, "Authorization": "Basic eDp5"}))


def test_gzip_disable_knows_browsers_that_lie(server):
    serve(server, 'gzip on; gzip_disable msie6 "bad(bot|boy)";')
    assert not is_gzip(server.get("/a.html", {**TAKES, "User-Agent": "Mozilla/4.0 (MSIE 6.0)"}))
    assert is_gzip(server.get("/a.html", {**TAKES, "User-Agent": "Mozilla/4.0 (MSIE 6.0; SV1)"}))
    assert is_gzip(server.get("/a.html", {**TAKES, "User-Agent": "Mozilla/4.0 (MSIE 7.0)"}))
    assert not is_gzip(server.get("/a.html", {**TAKES, "User-Agent": "BadBot/1"}))


def test_the_level_and_the_window_are_kept(server):
    serve(server, """gzip on;
          location = /nine.html { gzip_comp_level 9; alias FOLDER/html/a.html; }
          location = /window.html { gzip_window 1k; alias FOLDER/html/a.html; }""")
    best = len(zlib.compress(TEXT, 9))
    packed = server.get("/nine.html", TAKES).body
    assert len(packed) < min(best + 60, len(server.get("/a.html", TAKES).body))
    assert gzip.decompress(packed) == TEXT
    assert gzip.decompress(server.get("/window.html", TAKES).body) == TEXT


def test_gzip_ratio_is_logged(server):
    server.write("html/a.html", TEXT)
    server.start("""log_format ratio '$uri $gzip_ratio $body_bytes_sent';
        access_log FOLDER/ratio.log ratio;
        server { listen 127.0.0.1:PORT; root FOLDER/html; gzip on; }""")
    server.get("/a.html", TAKES)
    server.get("/a.html")
    server.stop()
    lines = (server.folder / "ratio.log").read_text().splitlines()
    ratio = float(lines[0].split()[1])
    assert abs(ratio - len(TEXT) / int(lines[0].split()[2])) < 0.2
    assert lines[1] == f"/a.html - {len(TEXT)}"


def test_add_header_stands_before_content_encoding(server):
    serve(server, "gzip on; add_header X-A 1;")
    names = [name for name, _ in server.get("/a.html", TAKES).headers]
    assert names[-3:] == ["ETag", "X-A", "Content-Encoding"]


@pytest.mark.parametrize("directive,message", [
    ("gzip_comp_level 10;", "value must be between 1 and 9"),
    ("gzip_window 3k;", '"gzip_window" directive must be 512, 1k, 2k, 4k, 8k, 16k, or 32k'),
    ("gzip_hash 3;", '"gzip_hash" directive must be 512, 1k, 2k, 4k, 8k, 16k, 32k, 64k, or 128k'),
    ("gzip_proxied sometimes;", 'invalid value "sometimes"'),
    ("gzip_http_version 2;", 'invalid value "2"'),
    ("gzip_min_length much;", '"gzip_min_length" directive invalid value'),
    ('gzip_disable "(";', "pcre2_compile() failed: missing closing parenthesis"),
])
def test_wrong_values_are_refused_in_nginx_words(server, directive, message):
    status, output = server.check(f"server {{ listen 127.0.0.1:PORT; {directive} }}")
    assert status == 1 and message in output


def test_a_type_given_twice_is_warned_of(server):
    status, output = server.check(
        "server { listen 127.0.0.1:PORT; gzip_types text/html text/css; }")
    assert status == 0 and 'duplicate MIME type "text/html"' in output
