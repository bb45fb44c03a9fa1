"""Variables made from others: map, geo, split_clients."""

import pytest

SHOW = ' server { listen 127.0.0.1:PORT; location / { return 200 "[$v]"; } }'


def value(server, query="", headers=None):
    return server.get("/" + query, headers).text[1:-1]


# --- map ---

def test_map_finds_strings_in_any_case(server):
    server.start("map $arg_a $v { default none; One 1; two 2; }" + SHOW)
    assert value(server, "?a=ONE") == "1"
    assert value(server, "?a=two") == "2"
    assert value(server, "?a=three") == "none"


def test_map_without_default_gives_nothing(server):
    server.start("map $arg_a $v { x 1; }" + SHOW)
    assert value(server, "?a=y") == ""


def test_map_of_nothing_finds_the_empty_string(server):
    server.start('map $arg_a $v { "" empty; default other; }' + SHOW)
    assert value(server) == "empty"


def test_map_values_hold_variables(server):
    server.start('map $arg_a $v { x "$uri-$arg_b"; default $host; }' + SHOW)
    assert value(server, "?a=x&b=7") == "/-7"
    assert value(server) == "localhost"


def test_map_source_is_any_text(server):
    server.start('map "$arg_a:$arg_b" $v { "1:2" yes; default no; }' + SHOW)
    assert value(server, "?a=1&b=2") == "yes"
    assert value(server, "?a=1") == "no"


def test_map_expressions_come_after_strings_in_their_order(server):
    server.start('map $arg_a $v { default no; ~^ab first; ~^a second; abc string; }' + SHOW)
    assert value(server, "?a=abc") == "string"
    assert value(server, "?a=abd") == "first"
    assert value(server, "?a=ad") == "second"
    assert value(server, "?a=Ad") == "no"


def test_map_expressions_may_ignore_case(server):
    server.start('map $arg_a $v { ~*^ab$ yes; default no; }' + SHOW)
    assert value(server, "?a=AB") == "yes"


def test_map_captures_by_number_and_name(server):
    server.start('map $arg_a $v { "~^(?<x>.)(.)$" "$x/$2"; }' + SHOW)
    assert value(server, "?a=pq") == "p/q"


def test_map_hostnames_know_stars(server):
    server.start("map $http_host $v { hostnames; default no; example.com exact; "
                 "*.example.com under; mail.* mail; .both.org both; }" + SHOW)
    for host, expected in [("example.com", "exact"), ("a.b.example.com", "under"),
                           ("mail.x.y", "mail"), ("both.org", "both"), ("a.both.org", "both"),
                           ("example.com.", "exact"), ("other", "no"), ("MAIL.com", "mail")]:
        assert value(server, headers={"Host": host}) == expected, host


def test_map_without_hostnames_takes_stars_as_they_are(server):
    server.start("map $arg_a $v { *.x star; default no; }" + SHOW)
    assert value(server, "?a=*.x") == "star"
    assert value(server, "?a=b.x") == "no"


def test_map_includes_files(server):
    server.write("table", "x 1;\ny 2;\n")
    server.start("map $arg_a $v { default 0; include FOLDER/table; }" + SHOW)
    assert value(server, "?a=y") == "2"


def test_map_key_behind_a_backslash_is_a_plain_string(server):
    server.start(r'map $arg_a $v { \default word; default no; \~x tilde; }' + SHOW)
    assert value(server, "?a=default") == "word"
    assert value(server, "?a=~x") == "tilde"
    assert value(server, "?a=q") == "no"


def test_map_is_worked_out_once_for_a_request(server):
    server.start('map $x $v { 1 one; 2 two; } server { listen 127.0.0.1:PORT; location / '
                 '{ set $x 1; set $a $v; set $x 2; return 200 "[$a $v]"; } }')
    assert value(server) == "one one"


def test_volatile_map_is_worked_out_at_each_use(server):
    server.start('map $x $v { volatile; 1 one; 2 two; } server { listen 127.0.0.1:PORT; location / '
                 '{ set $x 1; set $a $v; set $x 2; return 200 "[$a $v]"; } }')
    assert value(server) == "one two"


def test_maps_may_use_maps_that_come_later(server):
    server.start("map $w $v { inner outer; } map $arg_a $w { x inner; }" + SHOW)
    assert value(server, "?a=x") == "outer"


def test_maps_that_need_each_other_end(server):
    server.start("map $w $v { x y; default $w; } map $v $w { x y; default $v; }" + SHOW)
    assert value(server) == ""
    assert "cycle while evaluating variable" in server.error_log()


def test_map_may_give_another_meaning_to_an_argument(server):
    server.start("map $arg_b $arg_a { default $arg_b; } map $arg_a $v { default $arg_a; }" + SHOW)
    assert value(server, "?a=1&b=2") == "2"


def test_map_in_the_log_format(server):
    server.start('map $status $v { ~^2 good; default bad; } log_format f "$v $status"; '
                 'access_log FOLDER/mapped.log f; server { listen 127.0.0.1:PORT; '
                 'location / { return 204; } location /e { return 404; } }')
    server.get("/")
    server.get("/e")
    assert server.log_lines(2, "mapped.log") == ["good 204", "bad 404"]


def test_map_chooses_where_to_redirect(server):
    server.start("map $uri $to { /old /new; ~^/o/(.*)$ /n/$1; } server { listen 127.0.0.1:PORT; "
                 "if ($to) { return 301 $to; } location / { return 200 here; } }")
    assert server.get("/old").header("Location").endswith("/new")
    assert server.get("/o/x").header("Location").endswith("/n/x")
    assert server.get("/").text == "here"


def test_map_sets_a_header_for_the_upstream(server):
    backend = server.backend()
    server.start('map $http_upgrade $v { default upgrade; "" close; } server { '
                 "listen 127.0.0.1:PORT; location / { proxy_set_header X-Up $v; "
                 "proxy_pass http://127.0.0.1:B; } }", B=backend.port)
    server.get("/")
    assert b"\r\nX-Up: close\r\n" in backend.requests[0][0]


@pytest.mark.parametrize("text,message", [
    ("map $uri v { }", 'invalid variable name "v"'),
    ("map $uri $uri { }", 'the duplicate "uri" variable'),
    ("map $uri $v { default 1; default 2; }", "duplicate default map parameter"),
    ("map $uri $v { a 1; A 2; }", 'conflicting parameter "a"'),
    ("map $uri $v { a 1 2; }", "invalid number of the map parameters"),
    ("map $uri $v { hostnames; a..b 1; }", 'invalid hostname or wildcard "a..b"'),
    ('map $uri $v { "~(" 1; }', "pcre2_compile() failed"),
    ("map $nobody $v { a 1; }", 'unknown "nobody" variable'),
])
def test_map_refuses(server, text, message):
    code, said = server.check(text + " server { location / { return 200 $uri; } }")
    assert code == 1 and message in said


# --- geo ---

GEO = "geo $arg_a $v { default none; 10.0.0.0/8 ten; 10.1.0.0/16 ten-one; 10.1.2.3 host; " \
      "2001:db8::/32 doc; delete 10.1.0.0/17; 127.0.0.1/32 local; }"


@pytest.mark.parametrize("address,expected", [
    ("10.2.0.1", "ten"), ("10.1.0.0", "ten-one"), ("10.1.255.255", "ten-one"),
    ("10.1.2.3", "host"), ("10.1.2.4", "ten-one"), ("11.0.0.0", "none"), ("9.255.255.255", "none"),
    ("2001:db8::1", "doc"), ("2001:db9::", "none"), ("::ffff:10.1.2.3", "host"), ("junk", "none"),
    ("255.255.255.255", "none"), ("0.0.0.0", "none"), ("", "none"),
])
def test_geo_gives_the_longest_network_of(server, address, expected):
    server.start(GEO + SHOW)
    assert value(server, "?a=" + address) == expected


def test_geo_takes_the_client_by_default(server):
    server.start("geo $v { default no; 127.0.0.0/8 yes; }" + SHOW)
    assert value(server) == "yes"


def test_geo_without_default_is_empty(server):
    server.start("geo $v { 10.0.0.0/8 yes; }" + SHOW)
    assert value(server) == ""


def test_geo_delete_takes_a_network_away(server):
    server.write("nets", "127.0.0.0/8 all;\n127.0.0.1/32 one;\n")
    server.start("geo $v { include FOLDER/nets; delete 127.0.0.1/32; }" + SHOW)
    assert value(server) == "all"


def test_geo_behind_a_proxy_takes_the_forwarded_address(server):
    server.start("geo $v { default no; proxy 127.0.0.0/8; 10.0.0.1 one; 10.0.0.2 two; }" + SHOW)
    assert value(server, headers={"X-Forwarded-For": "10.0.0.1, 10.0.0.2"}) == "two"
    assert value(server) == "no"


def test_geo_proxy_recursive_goes_on_to_the_first_stranger(server):
    server.start("geo $v { default no; proxy 127.0.0.0/8; proxy 10.0.0.2; proxy_recursive; "
                 "10.0.0.1 one; 10.0.0.2 two; }" + SHOW)
    assert value(server, headers={"X-Forwarded-For": "10.0.0.1, 10.0.0.2"}) == "one"


def test_geo_untrusted_client_cannot_forward(server):
    server.start("geo $v { default no; proxy 10.0.0.0/8; 10.0.0.1 one; }" + SHOW)
    assert value(server, headers={"X-Forwarded-For": "10.0.0.1"}) == "no"


RANGES = "geo $arg_a $v { ranges; default none; 10.0.0.0-10.0.0.255 a; 10.0.0.10-10.0.0.19 b; " \
         "10.1.0.0-10.3.255.255 c; 223.0.0.0-223.255.255.255 top; }"


@pytest.mark.parametrize("address,expected", [
    ("10.0.0.0", "a"), ("10.0.0.9", "a"), ("10.0.0.10", "b"), ("10.0.0.19", "b"), ("10.0.0.20", "a"),
    ("10.0.0.255", "a"), ("10.0.1.0", "none"), ("10.2.128.1", "c"), ("10.4.0.0", "none"),
    ("9.255.255.255", "none"), ("223.1.1.1", "top"),
])
def test_geo_ranges_gives(server, address, expected):
    server.start(RANGES + SHOW)
    assert value(server, "?a=" + address) == expected


@pytest.mark.parametrize("text,message", [
    ("geo $v { 10.0.0.0/33 a; }", 'invalid network "10.0.0.0/33"'),
    ("geo $v { ranges; 10.0.0.9-10.0.0.1 a; }", 'invalid range "10.0.0.9-10.0.0.1"'),
    ("geo $v { a b c; }", "invalid number of the geo parameters"),
    ("geo v { }", 'invalid variable name "v"'),
    ("geo $v { 10.0.0.0/8 a; ranges; }",
     'the "ranges" directive must be the first directive inside "geo" block'),
    ("geo $v { ranges; 10.0.0.0-10.0.0.9 a; 10.0.0.5-10.0.0.15 b; }",
     'range "10.0.0.5-10.0.0.15" overlaps "10.0.0.0-10.0.0.9"'),
])
def test_geo_refuses(server, text, message):
    code, said = server.check(text)
    assert code == 1 and message in said


@pytest.mark.parametrize("text,message", [
    ("geo $v { 10.0.0.1/8 a; }", "low address bits of 10.0.0.1/8 are meaningless"),
    ("geo $v { 10.0.0.0/8 a; 10.0.0.0/8 b; }",
     'duplicate network "10.0.0.0/8", value: "b", old value: "a"'),
    ("geo $v { delete 10.0.0.0/8; }", 'no network "10.0.0.0/8" to delete'),
    ("geo $v { ranges; 10.0.0.0-10.0.0.9 a; 10.0.0.0-10.0.0.9 b; }",
     'duplicate range "10.0.0.0-10.0.0.9", value: "b", old value: "a"'),
])
def test_geo_warns(server, text, message):
    code, said = server.check(text)
    assert code == 0 and message in said


# --- split_clients ---

SPLIT = 'split_clients "$arg_a" $v { 0.5% tiny; 20% fifth; 33.25% third; * rest; }'


def test_split_clients_is_stable_and_roughly_as_told(server):
    server.start(SPLIT + SHOW)
    counts = {}
    with server.connect() as client:
        for i in range(900):
            got = client.request("GET", f"/?a=client{i}").text
            counts[got] = counts.get(got, 0) + 1
    # The very counts that MurmurHash2 gives: both programs split alike.
    assert counts == {"[tiny]": 12, "[fifth]": 174, "[third]": 297, "[rest]": 417}


def test_split_clients_without_a_rest_gives_nothing_to_the_others(server):
    server.start('split_clients "$arg_a" $v { 50% half; }' + SHOW)
    assert {value(server, f"?a={i}") for i in range(20)} == {"half", ""}


def test_split_clients_values_are_no_variables(server):
    server.start('split_clients "$arg_a" $v { * $uri; }' + SHOW)
    assert value(server) == "$uri"


@pytest.mark.parametrize("text,message", [
    ("split_clients a $v { 101% x; }", "percent total is greater than 100%"),
    ("split_clients a $v { 60% x; 60% y; }", "percent total is greater than 100%"),
    ("split_clients a $v { 0% x; }", 'invalid percent value "0%"'),
    ("split_clients a $v { 5 x; }", 'invalid percent value "5"'),
    ("split_clients a $v { 0.001% x; }", 'invalid percent value "0.001%"'),
    ("split_clients a v { * x; }", 'invalid variable name "v"'),
])
def test_split_clients_refuses(server, text, message):
    code, said = server.check(text)
    assert code == 1 and message in said
