"""FastCGI: fastcgi_pass and its family, with a small application that says what it was told."""

import os
import socket
import threading
import time

import pytest

from fastcgi_application import Application
from marks import baton_only
from server import Client


def hello(params, stdin):
    return b"Content-Type: text/plain\r\nX-App: yes\r\n\r\nhello " + stdin


def serve(server, answer=hello, settings="", location="", path=None):
    app = Application(answer, path)
    target = f"unix:{path}" if path else f"127.0.0.1:{app.port}"
    server.start(f"""server {{ listen 127.0.0.1:PORT; root FOLDER/html; {settings}
        location / {{ fastcgi_pass {target}; {location} }} }}""")
    return app


def test_a_response_is_passed_on(server):
    serve(server)
    response = server.get("/")
    assert (response.status, response.text) == (200, "hello ")
    assert response.header("Content-Type") == "text/plain" and response.header("X-App") == "yes"
    assert response.header("Transfer-Encoding") == "chunked"


def test_over_a_unix_socket(server):
    serve(server, path=str(server.folder / "app.sock"))
    assert server.get("/").text == "hello "


def test_parameters_and_header_lines_are_sent(server):
    app = serve(server, location="""fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
        fastcgi_param QUERY_STRING $query_string; fastcgi_param REQUEST_METHOD $request_method;
        fastcgi_param EMPTY $arg_none; fastcgi_param MAYBE $arg_none if_not_empty;
        fastcgi_param HTTP_X_HIDDEN replaced;""")
    server.get("/a/b.php?x=1", {"X-Some-Thing": "value", "X-Hidden": "secret", "Cookie": "a=b"})
    params = app.requests[0][0]
    assert params["SCRIPT_FILENAME"] == f"{server.folder}/html/a/b.php"
    assert params["QUERY_STRING"] == "x=1" and params["REQUEST_METHOD"] == "GET"
    assert params["EMPTY"] == "" and "MAYBE" not in params
    assert params["HTTP_X_SOME_THING"] == "value" and params["HTTP_COOKIE"] == "a=b"
    assert params["HTTP_X_HIDDEN"] == "replaced"
    assert params["HTTP_HOST"] == "localhost"


def test_long_parameters_and_many(server):
    app = serve(server, location="fastcgi_param LONG $arg_long$arg_long$arg_long;")
    long = "v" * 1500
    server.get(f"/?long={long}", {f"X-{i}": "y" * 100 for i in range(30)})
    params = app.requests[0][0]
    assert params["LONG"] == long * 3 and params["HTTP_X_29"] == "y" * 100


def test_the_status_line_of_cgi(server):
    answers = {"/404": b"Status: 404 Not Here\r\nContent-Type: text/html\r\n\r\nnone",
               "/302": b"Location: http://example.com/\r\n\r\n",
               "/201": b"Status: 201\nContent-Type: a/b\n\nnew"}
    serve(server, lambda params, _: answers[params["URI"]], location="fastcgi_param URI $uri;")
    missing = server.get("/404")
    assert missing.line == "HTTP/1.1 404 Not Here" and missing.text == "none"
    assert missing.header("Status") is None
    moved = server.get("/302")
    assert moved.status == 302 and moved.header("Location") == "http://example.com/"
    created = server.get("/201")
    assert created.status == 201 and created.text == "new"


def test_a_body_goes_up(server):
    app = serve(server, lambda _, stdin: b"Content-Type: a/b\r\n\r\n" + str(len(stdin)).encode(),
                settings="client_max_body_size 0;",
                location="fastcgi_param CONTENT_LENGTH $content_length;")
    for size in (0, 5, 40000, 1 << 20, 5 << 20):
        assert server.request("POST", "/", body=b"b" * size).text == str(size)
    assert app.requests[1][0]["CONTENT_LENGTH"] == "5"
    assert app.requests[4][1] == b"b" * (5 << 20)


def test_a_chunked_body_gets_its_length(server):
    app = serve(server, location="fastcgi_param CONTENT_LENGTH $content_length;")
    with server.connect() as client:
        client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        assert client.response().text == "hello abcde"
    assert app.requests[0][0]["CONTENT_LENGTH"] == "5"


def test_a_large_response_comes_down(server):
    body = os.urandom(3 << 20)
    serve(server, lambda *_: b"Content-Type: a/b\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    response = server.get("/")
    assert response.body == body and response.header("Content-Length") == str(len(body))


def test_stderr_is_logged_and_the_response_passed_on(server):
    serve(server, lambda *_: [(7, b"PHP message: oh dear\n"), (6, b"Content-Type: a/b\r\n\r\nok")])
    assert server.get("/").text == "ok"
    log = server.error_log()
    assert 'FastCGI sent in stderr: "PHP message: oh dear" while reading response header' in log
    assert 'upstream: "fastcgi://127.0.0.1:' in log


def test_catch_stderr_makes_it_a_failure(server):
    serve(server, lambda *_: [(7, b"PHP Fatal error: x"), (6, b"Content-Type: a/b\r\n\r\nok")],
          location='fastcgi_catch_stderr "PHP Fatal error";')
    assert server.get("/").status == 502


def test_a_connection_is_kept_where_asked(server):
    app = Application(hello)
    server.start(f"""upstream app {{ server 127.0.0.1:{app.port}; keepalive 4; }}
        server {{ listen 127.0.0.1:PORT; location / {{ fastcgi_pass app; fastcgi_keep_conn on; }}
        location /close {{ fastcgi_pass app; }} }}""")
    for _ in range(5):
        assert server.get("/").text == "hello "
    assert app.connections == 1 and app.flags == [1] * 5
    server.get("/close")
    assert app.flags[-1] == 0


def test_index_and_split_path_info(server):
    app = serve(server, location="""fastcgi_index index.php;
        fastcgi_split_path_info ^(.+\\.php)(/.*)$;
        fastcgi_param NAME $fastcgi_script_name; fastcgi_param INFO $fastcgi_path_info;""")
    server.get("/a.php/more/path")
    server.get("/folder/")
    server.get("/plain")
    assert [(p["NAME"], p["INFO"]) for p, _ in app.requests] == [
        ("/a.php", "/more/path"), ("/folder/index.php", ""), ("/plain", "")]


def test_header_lines_are_hidden_and_passed(server):
    serve(server, lambda *_: b"X-Secret: 1\r\nX-Open: 2\r\nContent-Type: a/b\r\n\r\n",
          location="fastcgi_hide_header X-Secret;")
    response = server.get("/")
    assert response.header("X-Secret") is None and response.header("X-Open") == "2"


def test_errors_may_be_intercepted(server):
    serve(server, lambda *_: b"Status: 500\r\nContent-Type: a/b\r\n\r\nugly",
          settings="error_page 500 /nice; location /nice { return 200 nice; }",
          location="fastcgi_intercept_errors on;")
    response = server.get("/")
    assert (response.status, response.text) == (500, "nice")


def test_a_server_that_fails_is_followed_by_the_next(server):
    good = Application(hello)
    bad = Application(lambda *_: None)
    server.start(f"""upstream app {{ server 127.0.0.1:{bad.port}; server 127.0.0.1:{good.port}; }}
        server {{ listen 127.0.0.1:PORT; location / {{ fastcgi_pass app; }} }}""")
    assert [server.get("/").text for _ in range(4)] == ["hello "] * 4
    assert "upstream prematurely closed connection" in server.error_log()


def test_what_is_no_fastcgi_is_a_bad_gateway(server):
    listener = socket.create_server(("127.0.0.1", 0))

    def run():
        connection, _ = listener.accept()
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        connection.recv(65536)
    threading.Thread(target=run, daemon=True).start()
    server.start("""server { listen 127.0.0.1:PORT;
        location / { fastcgi_pass 127.0.0.1:APP; } }""", APP=listener.getsockname()[1])
    assert server.get("/").status == 502
    assert "upstream sent unsupported FastCGI protocol version: 72" in server.error_log()
    listener.close()


def test_nobody_listening_is_a_bad_gateway(server):
    server.start("server { listen 127.0.0.1:PORT; location / { fastcgi_pass 127.0.0.1:PORT9; } }")
    assert server.get("/").status == 502
    assert "connect() failed (111: Connection refused) while connecting to upstream" in server.error_log()


def test_a_slow_server_times_out(server):
    serve(server, lambda *_: time.sleep(3), location="fastcgi_read_timeout 500ms;")
    assert server.get("/").status == 504
    assert "upstream timed out (110: Connection timed out) while reading response header" in server.error_log()


def test_a_response_cut_short_ends_the_connection(server):
    serve(server, lambda *_: b"Content-Type: a/b\r\nContent-Length: 100\r\n\r\nshort")
    with server.connect() as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert len(client.rest().split(b"\r\n\r\n", 1)[1]) == 5


def test_debians_php_snippet_loads_and_serves(server):
    server.write("html/app.php", "<?php")
    app = Application(hello)
    server.start(f"""server {{ listen 127.0.0.1:PORT; root FOLDER/html; index index.php;
        location ~ \\.php(/|$) {{
            fastcgi_split_path_info ^(.+?\\.php)(/.*)$;
            try_files $fastcgi_script_name =404;
            set $path_info $fastcgi_path_info;
            fastcgi_param PATH_INFO $path_info;
            fastcgi_index index.php;
            fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
            fastcgi_param SERVER_SOFTWARE nginx/$nginx_version;
            fastcgi_param REDIRECT_STATUS 200;
            fastcgi_pass 127.0.0.1:{app.port};
        }} }}""")
    assert server.get("/app.php/info").text == "hello "
    params = app.requests[0][0]
    assert params["PATH_INFO"] == "/info"
    assert params["SCRIPT_FILENAME"] == f"{server.folder}/html/app.php"
    assert server.get("/none.php").status == 404


def test_a_forced_range(server):
    serve(server, lambda *_: b"Content-Type: a/b\r\nContent-Length: 10\r\n\r\n0123456789",
          location="fastcgi_force_ranges on;")
    response = server.get("/", {"Range": "bytes=2-4"})
    assert (response.status, response.text) == (206, "234")
    assert response.header("Content-Range") == "bytes 2-4/10"
    assert server.get("/", {"Range": "bytes=10-"}).status == 416
    assert server.get("/").header("Accept-Ranges") == "bytes"


def test_server_side_includes_in_a_page(server):
    server.write("html/part.txt", "included")
    page = b'Content-Type: text/html\r\n\r\n<<!--# include virtual="/part.txt" -->>'
    serve(server, lambda *_: page, settings="location = /part.txt { }", location="ssi on;")
    assert server.get("/").text == "<included>"


@baton_only("baton's own")
def test_an_application_that_stops_answering_gets_no_more_requests(server):
    frozen = threading.Event()
    release = threading.Event()

    def stuck(params, stdin):
        if frozen.is_set():
            release.wait(20)
        return hello(params, stdin)

    apps = Application(hello), Application(stuck)
    server.start("""upstream u { server 127.0.0.1:A; server 127.0.0.1:B; }
        server { listen 127.0.0.1:PORT; location / { fastcgi_pass u; } }""",
                 A=apps[0].port, B=apps[1].port)
    results = []

    def ask():
        try:
            with Client(("127.0.0.1", server.port), timeout=2.0) as client:
                results.append(client.request("GET", "/").status)
        except OSError:
            results.append(0)

    def run(count):
        threads = [threading.Thread(target=ask) for _ in range(count)]
        for thread in threads:
            thread.start()
            time.sleep(0.01)
        for thread in threads:
            thread.join()

    try:
        run(50)
        assert results.count(200) == 50
        frozen.set()
        results.clear()
        run(400)
        assert results.count(200) >= 350, results
        assert "upstream server stalled" in server.error_log()
    finally:
        release.set()


# --- how the server is reached ---

def test_variables_choose_the_server(server):
    app = Application(hello)
    path = str(server.folder / "app.sock")
    other = Application(lambda *_: b"Content-Type: a/b\r\n\r\nby socket", path)
    server.start(f"""upstream apps {{ server 127.0.0.1:{app.port}; }}
        server {{ listen 127.0.0.1:PORT;
            location / {{ fastcgi_pass $arg_to; fastcgi_param REQUEST_METHOD $request_method; }} }}""")
    assert server.get(f"/?to=127.0.0.1:{app.port}").text == "hello "
    assert server.get("/?to=apps").text == "hello "
    assert server.get(f"/?to=unix:{path}").text == "by socket"
    assert len(app.requests) == 2 and len(other.requests) == 1


@pytest.mark.parametrize("target, status, words", [
    ("127.0.0.1", 500, 'no port in upstream "127.0.0.1"'),
    ("127.0.0.1:x", 500, 'invalid port in upstream "127.0.0.1:x"'),
    ("some.host.example:9000", 502, "no resolver defined to resolve some.host.example"),
])
def test_variables_that_make_no_server(server, target, status, words):
    server.start("server { listen 127.0.0.1:PORT; location / { fastcgi_pass $arg_to; } }")
    assert server.get(f"/?to={target}").status == status
    assert words in server.error_log()


def test_connections_leave_from_the_bound_address(server):
    app = serve(server, location="fastcgi_bind 127.0.0.$arg_a;")
    assert server.get("/?a=7").text == "hello "
    assert server.get("/?a=8").text == "hello "
    assert app.sources == ["127.0.0.7", "127.0.0.8"]


def test_a_response_is_read_no_faster_than_the_limit(server):
    body = b"x" * 150000
    serve(server, lambda *_: b"Content-Type: a/b\r\n\r\n" + body,
          location="fastcgi_limit_rate 50k;")
    started = time.monotonic()
    assert server.get("/").body == body
    assert 1.0 < time.monotonic() - started < 8.0


def test_a_body_goes_up_as_it_comes(server):
    app = serve(server, lambda _, stdin: b"Content-Type: a/b\r\n\r\n" + stdin,
                location="fastcgi_request_buffering off; "
                         "fastcgi_param CONTENT_LENGTH $content_length;")
    with server.connect() as client:
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst")
        assert server.wait_for(lambda: app.arrived == 5)
        client.send("after")
        assert client.response().body == b"firstafter"
        # The same connection goes on.
        big = os.urandom(3 << 18)
        assert client.request("POST", "/", body=big).body == big


def test_a_client_that_leaves_in_its_body_ends_the_request(server):
    app = serve(server, location="fastcgi_request_buffering off;")
    client = server.connect()
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst")
    assert server.wait_for(lambda: app.arrived == 5)
    client.close()
    assert server.wait_for(lambda: " 400 " in "".join(server.log_lines()))
    assert app.requests == []


def test_x_accel_limit_rate_slows_a_response_down(server):
    body = b"x" * 8000
    answer = (b"Content-Type: a/b\r\nX-Accel-Limit-Rate: 4000\r\n\r\n" + body)
    serve(server, lambda *_: answer)
    started = time.monotonic()
    assert server.get("/").body == body
    assert time.monotonic() - started > 0.9


def test_ignored_headers_mean_nothing(server):
    body = b"x" * 8000
    answer = b"Content-Type: a/b\r\nX-Accel-Limit-Rate: 1000\r\nX-Accel-Redirect: /n\r\n\r\n"
    serve(server, lambda *_: answer + body,
          location="fastcgi_ignore_headers X-Accel-Limit-Rate X-Accel-Redirect;")
    started = time.monotonic()
    assert server.get("/").body == body
    assert time.monotonic() - started < 4


# --- clients that do not keep up ---

def slow_reader(server, app, body):
    """A client that begins to read once the application is free again."""
    with server.connect() as client:
        # Or the kernel takes it all in its stead.
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        free = server.wait_for(lambda: app.answered == 1, 5)
        assert client.response().body == body
    return free


@pytest.mark.parametrize("length", [b"", b"Content-Length: 16777216\r\n"])
def test_a_slow_client_does_not_hold_the_application(server, length):
    body = os.urandom(16 << 20)
    app = serve(server, lambda *_: b"Content-Type: a/b\r\n" + length + b"\r\n" + body)
    assert slow_reader(server, app, body)


def test_without_buffering_the_application_waits_for_its_client(server):
    body = os.urandom(32 << 20)
    app = serve(server, lambda *_: b"Content-Type: a/b\r\n\r\n" + body,
                location="fastcgi_buffering off;")
    assert not slow_reader(server, app, body)


def test_files_for_slow_clients_may_be_forbidden(server):
    body = os.urandom(32 << 20)
    app = serve(server, lambda *_: b"Content-Type: a/b\r\n\r\n" + body,
                location="fastcgi_max_temp_file_size 0; fastcgi_buffers 4 8k;")
    assert not slow_reader(server, app, body)


def test_files_for_slow_clients_stand_where_the_file_says(server):
    body = os.urandom(16 << 20)
    app = serve(server, lambda *_: b"Content-Type: a/b\r\n\r\n" + body,
                settings="fastcgi_temp_path FOLDER/kept;" if server.name == "baton" else "")
    assert slow_reader(server, app, body)
    if server.name == "baton":
        assert (server.folder / "kept").is_dir()


def test_a_response_cut_short_reaches_a_slow_client_as_far_as_it_came(server):
    body = os.urandom(16 << 20)
    app = serve(server, lambda *_: b"Content-Type: a/b\r\nContent-Length: 16777300\r\n\r\n" + body)
    with server.connect() as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert server.wait_for(lambda: app.answered == 1)
        assert client.rest().endswith(body)
    assert server.wait_for(lambda: "upstream prematurely closed" in server.error_log())


@baton_only("as nginx since 1.31")
@pytest.mark.parametrize("status", [100, 101, 103, 199])
def test_interim_status_is_no_answer_of_an_application(server, status):
    serve(server, lambda params, stdin: b"Status: %d Some\r\nX-App: yes\r\n\r\n" % status)
    assert server.get("/").status == 502


def test_body_of_an_answer_to_head_is_not_waited_for(server):
    app = Application(lambda params, stdin: b"Content-Type: text/plain\r\n\r\n" + b"x" * 5_000_000)
    server.start(f"""upstream app {{ server 127.0.0.1:{app.port}; keepalive 1; }}
        server {{ listen 127.0.0.1:PORT;
            location / {{ fastcgi_pass app; fastcgi_keep_conn on; }} }}""")
    with server.connect() as client:
        for _ in range(2):
            client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert client.response("HEAD").status == 200
    assert app.connections == 2


def test_chunks_that_came_with_the_head_are_known_to_an_error_page(server):
    app = Application(lambda params, stdin: b"Status: 404 Not Found\r\n\r\n")
    server.start(f"""server {{ listen 127.0.0.1:PORT;
        location / {{ fastcgi_pass 127.0.0.1:{app.port}; fastcgi_request_buffering off;
            error_page 404 /page; fastcgi_intercept_errors on; }}
        location /page {{ return 200 "[$request_body]"; }} }}""")
    with server.connect() as client:
        client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n")
        assert client.response().body == b"[0123456789]"
