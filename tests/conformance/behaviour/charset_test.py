"""charset_map: bodies written in another charset on their way to the client."""

import gzip

import pytest

from marks import baton_only
from server import reply

MAPS = """charset_map koi8-r utf-8 { C1 D0B0; C2 D0B1; }
          charset_map koi8-r windows-1251 { C1 E0; C2 E1; } """
CYRILLIC = "аб"
KOI8 = b"\xc1\xc2"


def serve(server, content, settings, **values):
    server.write("html/a.html", content)
    server.start(MAPS + "types { text/html html; image/png png; }"
                 "server { listen 127.0.0.1:PORT; root FOLDER/html; " + settings + " }", **values)


def test_bytes_become_utf8(server):
    serve(server, b"<" + KOI8 + b"\xff>", "source_charset koi8-r; charset utf-8;")
    response = server.get("/a.html")
    assert response.header("Content-Type") == "text/html; charset=utf-8"
    assert response.body == f"<{CYRILLIC}?>".encode()


def test_utf8_becomes_bytes_and_what_has_none_a_reference(server):
    serve(server, f"<{CYRILLIC}☃>", "source_charset utf-8; charset koi8-r;")
    response = server.get("/a.html")
    assert response.header("Content-Type") == "text/html; charset=koi8-r"
    assert response.body == b"<" + KOI8 + b"&#9731;>"


def test_bytes_become_other_bytes_in_both_directions(server):
    serve(server, KOI8, "location / { source_charset koi8-r; charset windows-1251; }"
          "location /back/ { alias FOLDER/html/; source_charset windows-1251; charset koi8-r; }")
    server.write("html/b.html", b"\xe0\xe1")
    response = server.get("/a.html")
    assert (response.body, response.header("Content-Length")) == (b"\xe0\xe1", "2")
    assert server.get("/back/b.html").body == KOI8


def test_only_types_that_get_a_charset_are_recoded(server):
    serve(server, KOI8, "source_charset koi8-r; charset utf-8;")
    server.write("html/a.png", KOI8)
    assert server.get("/a.png").body == KOI8


def test_a_long_body_of_an_upstream_server(server):
    backend = server.backend(reply((CYRILLIC * 60000).encode(), headers=[
        ("Content-Type", "text/html")]))
    serve(server, "", "location / { proxy_pass http://127.0.0.1:BACKEND; "
          "source_charset utf-8; charset koi8-r; }", BACKEND=backend.port)
    assert server.get("/").body == KOI8 * 60000


def test_the_upstream_servers_own_charset_stays_unless_it_may_be_overridden(server):
    backend = server.backend(reply(KOI8, headers=[("Content-Type", "text/html; charset=KOI8-R")]))
    serve(server, "", "charset utf-8; location / { proxy_pass http://127.0.0.1:BACKEND; }"
          "location /o { override_charset on; proxy_pass http://127.0.0.1:BACKEND; }",
          BACKEND=backend.port)
    response = server.get("/")
    assert (response.header("Content-Type"), response.body) == ("text/html; charset=KOI8-R", KOI8)
    response = server.get("/o")
    assert response.header("Content-Type") == "text/html; charset=utf-8"
    assert response.body == CYRILLIC.encode()


def test_x_accel_charset_recodes(server):
    backend = server.backend(reply(KOI8, headers=[
        ("Content-Type", "text/html; charset=koi8-r"), ("X-Accel-Charset", "utf-8")]))
    serve(server, "", "location / { proxy_pass http://127.0.0.1:BACKEND; }", BACKEND=backend.port)
    response = server.get("/")
    assert response.header("Content-Type") == "text/html; charset=utf-8"
    assert response.body == CYRILLIC.encode()


def test_a_packed_body_stays_as_it_is(server):
    packed = gzip.compress(KOI8)
    backend = server.backend(reply(packed, headers=[
        ("Content-Type", "text/html"), ("Content-Encoding", "gzip")]))
    serve(server, "", "location / { proxy_pass http://127.0.0.1:BACKEND; "
          "source_charset koi8-r; charset utf-8; }", BACKEND=backend.port)
    response = server.get("/", {"Accept-Encoding": "gzip"})
    assert (response.header("Content-Type"), response.body) == ("text/html", packed)


def test_it_is_recoded_before_it_is_packed(server):
    serve(server, KOI8 * 50, "source_charset koi8-r; charset utf-8; gzip on;")
    response = server.get("/a.html", {"Accept-Encoding": "gzip"})
    assert gzip.decompress(response.body) == (CYRILLIC * 50).encode()


@pytest.mark.parametrize("text, words", [
    ("charset_map a b { 180 81; }", 'invalid value "180"'),
    ("charset_map a b { 80 zz; }", 'invalid value "zz"'),
    ("charset_map a b { default 81; }", 'invalid value "default"'),
    ("charset_map a utf-8 { 80 C2; }", 'invalid value "C2"'),
    ("charset_map a utf-8 { 80 C2A; }", 'invalid value "C2A"'),
    ("charset_map a utf-8 { 80 F09F9880; }", 'invalid value "F09F9880"'),
    ("charset_map a b { 80; }", "invalid parameters number"),
    ("charset_map a b { 80 81 82; }", "invalid parameters number"),
    ("charset_map a b { 80 { } }", 'unexpected "{"'),
    ("charset_map a A { 80 81; }", '"charset_map" between the same charsets "a" and "A"'),
    ("charset_map a b { } charset_map b a { }", 'duplicate "charset_map" between "b" and "a"'),
])
def test_is_refused(server, text, words):
    status, output = server.check(text)
    assert status != 0 and words in output


@baton_only("nginx looks for maps when it has read everything")
def test_a_map_behind_a_server_is_refused(server):
    status, output = server.check("server { listen 127.0.0.1:PORT; } charset_map a b { 80 81; }")
    assert status != 0 and '"charset_map" behind a "server" is not supported by baton' in output
