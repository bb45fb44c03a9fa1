"""What the client sees of each kind of broken upstream answer, and above all: that its connection
is never out of step. Either the answer is refused (502), or it is cut off and the connection ends,
or it is passed on and the next answer on the same connection is the next request's."""

import pytest

from proxy_under_test import Backend, Proxy, statuses

CONFIG = """
server { listen 127.0.0.1:PORT; keepalive_timeout 5s;
  location / { proxy_pass http://127.0.0.1:BACKEND; proxy_read_timeout 1s; }
  location /streamed { proxy_pass http://127.0.0.1:BACKEND; proxy_buffering off;
                       proxy_read_timeout 1s; }
  location /local { return 200 "local"; }
}
"""
GET = b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET /local HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def head(*lines, status=b"HTTP/1.1 200 OK"):
    return status + b"\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


LENGTH = b"Content-Length: 2"
CHUNKED = b"Transfer-Encoding: chunked"


@pytest.fixture(scope="module")
def pair():
    backend = Backend()
    proxy = Proxy(CONFIG, backend=backend.port)
    yield proxy, backend
    proxy.stop()


def ask(pair, text, path=b"/"):
    """What a client gets that asks for `path`, answered by `text`, and then for a local page."""
    proxy, backend = pair
    backend.answer = lambda head, body: text
    return proxy.raw(GET % path + LAST, wait=3.0)


REFUSED = {
    "empty line first": b"\r\n" + head(LENGTH) + b"ok",
    "no status line": head(LENGTH, status=b"200 OK") + b"ok",
    "other protocol": head(LENGTH, status=b"ICY 200 OK") + b"ok",
    "HTTP/2": head(LENGTH, status=b"HTTP/2.0 200 OK") + b"ok",
    "lower case protocol": head(LENGTH, status=b"http/1.1 200 OK") + b"ok",
    "status of two digits": head(LENGTH, status=b"HTTP/1.1 20 OK") + b"ok",
    "status of four digits": head(LENGTH, status=b"HTTP/1.1 2000 OK") + b"ok",
    "status with a sign": head(LENGTH, status=b"HTTP/1.1 +20 OK") + b"ok",
    "status below 100": head(LENGTH, status=b"HTTP/1.1 099 OK") + b"ok",
    "status in words": head(LENGTH, status=b"HTTP/1.1 two hundred") + b"ok",
    "NUL in the status line": head(LENGTH, status=b"HTTP/1.1 200 O\x00K") + b"ok",
    "NUL in a value": head(LENGTH, b"X: y\x00z") + b"ok",
    "NUL in a name": head(LENGTH, b"X\x00: y") + b"ok",
    "blank before the colon": head(b"Content-Length : 2") + b"ok",
    "blank in a name": head(LENGTH, b"X Y: z") + b"ok",
    "no colon": head(LENGTH, b"X") + b"ok",
    "no name": head(LENGTH, b": x") + b"ok",
    "folded line": head(LENGTH, b"X: y", b"\tz") + b"ok",
    "folded length": head(b"Content-Length:", b" 2") + b"ok",
    "CR in a value": head(LENGTH, b"X: y\rSet-Cookie: z") + b"ok",
    "negative length": head(b"Content-Length: -2") + b"ok",
    "signed length": head(b"Content-Length: +2") + b"ok",
    "length in hex": head(b"Content-Length: 0x2") + b"ok",
    "length with a fraction": head(b"Content-Length: 2.0") + b"ok",
    "empty length": head(b"Content-Length:") + b"ok",
    "huge length": head(b"Content-Length: 99999999999999999999") + b"ok",
    "two lengths that differ": head(LENGTH, b"Content-Length: 3") + b"ok",
    "list of lengths that differ": head(b"Content-Length: 2, 3") + b"ok",
    "length and chunks": head(LENGTH, CHUNKED) + b"2\r\nok\r\n0\r\n\r\n",
    "chunks and length": head(CHUNKED, LENGTH) + b"2\r\nok\r\n0\r\n\r\n",
    "unknown coding": head(b"Transfer-Encoding: gzip") + b"ok",
    "chunked with a vertical tab": head(b"Transfer-Encoding: \x0bchunked") + b"2\r\nok\r\n0\r\n\r\n",
    "chunked twice": head(CHUNKED, CHUNKED) + b"2\r\nok\r\n0\r\n\r\n",
    "head without an end": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
    "head that is too long": head(LENGTH, *[b"X%d: %s" % (i, b"y" * 100) for i in range(200)]) + b"ok",
    "line that is too long": head(LENGTH, b"X: " + b"y" * 20000) + b"ok",
    "only interim responses": head(status=b"HTTP/1.1 100 Continue") * 3,
    "endless interim responses": head(status=b"HTTP/1.1 102 Processing") * 1000,
    "interim response with a body": head(b"Content-Length: 3", status=b"HTTP/1.1 100 Continue")
    + b"abc" + head(LENGTH) + b"ok",
    "change of protocol": head(b"Upgrade: x", status=b"HTTP/1.1 101 Switching Protocols"),
    "bytes that are TLS": b"\x15\x03\x01\x00\x02\x02\x16",
    "nothing": None,
    "one byte": b"H",
}


@pytest.mark.parametrize("path", [b"/", b"/streamed"])
@pytest.mark.parametrize("name", REFUSED)
def test_head_is_refused_and_the_connection_goes_on(pair, name, path):
    received = ask(pair, REFUSED[name], path)
    assert statuses(received) in ([502, 200], [504, 200]), received[:300]
    assert received.endswith(b"local")
    assert b"\r\n\r\nok" not in received


# The head is fine and gone; what is behind it breaks the framing.
CUT_OFF = {
    "body shorter than its length": head(b"Content-Length: 10") + b"half!",
    "no body at all": head(b"Content-Length: 10"),
    "chunks without an end": head(CHUNKED) + b"5\r\nhalf!\r\n",
    "chunk that is cut": head(CHUNKED) + b"a\r\nhalf!",
    "size line that is cut": head(CHUNKED) + b"5\r\nhalf!\r\n5",
    "no line end behind the last chunk": head(CHUNKED) + b"5\r\nhalf!\r\n0\r\n",
    "no size": head(CHUNKED) + b"5\r\nhalf!\r\n\r\n",
    "size in letters": head(CHUNKED) + b"5\r\nhalf!\r\nxyz\r\nevil\r\n0\r\n\r\n",
    "negative size": head(CHUNKED) + b"5\r\nhalf!\r\n-4\r\nevil\r\n0\r\n\r\n",
    "size with a prefix": head(CHUNKED) + b"5\r\nhalf!\r\n0x4\r\nevil\r\n0\r\n\r\n",
    "size too large": head(CHUNKED) + b"5\r\nhalf!\r\n" + b"f" * 17 + b"\r\nevil",
    "blank before the size": head(CHUNKED) + b"5\r\nhalf!\r\n 4\r\nevil\r\n0\r\n\r\n",
    "more than the size": head(CHUNKED) + b"5\r\nhalf!evil\r\n0\r\n\r\n",
    "LF behind a chunk": head(CHUNKED) + b"5\r\nhalf!\n4\r\nevil\r\n0\r\n\r\n",
    "LF behind a size": head(CHUNKED) + b"5\r\nhalf!\r\n4\nevil\r\n0\r\n\r\n",
    "trailer without a colon": head(CHUNKED) + b"5\r\nhalf!\r\n0\r\nevil\r\n\r\n",
    "trailer without an end": head(CHUNKED) + b"5\r\nhalf!\r\n0\r\nX: " + b"y" * 20000,
}


@pytest.mark.parametrize("path", [b"/", b"/streamed"])
@pytest.mark.parametrize("name", CUT_OFF)
def test_broken_body_ends_the_connection(pair, name, path):
    proxy, backend = pair
    sent = []

    def answer(head, body):
        sent.append(head)
        return CUT_OFF[name] if len(sent) == 1 else None

    backend.answer = answer
    received = proxy.raw(GET % path + LAST, wait=3.0)
    assert statuses(received) in ([200], []), received[:300]
    assert b"local" not in received
    assert b"evil" not in received
    assert not received.endswith(b"\r\n0\r\n\r\n")


# Fine, or no worse than odd: passed on, and the connection goes on.
PASSED = {
    "bare LF as line end": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 200, b"ok"),
    "no reason": (head(LENGTH, status=b"HTTP/1.1 200") + b"ok", 200, b"ok"),
    "empty reason": (head(LENGTH, status=b"HTTP/1.1 200 ") + b"ok", 200, b"ok"),
    "HTTP/1.0 without length": (head(status=b"HTTP/1.0 200 OK") + b"ok", 200, b"ok"),
    "HTTP/1.9": (head(LENGTH, status=b"HTTP/1.9 200 OK") + b"ok", 200, b"ok"),
    "interim response first": (head(status=b"HTTP/1.1 100 Continue") + head(LENGTH) + b"ok", 200, b"ok"),
    "bytes beyond ASCII in a value": (head(LENGTH, b"X: \xe4\xff") + b"ok", 200, b"ok"),
    "unknown status": (head(LENGTH, status=b"HTTP/1.1 799 Odd") + b"ok", 799, b"ok"),
    "204 with a length": (head(b"Content-Length: 0", status=b"HTTP/1.1 204 No Content"), 204, b""),
    "304 with a length": (head(b"Content-Length: 99", status=b"HTTP/1.1 304 Not Modified"), 304, b""),
    "chunk extensions": (head(CHUNKED) + b"2;a=b;c=\"d\"\r\nok\r\n0;x\r\n\r\n", 200, b"ok"),
    "trailers": (head(CHUNKED) + b"2\r\nok\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n", 200, b"ok"),
    "size in capitals and zeros": (head(CHUNKED) + b"00000A\r\n0123456789\r\n000\r\n\r\n", 200,
                                   b"0123456789"),
    "more than was promised": (head(LENGTH) + b"okHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
                               200, b"ok"),
    "a second response": (head(LENGTH) + b"ok" + head(b"Content-Length: 4") + b"evil", 200, b"ok"),
    "more behind the last chunk": (head(CHUNKED) + b"2\r\nok\r\n0\r\n\r\nevil", 200, b"ok"),
}


@pytest.mark.parametrize("path", [b"/", b"/streamed"])
@pytest.mark.parametrize("name", PASSED)
def test_odd_but_clear_answer_is_passed_on_and_nothing_behind_it(pair, name, path):
    proxy, backend = pair
    text, status, body = PASSED[name]
    rounds = []

    def answer(head, _):
        rounds.append(head)
        return text

    backend.answer = answer
    if name == "HTTP/1.0 without length":
        # Its end is the connection's: the backend must close.
        closing = Backend()
        closing.answer = lambda head, _: text
        original = closing._serve
        closing._serve = lambda connection: (connection.recv(9999), connection.sendall(text),
                                             connection.close())
        assert original
        other = Proxy(CONFIG, backend=closing.port)
        try:
            received = other.raw(GET % path + LAST, wait=3.0)
        finally:
            other.stop()
    else:
        received = proxy.raw(GET % path + LAST, wait=3.0)
    assert statuses(received) == [status, 200], received[:300]
    assert b"evil" not in received
    assert body in received
    assert received.endswith(b"local")


def test_answer_to_head_has_no_body_whatever_is_sent(pair):
    proxy, backend = pair
    backend.answer = lambda head, body: head_answer
    head_answer = head(LENGTH) + b"ok"
    received = proxy.raw(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + LAST, wait=3.0)
    assert statuses(received) == [200, 200]
    assert b"\r\n\r\nok" not in received


def test_connection_with_a_broken_answer_is_not_used_again(pair):
    proxy, backend = pair
    backend.answer = lambda head, body: (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
    before = backend.connections
    received = proxy.raw(GET % b"/" * 5 + LAST, wait=3.0)
    assert statuses(received) == [200] * 6
    assert b"evil" not in received
    assert backend.connections - before == 5
