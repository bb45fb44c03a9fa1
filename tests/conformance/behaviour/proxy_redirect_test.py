"""proxy_redirect: Location and Refresh lines of an upstream."""

import pytest

from server import reply


def location_of(server, value, rules, where="/one/", passed="http://127.0.0.1:B/two/",
                header="Location", http="", host="a"):
    backend = server.backend(reply(status="302 Found", headers=[(
        header, value.replace("B/", "%d/"))]))
    port = backend.port
    backend.answer = lambda head, body: reply(
        status="302 Found", headers=[(header, value.replace("B/", f"{port}/"))])
    server.start(f"{http} server {{ listen 127.0.0.1:PORT; server_name a; {rules[1]}"
                 f" location {where} {{ proxy_pass {passed}; {rules[0]} }} }}", B=port)
    path = where.split(" ")[-1] if where.startswith(("/", "=", "^~")) else "/one/x"
    response = server.get(path, {"Host": host})
    return response.header(header).replace(f":{server.port}", "").replace(f":{port}", ":B")


CASES = [
    # (the upstream's Location, directives, what the client gets)
    ("http://127.0.0.1:B/two/some", "", "http://a/one/some"),
    ("http://127.0.0.1:B/two/some", "proxy_redirect default;", "http://a/one/some"),
    ("http://127.0.0.1:B/two/some", "proxy_redirect off;", "http://127.0.0.1:B/two/some"),
    ("http://127.0.0.1:B/three/some", "", "http://127.0.0.1:B/three/some"),
    ("http://other/two/some", "", "http://other/two/some"),
    ("/two/some", "", "/two/some"),
    ("http://other/x", "proxy_redirect http://other/ /local/;", "http://a/local/x"),
    ("http://other/x", "proxy_redirect http://other/ http://$host:80/;", "http://a:80/x"),
    ("http://other/x", "proxy_redirect http://$http_none/ /n/; proxy_redirect http://other /m;",
     "http://a/m/x"),
    ("http://127.0.0.1:B/two/some", "proxy_redirect http://other/ /x/;",
     "http://127.0.0.1:B/two/some"),
    ("http://127.0.0.1:B/two/some", "proxy_redirect http://other/ /x/; proxy_redirect default;",
     "http://a/one/some"),
    ("http://other:8/y/z", "proxy_redirect ~^http://[^:]+:\\d+(/.+)$ $1;", "http://a/y/z"),
    ("http://OTHER/y", "proxy_redirect ~*^http://other(.*)$ http://new$1;", "http://new/y"),
    ("http://OTHER/y", "proxy_redirect ~^http://other(.*)$ http://new$1;", "http://OTHER/y"),
    ("http://x/y", "proxy_redirect http://x/ /1/; proxy_redirect http://x/y /2;", "http://a/1/y"),
    ("/two/some", "proxy_redirect /two/ /;", "http://a/some"),
    ("/two/some", "proxy_redirect /two/ /; absolute_redirect off;", "/some"),
    ("http://x/y", "proxy_redirect ~y ''; proxy_redirect http://x/ /no/;", ""),
]


@pytest.mark.parametrize("value, rules, expected", CASES, ids=range(len(CASES)))
def test_location_becomes(server, value, rules, expected):
    assert location_of(server, value, (rules, "")) == expected


def test_rules_of_the_server_are_inherited(server):
    assert location_of(server, "http://other/x", ("", "proxy_redirect http://other/ /l/;")) == \
        "http://a/l/x"


def test_rules_of_the_location_replace_those_of_the_server(server):
    assert location_of(server, "http://other/x", ("proxy_redirect http://no/ /;",
                                                  "proxy_redirect http://other/ /l/;")) == \
        "http://other/x"


def test_off_in_the_location_turns_those_of_the_server_off(server):
    assert location_of(server, "http://other/x", ("proxy_redirect off;",
                                                  "proxy_redirect http://other/ /l/;")) == \
        "http://other/x"


def test_default_without_a_uri_strips_the_server(server):
    assert location_of(server, "http://127.0.0.1:B/any/thing", ("", ""),
                       passed="http://127.0.0.1:B") == "http://a/any/thing"


def test_refresh_is_rewritten_behind_its_url(server):
    assert location_of(server, "3; url=http://127.0.0.1:B/two/x", ("", ""), header="Refresh") \
        == "3; url=/one/x"


def test_refresh_without_url_stays(server):
    assert location_of(server, "3", ("", ""), header="Refresh") == "3"


@pytest.mark.parametrize("text, message", [
    ("proxy_redirect maybe;", 'invalid parameter "maybe"'),
    ("proxy_redirect default; proxy_pass http://127.0.0.1;",
     '"proxy_redirect default" should be placed after the "proxy_pass" directive'),
    ("proxy_pass http://$host; proxy_redirect default;",
     '"proxy_redirect default" cannot be used with "proxy_pass" directive with variables'),
])
def test_wrong_words_are_told(server, text, message):
    status, output = server.check(
        "server { listen 127.0.0.1:PORT; location / { %s } }" % text)
    assert status == 1 and message in output
