"""sub_filter: texts replaced on the way; add_before_body and add_after_body."""

import pytest

from server import reply

HTTP = "default_type text/html; server { listen 127.0.0.1:PORT; root FOLDER/html; %s }"


def page(server, text, rest, path="/page.html", **values):
    server.write("html/page.html", text)
    server.start(HTTP % rest, **values)
    return server.get(path).text


def test_the_first_place_is_replaced(server):
    assert page(server, "abc abc", "sub_filter b X;") == "aXc abc"


def test_every_place_is_replaced(server):
    assert page(server, "abc ABC", "sub_filter b X; sub_filter_once off;") == "aXc AXC"


def test_the_search_does_not_look_at_case(server):
    assert page(server, "<HEAD></Head>", "sub_filter </head> '<s></head>';") == "<HEAD><s></head>"


def test_several_texts(server):
    assert page(server, "one two one two", "sub_filter one 1; sub_filter two 2;") == "1 2 one two"


def test_several_texts_everywhere(server):
    assert page(server, "one two one two",
                "sub_filter one 1; sub_filter two 2; sub_filter_once off;") == "1 2 1 2"


def test_variables_in_both(server):
    assert page(server, "find me", "sub_filter $arg_s '$uri!';",
                "/page.html?s=me") == "find /page.html!"


def test_an_empty_search_by_variable_changes_nothing(server):
    assert page(server, "find me", "sub_filter $arg_s x;") == "find me"


def test_text_can_be_taken_away(server):
    assert page(server, "a-b-c", "sub_filter - ''; sub_filter_once off;") == "abc"


def test_a_large_body_from_a_backend(server):
    body = ("x" * 4090 + "needle") * 50
    backend = server.backend(reply(body, headers=[("Content-Type", "text/html")]))
    server.start(HTTP % "sub_filter needle N; sub_filter_once off; "
                 "location / { proxy_pass http://127.0.0.1:BACKEND; }", BACKEND=backend.port)
    assert server.get("/").text == body.replace("needle", "N")


def test_other_types_are_left_alone(server):
    backend = server.backend(reply("abc", headers=[("Content-Type", "text/plain")]))
    server.start(HTTP % "sub_filter b X; location / { proxy_pass http://127.0.0.1:BACKEND; }",
                 BACKEND=backend.port)
    response = server.get("/")
    assert response.text == "abc"
    assert response.header("Content-Length") == "3"


@pytest.mark.parametrize("types", ["text/plain", "*"])
def test_types_can_be_added(server, types):
    backend = server.backend(reply("abc", headers=[("Content-Type", "text/plain")]))
    server.start(HTTP % f"sub_filter b X; sub_filter_types {types}; "
                 "location / { proxy_pass http://127.0.0.1:BACKEND; }", BACKEND=backend.port)
    assert server.get("/").text == "aXc"


def test_head_lines_of_the_file_go(server):
    server.write("html/page.html", "abc")
    server.start(HTTP % "sub_filter b X;")
    response = server.get("/page.html")
    for name in ("Content-Length", "Last-Modified", "ETag"):
        assert response.header(name) is None


def test_last_modified_can_stay(server):
    server.write("html/page.html", "abc")
    server.start(HTTP % "sub_filter b X; sub_filter_last_modified on;")
    response = server.get("/page.html")
    assert response.header("Last-Modified")
    assert response.header("ETag").startswith('W/"')


def test_replaced_text_is_compressed(server):
    import gzip
    server.write("html/page.html", "abc" * 1000)
    server.start(HTTP % "sub_filter b X; gzip on; gzip_min_length 0;")
    response = server.get("/page.html", {"Accept-Encoding": "gzip"})
    assert gzip.decompress(response.body) == b"aXc" + b"abc" * 999


def test_inherited_unless_the_location_has_its_own(server):
    server.write("html/page.html", "abc")
    server.write("html/own/page.html", "abc")
    server.start(HTTP % "sub_filter a X; location /own/ { sub_filter c Y; }")
    assert server.get("/page.html").text == "Xbc"
    assert server.get("/own/page.html").text == "abY"


def test_a_search_for_nothing_is_refused(server):
    status, output = server.check(HTTP % 'sub_filter "" x;')
    assert status == 1
    assert "empty search pattern" in output


ADDED = "location /before { return 200 '<b>'; } location /after { return 200 '</b>'; } "


def test_pages_before_and_behind(server):
    assert page(server, "body", ADDED + "location /page.html { add_before_body /before; "
                "add_after_body /after; }") == "<b>body</b>"


def test_pages_are_added_to_the_types_only(server):
    backend = server.backend(reply("abc", headers=[("Content-Type", "text/plain")]))
    server.start(HTTP % (ADDED + "location / { add_after_body /after; "
                         "proxy_pass http://127.0.0.1:BACKEND; }"), BACKEND=backend.port)
    assert server.get("/").text == "abc"


def test_pages_are_not_added_to_errors(server):
    server.start(HTTP % (ADDED + "location / { add_after_body /after; }"))
    response = server.get("/missing")
    assert response.status == 404
    assert "</b>" not in response.text


def test_a_body_of_no_type_is_of_any_type(server):
    backend = server.backend(reply("abc"))
    server.start("server { listen 127.0.0.1:PORT; sub_filter b X; "
                 "location / { proxy_pass http://127.0.0.1:BACKEND; } "
                 "location /any/ { sub_filter_types *; proxy_pass http://127.0.0.1:BACKEND; } }",
                 BACKEND=backend.port)
    assert server.get("/").text == "abc"
    assert server.get("/any/").text == "aXc"
