"""gunzip and gzip_static: bodies that are packed already."""

import gzip

from marks import baton_only
from server import reply

TEXT = b"a text that is packed beforehand\n" * 200
PACKED = gzip.compress(TEXT)
TAKES = {"Accept-Encoding": "gzip"}


def serve(server, settings):
    server.write("html/a.html", TEXT)
    server.write("html/a.html.gz", PACKED)
    server.write("html/b.html", TEXT)
    server.write("html/only.html.gz", PACKED)
    server.start(f"""types {{ text/html html; }}
        server {{ listen 127.0.0.1:PORT; root FOLDER/html; {settings} }}""")


def proxied(server, settings, body=PACKED, lines=()):
    backend = server.backend(reply(body, headers=[
        ("Content-Type", "text/html"), ("Content-Encoding", "gzip"), *lines]))
    server.start(f"""server {{ listen 127.0.0.1:PORT; {settings}
        location / {{ proxy_pass http://127.0.0.1:BACKEND; }} }}""", BACKEND=backend.port)


def test_a_packed_response_is_unpacked_for_a_client_that_does_not_take_gzip(server):
    proxied(server, "gunzip on;", lines=[("ETag", '"a"')])
    response = server.get("/")
    assert response.body == TEXT
    assert response.header("Content-Encoding") is None
    assert response.header("Content-Length") is None
    assert response.header("ETag") == 'W/"a"'


def test_a_client_that_takes_gzip_gets_it_as_it_is(server):
    proxied(server, "gunzip on; gzip_vary on;")
    response = server.get("/", TAKES)
    assert response.body == PACKED and response.header("Content-Length") == str(len(PACKED))
    assert response.header("Vary") == "Accept-Encoding"


def test_without_gunzip_everybody_gets_gzip(server):
    proxied(server, "gunzip off;")
    assert server.get("/").body == PACKED


def test_a_huge_body_is_unpacked(server):
    huge = bytes(20 << 20)
    proxied(server, "gunzip on;", gzip.compress(huge))
    assert server.get("/").body == huge


def test_several_members_are_one_body(server):
    proxied(server, "gunzip on;", gzip.compress(b"one ") + gzip.compress(b"two"))
    assert server.get("/").body == b"one two"


def test_a_broken_packed_body_ends_the_connection(server):
    proxied(server, "gunzip on;", PACKED[:30] + b"\xff" * 40 + PACKED[70:])
    with server.connect() as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert not client.rest().endswith(b"0\r\n\r\n")


def test_the_packed_file_beside_it_is_served(server):
    serve(server, "gzip_static on;")
    response = server.get("/a.html", TAKES)
    assert response.body == PACKED and response.header("Content-Encoding") == "gzip"
    assert response.header("Content-Type") == "text/html"
    assert response.header("Content-Length") == str(len(PACKED))
    assert server.get("/a.html").body == TEXT
    assert server.get("/b.html", TAKES).body == TEXT


def test_only_a_packed_file_is_found_by_those_who_take_it(server):
    serve(server, "gzip_static on;")
    assert server.get("/only.html", TAKES).body == PACKED
    assert server.get("/only.html").status == 404


def test_always_serves_the_packed_file_to_everybody(server):
    serve(server, "gzip_static always;")
    assert server.get("/only.html").body == PACKED


def test_always_with_gunzip_serves_everybody_from_one_file(server):
    serve(server, "gzip_static always; gunzip on;")
    assert server.get("/only.html").body == TEXT
    assert server.get("/only.html", TAKES).body == PACKED


def test_vary_is_sent_for_both_forms(server):
    serve(server, "gzip_static on; gzip_vary on;")
    assert server.get("/a.html", TAKES).header("Vary") == "Accept-Encoding"
    assert server.get("/a.html").header("Vary") == "Accept-Encoding"
    assert server.get("/b.html").header("Vary") is None


def test_a_packed_file_has_validators_of_its_own(server):
    serve(server, "gzip_static on;")
    response = server.get("/a.html", TAKES)
    again = server.get("/a.html", {**TAKES, "If-None-Match": response.header("ETag")})
    assert again.status == 304
    assert server.get("/a.html").header("ETag") != response.header("ETag")


def test_of_a_packed_file_there_are_no_ranges(server):
    serve(server, "gzip_static on;")
    response = server.get("/a.html", {**TAKES, "Range": "bytes=0-3"})
    assert response.status == 200 and response.body == PACKED
    assert response.header("Accept-Ranges") is None


@baton_only("as nginx since 1.31")
def test_only_the_last_of_several_codings_comes_off(server):
    backend = server.backend(reply(PACKED, headers=[("Content-Type", "text/html"),
                                                    ("Content-Encoding", "a, b, gzip")]))
    server.start("""server { listen 127.0.0.1:PORT; gunzip on;
        location / { proxy_pass http://127.0.0.1:BACKEND; } }""", BACKEND=backend.port)
    response = server.get("/")
    assert (response.header("Content-Encoding"), response.body) == ("a,b", TEXT)


def test_coding_on_top_of_gzip_is_left_alone(server):
    backend = server.backend(reply(PACKED, headers=[("Content-Encoding", "gzip, other")]))
    server.start("""server { listen 127.0.0.1:PORT; gunzip on;
        location / { proxy_pass http://127.0.0.1:BACKEND; } }""", BACKEND=backend.port)
    response = server.get("/")
    assert (response.header("Content-Encoding"), response.body) == ("gzip, other", PACKED)
