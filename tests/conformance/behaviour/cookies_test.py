"""proxy_cookie_domain, proxy_cookie_path, proxy_cookie_flags: Set-Cookie lines of an upstream."""

import pytest

from server import reply


def cookie_of(server, value, rules):
    backend = server.backend(reply(headers=[("Set-Cookie", value)]))
    server.start("server { listen 127.0.0.1:PORT; location / { proxy_pass http://127.0.0.1:B; "
                 "%s } }" % rules, B=backend.port)
    return server.get("/", {"Host": "www.example.org"}).header("Set-Cookie")


CASES = [
    ("a=b; domain=localhost", "proxy_cookie_domain localhost example.org;",
     "a=b; domain=example.org"),
    ("a=b; Domain=LOCALHOST; path=/", "proxy_cookie_domain localhost example.org;",
     "a=b; Domain=example.org; path=/"),
    ("a=b; domain=.localhost", "proxy_cookie_domain localhost example.org;",
     "a=b; domain=.example.org"),
    ("a=b; domain=localhost", "proxy_cookie_domain .localhost .example.org;",
     "a=b; domain=example.org"),
    ("a=b; domain=sub.localhost", "proxy_cookie_domain localhost example.org;",
     "a=b; domain=sub.localhost"),
    ("a=b; domain=localhost", "proxy_cookie_domain www.$host no; proxy_cookie_domain localhost $host;",
     "a=b; domain=www.example.org"),
    ("a=b; domain=www.inner.net", "proxy_cookie_domain ~\\.?([a-z]+\\.net)$ $1;",
     "a=b; domain=inner.net"),
    ("a=b; domain=X.NET", "proxy_cookie_domain ~\\.net$ y;", "a=b; domain=y"),
    ("a=b; path=/two/some/uri/", "proxy_cookie_path /two/ /;", "a=b; path=/some/uri/"),
    ("a=b; Path=/TWO/x", "proxy_cookie_path /two/ /;", "a=b; Path=/TWO/x"),
    ("a=b; path=/x", "proxy_cookie_path /two/ /;", "a=b; path=/x"),
    ("a=b; path=/u/x", "proxy_cookie_path ~*^/U/(.+) /$1/$http_host;", "a=b; path=/x/www.example.org"),
    ("a=b; path=/u; secure", "proxy_cookie_path /u /v;", "a=b; path=/v; secure"),
    ("a=b; path=/u", "proxy_cookie_path off;", "a=b; path=/u"),
    ("a=b;path=/u;HttpOnly", "proxy_cookie_path /n /v;", "a=b;path=/u;HttpOnly"),
    ("one=1", "proxy_cookie_flags one httponly;", "one=1; HttpOnly"),
    ("one=1", "proxy_cookie_flags ONE secure;", "one=1; Secure"),
    ("one=1", "proxy_cookie_flags two secure;", "one=1"),
    ("one=1", "proxy_cookie_flags ~ secure samesite=strict;", "one=1; Secure; SameSite=Strict"),
    ("one=1; secure; httponly; samesite=lax", "proxy_cookie_flags ~ nosecure nohttponly nosamesite;",
     "one=1"),
    ("one=1; path=/; SameSite=Lax", "proxy_cookie_flags one samesite=none;",
     "one=1; path=/; SameSite=None"),
    ("one=1; Secure", "proxy_cookie_flags one secure;", "one=1; Secure"),
    ("one=1", "proxy_cookie_flags one secure; proxy_cookie_flags ~ httponly;", "one=1; Secure"),
    ("one=1; path=/a; domain=b", "proxy_cookie_path /a /c; proxy_cookie_domain b d; "
     "proxy_cookie_flags ~ secure;", "one=1; path=/c; domain=d; Secure"),
    ("one=1", "set $flag samesite=lax; proxy_cookie_flags one $flag;", "one=1; SameSite=Lax"),
]


@pytest.mark.parametrize("value, rules, expected", CASES, ids=range(len(CASES)))
def test_cookie_becomes(server, value, rules, expected):
    assert cookie_of(server, value, rules) == expected


def test_every_cookie_is_rewritten(server):
    backend = server.backend(reply(headers=[("Set-Cookie", "a=1; path=/x"),
                                            ("Set-Cookie", "b=2; path=/x/y")]))
    server.start("server { listen 127.0.0.1:PORT; location / { proxy_pass http://127.0.0.1:B; "
                 "proxy_cookie_path /x /; } }", B=backend.port)
    assert server.get("/").all("Set-Cookie") == ["a=1; path=/", "b=2; path=//y"]


@pytest.mark.parametrize("text, message", [
    ("proxy_cookie_path on;", 'invalid parameter "on"'),
    ("proxy_cookie_domain ~( x;", "pcre"),
])
def test_wrong_words_are_told(server, text, message):
    status, output = server.check("server { listen 127.0.0.1:PORT; %s }" % text)
    assert status == 1 and message in output
