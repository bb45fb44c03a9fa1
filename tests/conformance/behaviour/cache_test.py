"""proxy_cache: what is kept, for whom, for how long, and what is answered from it."""

import hashlib
import os
import re
import signal as signals
import threading
import time

import pytest

from marks import baton_only
from server import parallel, reply

ZONE = "proxy_cache_path FOLDER/cache levels=1:2 keys_zone=z:1m %s;"
PROXY = ZONE + """
    log_format cache '$upstream_cache_status $status $upstream_status';
    access_log FOLDER/cache.log cache;
    server {
        listen 127.0.0.1:PORT;
        location / {
            proxy_pass http://127.0.0.1:BACKEND;
            proxy_cache z;
            proxy_cache_valid 200 10m;
            add_header X-Cache $upstream_cache_status always;
            %s
        }
        %s
    }"""

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


def start(server, backend, location="", path="", outside="", **more):
    server.start(PROXY % (path, location, outside), BACKEND=backend.port, **more)


def cached(server, path="/", headers=None, method="GET"):
    """The response, and $upstream_cache_status."""
    response = server.request(method, path, headers)
    return response, response.header("X-Cache")


def status(server, path="/", headers=None, method="GET"):
    return cached(server, path, headers, method)[1]


def counting(server, headers=(), line="200 OK"):
    """A backend whose bodies are the numbers of its requests."""
    backend = server.backend()
    backend.answer = lambda head, body: reply(str(len(backend.requests)), line, headers)
    return backend


def entry_file(server, key):
    name = hashlib.md5(key.encode()).hexdigest()
    return server.folder / "cache" / name[-1] / name[-3:-1] / name


def files(server):
    return [path for path in (server.folder / "cache").rglob("*") if path.is_file()]


# --- hits and misses ---


def test_the_second_request_is_answered_from_the_cache(server):
    backend = counting(server)
    start(server, backend)
    assert cached(server, "/a")[1] == "MISS"
    response, found = cached(server, "/a")
    assert (found, response.body) == ("HIT", b"1")
    assert len(backend.requests) == 1


def test_a_hit_has_the_headers_of_the_stored_response_and_no_age(server):
    backend = counting(server, [("Content-Type", "text/css"), ("X-App", "one"), ("X-App", "two"),
                                ("Last-Modified", DATE), ("ETag", '"e"'), ("Server", "app")])
    start(server, backend)
    first = server.get("/a")
    second = server.get("/a")
    kept = [(n, v) for n, v in second.headers if n not in ("Date", "X-Cache")]
    assert kept == [(n, v) for n, v in first.headers if n not in ("Date", "X-Cache")]
    assert second.all("X-App") == ["one", "two"]
    assert second.header("Age") is None


def test_a_hit_asks_no_upstream_server(server):
    start(server, counting(server))
    server.get("/a")
    server.get("/a")
    assert server.log_lines(2, "cache.log") == ["MISS 200 200", "HIT 200 -"]


def test_the_arguments_are_part_of_the_key(server):
    start(server, counting(server))
    assert status(server, "/a?x=1") == "MISS"
    assert status(server, "/a?x=2") == "MISS"
    assert status(server, "/a?x=1") == "HIT"


def test_the_key_can_be_chosen(server):
    start(server, counting(server), "proxy_cache_key $uri;")
    assert status(server, "/a?x=1") == "MISS"
    assert status(server, "/a?x=2") == "HIT"


def test_the_file_has_the_digest_of_the_key_as_its_name(server):
    start(server, counting(server), "proxy_cache_key $host$uri;")
    server.get("/a", {"Host": "site"})
    assert server.wait_for(entry_file(server, "site/a").exists)
    assert b"\nKEY: site/a\n" in entry_file(server, "site/a").read_bytes()


def test_the_default_key_is_the_url_that_is_asked_for(server):
    backend = counting(server)
    start(server, backend)
    server.get("/a/b?c=d")
    file = entry_file(server, f"http://127.0.0.1:{backend.port}/a/b?c=d")
    assert server.wait_for(file.exists)


def test_removing_the_file_purges_the_response(server):
    backend = counting(server)
    start(server, backend, "proxy_cache_key $uri;")
    server.get("/a")
    server.get("/a")
    entry_file(server, "/a").unlink()
    response, found = cached(server, "/a")
    assert (found, response.body) == ("MISS", b"2")
    assert status(server, "/a") == "HIT"


def test_large_bodies_come_whole_from_the_cache(server):
    body = os.urandom(700_000)
    backend = server.backend(reply(body))
    start(server, backend)
    assert server.get("/a").body == body
    response, found = cached(server, "/a")
    assert (found, response.body) == ("HIT", body)


def test_an_empty_body_is_cached(server):
    start(server, server.backend(reply(b"")))
    server.get("/a")
    response, found = cached(server, "/a")
    assert (found, response.body) == ("HIT", b"")


def test_a_chunked_response_is_stored_without_its_framing(server):
    start(server, server.backend(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"),
          "proxy_http_version 1.1;")
    assert server.get("/a").body == b"hello world"
    response, found = cached(server, "/a")
    assert (found, response.body) == ("HIT", b"hello world")


def test_a_response_that_ends_with_the_connection_is_stored(server):
    backend = server.backend()
    backend.answer = lambda head, body: None
    def serve(connection):
        stream = connection.makefile("rb")
        backend.requests.append(backend._read(stream))
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nuntil the end")
        stream.close()
        connection.close()
    backend._serve = serve
    start(server, backend)
    assert server.get("/a").body == b"until the end"
    response, found = cached(server, "/a")
    assert (found, response.body) == ("HIT", b"until the end")


def test_a_response_that_breaks_off_is_not_stored(server):
    backend = server.backend()
    def serve(connection):
        stream = connection.makefile("rb")
        backend.requests.append(backend._read(stream))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        stream.close()
        connection.close()
    backend._serve = serve
    start(server, backend)
    for _ in range(2):
        with server.connect() as client:
            client.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
            assert b"X-Cache: MISS" in client.rest()
    assert files(server) == []


# --- what may be kept ---


@pytest.mark.parametrize("header", [
    ("Cache-Control", "no-cache"), ("Cache-Control", "no-store"), ("Cache-Control", "private"),
    ("Cache-Control", "max-age=0"), ("Expires", "Thu, 01 Jan 1970 00:00:01 GMT"),
    ("Expires", "0"), ("X-Accel-Expires", "0"), ("Set-Cookie", "a=b"), ("Vary", "*")])
def test_is_not_kept_because_of(server, header):
    backend = counting(server, [header])
    start(server, backend)
    assert [status(server, "/a"), status(server, "/a")] == ["MISS", "MISS"]
    assert len(backend.requests) == 2


@pytest.mark.parametrize("header", [
    ("Cache-Control", "max-age=60"), ("Cache-Control", "max-age=0, s-maxage=60"),
    ("X-Accel-Expires", "60"), ("X-Accel-Expires", "@4000000000"),
    ("Expires", "Thu, 31 Dec 2037 23:55:55 GMT"), ("Pragma", "no-cache")])
def test_is_kept_with(server, header):
    start(server, counting(server, [header]), "proxy_cache_valid 404 1m;")
    server.get("/a")
    assert status(server, "/a") == "HIT"


def test_without_a_time_nothing_is_kept(server):
    server.start(ZONE % "" + """server { listen 127.0.0.1:PORT; location / {
        proxy_pass http://127.0.0.1:BACKEND; proxy_cache z;
        add_header X-Cache $upstream_cache_status; } }""", BACKEND=counting(server).port)
    assert [status(server), status(server)] == ["MISS", "MISS"]


def test_times_are_for_the_statuses_they_name(server):
    backend = counting(server, line="404 Not Found")
    start(server, backend)
    assert [status(server, "/a"), status(server, "/a")] == ["MISS", "MISS"]


def test_any_time_is_for_all_other_statuses(server):
    start(server, counting(server, line="403 Forbidden"), "proxy_cache_valid any 1m;")
    assert [status(server, "/a"), status(server, "/a")] == ["MISS", "HIT"]


def test_the_headers_time_goes_before_the_configured_one(server):
    start(server, counting(server, [("Cache-Control", "max-age=1")]))
    server.get("/a")
    assert status(server, "/a") == "HIT"
    time.sleep(2.1)
    assert status(server, "/a") == "EXPIRED"
    assert status(server, "/a") == "HIT"


def test_x_accel_expires_goes_before_cache_control(server):
    start(server, counting(server, [("X-Accel-Expires", "60"), ("Cache-Control", "max-age=1")]))
    server.get("/a")
    time.sleep(2.1)
    assert status(server, "/a") == "HIT"


@baton_only("the order of Expires and Cache-Control mattered before 1.23")
def test_an_expires_in_the_past_does_not_outweigh_a_max_age(server):
    start(server, counting(server, [("Expires", "0"), ("Cache-Control", "max-age=60")]))
    assert [status(server, "/a"), status(server, "/a")] == ["MISS", "HIT"]


@pytest.mark.parametrize("name,value", [
    ("Cache-Control", "no-store"), ("Set-Cookie", "a=b"), ("Expires", "0"), ("Vary", "*"),
    ("X-Accel-Expires", "0")])
def test_an_ignored_header_does_not_matter(server, name, value):
    start(server, counting(server, [(name, value)]), f"proxy_ignore_headers {name};")
    assert [status(server, "/a"), status(server, "/a")] == ["MISS", "HIT"]


def test_other_methods_are_not_cached(server):
    backend = counting(server)
    start(server, backend)
    server.get("/a")
    response = server.request("POST", "/a", body=b"x")
    assert (response.body, response.header("X-Cache")) == (b"2", None)


def test_post_is_cached_where_that_is_said(server):
    start(server, counting(server), "proxy_cache_methods POST; proxy_cache_key $uri;")
    bodies = [server.request("POST", "/a", body=b"x").body for _ in range(2)]
    assert bodies == [b"1", b"1"]


def test_a_response_is_kept_from_its_nth_use_on(server):
    start(server, counting(server), "proxy_cache_min_uses 3;")
    assert [status(server, "/a") for _ in range(4)] == ["MISS", "MISS", "MISS", "HIT"]


def test_bypass_asks_upstream_and_stores_the_answer(server):
    start(server, counting(server), "proxy_cache_bypass $arg_none $http_x_fresh;")
    assert server.get("/a").body == b"1"
    response, found = cached(server, "/a", {"X-Fresh": "1"})
    assert (found, response.body) == ("BYPASS", b"2")
    response, found = cached(server, "/a", {"X-Fresh": "0"})
    assert (found, response.body) == ("HIT", b"2")


def test_no_cache_looks_but_does_not_store(server):
    start(server, counting(server), "proxy_no_cache $http_x_private;")
    assert status(server, "/a", {"X-Private": "1"}) == "MISS"
    assert status(server, "/a") == "MISS"
    assert status(server, "/a", {"X-Private": "1"}) == "HIT"


def test_the_zone_can_come_from_a_variable(server):
    server.start("""
        proxy_cache_path FOLDER/one keys_zone=one:1m; proxy_cache_path FOLDER/two keys_zone=two:1m;
        server { listen 127.0.0.1:PORT; location / {
            proxy_pass http://127.0.0.1:BACKEND; proxy_cache $arg_zone; proxy_cache_key $uri;
            proxy_cache_valid 1m; add_header X-Cache $upstream_cache_status; } }""",
                 BACKEND=counting(server).port)
    found = [status(server, path) for path in ("/?zone=one", "/?zone=two", "/?zone=one", "/",
                                               "/?zone=off")]
    assert found == ["MISS", "MISS", "HIT", None, None]
    assert server.get("/?zone=three").status == 500
    assert 'cache "three" not found' in server.error_log()


def test_unbuffered_responses_are_not_stored(server):
    start(server, counting(server), "proxy_buffering off;")
    assert [status(server, "/a"), status(server, "/a")] == ["MISS", "MISS"]


def test_responses_that_ask_not_to_be_buffered_are_not_stored(server):
    start(server, counting(server, [("X-Accel-Buffering", "no")]))
    assert [status(server, "/a"), status(server, "/a")] == ["MISS", "MISS"]


# --- HEAD, conditions, ranges ---


def test_head_is_asked_for_as_get_and_stored_for_both(server):
    backend = server.backend(reply(b"0123456789"))
    start(server, backend)
    response, found = cached(server, "/a", method="HEAD")
    assert (found, response.header("Content-Length")) == ("MISS", "10")
    assert backend.lines()[0].startswith("GET /a ")
    response, found = cached(server, "/a")
    assert (found, response.body) == ("HIT", b"0123456789")
    assert cached(server, "/a", method="HEAD")[0].header("Content-Length") == "10"


def test_head_stays_head_where_that_is_said(server):
    backend = server.backend()
    backend.answer = lambda head, body: (reply(b"0123456789").split(b"0123")[0]
                                         if head.startswith(b"HEAD") else reply(b"0123456789"))
    start(server, backend,
          "proxy_cache_convert_head off; proxy_cache_key $request_method$uri;")
    assert status(server, "/a", method="HEAD") == "MISS"
    assert backend.lines()[0].startswith("HEAD /a ")
    assert status(server, "/a") == "MISS"
    response, found = cached(server, "/a", method="HEAD")
    assert (found, response.header("Content-Length")) == ("HIT", "10")
    assert server.get("/a").body == b"0123456789"


@pytest.mark.parametrize("size", [10, 300_000])
def test_the_connection_goes_on_after_a_head_that_was_asked_for_as_get(server, size):
    backend = server.backend(reply(b"x" * size, headers=[("Set-Cookie", "a=b")]))
    start(server, backend)
    with server.connect() as client:
        for _ in range(2):
            response = client.request("HEAD", "/a")
            assert response.header("Content-Length") == str(size)
        assert client.request("GET", "/a").body == b"x" * size


def test_hits_and_misses_follow_each_other_on_a_connection(server):
    big = os.urandom(200_000)
    backend = server.backend()
    backend.answer = lambda head, body: reply(big if b"/big" in head else b"small")
    start(server, backend)
    with server.connect() as client:
        found = []
        for path in ("/a", "/big", "/a", "/big", "/a"):
            response = client.request("GET", path)
            found.append(response.header("X-Cache"))
            assert response.body == (big if path == "/big" else b"small")
    assert found == ["MISS", "MISS", "HIT", "HIT", "HIT"]


def test_the_client_s_conditions_are_not_passed_on(server):
    backend = counting(server)
    start(server, backend)
    server.get("/a", {"If-None-Match": '"x"', "If-Modified-Since": DATE, "Range": "bytes=0-1",
                      "If-Range": '"x"', "If-Match": "*", "If-Unmodified-Since": DATE,
                      "X-Other": "y"})
    head = backend.requests[0][0].lower()
    assert b"x-other" in head
    assert not re.search(rb"\r\n(if-|range)", head)


@pytest.mark.parametrize("path", ["/hit", "/miss"])
@pytest.mark.parametrize("condition", [{"If-None-Match": '"e"'}, {"If-Modified-Since": DATE}])
def test_a_condition_is_answered_by_the_cache(server, path, condition):
    backend = counting(server, [("ETag", '"e"'), ("Last-Modified", DATE)])
    start(server, backend)
    if path == "/hit":
        server.get(path)
    response = server.get(path, condition)
    assert (response.status, response.body) == (304, b"")
    assert response.header("Content-Length") is None
    assert response.header("ETag") == '"e"'
    assert status(server, path) == "HIT"
    assert len(backend.requests) == 1


def test_a_condition_is_answered_though_the_response_is_not_kept(server):
    backend = counting(server, [("ETag", '"e"')])
    start(server, backend, "proxy_no_cache 1;")
    with server.connect() as client:
        for _ in range(2):
            assert client.request("GET", "/a", {"If-None-Match": '"e"'}).status == 304
    assert len(backend.requests) == 2


def test_conditions_are_for_200_only(server):
    start(server, counting(server, [("ETag", '"e"')], line="404 Not Found"),
          "proxy_cache_valid 404 1m;")
    server.get("/a")
    response, found = cached(server, "/a", {"If-None-Match": '"e"'})
    assert (response.status, found) == (404, "HIT")


def test_a_failed_precondition_is_answered_by_the_cache(server):
    backend = counting(server, [("ETag", '"e"')])
    start(server, backend)
    server.get("/a")
    assert server.get("/a", {"If-Match": '"other"'}).status == 412


@pytest.mark.parametrize("path", ["/hit", "/miss"])
def test_a_range_is_cut_from_the_whole(server, path):
    backend = server.backend(reply(b"0123456789", headers=[("Accept-Ranges", "bytes")]))
    start(server, backend)
    if path == "/hit":
        server.get(path)
    response = server.get(path, {"Range": "bytes=2-4"})
    assert (response.status, response.body) == (206, b"234")
    assert response.header("Content-Range") == "bytes 2-4/10"
    assert response.header("Content-Length") == "3"
    response, found = cached(server, path)
    assert (found, response.body) == ("HIT", b"0123456789")
    assert response.all("Accept-Ranges") == ["bytes"]


def test_a_range_of_a_large_entry(server):
    body = os.urandom(300_000)
    start(server, server.backend(reply(body, headers=[("Accept-Ranges", "bytes")])))
    assert server.get("/a", {"Range": "bytes=100000-200000"}).body == body[100_000:200_001]
    assert server.get("/a", {"Range": "bytes=100000-200000"}).body == body[100_000:200_001]
    assert server.get("/a", {"Range": "bytes=-5"}).body == body[-5:]


def test_ranges_are_for_responses_that_accept_them(server):
    start(server, server.backend(reply(b"0123456789")))
    server.get("/a")
    response = server.get("/a", {"Range": "bytes=2-4"})
    assert (response.status, response.body) == (200, b"0123456789")


@pytest.mark.parametrize("size", [10, 100_000])
def test_several_ranges_come_from_an_entry_as_parts(server, size):
    body = (b"0123456789" * size)[:size]
    start(server, server.backend(reply(body, headers=[("Accept-Ranges", "bytes"),
                                                      ("Content-Type", "text/plain")])))
    server.get("/a")
    response = server.get("/a", {"Range": "bytes=0-1,5-6"})
    assert response.status == 206
    assert response.header("Content-Type").startswith("multipart/byteranges; boundary=")
    parts = re.findall(rb"Content-Range: bytes (\S+)\r\n\r\n(..)\r\n", response.body)
    assert parts == [(b"0-1/%d" % size, b"01"), (b"5-6/%d" % size, b"56")]


def test_a_range_behind_the_end_is_refused(server):
    start(server, server.backend(reply(b"0123456789", headers=[("Accept-Ranges", "bytes")])))
    server.get("/a")
    response = server.get("/a", {"Range": "bytes=10-"})
    assert response.status == 416
    assert response.header("Content-Range") == "bytes */10"


def test_a_range_far_behind_is_asked_for_as_it_is(server):
    backend = server.backend(reply(b"x" * 1000, "206 Partial Content",
                                   [("Content-Range", "bytes 1000-1999/5000")]))
    start(server, backend, "proxy_cache_max_range_offset 100;")
    response = server.get("/a", {"Range": "bytes=1000-1999"})
    assert response.status == 206
    assert b"range: bytes=1000-1999" in backend.requests[0][0].lower()
    assert status(server, "/a", {"Range": "bytes=1000-1999"}) == "MISS"


# --- Vary ---


def test_variants_are_kept_apart(server):
    backend = server.backend()
    backend.answer = lambda head, body: reply(
        re.search(rb"accept-language: (\w+)", head.lower()).group(1), headers=[
            ("Vary", "Accept-Language")])
    start(server, backend)
    for language in ("en", "de"):
        response, found = cached(server, "/a", {"Accept-Language": language})
        assert (found, response.text) == ("MISS", language)
    for language in ("en", "de"):
        response, found = cached(server, "/a", {"Accept-Language": language})
        assert (found, response.text) == ("HIT", language)
    assert len(files(server)) == 2


def test_blanks_make_no_variant(server):
    start(server, counting(server, [("Vary", "Accept-Encoding, X-A")]))
    server.get("/a", {"Accept-Encoding": "gzip, br", "X-A": "1"})
    assert status(server, "/a", {"accept-encoding": "gzip,br", "x-a": "1"}) == "HIT"
    assert status(server, "/a", {"Accept-Encoding": "gzip,br"}) == "MISS"


# --- expired entries ---


def short_lived(server, failure=None, headers=(), after=1, control="max-age=1"):
    """A backend whose first answers live one second; later ones are `failure`, if any."""
    backend = server.backend()

    def answer(head, body):
        if failure is not None and len(backend.requests) > after:
            return failure
        return reply(str(len(backend.requests)),
                     headers=[("Cache-Control", control), *headers])
    backend.answer = answer
    return backend


def expire():
    time.sleep(2.1)


def test_an_expired_entry_is_asked_for_again(server):
    start(server, short_lived(server))
    server.get("/a")
    expire()
    response, found = cached(server, "/a")
    assert (found, response.body) == ("EXPIRED", b"2")


@pytest.mark.parametrize("line,condition", [("500 X", "http_500"), ("503 X", "http_503"),
                                            ("404 X", "http_404")])
def test_a_stale_entry_is_used_instead_of_a_response_with(server, line, condition):
    start(server, short_lived(server, reply(b"bad", line)),
          f"proxy_cache_use_stale {condition};")
    server.get("/a")
    expire()
    response, found = cached(server, "/a")
    assert (response.status, found, response.body) == (200, "STALE", b"1")


def test_a_status_that_is_not_named_replaces_the_entry_s_answer(server):
    start(server, short_lived(server, reply(b"bad", "500 X")), "proxy_cache_use_stale http_503;")
    server.get("/a")
    expire()
    assert server.get("/a").status == 500


def test_a_stale_entry_is_used_when_the_server_is_gone(server):
    backend = short_lived(server)
    start(server, backend, "proxy_cache_use_stale error; proxy_connect_timeout 2s;")
    server.get("/a")
    backend.answer = lambda head, body: None
    expire()
    response, found = cached(server, "/a")
    assert (response.status, found, response.body) == (200, "STALE", b"1")


def test_a_stale_entry_is_used_when_the_server_is_slow(server):
    backend = short_lived(server)
    start(server, backend, "proxy_cache_use_stale timeout; proxy_read_timeout 500ms;")
    server.get("/a")

    def slow(head, body):
        time.sleep(2)
        return reply(b"late")
    backend.answer = slow
    expire()
    response, found = cached(server, "/a")
    assert (response.status, found, response.body) == (200, "STALE", b"1")


def test_a_stale_entry_is_used_instead_of_a_head_that_is_none(server):
    start(server, short_lived(server, b"HTTP/1.1 200 OK\r\nBad\0: x\r\n\r\n"),
          "proxy_cache_use_stale invalid_header;")
    server.get("/a")
    expire()
    assert status(server, "/a") == "STALE"


def test_stale_if_error_of_the_response_allows_it(server):
    backend = short_lived(server, control="max-age=1, stale-if-error=60")
    start(server, backend)
    server.get("/a")
    backend.answer = lambda head, body: None
    expire()
    assert status(server, "/a") == "STALE"
    backend.answer = lambda head, body: reply(b"bad", "500 X")
    assert status(server, "/a") == "EXPIRED"


def test_while_it_is_renewed_others_get_the_stale_entry(server):
    backend = short_lived(server)
    start(server, backend, "proxy_cache_use_stale updating;")
    server.get("/a")
    expire()
    renewing = threading.Event()

    def slow(head, body):
        renewing.set()
        time.sleep(1)
        return reply(b"new")
    backend.answer = slow
    results = []
    first = threading.Thread(target=lambda: results.append(cached(server, "/a")))
    first.start()
    renewing.wait(5)
    response, found = cached(server, "/a")
    assert (found, response.body) == ("UPDATING", b"1")
    first.join()
    assert (results[0][1], results[0][0].body) == ("EXPIRED", b"new")
    assert status(server, "/a") == "HIT"


def test_without_updating_everybody_asks(server):
    backend = short_lived(server)
    start(server, backend)
    server.get("/a")
    expire()

    def slow(head, body):
        time.sleep(0.5)
        return reply(b"new")
    backend.answer = slow
    found = parallel(3, lambda i: status(server, "/a"))
    assert found == ["EXPIRED"] * 3


def test_a_background_update_lets_nobody_wait(server):
    backend = short_lived(server)
    start(server, backend, "proxy_cache_use_stale updating; proxy_cache_background_update on;")
    server.get("/a")
    expire()

    def slow(head, body):
        time.sleep(0.7)
        return reply(b"new", headers=[("Cache-Control", "max-age=60")])
    backend.answer = slow
    begun = time.monotonic()
    response, found = cached(server, "/a")
    assert (found, response.body) == ("STALE", b"1")
    assert time.monotonic() - begun < 0.6
    assert status(server, "/a") == "UPDATING"
    time.sleep(1)
    response, found = cached(server, "/a")
    assert (found, response.body) == ("HIT", b"new")
    assert len(backend.requests) == 2


def test_stale_while_revalidate_of_the_response_allows_a_background_update(server):
    backend = short_lived(server, control="max-age=1, stale-while-revalidate=60")
    start(server, backend, "proxy_cache_background_update on;")
    server.get("/a")
    expire()
    assert status(server, "/a") == "STALE"
    assert server.wait_for(lambda: len(backend.requests) == 2)
    assert server.wait_for(lambda: status(server, "/a") == "HIT")


def test_an_entry_is_revalidated_with_its_validators(server):
    backend = short_lived(server, b"HTTP/1.1 304 Not Modified\r\nCache-Control: max-age=60\r\n\r\n",
                          [("ETag", '"e"'), ("Last-Modified", DATE)])
    start(server, backend, "proxy_cache_revalidate on; proxy_http_version 1.1;")
    server.get("/a")
    expire()
    response, found = cached(server, "/a")
    assert (response.status, found, response.body) == (200, "REVALIDATED", b"1")
    head = backend.requests[1][0].lower()
    assert b'if-none-match: "e"' in head
    assert b"if-modified-since: " + DATE.lower().encode() in head
    expire()
    response, found = cached(server, "/a")
    assert (found, response.body) == ("HIT", b"1")


def test_without_revalidate_the_whole_is_asked_for(server):
    backend = short_lived(server, headers=[("ETag", '"e"')])
    start(server, backend)
    server.get("/a")
    expire()
    server.get("/a")
    assert b"if-none-match" not in backend.requests[1][0].lower()


def test_a_revalidation_that_brings_a_new_response_stores_it(server):
    backend = short_lived(server, headers=[("ETag", '"e"')])
    start(server, backend, "proxy_cache_revalidate on;")
    server.get("/a")
    expire()
    response, found = cached(server, "/a")
    assert (found, response.body) == ("EXPIRED", b"2")
    assert cached(server, "/a")[0].body == b"2"


# --- errors ---


def test_a_bad_gateway_is_remembered_where_that_is_said(server):
    backend = server.backend(b"")
    backend.answer = lambda head, body: None
    start(server, backend, "proxy_cache_valid 502 1m;")
    assert (server.get("/a").status, server.get("/a").status) == (502, 502)
    assert [line.split()[0] for line in server.log_lines(2, "cache.log")] == ["MISS", "HIT"]


def test_an_intercepted_error_is_remembered(server):
    backend = counting(server, line="404 Not Found")
    start(server, backend, "proxy_intercept_errors on; error_page 404 = /page; "
                           "proxy_cache_valid 404 1m;", outside='location /page { return 200 p; }')
    assert [server.get("/a").body for _ in range(2)] == [b"p", b"p"]
    assert len(backend.requests) == 1


# --- the lock ---


def slow_backend(server, seconds=0.5, answer=reply(b"slow")):
    backend = server.backend()

    def slow(head, body):
        time.sleep(seconds)
        return answer
    backend.answer = slow
    return backend


@pytest.mark.parametrize("workers", [1, 2])
def test_the_lock_lets_one_request_fetch(server, workers):
    backend = slow_backend(server)
    start(server, backend, "proxy_cache_lock on;", main=f"worker_processes {workers};")
    responses = parallel(6, lambda i: cached(server, "/a"))
    assert sorted(found for _, found in responses) == ["HIT"] * 5 + ["MISS"]
    assert all(response.body == b"slow" for response, _ in responses)
    assert len(backend.requests) == 1


@baton_only("nginx polls twice a second")
def test_those_who_wait_are_told_at_once(server):
    start(server, slow_backend(server, 0.3), "proxy_cache_lock on;", main="worker_processes 2;")
    begun = time.monotonic()
    parallel(6, lambda i: server.get("/a"))
    assert time.monotonic() - begun < 0.8


def test_without_the_lock_everybody_fetches(server):
    backend = slow_backend(server)
    start(server, backend)
    parallel(3, lambda i: server.get("/a"))
    assert len(backend.requests) == 3


def test_after_the_lock_s_timeout_a_request_fetches_for_itself(server):
    backend = slow_backend(server, 2)
    start(server, backend, "proxy_cache_lock on; proxy_cache_lock_timeout 300ms;")
    found = parallel(2, lambda i: status(server, "/a"))
    assert found == ["MISS", "MISS"]
    assert len(backend.requests) == 2


def test_after_the_lock_s_age_one_more_request_fetches(server):
    backend = slow_backend(server, 2.5)
    start(server, backend, "proxy_cache_lock on; proxy_cache_lock_age 500ms; "
                           "proxy_cache_lock_timeout 10s;")
    parallel(2, lambda i: server.get("/a"))
    assert len(backend.requests) == 2


def test_those_who_waited_for_a_response_that_is_not_kept_fetch_in_turn(server):
    backend = slow_backend(server, 0.2, reply(b"mine", headers=[("Set-Cookie", "a=b")]))
    start(server, backend, "proxy_cache_lock on;")
    responses = parallel(3, lambda i: server.get("/a"))
    assert [response.body for response in responses] == [b"mine"] * 3
    assert len(backend.requests) == 3


# --- clients that leave ---


@baton_only("nginx fetches it, but does not store what came when the client had gone")
def test_a_response_that_is_to_be_kept_is_fetched_without_the_client(server):
    backend = slow_backend(server, 0.5)
    start(server, backend)
    with server.connect() as client:
        client.send("GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert server.wait_for(lambda: backend.requests)
    time.sleep(0.8)
    assert status(server, "/a") == "HIT"


def test_a_client_that_leaves_in_mid_body_does_not_end_the_fetch(server):
    body = os.urandom(20_000_000)
    backend = server.backend(reply(body))
    start(server, backend)
    with server.connect() as client:
        client.send("GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n")
        client.socket.recv(10_000)
    assert server.wait_for(lambda: len(files(server)) == 1
                           and files(server)[0].stat().st_size > len(body))
    time.sleep(0.2)
    response, found = cached(server, "/a")
    assert found == "HIT"
    assert response.body == body


# --- files ---


def test_entries_outlive_the_program(server):
    backend = counting(server)
    start(server, backend)
    server.get("/a")
    server.stop(signals.SIGQUIT)
    server.launch()
    assert status(server, "/a") == "HIT"
    assert len(backend.requests) == 1


def test_entries_outlive_a_reload(server):
    backend = counting(server)
    start(server, backend)
    server.get("/a")
    server.reload()
    assert status(server, "/a") == "HIT"


def test_what_the_old_workers_fetch_during_a_reload_is_there_for_the_new_ones(server):
    backend = slow_backend(server, 1.5)
    start(server, backend)
    slow = threading.Thread(target=lambda: server.get("/a"))
    slow.start()
    assert server.wait_for(lambda: backend.requests)
    server.reload()
    slow.join()
    assert server.wait_for(lambda: files(server))
    time.sleep(0.2)
    response, found = cached(server, "/a")
    assert (found, response.body) == ("HIT", b"slow")


def test_entries_that_nobody_asks_for_are_removed(server):
    start(server, counting(server), path="inactive=1s")
    server.get("/a")
    assert server.wait_for(lambda: len(files(server)) == 1)
    assert server.wait_for(lambda: not files(server), 15)
    assert status(server, "/a") == "MISS"


def test_the_oldest_entries_go_when_there_are_too_many(server):
    start(server, counting(server), path="max_size=64k")
    for i in range(40):
        server.get(f"/{i}")
    assert server.wait_for(lambda: len(files(server)) <= 16, 15)
    assert status(server, "/39") == "HIT"
    assert status(server, "/0") == "MISS"


def test_foreign_files_stay_and_are_not_served(server):
    foreign = server.write("cache/a/bc/README", "mine")
    backend = counting(server)
    start(server, backend, "proxy_cache_key $uri;")
    if server.name == "baton":
        broken = entry_file(server, "/a")
        broken.parent.mkdir(parents=True, exist_ok=True)
        broken.write_bytes(b"\5\0\0\0\0\0\0\0 something of nginx's own" + bytes(500))
    assert cached(server, "/a")[0].body == b"1"
    assert status(server, "/a") == "HIT"
    assert foreign.read_text() == "mine"


@baton_only("the log line is worded by the call that failed")
def test_a_folder_that_cannot_be_written_costs_only_the_caching(server):
    backend = counting(server)
    start(server, backend)
    (server.folder / "cache").rmdir()
    (server.folder / "cache").write_text("in the way")
    assert server.get("/a").body == b"1"
    assert server.get("/a").body == b"2"
    assert "failed (20: Not a directory)" in server.error_log()


@pytest.mark.parametrize("workers", [1, 2])
def test_many_clients_at_once_get_whole_responses(server, workers):
    bodies = {f"/{i}": os.urandom(5_000 * (i + 1)) for i in range(8)}
    backend = server.backend()
    backend.answer = lambda head, body: reply(bodies[head.split(b" ")[1].decode()],
                                              headers=[("Cache-Control", "max-age=1")])
    start(server, backend, "proxy_cache_lock on; proxy_cache_use_stale updating;",
          main=f"worker_processes {workers};")

    def work(index):
        end = time.monotonic() + 2.5
        good = True
        while time.monotonic() < end and good:
            for path, body in bodies.items():
                good = good and server.get(path).body == body
        return good
    assert all(parallel(4, work))


def test_an_error_page_may_come_from_the_cache(server):
    backend = counting(server)
    start(server, backend, outside="location /gone { error_page 404 /page; return 404; }")
    for _ in range(2):
        response = server.get("/gone")
        assert (response.status, response.body) == (404, b"1")
    assert len(backend.requests) == 1


# --- variables ---


def test_the_conditions_of_a_revalidation_are_variables(server):
    backend = short_lived(server, headers=[("ETag", '"e"'), ("Last-Modified", DATE)])
    start(server, backend, "proxy_cache_revalidate on; "
                           "proxy_set_header X-Since $upstream_cache_last_modified;")
    server.get("/a")
    expire()
    server.get("/a")
    assert b"x-since" not in backend.requests[0][0].lower()
    assert b"x-since: " + DATE.lower().encode() in backend.requests[1][0].lower()


def test_headers_of_the_cached_response_are_variables(server):
    start(server, counting(server, [("X-App", "here")]),
          "add_header X-Copy $upstream_http_x_app;")
    server.get("/a")
    assert server.get("/a").header("X-Copy") == "here"


# --- configuration ---


@pytest.mark.parametrize("http,problem", [
    ("proxy_cache_path FOLDER/c levels=1:2;", '"proxy_cache_path" must have "keys_zone" parameter'),
    ("proxy_cache_path FOLDER/c keys_zone=a;", 'invalid keys zone size "keys_zone=a"'),
    ("proxy_cache_path FOLDER/c keys_zone=a:1k;", 'keys zone "keys_zone=a:1k" is too small'),
    ("proxy_cache_path FOLDER/c keys_zone=a:1m levels=3;", 'invalid "levels" "levels=3"'),
    ("proxy_cache_path FOLDER/c keys_zone=a:1m what=1;", 'invalid parameter "what=1"'),
    ("proxy_cache_path FOLDER/c keys_zone=a:1m; proxy_cache_path FOLDER/d keys_zone=a:1m;",
     'duplicate zone "a"'),
    ("proxy_cache_valid 99 1m;", 'invalid status "99"'),
    ("proxy_cache_use_stale nothing;", 'invalid value "nothing"'),
    ("server { listen 127.0.0.1:PORT; location / { proxy_pass http://127.0.0.1:1; "
     "proxy_cache nowhere; } }", '"proxy_cache" zone "nowhere" is unknown'),
])
def test_is_refused_with(server, http, problem):
    code, output = server.check(http)
    assert code == 1
    assert problem in output


@pytest.mark.parametrize("asked,status", [("bytes=0-1", 206), ("bytes=0-0,2-2", 206),
                                          ("bytes=99-", 416)])
@baton_only("since nginx 1.29.0 a Content-Range that was there goes")
def test_a_content_range_of_the_backend_does_not_stay_beside_the_own(server, asked, status):
    backend = server.backend(reply("0123456789", headers=[("Content-Range", "stub"),
                                                          ("Accept-Ranges", "bytes")]))
    server.start("""proxy_cache_path FOLDER/cache keys_zone=one:1m;
        server { listen 127.0.0.1:PORT; location / { proxy_pass http://127.0.0.1:B;
        proxy_cache one; proxy_cache_valid 1m; } }""", B=backend.port)
    for _ in range(2):  # past the cache (one range at most), then from it
        response = server.get("/", {"Range": asked})
        assert response.status == 200 or "stub" not in response.all("Content-Range")
    assert response.status == status
