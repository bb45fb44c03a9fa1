"""Request bodies: read whole into memory or a file before a server is asked, or streamed."""

import os
import socket
import threading
import time

import pytest

from marks import baton_only
from server import reply

PROXY = ("%s server { listen 127.0.0.1:PORT; %s location / { proxy_pass http://127.0.0.1:B; %s } }")


def start(server, location="", outside="", in_server="", answer=reply(), **values):
    backend = server.backend(answer)
    server.start(PROXY % (outside, in_server, location), B=backend.port, **values)
    return backend


def chunked(body, size=1000):
    pieces = [body[i:i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


def post_head(*lines):
    return "POST /x HTTP/1.1\r\nHost: a\r\n" + "".join(f"{line}\r\n" for line in lines) + "\r\n"


@pytest.mark.parametrize("size", [1, 1000, 10_000, 16_384, 16_385, 100_000, 1_000_000])
@pytest.mark.parametrize("buffering", ["on", "off"])
def test_body_arrives_whole(server, size, buffering):
    backend = start(server, f"proxy_request_buffering {buffering}; proxy_http_version 1.1;")
    body = os.urandom(size)
    assert server.request("POST", "/x", body=body).status == 200
    assert backend.requests[0][1] == body
    assert f"content-length: {size}".encode() in backend.requests[0][0].lower()


@pytest.mark.parametrize("size", [0, 1, 5000, 20_000, 300_000])
def test_chunked_body_is_given_a_length_when_it_is_buffered(server, size):
    backend = start(server)
    body = os.urandom(size)
    with server.connect() as client:
        client.send(post_head("Transfer-Encoding: chunked").encode() + chunked(body))
        assert client.response().status == 200
    head, got = backend.requests[0]
    assert got == body
    assert f"content-length: {size}".encode() in head.lower()
    assert b"transfer-encoding" not in head.lower()


def test_chunked_body_stays_chunked_when_it_is_streamed(server):
    backend = start(server, "proxy_request_buffering off; proxy_http_version 1.1;")
    with server.connect() as client:
        client.send(post_head("Transfer-Encoding: chunked"))
        time.sleep(0.1)
        client.send(chunked(b"x" * 3000))
        assert client.response().status == 200
    head, got = backend.requests[0]
    assert got == b"x" * 3000
    assert b"transfer-encoding: chunked" in head.lower()


def test_chunked_body_for_an_http_1_0_server_is_buffered_all_the_same(server):
    backend = start(server, "proxy_request_buffering off; proxy_http_version 1.0;")
    with server.connect() as client:
        client.send(post_head("Transfer-Encoding: chunked").encode() + chunked(b"x" * 3000))
        assert client.response().status == 200
    assert b"content-length: 3000" in backend.requests[0][0].lower()


def test_slow_client_holds_no_upstream_connection(server):
    backend = start(server)
    with server.connect() as client:
        client.send(post_head("Content-Length: 20") + "0123456789")
        time.sleep(0.3)
        assert backend.connections == 0
        client.send("0123456789")
        assert client.response().status == 200
    assert backend.requests[0][1] == b"01234567890123456789"


def test_streamed_body_is_passed_on_as_it_comes(server):
    listener = socket.create_server(("127.0.0.1", 0))
    server.start(PROXY % ("", "", "proxy_request_buffering off;"), B=listener.getsockname()[1])
    with server.connect() as client:
        client.send(post_head("Content-Length: 20") + "0123456789")
        upstream, _ = listener.accept()
        upstream.settimeout(5)
        got = b""
        while not got.endswith(b"0123456789"):
            got += upstream.recv(4096)
        client.send("abcdefghij")
        while not got.endswith(b"abcdefghij"):
            got += upstream.recv(4096)
        upstream.sendall(reply())
        assert client.response().status == 200
        upstream.close()
    listener.close()


def test_too_large_body_by_its_length_is_413(server):
    backend = start(server, in_server="client_max_body_size 1k;")
    assert server.request("POST", "/", body=b"x" * 1025).status == 413
    assert backend.requests == []
    assert "client intended to send too large body: 1025 bytes" in server.error_log()


@pytest.mark.parametrize("buffering", ["on", "off"])
def test_too_large_chunked_body_is_413(server, buffering):
    start(server, f"proxy_request_buffering {buffering}; proxy_http_version 1.1;",
          in_server="client_max_body_size 1k;")
    with server.connect() as client:
        client.send(post_head("Transfer-Encoding: chunked").encode() + chunked(b"x" * 5000))
        assert client.response().status == 413
    assert "client intended to send too large chunked body" in server.error_log()


def test_body_of_exactly_the_limit_passes(server):
    backend = start(server, in_server="client_max_body_size 1k;")
    assert server.request("POST", "/", body=b"x" * 1024).status == 200
    assert len(backend.requests[0][1]) == 1024


def test_size_limit_of_zero_is_none(server):
    backend = start(server, in_server="client_max_body_size 0;")
    assert server.request("POST", "/", body=b"x" * 3_000_000).status == 200
    assert len(backend.requests[0][1]) == 3_000_000


def test_body_in_memory_is_a_variable(server):
    start(server, 'access_log FOLDER/body.log body;', "log_format body '[$request_body]';")
    server.request("POST", "/", body=b"a=1&b=2")
    assert server.log_lines(1, "body.log") == ["[a=1&b=2]"]


def test_body_that_came_late_is_a_variable_too(server):
    start(server, 'access_log FOLDER/body.log body;', "log_format body '[$request_body]';")
    with server.connect() as client:
        client.send(post_head("Content-Length: 6"))
        time.sleep(0.1)
        client.send("abcdef")
        client.response()
    assert server.log_lines(1, "body.log") == ["[abcdef]"]


def test_request_without_a_body_has_no_body_variable(server):
    start(server, 'access_log FOLDER/body.log body;', "log_format body '[$request_body]';")
    server.get("/")
    assert server.log_lines(1, "body.log") == ["[-]"]


def test_body_beyond_the_buffer_goes_to_a_file(server):
    backend = start(server, "client_body_buffer_size 1k; access_log FOLDER/body.log body;",
                    "log_format body '[$request_body] $request_body_file';",
                    "client_body_temp_path FOLDER/bodies;")
    assert server.request("POST", "/", body=b"x" * 50_000).status == 200
    assert backend.requests[0][1] == b"x" * 50_000
    assert "a client request body is buffered to a temporary file" in server.error_log()
    assert os.listdir(server.folder / "bodies") == []


def test_every_body_can_be_kept_in_files(server):
    backend = start(server, "client_body_in_file_only on; access_log FOLDER/body.log body;"
                    "proxy_set_header X-File $request_body_file;",
                    "log_format body '$request_body_file';", "client_body_temp_path FOLDER/bodies;")
    assert server.request("POST", "/", body=b"hello").status == 200
    path = server.log_lines(1, "body.log")[0]
    assert open(path, "rb").read() == b"hello"
    assert f"X-File: {path}".encode() in backend.requests[0][0]
    assert backend.requests[0][1] == b"hello"


def test_files_for_the_time_of_the_request_are_removed(server):
    start(server, "client_body_in_file_only clean; access_log FOLDER/body.log body;",
          "log_format body '$request_body_file';", "client_body_temp_path FOLDER/bodies;")
    assert server.request("POST", "/", body=b"hello").status == 200
    path = server.log_lines(1, "body.log")[0]
    assert path.startswith(str(server.folder / "bodies"))
    assert server.wait_for(lambda: not os.path.exists(path), 2)


def test_levels_make_folders_of_the_last_digits(server):
    start(server, "client_body_in_file_only on; access_log FOLDER/body.log body;",
          "log_format body '$request_body_file';",
          "client_body_temp_path FOLDER/bodies 1 2;")
    server.request("POST", "/", body=b"hello")
    path = server.log_lines(1, "body.log")[0]
    *_, first, second, name = path.split("/")
    assert (first, second, len(name)) == (name[-1:], name[-3:-1], 10)
    assert open(path, "rb").read() == b"hello"


def test_folder_is_made_for_nobody_else(server):
    start(server, "", "", "client_body_temp_path FOLDER/bodies;")
    assert (server.folder / "bodies").stat().st_mode & 0o777 == 0o700


def test_expected_continue_is_sent_before_the_body(server):
    backend = start(server)
    with server.connect() as client:
        client.send(post_head("Content-Length: 5", "Expect: 100-continue"))
        assert client.response().status == 100
        client.send("hello")
        assert client.response().status == 200
    assert backend.requests[0][1] == b"hello"
    assert b"expect" not in backend.requests[0][0].lower()


def test_expected_continue_is_sent_although_the_body_is_here(server):
    start(server)
    received = server.raw(post_head("Content-Length: 5", "Expect: 100-continue",
                                    "Connection: close") + "hello")
    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")


def test_http_1_0_client_gets_no_interim_response(server):
    start(server)
    with server.connect() as client:
        client.send("POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        time.sleep(0.1)
        client.send("hello")
        assert client.response().status == 200


def test_client_that_leaves_in_mid_body_is_a_bad_request_in_the_log(server):
    backend = start(server)
    with server.connect() as client:
        client.send(post_head("Content-Length: 20") + "0123456789")
    line = server.log_lines(1)[0]
    assert '"POST /x HTTP/1.1" 400 0' in line
    assert "client prematurely closed connection" in server.error_log()
    assert backend.connections == 0


def test_body_that_does_not_come_times_out_without_a_word(server):
    start(server, in_server="client_body_timeout 300ms;")
    with server.connect() as client:
        client.send(post_head("Content-Length: 20") + "0123456789")
        assert client.ended(3)
    assert '"POST /x HTTP/1.1" 408 0' in server.log_lines(1)[0]


def test_time_for_the_body_counts_between_two_pieces(server):
    start(server, in_server="client_body_timeout 1s;")
    with server.connect() as client:
        client.send(post_head("Content-Length: 4"))
        for piece in "abcd":
            time.sleep(0.45)
            client.send(piece)
        assert client.response().status == 200


def test_failed_server_is_followed_by_another_with_the_same_body(server):
    good, bad = server.backend(reply("good")), server.backend()
    bad.answer = lambda head, body: None
    server.start("upstream u { server 127.0.0.1:BAD; server 127.0.0.1:GOOD backup; }"
                 "server { listen 127.0.0.1:PORT; client_body_buffer_size 1k;"
                 "location / { proxy_pass http://u; } }", GOOD=good.port, BAD=bad.port)
    body = os.urandom(50_000)
    assert server.request("PUT", "/", body=body).body == b"good"
    assert bad.requests[0][1] == good.requests[0][1] == body


def test_streamed_body_is_not_sent_twice(server):
    good, bad = server.backend(reply("good")), server.backend()
    bad.answer = lambda head, body: None
    server.start("upstream u { server 127.0.0.1:BAD; server 127.0.0.1:GOOD backup; }"
                 "server { listen 127.0.0.1:PORT; proxy_request_buffering off;"
                 "proxy_http_version 1.1;"
                 "location / { proxy_pass http://u; } }", GOOD=good.port, BAD=bad.port)
    with server.connect() as client:
        client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234")
        time.sleep(0.1)
        client.send("56789")
        assert client.response().status == 502
    assert good.requests == []


def test_request_body_can_be_left_out(server):
    backend = start(server, 'proxy_pass_request_body off; proxy_set_header Content-Length "";')
    assert server.request("POST", "/", body=b"hello").status == 200
    assert backend.requests[0][1] == b""
    assert b"content-length" not in backend.requests[0][0].lower()


def test_connection_goes_on_after_a_stored_body(server):
    backend = start(server, "client_body_buffer_size 1k;")
    with server.connect() as client:
        for _ in range(3):
            assert client.request("POST", "/", body=b"x" * 30_000).status == 200
        assert client.request("GET", "/").status == 200
    assert [len(body) for _, body in backend.requests] == [30_000] * 3 + [0]


def test_pipelined_request_behind_a_chunked_body_is_the_next_one(server):
    backend = start(server)
    received = server.raw(post_head("Transfer-Encoding: chunked").encode() + chunked(b"x" * 20_000)
                          + b"GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert received.count(b"HTTP/1.1 200") == 2
    assert [head.split(b" ")[1] for head, _ in backend.requests] == [b"/x", b"/next"]


def test_server_that_answers_before_it_has_read_everything_is_heard(server):
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        upstream, _ = listener.accept()
        upstream.recv(1000)
        upstream.sendall(reply("no", "403 Forbidden"))
        time.sleep(0.3)
        upstream.close()

    threading.Thread(target=serve, daemon=True).start()
    server.start(PROXY % ("client_max_body_size 0;", "", ""), B=listener.getsockname()[1])
    with server.connect() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n" + b"x" * 8_000_000)
        assert client.response().status == 403
    listener.close()


@baton_only("the real nginx sends Content-Length without the body and hangs its backend")
def test_body_left_out_takes_its_length_along(server):
    backend = start(server, "proxy_pass_request_body off;")
    assert server.request("POST", "/", body=b"hello").status == 200
    assert b"content-length" not in backend.requests[0][0].lower()


ERROR_PAGE = """server { listen 127.0.0.1:PORT; client_max_body_size 100;
    add_header X-Length "[$content_length]" always;
    location / { error_page 413 502 /page; %s }
    location /page { proxy_pass http://127.0.0.1:B/page; } }"""


@baton_only("as nginx since 1.31")
@pytest.mark.parametrize("announced", ["Content-Length: 5000", "Transfer-Encoding: chunked"])
def test_error_page_after_a_body_that_was_too_large_has_no_body(server, announced):
    backend = server.backend(reply(b"sorry"))
    server.start(ERROR_PAGE % "proxy_pass http://127.0.0.1:B;", B=backend.port)
    body = b"1388\r\n" if "chunked" in announced else b""
    with server.connect() as client:
        client.send(post_head(announced).encode() + body + b"x" * 300)
        response = client.response()
    assert (response.status, response.body) == (413, b"sorry")
    assert response.header("X-Length") == "[]"
    head, got = backend.requests[0]
    assert head.startswith(b"GET /page ") and got == b""
    assert b"content-length" not in head.lower() and b"transfer-encoding" not in head.lower()


@baton_only("as nginx since 1.31")
def test_error_page_after_a_streamed_body_has_no_body(server):
    backend = server.backend(reply(b"sorry"))
    inside = "proxy_pass http://127.0.0.1:PORT2; proxy_request_buffering off;"
    server.start(ERROR_PAGE % inside + "server { listen 127.0.0.1:PORT2; return 444; }",
                 B=backend.port)
    with server.connect() as client:
        client.send(post_head("Content-Length: 10") + "0")
        time.sleep(0.2)
        client.send(b"123456789")
        response = client.response()
    assert (response.status, response.body) == (502, b"sorry")
    head, got = backend.requests[0]
    assert got == b"" and b"content-length" not in head.lower()


def test_error_page_after_a_body_that_was_kept_still_has_it(server):
    backend = server.backend(reply(b"sorry"))
    server.start("""server { listen 127.0.0.1:PORT;
        location / { error_page 502 = @other; proxy_pass http://127.0.0.1:PORT2; }
        location @other { proxy_pass http://127.0.0.1:B; } }
        server { listen 127.0.0.1:PORT2; return 444; }""", B=backend.port)
    assert server.request("POST", "/x", body=b"keep me").body == b"sorry"
    assert backend.requests[0][1] == b"keep me"


def test_broken_chunk_of_a_body_that_nobody_reads_is_refused(server):
    server.start("server { listen 127.0.0.1:PORT; return 200 hi; }")
    answer = server.raw(post_head("Transfer-Encoding: chunked") + "4\r\nSEE-THIS\r\n0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")


@baton_only("as nginx since 1.31")
def test_chunked_body_that_nobody_reads_is_held_to_the_limit(server):
    server.start("server { listen 127.0.0.1:PORT; client_max_body_size 1k; return 200 hi; }")
    for size, status in ((1024, 200), (1025, 413)):
        with server.connect() as client:
            client.send(post_head("Transfer-Encoding: chunked").encode() +
                        chunked(b"x" * size, 600))
            assert client.response().status == status


@baton_only("as nginx since 1.31")
def test_body_buffer_of_nothing_is_refused(server):
    status, words = server.check("server { listen 127.0.0.1:PORT; client_body_buffer_size 0k; }")
    assert status != 0 and "client body buffer size cannot be zero" in words


def test_expectation_is_met_without_a_body_as_well(server):
    start(server)
    for value in ("100-continue", "100-Continue"):
        with server.connect() as client:
            client.send(post_head(f"Expect: {value}", "Content-Length: 0"))
            assert client.response().status == 100
            assert client.response().status == 200


@pytest.mark.parametrize("path,shown", [("/", b"0123456789" * 20), ("/failed", b"0123456789" * 20)])
def test_what_came_with_the_head_of_a_streamed_body_in_chunks_can_be_seen(server, path, shown):
    backend = server.backend(lambda head, body: reply(
        status="404 Not Found" if b"/failed" in head.split(b"\r\n")[0] else "200 OK"))
    server.start("""server { listen 127.0.0.1:PORT; proxy_http_version 1.1;
        proxy_request_buffering off; proxy_intercept_errors on;
        location / { proxy_pass http://127.0.0.1:B; add_header X-Body $request_body; }
        location /failed { proxy_pass http://127.0.0.1:B; error_page 404 /said; }
        location = /said { return 200 $request_body; } }""", B=backend.port)
    with server.connect() as client:
        client.send(post_head("Transfer-Encoding: chunked").replace("/x", path).encode()
                    + chunked(shown, 30))
        response = client.response()
    assert backend.requests[0][1] == shown
    assert (response.body if path == "/failed" else response.header("X-Body").encode()) == shown
