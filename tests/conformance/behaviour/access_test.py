"""allow, deny, satisfy: who may ask."""

import pytest

SERVER = "server { listen 127.0.0.1:PORT; root FOLDER/html; %s }"


def start(server, text, http=""):
    server.write("html/index.html", "page")
    server.write("html/other.html", "other")
    server.start(http + SERVER % text)


def status_from(server, source, path="/"):
    with server.connect(source=source) as client:
        return client.request("GET", path).status


def test_the_first_rule_that_fits_decides(server):
    start(server, "location / { deny 127.0.0.2; allow 127.0.0.0/8; deny all; }")
    assert status_from(server, "127.0.0.1") == 200
    assert status_from(server, "127.0.0.2") == 403


def test_without_a_rule_that_fits_everybody_may(server):
    start(server, "location / { deny 10.0.0.0/8; deny 2001:db8::/32; }")
    assert server.get("/").status == 200


def test_deny_all_is_logged(server):
    start(server, "location / { deny all; }")
    assert server.get("/").status == 403
    assert "[error]" in server.error_log()
    assert "access forbidden by rule, client: 127.0.0.1, server: " in server.error_log()


def test_rules_are_inherited_as_a_whole_or_not_at_all(server):
    start(server, "deny all; location / { } location /other.html { allow 127.0.0.9; }")
    assert server.get("/").status == 403
    assert server.get("/other.html").status == 200


@pytest.mark.parametrize("rule", ["127.0.0.1", "127.0.0.1/32", "127.0.0.0/8", "0.0.0.0/0", "all"])
def test_denies(server, rule):
    start(server, f"location / {{ deny {rule}; }}")
    assert server.get("/").status == 403


@pytest.mark.parametrize("rule", ["127.0.0.2", "10.0.0.0/8", "::/0", "unix:"])
def test_does_not_concern_127_0_0_1(server, rule):
    start(server, f"location / {{ deny {rule}; }}")
    assert server.get("/").status == 200


def test_clients_of_unix_sockets_are_unix(server):
    server.write("html/index.html", "page")
    server.start("server { listen 127.0.0.1:PORT; listen unix:FOLDER/socket; root FOLDER/html; "
                 "location / { deny unix:; } location /only { alias FOLDER/html/index.html; "
                 "allow unix:; deny all; } }")
    from server import Client
    with Client(str(server.folder / "socket")) as client:
        assert client.request("GET", "/").status == 403
        assert client.request("GET", "/only").status == 200
    assert server.get("/").status == 200
    assert server.get("/only").status == 403


def test_an_error_page_is_asked_for_like_anything_else(server):
    start(server, "error_page 403 /other.html; location = /other.html { allow all; } deny all;")
    response = server.get("/")
    assert (response.status, response.body) == (403, b"other")


def test_an_error_page_that_is_denied_too_gives_the_built_in_page(server):
    start(server, "error_page 403 /other.html; deny all;")
    response = server.get("/")
    assert response.status == 403
    assert "<h1>403 Forbidden</h1>" in response.text


def test_subrequests_are_not_asked(server):
    server.write("html/index.html", "page")
    server.start(SERVER % "location / { auth_request /denied; } "
                 "location /denied { deny all; try_files /index.html =404; }")
    assert server.get("/").status == 200


def test_a_network_that_is_none_is_refused(server):
    status, output = server.check(SERVER % "allow 1.2.3.4/33;")
    assert status == 1
    assert 'invalid parameter "1.2.3.4/33"' in output


def test_low_bits_of_a_network_give_a_warning(server):
    status, output = server.check(SERVER % "allow 10.1.2.3/8;")
    assert status == 0
    assert "low address bits of 10.1.2.3/8 are meaningless" in output


def password_file(server):
    server.write("users", "ann:{PLAIN}secret\n")


ANN = {"Authorization": "Basic YW5uOnNlY3JldA=="}  # ann:secret
BOTH = 'auth_basic "here"; auth_basic_user_file FOLDER/users;'


def test_satisfy_all_wants_address_and_password(server):
    password_file(server)
    start(server, f"location / {{ allow 127.0.0.1; deny all; {BOTH} }}")
    assert server.get("/").status == 401
    assert server.get("/", ANN).status == 200
    assert status_from(server, "127.0.0.2") == 403


def test_satisfy_any_takes_either(server):
    password_file(server)
    start(server, f"location / {{ satisfy any; allow 127.0.0.1; deny all; {BOTH} }}")
    assert server.get("/").status == 200
    with server.connect(source="127.0.0.2") as client:
        refused = client.request("GET", "/")
        assert refused.status == 401
        assert refused.header("WWW-Authenticate") == 'Basic realm="here"'
        assert client.request("GET", "/", ANN).status == 200


def test_satisfy_any_with_nobody_agreeing_is_403_when_no_password_would_help(server):
    start(server, "location / { satisfy any; deny all; auth_request /no; } "
          "location /no { return 403; }")
    assert server.get("/").status == 403
    assert server.error_log().count("access forbidden by rule") == 1


def test_satisfy_any_that_is_satisfied_demands_nothing(server):
    password_file(server)
    start(server, f"location / {{ satisfy any; {BOTH} auth_request /yes; }} "
          "location /yes { return 204; }")
    response = server.get("/")
    assert response.status == 200
    assert response.header("WWW-Authenticate") is None


def test_limit_except_keeps_its_rules_to_the_other_methods(server):
    start(server, "location / { limit_except GET { deny all; } }")
    assert server.get("/").status == 200
    assert server.request("HEAD", "/").status == 200
    assert server.request("POST", "/", body=b"x").status == 403
