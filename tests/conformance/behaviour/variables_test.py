"""Variables of the core and of modules, and where text with variables may stand."""

import re
import time

import pytest

from marks import baton_only
from server import reply


def show(server, text, http="", extra=""):
    server.start(http + f'server {{ listen 127.0.0.1:PORT; server_name a.example; {extra} '
                 f'location / {{ return 200 "{text}"; }} }}')


@pytest.mark.parametrize("text,path,expected", [
    ("$uri", "/a%20b//c/../d?x", "/a b/d"), ("$document_uri", "/x", "/x"),
    ("$request_uri", "/a%20b?x=1", "/a%20b?x=1"), ("$args", "/?a=1&b", "a=1&b"),
    ("$query_string", "/?q", "q"), ("$is_args", "/?q", "?"), ("[$is_args]", "/", "[]"),
    ("$arg_a", "/?b=2&a=1", "1"), ("$arg_A", "/?a=1", "1"), ("[$arg_c]", "/?a=1", "[]"),
    ("$request_method", "/", "GET"), ("$server_protocol", "/", "HTTP/1.1"),
    ("$scheme", "/", "http"), ("[$https]", "/", "[]"), ("$host", "/", "localhost"),
    ("$server_name", "/", "a.example"), ("$remote_addr", "/", "127.0.0.1"),
    ("$server_addr", "/", "127.0.0.1"), ("$request", "/x", "GET /x HTTP/1.1"),
    ("$pipe", "/", "."), ("$connection_requests", "/", "1"), ("[$remote_user]", "/", "[]"),
    ("[$content_length]", "/", "[]"), ("[$content_type]", "/", "[]"),
    ("[$http_none]", "/", "[]"), ("[$cookie_none]", "/", "[]"), ("$http_host", "/", "localhost"),
    ("[$request_completion]", "/", "[]"), ("$limit_rate", "/", "0"), ("${uri}x", "/a", "/ax"),
    ("[$upstream_addr$upstream_status]", "/", "[]"), ("$realip_remote_addr", "/", "127.0.0.1"),
])
def test_value_of(server, text, path, expected):
    show(server, text)
    assert server.get(path).text == expected


def test_server_port_is_the_one_connected_to(server):
    show(server, "$server_port")
    assert server.get("/").text == str(server.port)


def test_remote_port_is_the_clients(server):
    show(server, "$remote_port")
    with server.connect() as client:
        port = client.socket.getsockname()[1]
        assert client.request("GET", "/").text == str(port)


def test_host_is_in_lower_case_without_port(server):
    show(server, "$host $http_host")
    assert server.get("/", {"Host": "ExAmple.COM:81"}).text == "example.com ExAmple.COM:81"


def test_host_falls_back_to_the_server_name(server):
    show(server, "$host")
    assert server.raw(b"GET / HTTP/1.0\r\n\r\n").endswith(b"a.example")


def test_remote_user_comes_from_basic_authentication(server):
    show(server, "$remote_user")
    assert server.get("/", {"Authorization": "Basic am9lOnNlY3JldA=="}).text == "joe"


def test_cookies_are_found_by_name(server):
    show(server, "$cookie_b-$cookie_a")
    assert server.get("/", {"Cookie": "a=1; b=2"}).text == "2-1"


def test_header_lines_of_one_name_are_joined(server):
    show(server, "$http_x_one")
    assert server.get("/", {"X-One": "1"}).text == "1"


@baton_only("nginx joins lines of all names since 1.23")
def test_repeated_header_lines_are_joined_by_commas(server):
    show(server, "$http_x_one")
    assert server.get("/", {"X-One": ["1", "2"]}).text == "1, 2"


def test_binary_remote_addr_has_four_bytes(server):
    server.start('split_clients $binary_remote_addr $v { * x; } log_format f escape=default '
                 '"$binary_remote_addr"; access_log FOLDER/b.log f; '
                 'server { listen 127.0.0.1:PORT; location / { return 204; } }')
    server.get("/")
    assert server.log_lines(1, "b.log") == [r"\x7F\x00\x00\x01"]


def test_request_id_is_one_for_the_request_and_new_for_the_next(server):
    show(server, "$request_id $request_id")
    first = server.get("/").text.split()
    assert first[0] == first[1] and re.fullmatch("[0-9a-f]{32}", first[0])
    assert server.get("/").text.split()[0] != first[0]


def test_times_are_now(server):
    show(server, "$msec|$time_iso8601|$time_local")
    msec, iso, local = server.get("/").text.split("|")
    assert abs(float(msec) - time.time()) < 5 and re.fullmatch(r"\d+\.\d{3}", msec)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", iso)
    assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}", local)


def test_date_variables_of_ssi(server):
    show(server, "$date_gmt|$date_local")
    gmt, local = server.get("/").text.split("|")
    form = r"[A-Z][a-z]+, \d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d "
    assert re.fullmatch(form + "GMT", gmt) and re.match(form, local)


def test_connection_counters(server):
    show(server, "$connections_active $connections_reading $connections_writing "
                 "$connections_waiting")
    active, reading, writing, waiting = map(int, server.get("/").text.split())
    assert active >= 1 and writing >= 1 and reading == 0 and waiting >= 0


def test_tcpinfo(server):
    show(server, "$tcpinfo_rtt $tcpinfo_rttvar $tcpinfo_snd_cwnd $tcpinfo_rcv_space")
    values = [int(v) for v in server.get("/").text.split()]
    assert values[2] >= 1 and values[3] > 1000


def test_document_root_and_filename(server):
    show(server, "$document_root $request_filename", extra="root FOLDER/html;")
    folder = server.folder / "html"
    assert server.get("/x").text == f"{folder} {folder}/x"


def test_realpath_root_follows_links(server):
    (server.folder / "link").symlink_to(server.folder / "html")
    show(server, "$realpath_root", extra="root FOLDER/link;")
    assert server.get("/").text == str((server.folder / "html").resolve())


def test_request_body_is_there_behind_a_proxy_pass(server):
    backend = server.backend(reply())
    server.start('log_format f "$request_body"; access_log FOLDER/b.log f; server { '
                 "listen 127.0.0.1:PORT; location / { proxy_pass http://127.0.0.1:B; } }",
                 B=backend.port)
    server.request("POST", "/", body=b"hello")
    assert server.log_lines(1, "b.log") == ["hello"]


def test_upstream_variables_of_one_try(server):
    backend = server.backend(reply("x", headers=[("X-Up", "7"), ("Set-Cookie", "c=9; path=/")]))
    server.start("server { listen 127.0.0.1:PORT; location / { proxy_pass http://127.0.0.1:B; "
                 'add_header V "$upstream_addr $upstream_status $upstream_http_x_up '
                 '$upstream_cookie_c $proxy_host $proxy_port"; } }', B=backend.port)
    assert server.get("/").header("V") == \
        f"127.0.0.1:{backend.port} 200 7 9 127.0.0.1:{backend.port} {backend.port}"


def test_sent_header_variables_in_the_log(server):
    server.start('log_format f "$sent_http_content_type $sent_http_x $sent_http_content_length '
                 '$status $body_bytes_sent"; access_log FOLDER/s.log f; server { '
                 'listen 127.0.0.1:PORT; add_header X 1; location / { return 200 abc; } }')
    server.get("/")
    assert server.log_lines(1, "s.log") == ["text/plain 1 3 200 3"]


def test_missing_values_are_dashes_in_the_log_and_empty_ones_are_not(server):
    server.start('log_format f "[$http_none] [$arg_a] [$empty] [$x]"; access_log FOLDER/m.log f; '
                 'map $uri $empty { default ""; } server { listen 127.0.0.1:PORT; set $x ""; '
                 "location / { return 204; } }")
    server.get("/")
    assert server.log_lines(1, "m.log") == ["[-] [-] [] []"]


def test_named_capture_that_did_not_match_is_missing(server):
    server.start('log_format f "[$part]"; access_log FOLDER/m.log f; server { '
                 "listen 127.0.0.1:PORT; location ~ ^/p/(?<part>.+)$ { return 204; } "
                 "location / { return 204; } }")
    server.get("/p/x")
    server.get("/other")
    assert server.log_lines(2, "m.log") == ["[x]", "[-]"]


def test_server_name_captures_stay_when_the_location_captures_others(server):
    server.start(r'server { listen 127.0.0.1:PORT; server_name ~^(?<sub>\w+)\.x$; '
                 r'location ~ ^/(?<dir>\w+) { return 200 "$sub $dir $1"; } '
                 r'location = / { return 200 "$sub $1"; } }')
    assert server.get("/d", {"Host": "joe.x"}).text == "joe d d"
    assert server.get("/", {"Host": "joe.x"}).text == "joe joe"


def test_more_than_nine_captures_are_a_digit_and_text(server):
    server.start(r'server { listen 127.0.0.1:PORT; location ~ ^/(.)(.) { return 200 "$2$12"; } }')
    assert server.get("/ab").text == "ba2"


def test_braces_end_a_name(server):
    show(server, "${host}ly $host")
    assert server.get("/").text == "localhostly localhost"


@pytest.mark.parametrize("text,message", [
    ("$", "invalid variable name"), ("${host", 'the closing bracket in "host" variable is missing'),
    ("$unknown_thing", 'unknown "unknown_thing" variable'),
])
def test_refuses(server, text, message):
    code, said = server.check(f"server {{ return 200 '{text}'; }}")
    assert code == 1 and message in said


@baton_only("since nginx 1.29.3")
def test_request_port_is_the_hosts(server):
    show(server, "$is_request_port$request_port")
    assert server.get("/", {"Host": "x:81"}).text == ":81"
    assert server.get("/", {"Host": "x"}).text == ""


# --- known before the end of the request ---

def test_request_length_is_known_on_the_way(server):
    server.start("""server { listen 127.0.0.1:PORT; location / { return 200 $request_length; } }""")
    request = b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    assert server.raw(request).endswith(b"\r\n\r\n%d" % len(request))


def test_request_length_counts_the_body_for_the_upstream_server(server):
    backend = server.backend()
    server.start("""server { listen 127.0.0.1:PORT; location / {
        proxy_set_header X-Length $request_length; proxy_pass http://127.0.0.1:B; } }""",
                 B=backend.port)
    request = (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nConnection: close\r\n\r\n"
               b"abcdef")
    server.raw(request)
    assert b"X-Length: %d\r\n" % len(request) in backend.requests[0][0]


def test_sent_http_connection_is_known_when_headers_are_added(server):
    server.start("""server { listen 127.0.0.1:PORT; keepalive_timeout 60 5; location / {
        add_header X-C "$sent_http_connection $sent_http_keep_alive"; return 200 ok; } }""")
    assert server.get("/", {"Connection": "close"}).header("X-C") == "close "
    assert server.get("/").header("X-C") == "keep-alive timeout=5"


def test_pipe_and_request_completion_in_the_log(server):
    server.start("""log_format f "$request_uri [$pipe] [$request_completion]";
        access_log FOLDER/told.log f;
        server { listen 127.0.0.1:PORT; location / { return 200 ok; }
                 location /drop { return 444; } }""")
    server.raw(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
               b"GET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    server.raw(b"GET /drop HTTP/1.1\r\nHost: a\r\n\r\n")
    assert server.log_lines(3, "told.log") == ["/1 [.] [OK]", "/2 [p] [OK]", "/drop [.] []"]


@pytest.mark.parametrize("line,value", [
    ("a=b ; c=d", "b "), ("c=d;  a = b", "b"), ("a\t=b", ""), ("a=\tb", "\tb"), ("aa=1; a=2", "2"),
    ("a=;", ""), ("c; a==b", "=b"),
])
def test_spaces_around_a_cookie(server, line, value):
    show(server, "[$cookie_a]")
    assert server.get("/", {"Cookie": line}).text == f"[{value}]"


@pytest.mark.parametrize("line,value", [
    ("a=b ; path=/", "b "), ("a = b", "b"), ("a\t=\tb", None), ("a=\tb", "\tb"), ("=a=b", None),
])
def test_spaces_around_the_cookie_of_a_backend(server, line, value):
    backend = server.backend(reply(headers=[("Set-Cookie", line)]))
    server.start("""server { listen 127.0.0.1:PORT; location / { proxy_pass http://127.0.0.1:B;
        add_header X-Cookie "<$upstream_cookie_a>"; } }""", B=backend.port)
    assert server.get("/").header("X-Cookie") == f"<{value or ''}>"
