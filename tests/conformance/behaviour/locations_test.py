"""Locations: which one, and where its files are: root, alias, index, try_files, limit_except."""

import pytest

from server import reply


def serve(server, body, http="", **values):
    server.start(http + "server { listen 127.0.0.1:PORT; root FOLDER/html; " + body + " }", **values)


CHOICE = ("location / { return 200 root; } location /images/ { return 200 images; } "
          "location ^~ /static/ { return 200 static; } location = /exact { return 200 exact; } "
          r"location ~ \.php$ { return 200 php; } location ~* \.JPG$ { return 200 jpg; } "
          "location /images/deep/ { return 200 deep; } location ~ ^/exact { return 200 regex; }")


@pytest.mark.parametrize("path,expected", [
    ("/", "root"), ("/x", "root"), ("/images/a", "images"), ("/images/deep/a", "deep"),
    ("/images/a.php", "php"), ("/static/a.php", "static"), ("/exact", "exact"),
    ("/exactly", "regex"), ("/images/a.jpg", "jpg"), ("/images", "root"), ("/a.PHP", "root"),
    ("/x/../static/y", "static"), ("/st%61tic/y", "static"), ("//static//y", "static"),
    ("/images/./deep/x", "deep"), ("/a.jpg?x=.php", "jpg"),
])
def test_location_for(server, path, expected):
    serve(server, CHOICE)
    assert server.get(path).text == expected


def test_nested_locations_are_searched_inside(server):
    serve(server, "location /a/ { location /a/b/ { return 200 b; } location ~ x$ { return 200 x; } "
                  "return 200 a; } location ~ y$ { return 200 y; }")
    assert server.get("/a/b/c").text == "b"
    assert server.get("/a/cx").text == "x"
    assert server.get("/a/c").text == "a"
    assert server.get("/a/cy").text == "y"
    assert server.get("/a/b/x").text in ("b", "x")


def test_location_with_a_blank_and_escapes(server):
    serve(server, 'location "/a b" { return 200 blank; } location /c\\"d { return 200 quote; } '
                  'location /é { return 200 utf; } location "/q{1}" { return 200 brace; } ')
    assert server.get("/a%20b").text == "blank"
    assert server.get("/%C3%A9").text == "utf"
    assert server.get("/q%7B1%7D").text == "brace"


def test_path_with_encoded_question_mark_is_one_path(server):
    serve(server, 'location / { return 200 "$uri|$args"; }')
    assert server.get("/a%3Fb%23c?d").text == "/a?b#c|d"


@pytest.mark.parametrize("path", ["/..", "/a/../../b", "/%2e%2e/x", "/a%", "/a%zz", "/a%00"])
def test_bad_path(server, path):
    serve(server, "location / { return 200 ok; }")
    assert server.get(path).status == 400


def test_proxied_location_with_a_slash_redirects_without_it(server):
    backend = server.backend()
    serve(server, "location /app/ { proxy_pass http://127.0.0.1:B; } location /none { return 404; }",
          B=backend.port)
    response = server.get("/app?x=1")
    assert response.status == 301
    assert response.header("Location") == f"http://localhost:{server.port}/app/?x=1"
    assert backend.lines() == []


def test_exact_location_stops_that_redirect(server):
    backend = server.backend()
    serve(server, "location /app/ { proxy_pass http://127.0.0.1:B; } "
                  "location = /app { return 200 exact; }", B=backend.port)
    assert server.get("/app").text == "exact"


def test_merge_slashes_off_keeps_them(server):
    serve(server, 'merge_slashes off; location / { return 200 "$uri"; }')
    assert server.get("//a///b").text == "//a///b"


# --- redirects that the server makes ---

@pytest.mark.parametrize("settings,expected", [
    ("", "http://localhost:{port}/d/"), ("absolute_redirect off;", "/d/"),
    ("port_in_redirect off;", "http://localhost/d/"),
    ("server_name_in_redirect on; server_name first second;", "http://first:{port}/d/"),
])
def test_folder_redirect(server, settings, expected):
    (server.folder / "html/d").mkdir()
    serve(server, settings)
    response = server.get("/d")
    assert response.status == 301
    assert response.header("Location") == expected.format(port=server.port)


# --- root, alias, index ---

def test_root_with_variables(server):
    server.write("sites/localhost/x", "local")
    serve(server, "location / { root FOLDER/sites/$host; }")
    assert server.get("/x").text == "local"


def test_alias_replaces_the_prefix(server):
    server.write("other/x", "aliased")
    serve(server, "location /a/ { alias FOLDER/other/; }")
    assert server.get("/a/x").text == "aliased"


def test_alias_with_captures(server):
    server.write("other/joe/x", "joe's")
    serve(server, r"location ~ ^/u/(\w+)/(.*)$ { alias FOLDER/other/$1/$2; }")
    assert server.get("/u/joe/x").text == "joe's"


def test_alias_with_variables(server):
    server.write("other/localhost/x", "host's")
    serve(server, "location /a/ { alias FOLDER/other/$host/; }")
    assert server.get("/a/x").text == "host's"


def test_alias_does_not_go_with_a_rewritten_uri(server):
    server.write("other/x", "aliased")
    serve(server, "location /a/ { rewrite ^/a/y$ /a/x break; alias FOLDER/other/; }")
    assert server.get("/a/x").text == "aliased"
    assert server.get("/a/y").status == 500
    assert '"alias" cannot be used in location "/a/" where URI was rewritten' in server.error_log()


def test_alias_of_an_expression_with_try_files(server):
    server.write("other/f", "found")
    serve(server, "location ~ ^/u/(.*)$ { alias FOLDER/other/$1; try_files '' =404; }")
    assert server.get("/u/f").text == "found"
    assert server.get("/u/g").status == 404


def test_index_is_the_first_that_exists(server):
    server.write("html/d/two.html", "two")
    serve(server, "index one.html two.html;")
    assert server.get("/d/").text == "two"


def test_index_with_variables(server):
    server.write("html/d/index.localhost.html", "local")
    serve(server, "index index.$host.html index.html;")
    assert server.get("/d/").text == "local"


def test_index_may_end_with_a_uri(server):
    serve(server, "index none.html /all; location /all { return 200 all; }")
    (server.folder / "html/d").mkdir()
    assert server.get("/d/").text == "all"


def test_index_is_an_internal_redirect(server):
    server.write("html/d/index.php", "")
    serve(server, r'index index.php; location ~ \.php$ { return 200 "php $uri $args"; }')
    assert server.get("/d/?a=1").text == "php /d/index.php a=1"


# --- try_files ---

def test_try_files_takes_the_first_that_exists(server):
    server.write("html/b", "second")
    serve(server, "location / { try_files /a /b =404; }")
    assert server.get("/x").text == "second"


def test_try_files_falls_back_to_a_uri_without_the_arguments(server):
    serve(server, 'location / { try_files $uri /f; } location /f { return 200 "[$args]"; } '
                  'location /g { try_files $uri /f?$args; } location /h { try_files $uri /f?a=b; }')
    assert server.get("/x?q=1").text == "[]"
    assert server.get("/g?q=1").text == "[q=1]"
    assert server.get("/h?q=1").text == "[a=b]"


def test_try_files_falls_back_to_a_named_location_with_everything(server):
    backend = server.backend(reply("b"))
    serve(server, "location / { try_files $uri @b; } location @b { proxy_pass http://127.0.0.1:B; }",
          B=backend.port)
    assert server.get("/x%20y?q=1").text == "b"
    assert backend.lines()[0].startswith("GET /x%20y?q=1 ")


@pytest.mark.parametrize("code", [403, 404, 500])
def test_try_files_falls_back_to(server, code):
    serve(server, f"location / {{ try_files $uri ={code}; }}")
    assert server.get("/none").status == code


def test_try_files_folder_needs_a_slash(server):
    server.write("html/d/index.html", "index")
    serve(server, "location / { try_files $uri $uri/ =404; } location /only { try_files $uri =404; }")
    assert server.get("/d/").text == "index"
    assert server.get("/d").status == 301


def test_try_files_with_index_in_a_folder(server):
    server.write("html/d/index.html", "index")
    serve(server, "location / { try_files $uri/index.html $uri =404; }")
    assert server.get("/d").text == "index"


def test_try_files_before_a_proxy_pass(server):
    backend = server.backend(reply("b"))
    server.write("html/maintenance", "x")
    serve(server, "location / { try_files /maintenance =404; proxy_pass http://127.0.0.1:B; }",
          B=backend.port)
    assert server.get("/x").text == "b"
    assert backend.lines()[0].startswith("GET /x ")


def test_try_files_below_an_alias(server):
    server.write("other/x", "aliased")
    serve(server, "location /a/ { alias FOLDER/other/; try_files $uri x =404; }")
    assert server.get("/a/x").text == "aliased"
    assert server.get("/a/y").text == "aliased"


def test_try_files_in_a_named_location(server):
    server.write("html/x", "file x")
    serve(server, "location / { return 404; error_page 404 = @n; } "
                  "location @n { try_files /x =410; }")
    assert server.get("/none").text == "file x"


def test_try_files_on_the_server(server):
    server.write("html/down.html", "down")
    serve(server, "try_files /down.html =404;")
    assert server.get("/x").text == "down"


# --- limit_except ---

def test_limit_except_lets_named_methods_pass(server):
    backend = server.backend()
    serve(server, "location / { proxy_pass http://127.0.0.1:B; limit_except GET { deny all; } }",
          B=backend.port)
    assert server.get("/").status == 200
    with server.connect() as client:
        assert client.request("HEAD", "/").status == 200
    assert server.request("POST", "/", body=b"x").status == 403
    assert server.request("DELETE", "/").status == 403


def test_limit_except_allows_some_addresses(server):
    backend = server.backend()
    serve(server, "location / { proxy_pass http://127.0.0.1:B; limit_except GET POST { "
                  "allow 127.0.0.1; deny all; } }", B=backend.port)
    assert server.request("DELETE", "/").status == 200


def test_limit_except_refuses_unknown_methods(server):
    code, said = server.check("server { location / { limit_except FETCH { } } }")
    assert code == 1 and 'invalid method "FETCH"' in said
