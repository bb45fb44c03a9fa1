"""mirror: requests repeated on the side."""

import time

import pytest

from server import reply

HTTP = """server { listen 127.0.0.1:PORT; root FOLDER/html;
    location / { mirror /copy; %s proxy_pass http://127.0.0.1:MAIN; }
    location = /copy { internal; proxy_pass http://127.0.0.1:SIDE%s; } }"""


def start(server, inside="", uri="$request_uri", side=None, **values):
    main, side = server.backend(), side or server.backend(reply("ignored"))
    server.start(HTTP % (inside, uri), MAIN=main.port, SIDE=side.port, **values)
    return main, side


def wait_for(server, backend, count=1):
    assert server.wait_for(lambda: len(backend.requests) >= count)


def test_both_are_asked_and_one_answers(server):
    main, side = start(server)
    assert server.get("/a?b=c", {"Cookie": "x=y"}).body == b"ok"
    wait_for(server, side)
    assert main.requests[0][0].startswith(b"GET /a?b=c HTTP/1.")
    assert side.requests[0][0].startswith(b"GET /a?b=c HTTP/1.")
    assert b"Cookie: x=y\r\n" in side.requests[0][0]


def test_the_copy_has_the_uri_of_its_location_and_the_arguments(server):
    _, side = start(server, uri="")
    server.get("/a?b=c")
    wait_for(server, side)
    assert side.requests[0][0].startswith(b"GET /copy?b=c HTTP/1.")


def test_the_method_is_kept(server):
    _, side = start(server)
    server.request("DELETE", "/a")
    wait_for(server, side)
    assert side.requests[0][0].startswith(b"DELETE /a HTTP/1.")


@pytest.mark.parametrize("size", [10, 300000])
def test_the_body_goes_to_both(server, size):
    main, side = start(server)
    body = b"b" * size
    assert server.request("POST", "/", body=body).body == b"ok"
    wait_for(server, side)
    assert main.requests[0][1] == body
    assert side.requests[0][1] == body


def test_the_body_can_be_left_out(server):
    main, side = start(server, "mirror_request_body off;")
    assert server.request("POST", "/", body=b"the body").body == b"ok"
    wait_for(server, main)
    assert main.requests[0][1] == b"the body"


def test_a_dead_copy_harms_nobody(server):
    main = server.backend()
    server.start(HTTP % ("", ""), MAIN=main.port, SIDE=1)
    assert server.get("/").body == b"ok"


def test_a_slow_copy_does_not_delay_the_answer(server):
    def answer(head, body):
        time.sleep(1.0)
        return reply("late")
    main, side = start(server, side=server.backend(answer))
    began = time.monotonic()
    assert server.get("/").body == b"ok"
    assert time.monotonic() - began < 0.8


def test_several_copies(server):
    main, one, two = server.backend(), server.backend(), server.backend()
    server.start("server { listen 127.0.0.1:PORT; location / { mirror /one; mirror /two; "
                 "proxy_pass http://127.0.0.1:MAIN; } "
                 "location = /one { proxy_pass http://127.0.0.1:ONE; } "
                 "location = /two { proxy_pass http://127.0.0.1:TWO; } }",
                 MAIN=main.port, ONE=one.port, TWO=two.port)
    assert server.get("/").body == b"ok"
    wait_for(server, one)
    wait_for(server, two)


def test_off_in_a_location_inside(server):
    main, side = server.backend(), server.backend()
    server.start("server { listen 127.0.0.1:PORT; mirror /copy; "
                 "location /off { mirror off; proxy_pass http://127.0.0.1:MAIN; } "
                 "location = /copy { mirror off; proxy_pass http://127.0.0.1:SIDE; } }",
                 MAIN=main.port, SIDE=side.port)
    assert server.get("/off").body == b"ok"
    time.sleep(0.2)
    assert side.requests == []


def test_the_connection_goes_on(server):
    _, side = start(server)
    with server.connect() as client:
        for _ in range(5):
            assert client.request("GET", "/").body == b"ok"
    wait_for(server, side, 5)


@pytest.mark.parametrize("text", ["mirror off; mirror /x;", "mirror /x; mirror off;"])
def test_off_stands_alone(server, text):
    status, output = server.check("server { listen 127.0.0.1:PORT; %s }" % text)
    assert status == 1
    assert '"mirror" directive is duplicate' in output
