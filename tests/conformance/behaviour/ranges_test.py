"""Byte ranges of files."""

import re

import pytest
from marks import baton_only

DIGITS = b"0123456789"


def serve(server, settings=""):
    server.write("html/a.txt", DIGITS)
    server.write("html/empty.txt", b"")
    server.start(f"""types {{ text/plain txt; }} server {{ listen 127.0.0.1:PORT;
        root FOLDER/html; {settings} location = /416.txt {{ }} }}""")


@pytest.mark.parametrize("asked,got,said", [
    ("bytes=0-0", b"0", "bytes 0-0/10"), ("bytes=2-4", b"234", "bytes 2-4/10"),
    ("bytes=7-", b"789", "bytes 7-9/10"), ("bytes=-3", b"789", "bytes 7-9/10"),
    ("bytes=5-100", b"56789", "bytes 5-9/10"), ("bytes=-100", DIGITS, "bytes 0-9/10"),
    ("bytes= 1 - 2 ", b"12", "bytes 1-2/10"), ("Bytes=1-2", b"12", "bytes 1-2/10"),
    ("bytes=20-30,1-1", b"1", "bytes 1-1/10"),
])
def test_one_range(server, asked, got, said):
    serve(server)
    response = server.get("/a.txt", {"Range": asked})
    assert (response.status, response.body) == (206, got)
    assert response.header("Content-Range") == said
    assert response.header("Content-Length") == str(len(got))
    assert response.header("Accept-Ranges") is None
    assert response.header("Content-Type") == "text/plain"


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=20-30", "bytes=-0", "bytes=a-b", "bytes=3-2",
                                   "bytes=1-2,x"])
def test_a_range_that_cannot_be_had(server, asked):
    serve(server)
    response = server.get("/a.txt", {"Range": asked})
    assert response.status == 416 and response.header("Content-Range") == "bytes */10"


@pytest.mark.parametrize("asked", ["lines=0-1", "bytes 0-1", "0-1", "bytes="])
def test_other_units_are_ignored(server, asked):
    serve(server)
    response = server.get("/a.txt", {"Range": asked})
    assert (response.status, response.body) == (200, DIGITS)


def test_several_ranges_are_parts(server):
    serve(server)
    response = server.get("/a.txt", {"Range": "bytes=0-1,4-5,-1"})
    boundary = re.fullmatch(r"multipart/byteranges; boundary=(\d{20})",
                            response.header("Content-Type")).group(1)
    assert response.status == 206 and response.header("Content-Range") is None
    part = "\r\n--{}\r\nContent-Type: text/plain\r\nContent-Range: bytes {}/10\r\n\r\n{}"
    expected = "".join(part.format(boundary, *each) for each in (("0-1", "01"), ("4-5", "45"),
                                                                ("9-9", "9")))
    assert response.text == expected + f"\r\n--{boundary}--\r\n"


def test_parts_name_their_charset(server):
    serve(server, "charset utf-8;")
    response = server.get("/a.txt", {"Range": "bytes=0-1,4-5"})
    assert b"Content-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 0-1/10" in response.body
    assert "charset" not in response.header("Content-Type")


def test_ranges_longer_than_the_whole_are_the_whole(server):
    serve(server)
    response = server.get("/a.txt", {"Range": "bytes=0-9,0-9"})
    assert (response.status, response.body) == (200, DIGITS)


def test_max_ranges_bounds_them(server):
    serve(server, "max_ranges 1; location /none/ { alias FOLDER/html/; max_ranges 0; }")
    assert server.get("/a.txt", {"Range": "bytes=0-1"}).status == 206
    assert server.get("/a.txt", {"Range": "bytes=0-1,3-4"}).status == 200
    plain = server.get("/none/a.txt", {"Range": "bytes=0-1"})
    assert plain.status == 200 and plain.header("Accept-Ranges") is None


def test_if_range_decides(server):
    serve(server)
    whole = server.get("/a.txt")
    etag, modified = whole.header("ETag"), whole.header("Last-Modified")
    for value, status in ((etag, 206), ('"other"', 200), ("W/" + etag, 200), (modified, 206),
                          ("Thu, 01 Jan 1970 00:00:01 GMT", 200)):
        got = server.get("/a.txt", {"Range": "bytes=0-1", "If-Range": value})
        assert got.status == status, value


def test_an_error_page_for_416(server):
    serve(server, "error_page 416 /416.txt;")
    server.write("html/416.txt", "too far")
    response = server.get("/a.txt", {"Range": "bytes=50-"})
    assert (response.status, response.text) == (416, "too far")


def test_an_empty_file_is_the_whole_of_any_range(server):
    serve(server)
    assert server.get("/empty.txt", {"Range": "bytes=0-"}).status == 200
    assert server.get("/empty.txt", {"Range": "bytes=5-"}).status == 416


def test_head_with_a_range_has_its_length(server):
    serve(server)
    with server.connect() as client:
        response = client.request("HEAD", "/a.txt", {"Range": "bytes=2-4"})
        assert response.status == 206 and response.header("Content-Length") == "3"


@pytest.mark.parametrize("line,since,status", [
    ('Last-Modified "Mon, 28 Sep 1970 06:00:00 GMT"', "Mon, 28 Sep 1970 06:00:00 GMT", 206),
    ('Last-Modified "Mon, 28 Sep 1970 06:00:00 GMT"', "Mon, 28 Sep 1970 06:00:01 GMT", 200),
    ('Last-Modified ""', "Mon, 28 Sep 1970 06:00:00 GMT", 200), ("ETag '\"mine\"'", '"mine"', 206),
    ("ETag '\"mine\"'", '"other"', 200),
])
def test_if_range_is_held_against_what_add_header_says(server, line, since, status):
    serve(server, f"add_header {line};")
    response = server.get("/a.txt", {"Range": "bytes=0-1", "If-Range": since})
    assert response.status == status
