"""valid_referers, secure_link, userid, empty_gif."""

import base64
import hashlib
import re
import time

import pytest

VALID = "valid_referers none blocked server_names *.example.com example.* www.site.org/galleries/ " \
        r"~\.google\.;"


def serve(server, body):
    server.start("server { listen 127.0.0.1:PORT; server_name www.mine.test; " + body + " }")


@pytest.mark.parametrize("referer,valid", [
    (None, True), ("junk", True), ("http://a.example.com/x", True), ("http://example.org/", True),
    ("https://www.site.org/galleries/1", True), ("http://www.site.org/other", False),
    ("http://www.google.com/q", True), ("http://evil.test/", False),
    ("http://www.mine.test:8080/", True), ("http://EXAMPLE.net", True), ("http://example", False),
    ("ftp://evil.test/xxxxxxx", True), ("http://evil.test/www.example.com", False),
])
def test_referer(server, referer, valid):
    serve(server, 'location / { ' + VALID + ' if ($invalid_referer) { return 403; } return 200 ok; }')
    headers = {} if referer is None else {"Referer": referer}
    assert server.get("/", headers).status == (200 if valid else 403)


@pytest.mark.parametrize("word, words", [
    ('""', 'invalid referer ""'),
    ("*.", 'invalid hostname or wildcard "*."'),
    ("a..b", 'invalid hostname or wildcard "a..b"'),
])
def test_a_word_that_is_no_referer_is_refused(server, word, words):
    status, text = server.check("server { listen 127.0.0.1:PORT; valid_referers %s; }" % word)
    assert status != 0 and words in text


def test_a_path_alone_is_for_referers_without_a_host(server):
    serve(server, 'location / { valid_referers /p; return 200 "[$invalid_referer]"; }')
    assert server.get("/", {"Referer": "http:///page/of/nobody"}).text == "[]"
    assert server.get("/", {"Referer": "http:///another/page"}).text == "[1]"


def test_referer_must_be_there_unless_none_is_said(server):
    serve(server, 'location / { valid_referers a.test; return 200 "[$invalid_referer]"; }')
    assert server.get("/").text == "[1]"
    assert server.get("/", {"Referer": "http://a.test/"}).text == "[]"
    assert server.get("/", {"Referer": "noscheme"}).text == "[1]"


LINK = ('location / { secure_link $arg_md5,$arg_expires; '
        'secure_link_md5 "$secure_link_expires$uri$remote_addr secret"; '
        'return 200 "[$secure_link] [$secure_link_expires]"; }')


def sign(uri, expires):
    digest = hashlib.md5(f"{expires}{uri}127.0.0.1 secret".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def test_secure_link_is_right(server):
    serve(server, LINK)
    until = int(time.time()) + 100
    assert server.get(f"/s/x?md5={sign('/s/x', until)}&expires={until}").text == f"[1] [{until}]"


def test_secure_link_that_is_over(server):
    serve(server, LINK)
    assert server.get(f"/s/x?md5={sign('/s/x', 1000)}&expires=1000").text == "[0] [1000]"


def test_secure_link_of_another_page(server):
    serve(server, LINK)
    until = int(time.time()) + 100
    assert server.get(f"/s/y?md5={sign('/s/x', until)}&expires={until}").text == f"[] [{until}]"
    assert server.get("/s/y").text.startswith("[]")
    assert server.get("/s/y?md5=a&expires=b").text.startswith("[]")


def test_secure_link_without_expiry(server):
    serve(server, 'location / { secure_link $arg_md5; secure_link_md5 "$uri secret"; '
                  'return 200 "[$secure_link] [$secure_link_expires]"; }')
    digest = base64.urlsafe_b64encode(hashlib.md5(b"/x secret").digest()).decode().rstrip("=")
    assert server.get("/x?md5=" + digest).text == "[1] []"


def test_secure_link_secret(server):
    serve(server, 'location /p/ { secure_link_secret word; if ($secure_link = "") { return 403; } '
                  'rewrite ^ /secure/$secure_link; } location /secure/ { internal; '
                  'return 200 "$uri"; }')
    digest = hashlib.md5(b"a/link" + b"word").hexdigest()
    assert server.get(f"/p/{digest}/a/link").text == "/secure/a/link"
    assert server.get(f"/p/{digest}/a/other").status == 403
    assert server.get("/p/x").status == 403


def test_secure_link_forms_are_not_mixed(server):
    code, said = server.check("server { secure_link_secret a; secure_link b; }")
    assert code == 1 and '"secure_link_secret" cannot be mixed' in said


def test_userid_gives_a_cookie_once(server):
    server.write("html/x", "x")
    serve(server, "root FOLDER/html; userid on; userid_name id; userid_domain mine.test; "
                  "userid_path /p; userid_expires max; userid_service 7; userid_p3p 'CP=x';")
    response = server.get("/x")
    cookie = response.header("Set-Cookie")
    assert re.fullmatch(r"id=[A-Za-z0-9+/]{22}==; expires=Thu, 31-Dec-37 23:55:55 GMT; "
                        r"domain=mine.test; path=/p", cookie)
    assert response.header("P3P") == "CP=x"
    number = base64.b64decode(cookie.split(";")[0][3:])
    assert number[:4] == b"\0\0\0\7" and abs(int.from_bytes(number[4:8], "big") - time.time()) < 10
    again = server.get("/x", {"Cookie": cookie.split(";")[0]})
    assert again.header("Set-Cookie") is None


def test_userid_variables(server):
    server.start("log_format f '$uid_got $uid_set'; access_log FOLDER/u.log f; server { "
                 "listen 127.0.0.1:PORT; root FOLDER/html; userid on; userid_service 1; }")
    cookie = server.get("/").header("Set-Cookie").split(";")[0]
    server.get("/", {"Cookie": cookie})
    first, second = server.log_lines(2, "u.log")
    assert re.fullmatch(r"- uid=[0-9A-F]{32}", first)
    assert second == first.split(" ")[1] + " -"


def test_userid_log_gives_none(server):
    serve(server, "userid log; return 204;")
    assert server.get("/").header("Set-Cookie") is None


def test_userid_flags(server):
    serve(server, "userid on; userid_flags secure httponly samesite=lax; return 204;")
    assert server.get("/").header("Set-Cookie").endswith("; secure; httponly; samesite=lax")


def test_userid_reset(server):
    serve(server, "userid on; set $uid_reset $arg_r; root FOLDER/html;")
    cookie = server.get("/").header("Set-Cookie").split(";")[0]
    assert server.get("/?r=0", {"Cookie": cookie}).header("Set-Cookie") is None
    assert server.get("/?r=1", {"Cookie": cookie}).header("Set-Cookie") is not None


def test_userid_mark(server):
    serve(server, "userid on; userid_mark M; return 204;")
    cookie = server.get("/").header("Set-Cookie").split(";")[0]
    assert cookie[4:].endswith("M=")
    assert server.get("/", {"Cookie": cookie}).header("Set-Cookie") is None
    plain = cookie[:-2] + "=="
    assert server.get("/", {"Cookie": plain}).header("Set-Cookie").startswith(cookie)


def test_empty_gif(server):
    serve(server, "location = /e.gif { empty_gif; }")
    response = server.get("/e.gif")
    assert response.header("Content-Type") == "image/gif" and len(response.body) == 43
    assert response.body.startswith(b"GIF89a\1\0\1\0") and response.body.endswith(b";")
    assert response.header("Last-Modified") == "Mon, 28 Sep 1970 06:00:00 GMT"
    assert server.request("POST", "/e.gif", body=b"").status == 405
