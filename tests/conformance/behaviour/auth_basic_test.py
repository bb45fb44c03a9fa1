"""auth_basic: users and passwords from a file."""

import base64
import os
import subprocess
import time

import pytest

from server import parallel, reply

SERVER = """server { listen 127.0.0.1:PORT; root FOLDER/html;
    location / { auth_basic "the \\"realm\\""; auth_basic_user_file FOLDER/users; %s } %s }"""


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def start(server, users, inside="", outside="", **values):
    server.write("users", users)
    server.write("html/index.html", "page")
    server.start(SERVER % (inside, outside), **values)


def openssl(*arguments):
    return subprocess.run(["openssl", "passwd", *arguments], capture_output=True, text=True,
                          check=True).stdout.strip()


def test_without_a_password_the_realm_is_told(server):
    start(server, "ann:{PLAIN}secret\n")
    response = server.get("/")
    assert response.status == 401
    assert response.header("WWW-Authenticate").startswith('Basic realm="the ')
    assert "no user/password was provided for basic authentication" in server.error_log()


def test_the_right_password_opens(server):
    start(server, "ann:{PLAIN}secret\n")
    response = server.get("/", basic("ann", "secret"))
    assert (response.status, response.body) == (200, b"page")
    assert response.header("WWW-Authenticate") is None


def test_a_wrong_password_is_logged(server):
    start(server, "ann:{PLAIN}secret\n")
    assert server.get("/", basic("ann", "guess")).status == 401
    assert 'user "ann": password mismatch, client: 127.0.0.1' in server.error_log()


def test_an_unknown_user_is_logged(server):
    start(server, "ann:{PLAIN}secret\n")
    assert server.get("/", basic("bob", "secret")).status == 401
    assert f'user "bob" was not found in "{server.folder}/users"' in server.error_log()


@pytest.mark.parametrize("kind", ["apr1", "1", "5", "6"])
def test_hash_of_openssl(server, kind):
    start(server, f"ann:{openssl('-' + kind, 'secret')}\n")
    assert server.get("/", basic("ann", "secret")).status == 200
    assert server.get("/", basic("ann", "secret")).status == 200
    assert server.get("/", basic("ann", "Secret")).status == 401


@pytest.mark.parametrize("stored", [
    "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0",
    "{PLAIN}secret", "$2y$04$abcdefghijklmnopqrstuuGvKCU0EL/O/jb8rzCJj3aL1Y2N6W7gG"])
def test_other_forms(server, stored):
    if stored.startswith("$2y"):
        import crypt
        stored = crypt.crypt("secret", "$2y$04$abcdefghijklmnopqrstuu")
    start(server, f"ann:{stored}\n")
    assert server.get("/", basic("ann", "secret")).status == 200
    assert server.get("/", basic("ann", "secre")).status == 401


def test_text_that_is_no_hash_fits_nothing(server):
    start(server, "ann:secret\nbob:\n")
    assert server.get("/", basic("ann", "secret")).status == 401
    assert server.get("/", basic("bob", "")).status == 401


def test_comments_and_further_fields_do_not_count(server):
    start(server, "# ann:{PLAIN}no\n\nann:{PLAIN}secret:a comment\r\nbob:{PLAIN}pw\r\n")
    assert server.get("/", basic("ann", "secret")).status == 200
    assert server.get("/", basic("bob", "pw")).status == 200
    assert server.get("/", basic("# ann", "no")).status == 401


def test_the_last_line_needs_no_end(server):
    start(server, "ann:{PLAIN}secret")
    assert server.get("/", basic("ann", "secret")).status == 200


def test_a_changed_file_counts_at_once(server):
    start(server, "ann:{PLAIN}secret\n")
    assert server.get("/", basic("ann", "secret")).status == 200
    server.write("users", "ann:{PLAIN}secre2\n")
    assert server.get("/", basic("ann", "secret")).status == 401
    assert server.get("/", basic("ann", "secre2")).status == 200


def test_a_removed_user_is_out_even_right_after_a_success(server):
    start(server, f"ann:{openssl('-apr1', 'secret')}\n")
    assert server.get("/", basic("ann", "secret")).status == 200
    server.write("users", f"bob:{openssl('-apr1', 'secret')}\n")
    assert server.get("/", basic("ann", "secret")).status == 401


def test_a_missing_file_forbids(server):
    start(server, "")
    os.remove(server.folder / "users")
    assert server.get("/", basic("ann", "secret")).status == 403
    assert (f'open() "{server.folder}/users" failed (2: No such file or directory)'
            in server.error_log())


def test_a_relative_file_is_beside_nginx_conf(server):
    server.write("users", "ann:{PLAIN}secret\n")
    server.write("html/index.html", "page")
    server.start("server { listen 127.0.0.1:PORT; root FOLDER/html; auth_basic x; "
                 "auth_basic_user_file users; }")
    assert server.get("/", basic("ann", "secret")).status == 200


def test_off_in_a_location_inside(server):
    start(server, "ann:{PLAIN}secret\n", "location /open { auth_basic off; "
          "alias FOLDER/html/index.html; }")
    assert server.get("/open").status == 200
    assert server.get("/").status == 401


def test_realm_and_file_may_hold_variables(server):
    server.write("users-a", "ann:{PLAIN}secret\n")
    server.write("html/index.html", "page")
    server.start("server { listen 127.0.0.1:PORT; root FOLDER/html; auth_basic $arg_realm; "
                 "auth_basic_user_file FOLDER/users-$arg_who; }")
    assert server.get("/?realm=off&who=a").status == 200
    response = server.get("/?realm=garden&who=a")
    assert response.header("WWW-Authenticate") == 'Basic realm="garden"'
    assert server.get("/?realm=x&who=a", basic("ann", "secret")).status == 200
    assert server.get("/?realm=x&who=b", basic("ann", "secret")).status == 403


@pytest.mark.parametrize("value", ["Basic", "Basic ", "Basic %%%", "Bearer abc", "Basic YW5u",
                                   "Basic OnNlY3JldA=="])
def test_is_no_password(server, value):
    start(server, "ann:{PLAIN}secret\n")
    assert server.get("/", {"Authorization": value}).status == 401
    assert "no user/password was provided" in server.error_log()


def test_the_scheme_in_any_case_and_more_blanks(server):
    start(server, "ann:{PLAIN}secret\n")
    assert server.get("/", {"Authorization": "bAsIc   YW5uOnNlY3JldA=="}).status == 200


def test_a_colon_in_the_password(server):
    start(server, "ann:{PLAIN}a\n" + f"bob:{openssl('-5', 'x:y')}\n")
    assert server.get("/", basic("bob", "x:y")).status == 200


def test_remote_user_goes_to_the_log(server):
    server.write("users", "ann:{PLAIN}secret\n")
    server.write("html/index.html", "page")
    server.start('log_format f "$remote_user $status"; access_log FOLDER/f.log f; '
                 "server { listen 127.0.0.1:PORT; root FOLDER/html; auth_basic x; "
                 "auth_basic_user_file FOLDER/users; }")
    server.get("/", basic("ann", "secret"))
    server.get("/", basic("ann", "no"))
    assert server.log_lines(2, "f.log") == ["ann 200", "ann 401"]


def test_the_authorization_line_goes_to_the_backend(server):
    backend = server.backend()
    start(server, "ann:{PLAIN}secret\n", "proxy_pass http://127.0.0.1:BACKEND;",
          BACKEND=backend.port)
    assert server.get("/", basic("ann", "secret")).body == b"ok"
    assert b"Authorization: Basic" in backend.requests[0][0]


def test_an_error_page_for_401_keeps_the_demand(server):
    start(server, "ann:{PLAIN}secret\n", "error_page 401 /login.html;",
          "location = /login.html { auth_basic off; }")
    server.write("html/login.html", "please log in")
    response = server.get("/")
    assert (response.status, response.body) == (401, b"please log in")
    assert response.header("WWW-Authenticate").startswith("Basic realm=")


def test_auth_delay_puts_refusals_off(server):
    start(server, "ann:{PLAIN}secret\n", "auth_delay 400ms;")
    began = time.monotonic()
    assert server.get("/", basic("ann", "secret")).status == 200
    assert time.monotonic() - began < 0.3
    began = time.monotonic()
    assert server.get("/", basic("ann", "no")).status == 401
    assert 0.35 < time.monotonic() - began < 1.5
    assert "delaying unauthorized request" in server.error_log()


def test_a_client_that_leaves_during_the_delay_is_a_499(server):
    server.write("users", "ann:{PLAIN}secret\n")
    server.start('log_format f "$status"; access_log FOLDER/f.log f; '
                 "server { listen 127.0.0.1:PORT; auth_basic x; auth_basic_user_file FOLDER/users; "
                 "auth_delay 3s; location / { root FOLDER/html; } }")
    with server.connect() as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.2)
    assert server.log_lines(1, "f.log", wait=2) == ["499"]


def test_slow_hashes_do_not_mix_users_up(server):
    users = {f"user{i}": f"password{i}" for i in range(6)}
    start(server, "".join(f"{u}:{openssl('-6', p)}\n" for u, p in users.items()))
    names = list(users)

    def ask(i):
        user = names[i % 6]
        password = users[user] if i < 12 else users[names[(i + 1) % 6]]
        return server.get("/", basic(user, password)).status

    assert parallel(24, ask) == [200] * 12 + [401] * 12


def test_relative_user_file_of_a_variable_is_looked_for_beside_the_configuration(server):
    server.write("users", "ann:{PLAIN}secret\n")
    server.write("html/index.html", "page")
    server.start("""server { listen 127.0.0.1:PORT; root FOLDER/html;
        location / { auth_basic x; auth_basic_user_file $arg_file; } }""")
    assert server.get("/?file=users", basic("ann", "secret")).status == 200
    assert server.get("/?file=none", basic("ann", "secret")).status == 403
