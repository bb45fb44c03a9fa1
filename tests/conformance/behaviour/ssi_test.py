"""SSI: commands in pages."""

import re
import time

import pytest

from marks import baton_only
from raw_backend import RawBackend
from server import reply

SERVER = """server { listen 127.0.0.1:PORT; root FOLDER/html; ssi on; set $mine "from set"; %s
    location /empty { return 200 ""; } location /echo { return 200 "[$uri?$args]"; } }"""
ERROR = "[an error occurred while processing the directive]"


def start(server, rest="", **values):
    server.start("default_type text/html; types { text/plain txt; }" + SERVER % rest, **values)


def page(server, text, query="", rest="", **values):
    server.write("html/page.html", text)
    start(server, rest, **values)
    return server.get("/page.html" + query).text


def test_includes_other_pages(server):
    server.write("html/head.html", "HEAD ")
    server.write("html/foot.html", " FOOT")
    assert page(server, '<!--# include virtual="/head.html" -->body'
                '<!--#include file="foot.html"-->!') == "HEAD body FOOT!"


def test_included_pages_include_relative_to_themselves(server):
    server.write("html/d/b.html", 'B<!--# include virtual="c.html" -->')
    server.write("html/d/c.html", "C")
    assert page(server, '<!--# include virtual="/d/b.html" -->') == "BC"


def test_includes_what_a_backend_says(server):
    backend = server.backend(lambda head, body: reply(head.split(b" ")[1]))
    assert page(server, '<!--# include virtual="/app/x?a=b" -->|<!--# include virtual="/app/y" -->',
                rest="location /app/ { proxy_pass http://127.0.0.1:BACKEND; }",
                BACKEND=backend.port) == "/app/x?a=b|/app/y"


def test_pages_of_a_backend_are_read_too(server):
    backend = server.backend(reply('x<!--# include virtual="/echo?1" -->y',
                                   headers=[("Content-Type", "text/html; charset=utf-8")]))
    start(server, "location /app/ { proxy_pass http://127.0.0.1:BACKEND; }", BACKEND=backend.port)
    assert server.get("/app/").text == "x[/echo?1]y"


def test_an_include_of_nothing_shows_the_error_page(server):
    text = page(server, 'a<!--# include virtual="/missing" -->b')
    assert text.startswith("a<html>")
    assert "404 Not Found" in text
    assert text.endswith("b")


def test_stub_stands_for_errors_and_empty_pages(server):
    assert page(server, '<!--# block name="s" -->STUB<!--# endblock -->'
                '<!--# include virtual="/missing" stub="s" -->|'
                '<!--# include virtual="/empty" stub="s" -->|'
                '<!--# include virtual="/echo" stub="s" -->') == "STUB|STUB|[/echo?]"


def test_commands_in_a_stub_are_obeyed(server):
    assert page(server, '<!--# block name="s" --><!--# if expr="1" -->t<!--# else -->f'
                '<!--# endif --><!--# endblock --><!--# include virtual="/missing" stub="s" -->'
                ) == "t"


def test_stub_speaks_of_the_page_that_it_stands_for(server):
    assert page(server, '<!--# block name="s" --><!--# echo var="uri" --><!--# endblock -->'
                '<!--# include virtual="/missing" stub="s" -->') == "/missing"


def test_of_two_blocks_of_one_name_the_first_counts(server):
    assert page(server, '<!--# block name="s" -->one<!--# endblock -->'
                '<!--# block name="s" -->two<!--# endblock -->'
                '<!--# include virtual="/missing" stub="s" -->') == "one"


def test_set_keeps_nothing_of_an_error(server):
    assert page(server, '<!--# include virtual="/missing" set="x" -->'
                '[<!--# echo var="x" default="d" -->]') == "[]"


def test_an_encoding_stays_until_the_next(server):
    server.write("html/inner.html", '<!--# echo var="v" -->')
    assert page(server, '<!--# set var="v" value="<" --><!--# echo var="v" -->|'
                '<!--# echo var="v" encoding="none" -->|<!--# include virtual="/inner.html" -->|'
                '<!--# echo var="v" -->|<!--# echo var="v" encoding="rot13" -->|'
                '<!--# echo var="v" encoding="url" -->|<!--# echo var="v" -->'
                ) == "&lt;|<|&lt;|<|<|%3C|%3C"


def test_set_keeps_what_was_included(server):
    backend = server.backend(reply("<b>"))
    assert page(server, '<!--# include virtual="/app" set="x" -->'
                '[<!--# echo var="x" -->][<!--# echo var="x" encoding="none" -->]',
                rest="location /app { proxy_pass http://127.0.0.1:BACKEND; }",
                BACKEND=backend.port) == "[&lt;b&gt;][<b>]"


def test_echo_knows_variables_defaults_and_encodings(server):
    assert page(server, '<!--# echo var="uri" -->|<!--# echo var="nope" -->|'
                '<!--# echo var="nope" default="" -->|<!--# echo var="nope" default="d" -->|'
                '<!--# echo var="arg_x" -->|<!--# echo var="arg_x" encoding="url" -->|'
                '<!--# echo var="arg_x" encoding="none" -->|<!--# echo var="mine" -->',
                "?x=<a%26b>") == (
        "/page.html|(none)||d|&lt;a%26b&gt;|%3Ca%2526b%3E|<a%26b>|from set")


def test_set_makes_variables_for_included_pages_too(server):
    server.write("html/inner.html", '(<!--# echo var="v" -->)')
    assert page(server, '<!--# set var="v" value="1-$arg_x" --><!--# echo var="v" -->'
                '<!--# include virtual="/inner.html" -->', "?x=2") == "1-2(1-2)"


CONDITION = ('<!--# if expr="%s" -->1<!--# elif expr="$arg_y" -->2<!--# else -->3<!--# endif -->')


@pytest.mark.parametrize("expression, query, result", [
    ("$arg_x", "?x=1", "1"), ("$arg_x", "?x=0", "1"), ("$arg_x", "", "3"), ("$arg_x", "?y=1", "2"),
    ("$arg_x = abc", "?x=abc", "1"), ("$arg_x=abc", "?x=abd", "3"),
    ("$arg_x != abc", "?x=abc", "3"), ("$arg_x != abc", "?x=b", "1"),
    ("$arg_x = $arg_y", "?x=q&y=q", "1"), ("${arg_x}z = qz", "?x=q", "1"),
    ("$arg_x = /b+/", "?x=abbc", "1"), ("$arg_x = /^b/", "?x=abbc", "3"),
    ("$arg_x != /b/", "?x=ac", "1"), ("0", "", "1"), ("$arg_x == 1", "?x=1", "3"),
])
def test_condition(server, expression, query, result):
    assert page(server, CONDITION % expression, query) == result


def test_captures_of_a_condition(server):
    assert page(server, '<!--# if expr="$arg_x = /^(.)b(?P<last>.)/" -->'
                '<!--# set var="q" value="$2-$1" --><!--# echo var="q" --><!--# echo var="last" -->'
                '<!--# include virtual="/echo?$1" --><!--# endif -->', "?x=abc") == (
        "c-ac[/echo?a]")


def test_what_is_not_shown_is_not_obeyed(server):
    assert page(server, '<!--# if expr="$arg_no" --><!--# include virtual="/echo" -->'
                '<!--# bogus --><!--# set var="q" value="1" --><!--# endif -->'
                '<!--# echo var="q" -->') == "(none)"


@baton_only("nginx has conditions inside conditions not at all")
def test_conditions_inside_conditions(server):
    assert page(server, '<!--# if expr="1" -->A<!--# if expr="$arg_no" -->B<!--# else -->C'
                '<!--# endif -->D<!--# else -->E<!--# if expr="1" -->F<!--# endif --><!--# endif -->'
                'G') == "ACDG"


def test_errors_show_a_text_that_can_be_changed(server):
    assert page(server, '<!--# bogus -->|<!--# config errmsg="oops" --><!--# bogus -->') == (
        ERROR + "|oops")
    assert 'invalid SSI command: "bogus" while sending response to client' in server.error_log()


@pytest.mark.parametrize("command, words", [
    ("echo", 'mandatory "var" parameter is absent in "echo" SSI command'),
    ('echo var="a" var="b"', 'duplicate "var" parameter in "echo" SSI command'),
    ('echo foo="x"', 'invalid parameter name: "foo" in "echo" SSI command'),
    ("echo var=uri", 'unexpected "u" symbol before value of "var" parameter in "echo" SSI command'),
    ("include", 'no parameter in "include" SSI command'),
    ('include virtual="/a" file="b"', 'inclusion may be either virtual="/a" or file="b"'),
    ('include virtual="/a" wait="maybe"', 'invalid value "maybe" in the "wait" parameter'),
    ('include virtual="/a" set="a" stub="b"', '"set" and "stub" cannot be used together'),
    ('include virtual="/a" stub="none"', '"stub"="none" for "include" not found'),
    ('include virtual="/../etc/passwd"', 'unsafe URI "/../etc/passwd" was detected'),
    ('echo var="uri" encoding="rot13"', 'unknown encoding "rot13" in the "echo" command'),
    ("else", 'invalid context of SSI command: "else"'),
    ("endif", 'invalid context of SSI command: "endif"'),
])
def test_is_an_error(server, command, words):
    text = page(server, f"a<!--# {command} -->b")
    assert words in server.error_log()
    if "rot13" not in command:
        assert text == f"a{ERROR}b"


def test_silent_errors(server):
    assert page(server, "a<!--# bogus -->b", rest="ssi_silent_errors on;") == "ab"


def test_a_page_that_includes_itself_ends(server):
    text = page(server, 'x<!--# include virtual="/page.html" -->')
    assert text.endswith(ERROR)
    assert "subrequests cycle" in server.error_log()


def test_dates_in_a_format(server):
    text = page(server, '<!--# config timefmt="%Y" --><!--# echo var="date_gmt" -->|'
                '<!--# config timefmt="%s" --><!--# echo var="date_local" -->')
    year, seconds = text.split("|")
    assert year == time.strftime("%Y", time.gmtime())
    assert abs(int(seconds) - time.time()) < 60


def test_comments_that_only_look_alike_stay(server):
    assert page(server, "<!-- plain --><!-- # no --><!-") .startswith("<!-- plain --><!-- # no -->")


def test_only_pages_of_the_types_are_read(server):
    server.write("html/a.txt", '<!--# echo var="uri" -->')
    start(server)
    assert server.get("/a.txt").text == '<!--# echo var="uri" -->'


def test_more_types(server):
    server.write("html/a.txt", '<!--# echo var="uri" -->')
    start(server, "ssi_types text/plain;")
    assert server.get("/a.txt").text == "/a.txt"


def test_off_in_a_location_inside(server):
    server.write("html/raw/a.html", '<!--# echo var="uri" -->')
    start(server, "location /raw/ { ssi off; }")
    assert server.get("/raw/a.html").text == '<!--# echo var="uri" -->'


def test_head_lines_of_the_file_go(server):
    server.write("html/page.html", "abc")
    start(server)
    response = server.get("/page.html", {"Range": "bytes=0-1"})
    assert (response.status, response.body) == (200, b"abc")
    assert response.header("Transfer-Encoding") == "chunked"
    for name in ("Content-Length", "Last-Modified", "ETag", "Accept-Ranges"):
        assert response.header(name) is None


def test_last_modified_can_stay(server):
    server.write("html/page.html", "abc")
    start(server, "ssi_last_modified on;")
    response = server.get("/page.html")
    assert response.header("Last-Modified")
    assert response.header("ETag").startswith('W/"')


def test_head_has_no_body(server):
    server.write("html/page.html", 'abc<!--# include virtual="/echo" -->')
    start(server)
    with server.connect() as client:
        assert client.request("HEAD", "/page.html").status == 200
        assert client.request("GET", "/page.html").text == "abc[/echo?]"


def test_http_1_0_ends_with_the_connection(server):
    server.write("html/page.html", 'abc<!--# include virtual="/echo" -->')
    start(server)
    with server.connect() as client:
        response = client.request("GET", "/page.html", version="1.0")
        assert response.text == "abc[/echo?]"


def test_a_large_page_with_many_includes(server):
    server.write("html/part.html", "p" * 5000)
    text = "".join("t" * 3000 + '<!--# include virtual="/part.html" -->' for _ in range(40))
    expected = ("t" * 3000 + "p" * 5000) * 40
    server.write("html/page.html", text)
    start(server)
    with server.connect() as client:
        assert client.request("GET", "/page.html").text == expected
        assert client.request("GET", "/page.html").text == expected


def test_included_pages_have_the_header_lines_and_method_get(server):
    backend = server.backend()
    server.write("html/page.html", '<!--# include virtual="/app" -->')
    start(server, "location /app { proxy_pass http://127.0.0.1:BACKEND; }", BACKEND=backend.port)
    assert server.get("/page.html", {"Cookie": "a=b"}).text == "ok"
    head = backend.requests[0][0]
    assert head.startswith(b"GET /app HTTP/1.")
    assert b"Cookie: a=b\r\n" in head


def test_pages_are_compressed_behind_the_includes(server):
    import gzip
    server.write("html/page.html", "x" * 2000 + '<!--# include virtual="/echo" -->')
    start(server, "gzip on; gzip_min_length 0;")
    response = server.get("/page.html", {"Accept-Encoding": "gzip"})
    assert response.header("Content-Encoding") == "gzip"
    assert gzip.decompress(response.body).decode() == "x" * 2000 + "[/echo?]"


def test_value_length_is_bounded(server):
    text = page(server, '<!--# echo var="nope" default="%s" -->' % ("d" * 300))
    assert text == ERROR


def test_value_length_can_be_raised(server):
    assert page(server, '<!--# echo var="nope" default="%s" -->' % ("d" * 300),
                rest="ssi_value_length 512;") == "d" * 300


def test_head_of_a_page_that_breaks_off_at_once_is_sent(server):
    backend = RawBackend(lambda connection, number: connection.sendall(
        b"HTTP/1.0 200 OK\r\nContent-Length: 100\r\nContent-Type: text/html\r\n"
        b"X-A: b\r\n\r\n"))
    server.start("""server { listen 127.0.0.1:PORT;
        location / { proxy_pass http://127.0.0.1:B; add_after_body /after; }
        location /after { return 200 after; } }""", B=backend.port)
    answer = server.raw("GET / HTTP/1.0\r\nHost: a\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and b"X-A: b\r\n" in answer
    assert b"after" not in answer
