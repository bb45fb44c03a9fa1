"""Messages that two servers could read in two ways must not pass: the client gets 400 (or the
status that nginx has for it) and the backend sees nothing of it, least of all a second request
hidden in the first. The same for responses that a backend garbles."""

import pytest

from proxy_under_test import Backend, Proxy, statuses

CONFIG = """
server { listen 127.0.0.1:PORT; client_max_body_size 1m; keepalive_timeout 5s;
  location / { proxy_pass http://127.0.0.1:BACKEND; proxy_read_timeout 2s; }
  location /local { return 200 "local"; }
}
"""
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture(scope="module")
def pair():
    backend = Backend()
    proxy = Proxy(CONFIG, backend=backend.port)
    yield proxy, backend
    proxy.stop()


def post(lines, body=b"", target=b"/", version=b"HTTP/1.1", host=b"Host: a\r\n"):
    return b"POST " + target + b" " + version + b"\r\n" + host + lines + b"\r\n" + body


REFUSED = {
    "length and chunked": (400, post(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + HIDDEN)),
    "chunked and length": (400, post(b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n" + HIDDEN)),
    "two lengths": (400, post(b"Content-Length: 5\r\nContent-Length: 0\r\n", b"hello" + HIDDEN)),
    "two equal lengths": (400, post(b"Content-Length: 5\r\nContent-Length: 5\r\n", b"hello" + HIDDEN)),
    "list of lengths": (400, post(b"Content-Length: 5, 5\r\n", b"hello" + HIDDEN)),
    "signed length": (400, post(b"Content-Length: +5\r\n", b"hello" + HIDDEN)),
    "negative length": (400, post(b"Content-Length: -5\r\n", b"hello" + HIDDEN)),
    "hex length": (400, post(b"Content-Length: 0x5\r\n", b"hello" + HIDDEN)),
    "empty length": (400, post(b"Content-Length:\r\n", HIDDEN)),
    "huge length": (400, post(b"Content-Length: 99999999999999999999\r\n", HIDDEN)),
    "length with a blank inside": (400, post(b"Content-Length: 5 0\r\n", b"hello" + HIDDEN)),
    "unknown coding": (501, post(b"Transfer-Encoding: gzip\r\n", HIDDEN)),
    "coding list": (501, post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n" + HIDDEN)),
    "chunked twice in a list": (501, post(b"Transfer-Encoding: chunked, chunked\r\n", b"0\r\n\r\n" + HIDDEN)),
    "identity": (501, post(b"Transfer-Encoding: identity\r\n", HIDDEN)),
    "quoted coding": (501, post(b"Transfer-Encoding: \"chunked\"\r\n", b"0\r\n\r\n" + HIDDEN)),
    "coding with parameter": (501, post(b"Transfer-Encoding: chunked;a=b\r\n", b"0\r\n\r\n" + HIDDEN)),
    "two codings": (400, post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", b"0\r\n\r\n" + HIDDEN)),
    "coding with vertical tab": (400, post(b"Transfer-Encoding: \x0bchunked\r\n", b"0\r\n\r\n" + HIDDEN)),
    "coding in HTTP/1.0": (400, post(b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n" + HIDDEN, version=b"HTTP/1.0")),
    "blank before the colon": (400, post(b"Content-Length : 5\r\n", b"hello" + HIDDEN)),
    "tab before the colon": (400, post(b"Transfer-Encoding\t: chunked\r\n", b"0\r\n\r\n" + HIDDEN)),
    "obsolete fold": (400, post(b"X: y\r\n Content-Length: 5\r\n", b"hello" + HIDDEN)),
    "folded coding": (400, post(b"Transfer-Encoding:\r\n chunked\r\n", b"0\r\n\r\n" + HIDDEN)),
    "blank before the first line": (400, post(b"", host=b" Host: a\r\n")),
    "bare CR in a value": (400, post(b"X: y\rContent-Length: 5\r\n", b"hello" + HIDDEN)),
    "bare CR as line end": (400, post(b"X: y\r\r\nContent-Length: 5\r\n", b"hello" + HIDDEN)),
    "NUL in a value": (400, post(b"X: y\x00z\r\n")),
    "NUL in a name": (400, post(b"X\x00Y: z\r\n")),
    "line without colon": (400, post(b"Content-Length\r\n")),
    "empty name": (400, post(b": 5\r\n")),
    "no host": (400, post(b"", host=b"")),
    "two hosts": (400, post(b"", host=b"Host: a\r\nHost: b\r\n")),
    "empty host": (400, post(b"", host=b"Host:\r\n")),
    "host with a path": (400, post(b"", host=b"Host: a/b\r\n")),
    "host with user": (400, post(b"", host=b"Host: a@b\r\n")),
    "host with a blank": (400, post(b"", host=b"Host: a b\r\n")),
    "host with a bad port": (400, post(b"", host=b"Host: a:b\r\n")),
    "control character in the target": (400, post(b"", target=b"/a\x01b")),
    "blank in the target": (400, post(b"", target=b"/a b")),
    "no slash": (400, post(b"", target=b"a")),
    "target above the root": (400, post(b"", target=b"/../a")),
    "encoded target above the root": (400, post(b"", target=b"/%2e%2e/a")),
    "NUL encoded in the target": (400, post(b"", target=b"/a%00b")),
    "bad escape in the target": (400, post(b"", target=b"/a%zz")),
    "lower case method": (400, b"get / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "no version": (400, b"GET /\r\n\r\n"),
    "HTTP/2 in words": (505, b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
    "HTTP/2 preface": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "TLS to a plain port": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    "CONNECT": (405, b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"),
    "TRACE": (405, b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "long request line": (414, b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
    "long header line": (400, post(b"X: " + b"y" * 9000 + b"\r\n")),
    "large head": (400, post(b"".join(b"X%d: %s\r\n" % (i, b"y" * 1000) for i in range(50)))),
    "too many lines": (400, post(b"X: y\r\n" * 1001)),
    "large body": (413, post(b"Content-Length: 2000000\r\n")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_request_is_refused_and_nothing_of_it_passes(pair, name):
    proxy, backend = pair
    status, request = REFUSED[name]
    seen = len(backend.requests)
    received = proxy.raw(request, wait=2.0)
    assert statuses(received) == [status], received[:200]
    assert b"Connection: close\r\n" in received
    assert backend.lines()[seen:] == []
    assert backend.broken == []


BAD_CHUNKS = {
    "no digits": b"\r\nhello",
    "letters": b"xyz\r\nhello\r\n0\r\n\r\n",
    "negative": b"-5\r\nhello\r\n0\r\n\r\n",
    "prefix": b"0x5\r\nhello\r\n0\r\n\r\n",
    "blank before": b" 5\r\nhello\r\n0\r\n\r\n",
    "blank behind": b"5 \r\nhello\r\n0\r\n\r\n",
    "overflow": b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "bare LF behind the size": b"5\nhello\r\n0\r\n\r\n",
    "bare LF in an extension": b"5;a\nb\r\nhello\r\n0\r\n\r\n",
    "more than the size": b"5\r\nhello!\r\n0\r\n\r\n",
    "bare LF behind the chunk": b"5\r\nhello\n0\r\n\r\n",
    "trailer without colon": b"5\r\nhello\r\n0\r\nabc\r\n\r\n",
    "trailer with a blank in its name": b"5\r\nhello\r\n0\r\nA b: c\r\n\r\n",
}


@pytest.mark.parametrize("name", BAD_CHUNKS)
def test_bad_chunks_never_become_a_complete_request(pair, name):
    proxy, backend = pair
    seen = len(backend.requests)
    received = proxy.raw(post(b"Transfer-Encoding: chunked\r\n", BAD_CHUNKS[name] + HIDDEN), wait=2.0)
    assert statuses(received) == [400], received[:200]
    assert backend.lines()[seen:] == []


def test_hidden_request_in_a_body_stays_a_body(pair):
    proxy, backend = pair
    seen = len(backend.requests)
    received = proxy.raw(post(b"Content-Length: %d\r\n" % len(HIDDEN), HIDDEN)
                         + b"GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert statuses(received) == [200, 200]
    assert backend.lines()[seen:] == ["POST / HTTP/1.1", "GET /next HTTP/1.1"]
    assert backend.requests[seen][1] == HIDDEN


def test_chunked_body_arrives_whole_however_it_is_cut(pair):
    proxy, backend = pair
    text = (post(b"Transfer-Encoding: chunked\r\n")
            + b"5;x=\"y\"\r\nhello\r\n0006\r\n world\r\n0\r\nTrailer-A: b\r\n\r\n")
    for cut in range(20, len(text), 7):
        seen = len(backend.requests)
        received = proxy.raw([text[:cut], text[cut:]
                              + b"GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"])
        assert statuses(received) == [200, 200], cut
        assert backend.lines()[seen:] == ["POST / HTTP/1.1", "GET /next HTTP/1.1"]
        assert backend.requests[seen][1] == b"hello world"
        assert b"Trailer-A" not in backend.requests[seen][0]


def test_body_of_a_request_that_is_answered_here_is_not_the_next_request(pair):
    proxy, _ = pair
    received = proxy.raw(post(b"Content-Length: %d\r\n" % len(HIDDEN), HIDDEN, target=b"/local")
                         + b"GET /local HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert statuses(received) == [200, 200]
    assert received.count(b"local") == 2


def test_expected_body_that_was_not_asked_for_ends_the_connection(pair):
    proxy, backend = pair
    seen = len(backend.requests)
    received = proxy.raw(post(b"Content-Length: 50\r\nExpect: 100-continue\r\n", target=b"/local"), wait=2.0)
    assert statuses(received) == [200]
    assert b"Connection: close" in received
    assert backend.lines()[seen:] == []


def test_headers_of_the_connection_do_not_pass(pair):
    proxy, backend = pair
    seen = len(backend.requests)
    proxy.raw(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, Secret, X-Forwarded-For, Content-Length\r\n"
              b"Secret: 1\r\nKeep-Alive: 300\r\nTE: trailers\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n"
              b"Proxy-Connection: keep-alive\r\nX-Forwarded-For: 1.2.3.4\r\nunder_score: 1\r\n\r\n")
    head = backend.requests[seen][0].lower()
    for name in (b"secret", b"keep-alive", b"te:", b"upgrade", b"proxy-connection", b"under_score", b"connection:"):
        assert name not in head, name
    assert b"x-forwarded-for: 1.2.3.4" in head


def test_pipelined_requests_are_answered_in_order(pair):
    proxy, backend = pair
    seen = len(backend.requests)
    text = b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % i for i in range(50))
    received = proxy.raw(text + b"GET /local HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert statuses(received) == [200] * 51
    assert backend.lines()[seen:] == ["GET /%d HTTP/1.1" % i for i in range(50)]


BAD_RESPONSES = {
    "no HTTP": b"hello\r\n\r\n",
    "bad status": b"HTTP/1.1 2x0 OK\r\n\r\n",
    "length and chunked": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "bad length": b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok",
    "unknown coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
    "fold": b"HTTP/1.1 200 OK\r\nX: y\r\n z\r\nContent-Length: 2\r\n\r\nok",
    "bare CR": b"HTTP/1.1 200 OK\r\nX: y\rz\r\nContent-Length: 2\r\n\r\nok",
    "line without colon": b"HTTP/1.1 200 OK\r\nabc\r\nContent-Length: 2\r\n\r\nok",
    "nothing": None,
    "large head": b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 20000 + b"\r\n\r\n",
    "unasked upgrade": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
}


@pytest.mark.parametrize("name", BAD_RESPONSES)
def test_garbled_response_becomes_502(name):
    backend = Backend()
    proxy = Proxy(CONFIG, backend=backend.port)
    try:
        backend.answer = lambda head, body: BAD_RESPONSES[name]
        received = proxy.raw(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", wait=4.0)
        assert statuses(received) == [502], received[:200]
    finally:
        proxy.stop()


def test_surplus_behind_a_response_reaches_nobody(pair):
    proxy, backend = pair
    before = backend.answer
    backend.answer = lambda head, body: (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                                         b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
    try:
        for _ in range(3):
            received = proxy.raw(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
                                 b"GET /local HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert statuses(received) == [200, 200]
            assert b"evil" not in received
    finally:
        backend.answer = before


def test_response_that_ends_too_early_ends_the_connection(pair):
    proxy, backend = pair
    before = backend.answer
    for text in (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf!",
                 b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf!\r\n"):
        sent = []

        def answer(head, body, text=text):
            if sent:
                return None
            sent.append(1)
            return text

        backend.answer = answer
        request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        received = proxy.raw(request + request, wait=4.0)
        backend.answer = before
        assert received.count(b"HTTP/1.1 ") == 1
        assert not received.endswith(b"0\r\n\r\n")
