"""If-Modified-Since and its family."""

import os

import pytest

TIME = 1700000000  # Tue, 14 Nov 2023 22:13:20 GMT
THEN = "Tue, 14 Nov 2023 22:13:20 GMT"
EARLIER = "Tue, 14 Nov 2023 22:13:19 GMT"
LATER = "Tue, 14 Nov 2023 22:13:21 GMT"
ETAG = f'"{TIME:x}-4"'


def serve(server, settings=""):
    file = server.write("html/a.txt", "text")
    os.utime(file, (TIME, TIME))
    server.start(f"server {{ listen 127.0.0.1:PORT; root FOLDER/html; {settings} }}")


@pytest.mark.parametrize("headers,status", [
    ({"If-Modified-Since": THEN}, 304), ({"If-Modified-Since": EARLIER}, 200),
    ({"If-Modified-Since": LATER}, 200), ({"If-Modified-Since": "yesterday"}, 200),
    ({"If-None-Match": ETAG}, 304), ({"If-None-Match": "W/" + ETAG}, 304),
    ({"If-None-Match": '"x", ' + ETAG}, 304), ({"If-None-Match": "*"}, 304),
    ({"If-None-Match": '"x"'}, 200),
    ({"If-None-Match": '"x"', "If-Modified-Since": THEN}, 200),
    ({"If-None-Match": ETAG, "If-Modified-Since": EARLIER}, 200),
    ({"If-Match": ETAG}, 200), ({"If-Match": "*"}, 200), ({"If-Match": '"x"'}, 412),
    ({"If-Match": "W/" + ETAG}, 412), ({"If-Match": '"x", ' + ETAG}, 200),
    ({"If-Unmodified-Since": THEN}, 200), ({"If-Unmodified-Since": EARLIER}, 412),
    ({"If-Unmodified-Since": LATER}, 200), ({"If-Unmodified-Since": "never"}, 412),
    ({"If-Match": ETAG, "If-None-Match": ETAG}, 304),
])
def test_conditions(server, headers, status):
    serve(server)
    assert server.get("/a.txt", headers).status == status


def test_304_keeps_the_validators_and_nothing_of_the_body(server):
    serve(server)
    response = server.get("/a.txt", {"If-None-Match": ETAG})
    assert response.header("ETag") == ETAG and response.header("Last-Modified") == THEN
    assert response.header("Content-Length") is None
    assert response.header("Content-Type") is None
    assert response.header("Accept-Ranges") is None


def test_if_modified_since_before_takes_later_dates_too(server):
    serve(server, "if_modified_since before;")
    for date, status in ((THEN, 304), (LATER, 304), (EARLIER, 200)):
        assert server.get("/a.txt", {"If-Modified-Since": date}).status == status


def test_if_modified_since_off_ignores_the_date(server):
    serve(server, "if_modified_since off;")
    assert server.get("/a.txt", {"If-Modified-Since": THEN}).status == 200
    assert server.get("/a.txt", {"If-None-Match": ETAG}).status == 304


def test_etag_off_leaves_only_dates(server):
    serve(server, "etag off;")
    response = server.get("/a.txt", {"If-None-Match": ETAG})
    assert response.status == 200 and response.header("ETag") is None
    assert server.get("/a.txt", {"If-Modified-Since": THEN}).status == 304


def test_an_error_page_has_no_conditions(server):
    serve(server, "error_page 404 /a.txt;")
    response = server.get("/none", {"If-Modified-Since": THEN, "If-None-Match": ETAG})
    assert (response.status, response.text) == (404, "text")
