"""error_page, internal, named locations and their limits."""

import pytest

from server import reply


def serve(server, body, http="", **values):
    server.start(http + "server { listen 127.0.0.1:PORT; root FOLDER/html; " + body + " }", **values)


def test_error_page_keeps_the_code(server):
    server.write("html/404.html", "sorry")
    serve(server, "error_page 404 /404.html;")
    response = server.get("/none")
    assert (response.status, response.text) == (404, "sorry")


def test_error_page_may_answer_with_another_code(server):
    server.write("html/empty.html", "fine")
    serve(server, "error_page 404 =200 /empty.html;")
    response = server.get("/none")
    assert (response.status, response.text) == (200, "fine")


def test_error_page_equals_takes_the_code_of_the_page(server):
    backend = server.backend(reply("made", "201 Created"))
    serve(server, "error_page 404 = /fallback; "
                  "location /fallback { proxy_pass http://127.0.0.1:B; }", B=backend.port)
    response = server.get("/none")
    assert (response.status, response.text) == (201, "made")


def test_error_page_proxied_keeps_the_code(server):
    backend = server.backend(reply("made"))
    serve(server, "error_page 404 /fallback; "
                  "location /fallback { proxy_pass http://127.0.0.1:B; }", B=backend.port)
    response = server.get("/none?a=1")
    assert (response.status, response.text) == (404, "made")
    assert backend.lines()[0].startswith("GET /fallback ")


def test_error_page_of_several_codes(server):
    server.write("html/e.html", "e")
    serve(server, "error_page 403 404 500 502 /e.html; location /f { return 403; } "
                  "location /s { return 500; }")
    for path, status in [("/none", 404), ("/f", 403), ("/s", 500)]:
        response = server.get(path)
        assert (response.status, response.text) == (status, "e")


def test_error_page_to_an_address_redirects(server):
    serve(server, "error_page 404 http://example.com/; error_page 403 =301 http://e/$uri; "
                  "location /f { return 403; }")
    response = server.get("/none")
    assert (response.status, response.header("Location")) == (302, "http://example.com/")
    response = server.get("/f")
    assert (response.status, response.header("Location")) == (301, "http://e//f")


def test_error_page_with_variables(server):
    server.write("html/404-localhost.html", "mine")
    serve(server, "error_page 404 /404-$host.html;")
    assert server.get("/none").text == "mine"


def test_error_page_with_arguments(server):
    serve(server, 'error_page 404 /e?code=404; error_page 403 /e?u=$uri; '
                  'location /e { return 200 "$uri $args"; } location /f { return 403; }')
    assert server.get("/none?x").text == "/e code=404"
    assert server.get("/f?x").text == "/e u=/f"


def test_error_page_to_a_named_location_keeps_uri_and_method(server):
    backend = server.backend(reply("b"))
    serve(server, "error_page 404 = @fallback; location /p { return 404; } "
                  "location @fallback { proxy_pass http://127.0.0.1:B; }", B=backend.port)
    assert server.get("/x?y=1").text == "b"
    assert server.request("POST", "/p", body=b"data").text == "b"
    assert backend.lines()[0].startswith("GET /x?y=1 ")
    assert backend.lines()[1].startswith("POST /p ")


def test_error_page_to_a_uri_becomes_a_get(server):
    backend = server.backend(reply("b"))
    serve(server, "error_page 405 /page; location /page { proxy_pass http://127.0.0.1:B; }",
          B=backend.port)
    server.write("html/f", "x")
    assert server.request("POST", "/f", body=b"").status == 405
    assert backend.lines()[0].startswith("GET /page ")


def test_error_page_is_used_once(server):
    serve(server, "error_page 404 /none-either; error_page 403 /x; location /x { return 404; } "
                  "location /f { return 403; }")
    response = server.get("/none")
    assert response.status == 404 and "404 Not Found" in response.text
    response = server.get("/f")
    assert response.status == 404 and "404 Not Found" in response.text


def test_recursive_error_pages_chain(server):
    server.write("html/end.html", "end")
    serve(server, "recursive_error_pages on; error_page 404 /two; error_page 403 /end.html; "
                  "location /two { return 403; }")
    response = server.get("/none")
    assert (response.status, response.text) == (403, "end")


def test_recursive_error_pages_end(server):
    serve(server, "recursive_error_pages on; error_page 404 /again;")
    response = server.get("/none")
    assert response.status in (404, 500)


def test_recursive_error_pages_of_every_code_end(server):
    serve(server, "recursive_error_pages on; error_page 404 500 /again;")
    assert server.get("/none").status == 500


def test_error_page_for_a_body_that_is_too_large(server):
    serve(server, "client_max_body_size 1; error_page 413 /e; location /e { return 200 page; } "
                  "location /n { error_page 413 = @n; return 200 never; } "
                  "location @n { return 200 named; }")
    response = server.request("POST", "/x", body=b"12345")
    assert (response.status, response.text) == (413, "page")
    assert server.request("POST", "/n", body=b"12345").text == "named"


def test_error_page_of_the_inner_level_replaces_all(server):
    server.write("html/a.html", "a")
    serve(server, "error_page 404 /a.html; error_page 403 /a.html; "
                  "location /in/ { error_page 404 /a.html; location /in/f { return 403; } }")
    assert server.get("/in/none").text == "a"
    assert "403 Forbidden" in server.get("/in/f").text


def test_error_page_for_upstream_failures(server):
    serve(server, "location / { proxy_pass http://127.0.0.1:PORT9; error_page 502 = @down; } "
                  "location @down { return 503 down; }")
    response = server.get("/")
    assert (response.status, response.text) == (503, "down")


def test_error_page_for_intercepted_answers(server):
    backend = server.backend(reply("theirs", "404 Not Found"))
    server.write("html/404.html", "ours")
    serve(server, "location / { proxy_pass http://127.0.0.1:B; } location /i { "
                  "proxy_pass http://127.0.0.1:B; proxy_intercept_errors on; "
                  "error_page 404 /404.html; } location = /404.html { }", B=backend.port)
    assert server.get("/x").text == "theirs"
    response = server.get("/i")
    assert (response.status, response.text) == (404, "ours")


def test_error_page_with_head_has_no_body(server):
    server.write("html/404.html", "sorry")
    serve(server, "error_page 404 /404.html;")
    with server.connect() as client:
        response = client.request("HEAD", "/none")
        assert response.status == 404 and response.header("Content-Length") == "5"
        assert client.request("GET", "/404.html").text == "sorry"


def test_error_page_for_a_redirect(server):
    server.write("html/moved.html", "moved")
    serve(server, "error_page 301 /moved.html; location /r { return 301 /x; }")
    response = server.get("/r")
    assert (response.status, response.text) == (301, "moved")


def test_return_with_text_in_an_error_page_keeps_the_error_code(server):
    serve(server, 'error_page 404 /e; location /e { return 200 "page"; } '
                  'error_page 403 = /e; location /f { return 403; }')
    response = server.get("/none")
    assert (response.status, response.text) == (404, "page")
    response = server.get("/f")
    assert (response.status, response.text) == (200, "page")


def test_error_page_for_a_malformed_request(server):
    server.write("html/400.html", "bad request page")
    serve(server, "error_page 400 /400.html;")
    received = server.raw(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 400 ") and received.endswith(b"bad request page")


# --- internal and named ---

def test_internal_location_is_hidden(server):
    server.write("html/in/x", "secret")
    serve(server, "location /in/ { internal; } error_page 403 /in/x; location /f { return 403; }")
    assert server.get("/in/x").status == 404
    assert server.get("/f").text == "secret"


def test_internal_location_uses_error_pages_for_its_404(server):
    serve(server, 'error_page 404 /e; location /e { return 200 page; } location /in { internal; }')
    response = server.get("/in")
    assert (response.status, response.text) == (404, "page")


def test_named_location_runs_its_program(server):
    serve(server, 'location / { try_files /none @n; } location @n { set $x 1; '
                  'rewrite ^/a/(.*)$ /b/$1 last; return 200 "$uri$x"; } '
                  'location /b/ { return 200 "b $uri"; }')
    assert server.get("/c").text == "/c1"
    assert server.get("/a/x").text == "b /b/x"


def test_missing_named_location_is_an_error(server):
    serve(server, "location / { error_page 404 @nowhere; }")
    response = server.get("/none")
    assert response.status == 500
    assert 'could not find named location "@nowhere"' in server.error_log()


def test_redirects_inside_are_ten_at_most(server):
    serve(server, "recursive_error_pages on; location / { error_page 404 @a; return 404; } "
                  "location @a { error_page 404 @a; return 404; }")
    response = server.get("/x")
    assert response.status in (404, 500)


@pytest.mark.parametrize("text,message", [
    ("error_page 200 /x;", 'value "200" must be between 300 and 599'),
    ("error_page 499 /x;", 'invalid value "499"'), ("error_page = /x;", 'invalid value "="'),
    ("error_page 404 =abc /x;", 'invalid value "=abc"'), ("error_page x /x;", 'invalid value "x"'),
])
def test_error_page_refuses(server, text, message):
    code, said = server.check("server { " + text + " }")
    assert code == 1 and message in said
