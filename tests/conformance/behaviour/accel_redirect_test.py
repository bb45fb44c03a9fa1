"""X-Accel-Redirect: an upstream server names the location that answers in its place."""

import pytest

from server import reply

PLACE = """server { listen 127.0.0.1:PORT;
  location / { proxy_pass http://127.0.0.1:B; %s }
  location /files/ { internal; alias FOLDER/files/; }
  location @named { return 203 "named $uri"; }
}"""


def start(server, target, extra="", headers=(), body=""):
    backend = server.backend(reply(body, headers=[("X-Accel-Redirect", target), *headers]))
    server.write("files/a.txt", "the file")
    server.start(PLACE % extra, B=backend.port)
    return backend


def test_a_file_that_only_the_server_may_hand_out(server):
    start(server, "/files/a.txt")
    response = server.get("/secret")
    assert (response.status, response.text) == (200, "the file")
    assert response.header("X-Accel-Redirect") is None
    assert server.get("/files/a.txt").status == 404


def test_content_lines_of_the_server_stay(server):
    start(server, "/files/a.txt", headers=[
        ("Content-Type", "text/special"), ("Content-Disposition", "attachment"),
        ("Set-Cookie", "a=1"), ("Cache-Control", "private"), ("X-Other", "gone")])
    response = server.get("/secret")
    assert response.header("Content-Type") == "text/special"
    assert response.header("Content-Disposition") == "attachment"
    assert response.header("Set-Cookie") == "a=1"
    assert response.header("Cache-Control") == "private"
    assert response.header("X-Other") is None


def test_a_named_location(server):
    start(server, "@named")
    response = server.get("/secret")
    assert (response.status, response.text) == (203, "named /secret")


def test_a_post_becomes_a_get(server):
    start(server, "/files/a.txt")
    assert server.request("POST", "/secret", body=b"x").text == "the file"


def test_a_body_beside_it_is_not_sent(server):
    start(server, "/files/a.txt", body="not this")
    with server.connect() as client:
        assert client.request("GET", "/secret").text == "the file"
        assert client.request("GET", "/secret").text == "the file"


def test_ignored_when_told(server):
    start(server, "/files/a.txt", "proxy_ignore_headers X-Accel-Redirect;", body="mine")
    assert server.get("/secret").text == "mine"


def test_what_does_not_exist_is_a_404(server):
    start(server, "/files/none")
    assert server.get("/secret").status == 404


@pytest.mark.parametrize("target", ["/internal/../secret", "/internal/%2e%2e/secret", "/..",
                                    "/a/..%2fb", "/a/%2E."])
def test_a_target_that_climbs_is_unsafe(server, target):
    backend = server.backend(reply("", headers=[("X-Accel-Redirect", target)]))
    server.start(f"""server {{ listen 127.0.0.1:PORT;
        location / {{ proxy_pass http://127.0.0.1:{backend.port}; }}
        location /internal/ {{ return 200 in; }} location /secret {{ internal; return 200 s; }} }}""")
    assert server.get("/").status == 404
    assert 'unsafe URI "/' in server.error_log() and '" was detected' in server.error_log()


def test_the_type_that_the_server_gave_stays_with_return(server):
    backend = server.backend(reply("", headers=[("X-Accel-Redirect", "/internal"),
                                                ("Content-Type", "a/b")]))
    server.start(f"""server {{ listen 127.0.0.1:PORT; default_type text/plain;
        location / {{ proxy_pass http://127.0.0.1:{backend.port}; }}
        location /internal {{ internal; return 200 in; }} }}""")
    response = server.get("/")
    assert (response.text, response.header("Content-Type")) == ("in", "a/b")
