"""add_header, add_trailer, charset, and the order of lines in a response's head."""

import pytest
from marks import baton_only
from server import reply


def names(response):
    return [name for name, _ in response.headers]


def test_lines_stand_in_nginx_order(server):
    server.write("html/a.html", "text")
    server.start("""server { listen 127.0.0.1:PORT; root FOLDER/html; keepalive_timeout 75 20;
        add_header X-A 1; expires 1h; types { text/html html; } }""")
    assert names(server.get("/a.html")) == [
        "Server", "Date", "Content-Type", "Content-Length", "Last-Modified", "Connection",
        "Keep-Alive", "ETag", "Expires", "Cache-Control", "X-A", "Accept-Ranges"]


def test_add_header_is_for_ordinary_statuses_unless_always(server):
    server.start("""server { listen 127.0.0.1:PORT; add_header X-A 1; add_header X-B 2 always;
        location / { return 200 ok; } location /404 { return 404; } location /500 { return 500; }
        location /204 { return 204; } location /308 { return 308 /; } }""")
    for path, plain in (("/", "1"), ("/204", "1"), ("/308", "1"), ("/404", None), ("/500", None)):
        response = server.get(path)
        assert (response.header("X-A"), response.header("X-B")) == (plain, "2"), path


def test_add_header_is_inherited_only_by_levels_without_their_own(server):
    server.start("""add_header X-Outer 1; server { listen 127.0.0.1:PORT;
        location /a { return 200 a; } location /b { add_header X-Inner 2; return 200 b; } }""")
    assert server.get("/a").header("X-Outer") == "1"
    inner = server.get("/b")
    assert inner.header("X-Outer") is None and inner.header("X-Inner") == "2"


@baton_only("add_header_inherit is of 1.29.3")
def test_add_header_inherit_merges_or_cuts(server):
    server.start("""add_header X-Outer 1; server { listen 127.0.0.1:PORT;
        add_header_inherit merge; add_header X-Server 2;
        location /a { add_header X-Inner 3; return 200 a; }
        location /b { add_header_inherit off; return 200 b; } }""")
    response = server.get("/a")
    assert [n for n in names(response) if n.startswith("X-")] == ["X-Inner", "X-Server", "X-Outer"]
    assert [n for n in names(server.get("/b")) if n.startswith("X-")] == []


def test_an_empty_value_adds_nothing(server):
    server.start("""server { listen 127.0.0.1:PORT; add_header X-A $arg_a; add_header X-B b;
        location / { return 200 ok; } }""")
    assert server.get("/").header("X-A") is None
    assert server.get("/?a=1").header("X-A") == "1"


def test_add_header_replaces_validators_and_can_remove_them(server):
    server.write("html/a.html", "text")
    server.start("""server { listen 127.0.0.1:PORT; root FOLDER/html;
        location / { add_header ETag '"mine"'; }
        location /none/ { alias FOLDER/html/; add_header Last-Modified ""; add_header ETag ""; } }""")
    assert server.get("/a.html").all("ETag") == ['"mine"']
    bare = server.get("/none/a.html")
    assert bare.header("ETag") is None and bare.header("Last-Modified") is None


def test_added_cache_control_stands_beside_the_upstreams(server):
    backend = server.backend(reply("x", headers=[("Cache-Control", "private")]))
    server.start("""server { listen 127.0.0.1:PORT; location / { add_header Cache-Control no-store;
        proxy_pass http://127.0.0.1:BACKEND; } }""", BACKEND=backend.port)
    assert server.get("/").all("Cache-Control") == ["private", "no-store"]


def test_trailers_follow_the_body(server):
    server.start("""server { listen 127.0.0.1:PORT; add_trailer X-Sum "sum $body_bytes_sent$arg_x";
        add_trailer X-Empty $arg_none; location / { return 200 body; }
        location /404 { return 404; } }""")
    response = server.get("/?x=y")
    assert response.header("Transfer-Encoding") == "chunked"
    assert response.header("Content-Length") is None and response.body == b"body"
    assert [name for name, _ in response.trailers] == ["X-Sum"]
    assert response.trailers[0][1].endswith("y")
    assert server.get("/404").trailers == []


def test_trailers_of_a_file_and_with_gzip(server):
    server.write("html/a.html", "text " * 5000)
    server.start("""server { listen 127.0.0.1:PORT; root FOLDER/html; gzip on;
        types { text/html html; } add_trailer X-T t always; }""")
    plain = server.get("/a.html")
    assert plain.trailers == [("X-T", "t")] and plain.body == b"text " * 5000
    assert server.get("/a.html", {"Accept-Encoding": "gzip"}).trailers == [("X-T", "t")]


def test_http_1_0_gets_no_trailers(server):
    server.start("server { listen 127.0.0.1:PORT; add_trailer X-T t; location / { return 200 b; } }")
    with server.connect() as client:
        response = client.request("GET", "/", version="1.0")
        assert response.header("Content-Length") == "1" and response.body == b"b"


def test_charset_is_added_to_listed_types(server):
    for name in ("a.html", "a.txt", "a.js", "a.bin", "a.xml"):
        server.write(f"html/{name}", "text")
    server.start("""types { text/html html; text/plain txt; application/javascript js; text/xml xml; }
        default_type application/octet-stream; server { listen 127.0.0.1:PORT; root FOLDER/html;
        charset utf-8; location /own/ { alias FOLDER/html/; charset_types text/plain; } }""")
    types = {name: server.get(f"/a.{name}").header("Content-Type")
             for name in ("html", "txt", "js", "bin", "xml")}
    assert types == {"html": "text/html; charset=utf-8", "txt": "text/plain; charset=utf-8",
                     "js": "application/javascript; charset=utf-8",
                     "bin": "application/octet-stream", "xml": "text/xml; charset=utf-8"}
    assert server.get("/own/a.js").header("Content-Type") == "application/javascript"
    assert server.get("/own/a.html").header("Content-Type") == "text/html; charset=utf-8"


def test_charset_is_added_to_every_kind_of_response(server):
    backend = server.backend(lambda head, body: reply("x", headers=[
        ("Content-Type", "text/html;charset=koi8-r" if b"/own" in head else "text/html")]))
    server.start("""server { listen 127.0.0.1:PORT; charset utf-8; default_type text/plain;
        location /return { return 200 ok; } location /404 { return 404; }
        location /301 { return 301 /; } location /p { proxy_pass http://127.0.0.1:BACKEND; } }""",
                 BACKEND=backend.port)
    found = {path: server.get(path).header("Content-Type")
             for path in ("/return", "/404", "/301", "/p", "/p/own")}
    assert found == {"/return": "text/plain; charset=utf-8", "/404": "text/html; charset=utf-8",
                     "/301": "text/html", "/p": "text/html; charset=utf-8",
                     "/p/own": "text/html;charset=koi8-r"}


def test_charset_off_and_by_variable(server):
    server.start("""map $arg_c $set { default ""; u utf-8; } charset utf-8;
        server { listen 127.0.0.1:PORT; default_type text/plain;
        location /off { charset off; return 200 ok; } location /v { charset $set; return 200 ok; } }""")
    assert server.get("/off").header("Content-Type") == "text/plain"
    assert server.get("/v?c=u").header("Content-Type") == "text/plain; charset=utf-8"


def test_server_tokens_off_hides_the_version(server):
    server.start("""server { listen 127.0.0.1:PORT; server_tokens off;
        location / { return 404; } }""")
    response = server.get("/")
    assert response.header("Server") == "nginx" and b"<center>nginx</center>" in response.body


def test_error_pages_are_padded_for_browsers_that_replace_short_ones(server):
    server.start("""server { listen 127.0.0.1:PORT; location / { return 404; }
        location /off { msie_padding off; return 404; } location /301 { return 301 /; } }""")
    chrome = {"User-Agent": "Mozilla/5.0 Chrome/120.0 Safari/537.36"}
    padding = b"<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n"
    assert server.get("/", chrome).body.count(padding) == 6
    assert server.get("/", {"User-Agent": "x (MSIE 7.0)"}).body.count(padding) == 6
    assert padding not in server.get("/").body
    assert padding not in server.get("/off", chrome).body
    assert padding not in server.get("/301", chrome).body


def test_two_charsets_without_a_map_are_refused(server):
    status, output = server.check("""server { listen 127.0.0.1:PORT;
        location / { charset utf-8; source_charset koi8-r; } }""")
    assert status == 1 and 'no "charset_map" between the charsets "koi8-r" and "utf-8"' in output


def test_chunked_transfer_encoding_off_ends_with_the_connection(server):
    server.write("html/a.html", "text " * 1000)
    server.start("""server { listen 127.0.0.1:PORT; root FOLDER/html; gzip on;
        chunked_transfer_encoding off; types { text/html html; } }""")
    with server.connect() as client:
        response = client.request("GET", "/a.html", {"Accept-Encoding": "gzip"})
        assert response.header("Transfer-Encoding") is None
        assert response.header("Connection") == "close" and client.ended()


# --- X-Accel-Charset ---

def told_charset(server, charset, kind="text/html", settings="", status="200 OK"):
    """The type of a response to which the upstream server says X-Accel-Charset."""
    backend = server.backend(reply("x", status, headers=[("Content-Type", kind),
                                                         ("X-Accel-Charset", charset)]))
    server.start(f"""server {{ listen 127.0.0.1:PORT;
        location /named {{ charset koi8-r; return 200 ""; }}
        location / {{ proxy_pass http://127.0.0.1:{backend.port}; {settings} }} }}""")
    response = server.get("/")
    assert response.header("X-Accel-Charset") is None
    return response.header("Content-Type")


@pytest.mark.parametrize("charset, kind, settings, expected", [
    ("koi8-r", "text/html", "", "text/html; charset=koi8-r"),
    ("KOI8-R", "image/x", "", "image/x; charset=KOI8-R"),
    ("koi8-r", "text/html", "charset utf-8;", "text/html; charset=koi8-r"),
    ("koi8-r", "text/html;charset=koi8-r", "", None),
    ("unheard-of", "text/html", "", "text/html"),
    ("koi8-r", "text/html; charset=utf-8", "", "text/html; charset=utf-8"),
    ("koi8-r", "text/html", "proxy_ignore_headers X-Accel-Charset;", "text/html"),
])
def test_x_accel_charset(server, charset, kind, settings, expected):
    told = told_charset(server, charset, kind, settings)
    if expected is None:
        assert told.replace(" ", "") == "text/html;charset=koi8-r"
    else:
        assert told == expected


def test_an_unknown_x_accel_charset_is_told(server):
    told_charset(server, "unheard-of")
    assert 'unknown charset "unheard-of" to override' in server.error_log()


def test_x_accel_charset_leaves_redirects_alone(server):
    assert told_charset(server, "koi8-r", status="302 Found") == "text/html"


def test_idle_connection_is_kept_as_long_as_its_location_says(server):
    server.start("""server { listen 127.0.0.1:PORT; keepalive_timeout 500ms; return 200 hi; }
        server { listen 127.0.0.1:PORT2; keepalive_timeout 500ms;
            location / { keepalive_timeout 30s; return 200 hi; } }""")
    for port, is_kept in (("PORT", False), ("PORT2", True)):
        with server.connect(port) as client:
            assert client.request("GET", "/").status == 200
            assert client.ended(wait=1.5) != is_kept


def test_only_what_ends_a_line_is_taken_out_of_a_value(server):
    server.start("""server { listen 127.0.0.1:PORT;
        location / { add_header X-Path "<$uri>"; return 204; } }""")
    assert server.get("/a%02b").header("X-Path") == "</a\x02b>"


@baton_only("as nginx since 1.23")
def test_lines_of_a_trailer_are_known_to_those_behind_them(server):
    server.start("""server { listen 127.0.0.1:PORT; location / { add_trailer A one;
        add_trailer A two; add_trailer B $sent_trailer_a; return 200 hi; } }""")
    assert ("B", "one, two") in server.get("/").trailers
