"""Random rewrite programs: baton and the real nginx answer the same requests to the same random
configuration alike: status, body, Location, and what settings an `if` gave. The seed is the test's
parameter; BATON_REWRITE_SEEDS=100-400 tries more of them.

Left out is what nginx itself gets wrong: an `if` that takes over the handler of another `if`, and
values whose length changes while they are made (a map's expression that replaces the groups).
"""

import os
import random

import pytest

from server import PEERS, Server, reply

VARIABLES = ["$a", "$b", "$uri", "$args", "$arg_q", "$request_uri", "$n", "$document_uri",
             "$is_args", "$host", "$request_method", "$http_x", "$later"]
PATTERNS = [r"^/a/(.*)$", r"^/(\w+)/(.*)$", "^(.*)$", "/b", "^/(?<n>[a-z]+)", "x$", r"\.php$",
            "^/$", "^/a", "(.)(.)$", "^/c/(?<n>.*)/(.*)$"]
PATHS = ["/", "/a/", "/a/b", "/a/b/c", "/b", "/b?q=1", "/c/x", "/c/x?q=ax", "/d/f", "/d/", "/d",
         "/x", "/xx.php", "/a%20b/c", "/c/y/z?q=b", "/no/such", "/a/x%26y+z?x=1&q=x", "/proxy/a"]
FILES = ["html/c/x", "html/d/f", "html/b", "other/x", "other/b"]


class Configuration:
    """A server with a random program and random locations with programs of their own."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        locations = {}
        for _ in range(self.random.randint(1, 6)):
            name, text = self.location()
            locations[name] = text
        program = " ".join(self.statement(False) for _ in range(self.random.randint(0, 3)))
        recursive = self.pick(["recursive_error_pages on;", "", ""])
        named = " ".join(self.statement(True) for _ in range(self.random.randint(0, 2)))
        named += self.pick([' return 200 "N $uri $args";', " proxy_pass http://127.0.0.1:B;",
                            " try_files /c/x =410;", ""])
        self.text = (
            "map $a $later { volatile; default v$a; } default_type text/plain; server { "
            "listen 127.0.0.1:PORT; root FOLDER/html; absolute_redirect off; set $a ''; "
            f"set $b ''; {recursive} {program} {' '.join(locations.values())} "
            f"location @n {{ {named} }} location ~ ^/(?<n>zz)zz {{ return 204; }} }}")

    def pick(self, choices):
        return self.random.choice(choices)

    def value(self):
        groups = VARIABLES + ["$1", "$2"]
        parts = ["/", "a", "b", "c", "/x", "-", "?", "=", "x", ".php", " ", "%20", "&"]
        return "".join(self.pick(parts + [self.pick(groups)] * 4)
                       for _ in range(self.random.randint(1, 4)))

    def uri(self):
        return self.pick(["/a/", "/b", "/c/x", "/a/b/c", "/x", "/", "/d/f", "/no"]) + \
            self.pick(["", "$1", "$2", "$n", "?q=$1", "?", "?x=1", "?x=$1&y=$2?", "$a"])

    def condition(self):
        name = self.pick(VARIABLES)
        return self.pick([
            name, f"{name} = '{self.value()}'", f"{name} != '{self.value()}'", f"{name} = 1",
            f"{name} ~ '{self.pick(PATTERNS)}'", f"{name} ~* '{self.pick(PATTERNS)}'",
            f"{name} !~ '{self.pick(PATTERNS)}'", f'{name} = ""', "-f $document_root$uri",
            "!-e $document_root$uri", "-d $document_root$uri"])

    def statement(self, in_location, in_if=False):
        kind = self.random.random()
        if kind < 0.28:
            return f"set {self.pick(['$a', '$b', '$args'])} '{self.value()}';"
        if kind < 0.55:
            to = self.uri() if self.random.random() < 0.9 else "http://e/" + self.uri()
            flag = self.pick(["last", "break", "", "redirect", "permanent"])
            return f"rewrite '{self.pick(PATTERNS)}' '{to}' {flag};"
        if kind < 0.62:
            return "break;"
        if kind < 0.72:
            return "return " + self.pick([f"200 '{self.value()}'", "404", f"301 '{self.uri()}'",
                                          "403 'no $uri'", "302 http://e$uri", "204"]) + ";"
        if in_if or kind > 0.95:
            return ""
        body = " ".join(self.statement(in_location, True)
                        for _ in range(self.random.randint(0, 3)))
        if in_location:
            body += self.pick(["", 'add_header I "if-$a-$uri";', "root FOLDER/other;",
                               "error_page 404 /c/x;", "error_page 403 = @n;"])
        return f"if ({self.condition()}) {{ {body} }}"

    def location(self):
        name = self.pick(["/", "/a/", "= /b", r"~ \.php$", "/c/", "^~ /d", "~ ^/(?<n>x)", "/a/b/",
                          "~* B$", "/d/", "/proxy/"])
        settings = self.pick([
            "", "", "try_files $uri /c/x;", "try_files $uri $uri/ =404;", "try_files $uri @n;",
            'add_header L "$a|$uri";', 'return 200 "L $uri $args $a $n $1";', "internal;",
            "proxy_pass http://127.0.0.1:B;", "proxy_pass http://127.0.0.1:B/p/;",
            "error_page 404 /b;", "error_page 404 = @n;", "error_page 403 404 =200 /c/x;",
            "alias FOLDER/other/;", "error_page 404 /a/q?e=$uri;", "index f /b;",
            "limit_except GET { proxy_pass http://127.0.0.1:B; }"])
        if "~" in name and ("/p/" in settings or "alias" in settings):
            settings = ""
        program = " ".join(self.statement(True) for _ in range(self.random.randint(0, 3)))
        return name, f"location {name} {{ {program} {settings} }}"


def answers(name, configuration, methods):
    """What `name` says to every path, or why it does not start."""
    server = Server(name)
    try:
        backend = server.backend(
            lambda head, _: reply(b"B " + head.split(b"\r\n")[0].rsplit(b" ", 1)[0]))
        for path in FILES:
            server.write(path, "file " + path)
        try:
            server.start(configuration.text, B=backend.port)
        except AssertionError:
            return "refused"
        seen = []
        for path, method in zip(PATHS, methods):
            response = server.request(method, path, {"X": "h"}, b"" if method == "POST" else None)
            body = "page" if "<html>" in response.text else response.text
            seen.append((method, path, response.status, body, response.header("Location"),
                         response.header("I"), response.header("L")))
        return seen
    finally:
        server.close()


def seeds():
    first, last = os.environ.get("BATON_REWRITE_SEEDS", "1-12").split("-")
    return range(int(first), int(last) + 1)


@pytest.mark.parametrize("seed", seeds())
def test_random_program_runs_as_in_nginx(seed):
    if not (PEERS / "bin" / "nginx").exists():
        pytest.skip("no real nginx to compare with")
    configuration = Configuration(seed)
    chance = random.Random(seed)
    methods = ["POST" if chance.random() < 0.2 else "GET" for _ in PATHS]
    assert answers("baton", configuration, methods) == answers("nginx", configuration, methods), \
        configuration.text
