"""The rewrite module: set, if, rewrite, break and return."""

import pytest

HEAD = "default_type text/plain; "


def serve(server, body, http="", **values):
    server.start(http + "server { listen 127.0.0.1:PORT; root FOLDER/html; " + body + " }", **values)


def test_rewrite_last_searches_a_location_anew(server):
    serve(server, 'rewrite ^/old/(.*)$ /new/$1 last; location /new/ { return 200 "new:$uri"; } '
                  'location /old/ { return 200 old; }')
    assert server.get("/old/a").text == "new:/new/a"


def test_rewrite_in_a_location_leads_to_another_location(server):
    serve(server, 'location /a/ { rewrite ^/a/(.*)$ /b/$1 last; return 200 never; } '
                  'location /b/ { return 200 "$uri $request_uri"; }')
    assert server.get("/a/x?q=1").text == "/b/x /a/x?q=1"


def test_rewrite_break_stays_in_the_location(server):
    server.write("html/b/x", "file b")
    serve(server, 'location /a/ { rewrite ^/a/(.*)$ /b/$1 break; return 200 never; } '
                  'location /b/ { return 200 other; }')
    assert server.get("/a/x").text == "file b"


def test_rewrite_without_a_flag_goes_on_with_the_next_directive(server):
    serve(server, 'location /a { rewrite ^/a$ /b; rewrite ^/b$ /c; } '
                  'location /b { return 200 b; } location /c { return 200 c; }')
    assert server.get("/a").text == "c"


def test_rewrite_appends_the_request_arguments(server):
    serve(server, 'rewrite ^/a$ /b?x=1 last; location /b { return 200 "$args"; }')
    assert server.get("/a?y=2").text == "x=1&y=2"
    assert server.get("/a").text == "x=1"


def test_rewrite_with_a_question_mark_at_the_end_drops_the_arguments(server):
    serve(server, 'rewrite ^/a$ /b? last; rewrite ^/c$ /b?z=9? last; '
                  'location /b { return 200 "[$args]"; }')
    assert server.get("/a?y=2").text == "[]"
    assert server.get("/c?y=2").text == "[z=9]"


@pytest.mark.parametrize("flag,status", [("redirect", 302), ("permanent", 301)])
def test_rewrite_redirects_the_client(server, flag, status):
    serve(server, f"rewrite ^/a/(.*)$ /b/$1 {flag};")
    response = server.get("/a/x?q=1")
    assert response.status == status
    assert response.header("Location") == f"http://localhost:{server.port}/b/x?q=1"


def test_rewrite_to_an_absolute_address_redirects(server):
    serve(server, "rewrite ^/a/(.*)$ https://example.com/$1; rewrite ^/s$ $scheme://x/y permanent;")
    response = server.get("/a/x?q=1")
    assert (response.status, response.header("Location")) == (302, "https://example.com/x?q=1")
    response = server.get("/s")
    assert (response.status, response.header("Location")) == (301, "http://x/y")


def test_rewrite_redirect_with_its_own_arguments_joins_by_an_ampersand(server):
    serve(server, "rewrite ^/a$ http://e/?x=1 redirect; rewrite ^/b$ http://e/?x=1? redirect;")
    assert server.get("/a?y=2").header("Location") == "http://e/?x=1&y=2"
    assert server.get("/b?y=2").header("Location") == "http://e/?x=1"


def test_captures_in_arguments_are_escaped_when_the_uri_was(server):
    serve(server, 'rewrite ^/a/(.*)$ /b?v=$1 last; location /b { return 200 "$args"; }')
    assert server.get("/a/x%20y%26z").text == "v=x%20y%26z"
    assert server.get("/a/xy").text == "v=xy"


def test_captures_in_a_redirect_are_escaped_when_the_uri_was(server):
    serve(server, "rewrite ^/a/(.*)$ http://e/$1 redirect; rewrite ^/q/(.*)$ http://e/?v=$1 redirect;")
    assert server.get("/a/x%20y%41").header("Location") == "http://e/x%20yA"
    assert server.get("/q/x%26y%3Fz").header("Location") == "http://e/?v=x%26y%3Fz"


def test_named_captures_of_a_rewrite_are_variables(server):
    serve(server, 'location /u/ { rewrite ^/u/(?<who>[a-z]+)/(?<what>.*)$ /t last; } '
                  'location /t { return 200 "$who $what"; }')
    assert server.get("/u/joe/a/b").text == "joe a/b"


def test_ten_rewrites_are_a_cycle(server):
    serve(server, "location / { rewrite ^(.*)$ $1x last; }")
    assert server.get("/a").status == 500
    assert 'rewrite or internal redirection cycle while processing "/axxxxxxxxxxx"' \
        in server.error_log()


def test_rewrite_log_tells_what_matches(server):
    serve(server, "rewrite_log on; error_log FOLDER/error.log notice; "
                  "rewrite ^/no$ /x; rewrite ^/a(.)$ /b?c=$1 last; location /b { return 200 b; }")
    server.get("/a1?d=2")
    log = server.error_log()
    assert '"^/no$" does not match "/a1"' in log
    assert '"^/a(.)$" matches "/a1"' in log
    assert 'rewritten data: "/b", args: "c=1&d=2"' in log


def test_rewritten_request_may_enter_internal_locations(server):
    serve(server, "location /in { internal; return 200 inside; } rewrite ^/go$ /in last;")
    assert server.get("/in").status == 404
    assert server.get("/go").text == "inside"


def test_break_ends_the_program(server):
    serve(server, 'location / { set $x 1; break; set $x 2; } '
                  'location /r { break; return 200 never; } add_header X "$x";')
    assert server.get("/nothing").status == 404
    server.write("html/r", "file")
    assert server.get("/r").text == "file"


def test_return_in_the_server_comes_before_locations(server):
    serve(server, "return 200 server; location / { return 200 location; }")
    assert server.get("/").text == "server"


def test_directives_run_in_their_order(server):
    serve(server, 'location / { set $a 1; if ($a = 1) { set $b two; } set $a 3; '
                  'return 200 "$a $b"; }')
    assert server.get("/").text == "3 two"


# --- set ---

def test_set_keeps_a_value_for_the_request(server):
    serve(server, 'set $a x; set $b "${a}y$a"; location / { return 200 "$b"; }')
    assert server.get("/").text == "xyx"


def test_set_on_args_changes_the_query(server):
    backend = server.backend()
    serve(server, "location / { set $args a=1; proxy_pass http://127.0.0.1:B; }", B=backend.port)
    server.get("/x?b=2")
    assert backend.lines()[0].startswith("GET /x?a=1 ")


def test_variable_that_was_never_set_is_empty_and_warned_of(server):
    serve(server, 'if ($arg_a) { set $x 1; } location / { return 200 "[$x]"; }')
    assert server.get("/").text == "[]"
    assert 'using uninitialized "x" variable' in server.error_log()


def test_uninitialized_variable_warn_may_be_off(server):
    serve(server, 'uninitialized_variable_warn off; if ($arg_a) { set $x 1; } '
                  'location / { return 200 "[$x]"; }')
    assert server.get("/").text == "[]"
    assert "uninitialized" not in server.error_log()


def test_set_hides_what_a_header_variable_was(server):
    serve(server, 'location / { if ($arg_s) { set $http_x mine; } return 200 "[$http_x]"; }')
    assert server.get("/", {"X": "theirs"}).text == "[theirs]"
    assert server.get("/?s=1", {"X": "theirs"}).text == "[mine]"


def test_set_of_a_fixed_variable_is_refused(server):
    code, said = server.check("server { set $uri x; }")
    assert code == 1 and 'the duplicate "uri" variable' in said


def test_set_needs_a_variable(server):
    code, said = server.check("server { set uri x; }")
    assert code == 1 and 'invalid variable name "uri"' in said


def test_unknown_variable_is_refused(server):
    code, said = server.check('server { return 200 "$nobody"; }')
    assert code == 1 and 'unknown "nobody" variable' in said


def test_captures_in_set_are_escaped_until_a_rewrite_matched(server):
    serve(server, 'location ~ ^/a/(.*)$ { set $v $1; return 200 "$v $1"; } '
                  'location ~ ^/b/ { rewrite ^/b/(.*)$ /b/$1 break; set $v $1; return 200 "$v"; }')
    assert server.get("/a/x%20y").text == "x%20y x y"


# --- if ---

@pytest.mark.parametrize("condition,query,holds", [
    ("$arg_a", "?a=1", True), ("$arg_a", "?a=0", False), ("$arg_a", "?a=00", True),
    ("$arg_a", "?a=", False), ("$arg_a", "", False),
    ("$arg_a = x", "?a=x", True), ("$arg_a = x", "?a=X", False), ("$arg_a != x", "?a=y", True),
    ("$arg_a != x", "?a=x", False), ("$arg_a = $arg_b", "?a=1&b=1", True),
    ("$arg_a ~ ^b+$", "?a=bb", True), ("$arg_a ~ ^b+$", "?a=BB", False),
    ("$arg_a ~* ^b+$", "?a=BB", True), ("$arg_a !~ ^b+$", "?a=c", True),
    ("$arg_a !~ ^b+$", "?a=b", False), ("$arg_a !~* ^b+$", "?a=B", False),
    ("-f FOLDER/html/file", "", True), ("-f FOLDER/html", "", False),
    ("!-f FOLDER/html/none", "", True), ("-d FOLDER/html", "", True),
    ("-d FOLDER/html/file", "", False), ("!-d FOLDER/html", "", False),
    ("-e FOLDER/html", "", True), ("-e FOLDER/html/none", "", False),
    ("!-e FOLDER/html/none", "", True), ("-x FOLDER/html/run", "", True),
    ("-x FOLDER/html/file", "", False), ("!-x FOLDER/html/file", "", True),
    ("-f $document_root$uri", "", False), ('$arg_a = ""', "", True),
])
def test_if(server, condition, query, holds):
    server.write("html/file", "x", 0o644)
    server.write("html/run", "x", 0o755)
    serve(server, f"location / {{ if ({condition}) {{ return 200 yes; }} return 200 no; }}")
    assert server.get("/t" + query).text == ("yes" if holds else "no")


def test_if_captures_are_there_behind_it(server):
    serve(server, 'location / { if ($arg_a ~ "^(.)(?<rest>.*)$") { set $x "$1-$rest"; } '
                  'return 200 "$x"; }')
    assert server.get("/?a=hello").text == "h-ello"


@pytest.mark.parametrize("condition,message", [
    ("$a ~", 'invalid condition "$a"'), ("", 'invalid condition ")"'),
    ("$1 = a", 'unknown "1" variable'), ("$a = b c", 'invalid condition "$a"'), ("-f", 'invalid condition "-f"'), ("$arg_a == 1", 'unexpected "==" in condition'),
    ("arg_a", 'invalid condition "arg_a"'), ("-g /x", 'invalid condition "-g"'),
])
def test_if_refuses(server, condition, message):
    code, said = server.check(f"server {{ set $a 1; if ({condition}) {{ }} }}")
    assert code == 1 and message in said


def test_if_on_the_server_sets_and_returns(server):
    serve(server, 'if ($http_user_agent ~ bad) { return 403; } set $m 0; '
                  'if ($request_method = POST) { set $m 1; } location / { return 200 "$m"; }')
    assert server.get("/", {"User-Agent": "bad bot"}).status == 403
    assert server.get("/").text == "0"
    assert server.request("POST", "/", body=b"").text == "1"


def test_if_takes_over_settings_of_the_location(server):
    server.write("html/x", "file")
    serve(server, "location / { add_header X outer; if ($arg_a) { add_header X inner; } }")
    assert server.get("/x").all("X") == ["outer"]
    assert server.get("/x?a=1").all("X") == ["inner"]


def test_only_the_last_matching_if_gives_the_settings(server):
    server.write("html/x", "file")
    serve(server, "location / { if ($arg_a) { add_header A 1; } if ($arg_b) { add_header B 1; } }")
    response = server.get("/x?a=1&b=1")
    assert response.header("A") is None and response.header("B") == "1"


def test_if_with_its_own_proxy_pass(server):
    one, two = server.backend(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none"), \
        server.backend(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo")
    serve(server, "location / { proxy_pass http://127.0.0.1:ONE; "
                  "if ($arg_a) { proxy_pass http://127.0.0.1:TWO; } }", ONE=one.port, TWO=two.port)
    assert server.get("/").text == "one"
    assert server.get("/?a=1").text == "two"


def test_if_without_a_handler_keeps_the_outer_proxy_pass(server):
    backend = server.backend()
    serve(server, "location /a/ { proxy_pass http://127.0.0.1:B/b/; proxy_set_header X 1; "
                  "if ($arg_a) { add_header Y 2; } }", B=backend.port)
    response = server.get("/a/c?a=1")
    assert response.header("Y") == "2"
    assert backend.lines()[0].startswith("GET /b/c?a=1 ")
    assert b"\r\nX: 1\r\n" in backend.requests[0][0]


def test_if_turns_try_files_off(server):
    server.write("html/x", "file")
    serve(server, "location / { try_files /x =404; if ($arg_a) { add_header A 1; } }")
    assert server.get("/none").text == "file"
    assert server.get("/none?a=1").status == 404


def test_if_in_if_is_refused(server):
    code, said = server.check("server { if ($arg_a) { if ($arg_b) { } } }")
    assert code == 1 and '"if" directive is not allowed here' in said


def test_if_with_root_serves_from_there(server):
    server.write("html/x", "one")
    server.write("other/x", "two")
    serve(server, "location / { if ($arg_a) { root FOLDER/other; } }")
    assert server.get("/x").text == "one"
    assert server.get("/x?a=1").text == "two"


def test_rewrite_break_makes_proxy_pass_forget_its_uri(server):
    backend = server.backend()
    serve(server, "location /a/ { rewrite ^/a/(.*)$ /new/$1 break; "
                  "proxy_pass http://127.0.0.1:B/uri/; }", B=backend.port)
    server.get("/a/x%20y?q=1")
    assert backend.lines()[0].startswith("GET /new/x%20y?q=1 ")


def test_rewritten_uri_is_escaped_for_the_upstream(server):
    backend = server.backend()
    serve(server, "location /a/ { rewrite ^/a/(.*)$ /b/$1 break; proxy_pass http://127.0.0.1:B; }",
          B=backend.port)
    server.get("/a/%3F%25?q=1")
    assert backend.lines()[0].startswith("GET /b/%3F%25?q=1 ")


def test_rewrite_of_nothing_is_an_error(server):
    serve(server, 'set $empty ""; rewrite ^/a$ $empty last; location / { return 200 x; }')
    assert server.get("/a").status == 500
    assert "the rewritten URI has a zero length" in server.error_log()


def test_server_program_runs_again_after_an_internal_redirect(server):
    server.write("html/maintenance.html", "soon")
    serve(server, 'error_page 503 /maintenance.html; if ($uri != /maintenance.html) { return 503; }')
    response = server.get("/x")
    assert (response.status, response.text) == (503, "soon")


def test_server_return_hides_its_own_error_page(server):
    server.write("html/maintenance.html", "soon")
    serve(server, "error_page 503 /maintenance.html; return 503;")
    response = server.get("/x")
    assert response.status == 503 and "soon" not in response.text


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_return_redirects_with(server, code):
    serve(server, f"location / {{ return {code} /to?$args; }}")
    response = server.get("/x?a=1")
    assert response.status == code
    assert response.header("Location") == f"http://localhost:{server.port}/to?a=1"


def test_return_of_an_address_is_a_302(server):
    serve(server, "location / { return https://$host$request_uri; }")
    response = server.get("/x?a=1")
    assert (response.status, response.header("Location")) == (302, "https://localhost/x?a=1")


def test_return_with_text_on_an_error_code(server):
    serve(server, 'location / { return 403 "no $remote_addr"; }')
    response = server.get("/")
    assert (response.status, response.text) == (403, "no 127.0.0.1")
