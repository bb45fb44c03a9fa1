"""auth_request: another location's word decides."""

import time

import pytest

from server import reply

SERVER = """server { listen 127.0.0.1:PORT; root FOLDER/html;
    location / { auth_request /auth; %s } location = /auth { internal; %s } %s }"""


def start(server, inside="", auth="return 204;", outside="", **values):
    server.write("html/index.html", "page")
    server.start(SERVER % (inside, auth, outside), **values)


@pytest.mark.parametrize("code", [200, 201, 204, 299])
def test_lets_pass_on(server, code):
    start(server, auth=f"return {code};")
    assert server.get("/").body == b"page"


@pytest.mark.parametrize("code", [401, 403])
def test_refuses_with(server, code):
    start(server, auth=f"return {code};")
    assert server.get("/").status == code


@pytest.mark.parametrize("code", [302, 404, 500, 503])
def test_is_confused_by(server, code):
    start(server, auth=f"return {code};")
    assert server.get("/").status == 500
    assert f"auth request unexpected status: {code}" in server.error_log()


def test_the_backend_is_asked_with_get_and_the_header_lines(server):
    backend = server.backend()
    start(server, auth="proxy_pass http://127.0.0.1:BACKEND; proxy_pass_request_body off; "
          'proxy_set_header Content-Length ""; proxy_set_header X-Original-URI $request_uri;',
          BACKEND=backend.port)
    assert server.get("/index.html?a=b", {"Cookie": "session=1"}).body == b"page"
    head = backend.requests[0][0]
    assert head.startswith(b"GET /auth HTTP/1.")
    assert b"Cookie: session=1\r\n" in head
    assert b"X-Original-URI: /index.html?a=b\r\n" in head


def test_the_body_of_the_answer_is_dropped_and_the_connection_goes_on(server):
    backend = server.backend(reply("x" * 100000))
    start(server, auth="proxy_pass http://127.0.0.1:BACKEND;", BACKEND=backend.port)
    with server.connect() as client:
        assert client.request("GET", "/").body == b"page"
        assert client.request("GET", "/").body == b"page"


def test_a_demand_of_the_backend_goes_on_to_the_client(server):
    backend = server.backend(reply(status="401 Unauthorized",
                                   headers=[("WWW-Authenticate", 'Bearer realm="api"')]))
    start(server, auth="proxy_pass http://127.0.0.1:BACKEND;", BACKEND=backend.port)
    response = server.get("/")
    assert response.status == 401
    assert response.all("WWW-Authenticate") == ['Bearer realm="api"']


def test_the_request_body_goes_to_the_content_and_not_to_the_judge(server):
    judge, content = server.backend(), server.backend()
    start(server, "proxy_pass http://127.0.0.1:CONTENT;",
          "proxy_pass http://127.0.0.1:JUDGE; proxy_pass_request_body off; "
          'proxy_set_header Content-Length "";', JUDGE=judge.port, CONTENT=content.port)
    assert server.request("POST", "/", body=b"the body").body == b"ok"
    assert judge.requests[0][1] == b""
    assert content.requests[0][1] == b"the body"


def test_error_page_for_a_refusal_redirects_to_the_login(server):
    start(server, "error_page 401 = @login;", "return 401;",
          "location @login { return 302 /login?back=$request_uri; }")
    response = server.get("/private?x=1")
    assert response.status == 302
    assert response.header("Location").endswith("/login?back=/private?x=1")


def test_off_in_a_location_inside(server):
    start(server, "location /open { auth_request off; alias FOLDER/html/index.html; }",
          "return 403;")
    assert server.get("/").status == 403
    assert server.get("/open").status == 200


def test_a_dead_judge_is_an_error(server):
    start(server, auth="proxy_pass http://127.0.0.1:PORT9;")
    assert server.get("/").status == 500
    assert "auth request unexpected status: 502" in server.error_log()


def test_variables_come_from_the_answer(server):
    judge = server.backend(reply(headers=[("X-User", "ann"), ("X-Groups", "a, b")]))
    content = server.backend()
    start(server, "auth_request_set $user $upstream_http_x_user; auth_request_set $code "
          "$upstream_status; proxy_set_header X-User $user; add_header X-Code $code; "
          "proxy_pass http://127.0.0.1:CONTENT;", "proxy_pass http://127.0.0.1:JUDGE;",
          JUDGE=judge.port, CONTENT=content.port)
    response = server.get("/")
    assert b"X-User: ann\r\n" in content.requests[0][0]
    assert response.header("X-Code") == "200"


def test_variables_are_there_for_the_error_page(server):
    judge = server.backend(reply(status="401 Unauthorized", headers=[("X-Login", "/door")]))
    start(server, "auth_request_set $door $upstream_http_x_login; error_page 401 = @login;",
          "proxy_pass http://127.0.0.1:JUDGE;", "location @login { return 302 $door; }",
          JUDGE=judge.port)
    assert server.get("/").header("Location").endswith("/door")


def test_a_cookie_of_the_judge_is_set(server):
    judge = server.backend(reply(headers=[("Set-Cookie", "renewed=1; Path=/")]))
    start(server, "auth_request_set $cookie $upstream_http_set_cookie; "
          "add_header Set-Cookie $cookie;", "proxy_pass http://127.0.0.1:JUDGE;",
          JUDGE=judge.port)
    assert server.get("/").all("Set-Cookie") == ["renewed=1; Path=/"]


def test_a_judge_that_wants_a_password_itself_is_not_asked_for_one(server):
    server.write("users", "ann:{PLAIN}secret\n")
    start(server, auth="auth_basic x; auth_basic_user_file FOLDER/users; "
          "try_files /index.html =404;")
    assert server.get("/").status == 200
