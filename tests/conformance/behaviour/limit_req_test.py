"""limit_req: how often."""

import time

import pytest

from server import parallel

ZONE = "limit_req_zone $binary_remote_addr zone=one:1m rate=%s; "
SERVER = "server { listen 127.0.0.1:PORT; root FOLDER/html; location / { limit_req zone=one %s } }"


def start(server, rate, rest, http="", **values):
    server.write("html/index.html", "page")
    server.start(http + ZONE % rate + SERVER % rest, **values)


def statuses(server, count, **options):
    return [server.get("/", **options).status for _ in range(count)]


def test_without_a_burst_the_second_request_is_too_much(server):
    start(server, "1r/m", ";")
    assert statuses(server, 3) == [200, 503, 503]
    assert ('limiting requests, excess: 0.99' in server.error_log()
            or 'limiting requests, excess: 1.000 by zone "one", client: 127.0.0.1'
            in server.error_log())


def test_the_log_names_excess_and_zone(server):
    start(server, "1r/m", ";")
    statuses(server, 2)
    lines = [line for line in server.error_log().splitlines() if "limiting" in line]
    assert len(lines) == 1
    assert "[error]" in lines[0]
    assert 'limiting requests, excess: ' in lines[0]
    assert ' by zone "one", client: 127.0.0.1, server: , request: "GET / HTTP/1.1"' in lines[0]


def test_a_burst_without_delay_lets_so_many_pass_at_once(server):
    start(server, "1r/m", "burst=3 nodelay;")
    began = time.monotonic()
    assert statuses(server, 6) == [200, 200, 200, 200, 503, 503]
    assert time.monotonic() - began < 1


def test_a_burst_is_spread_over_time(server):
    start(server, "5r/s", "burst=3;")
    began = time.monotonic()
    assert parallel(4, lambda _: server.get("/").status) == [200] * 4
    assert 0.5 < time.monotonic() - began < 1.5
    assert 'delaying request, excess: ' in server.error_log()
    assert ', by zone "one", client' in server.error_log()
    assert "[warn]" in server.error_log()


def test_delay_says_from_where_on_requests_wait(server):
    start(server, "2r/s", "burst=4 delay=3;")
    began = time.monotonic()
    assert statuses(server, 4) == [200] * 4
    assert time.monotonic() - began < 0.4
    assert server.get("/").status == 200
    assert time.monotonic() - began > 0.25


def test_the_bucket_empties_with_time(server):
    start(server, "5r/s", ";")
    assert server.get("/").status == 200
    assert server.get("/").status == 503
    time.sleep(0.3)
    assert server.get("/").status == 200


def test_each_key_has_a_bucket_of_its_own(server):
    server.write("html/index.html", "page")
    server.start("limit_req_zone $arg_key zone=one:1m rate=1r/m; "
                 + SERVER % ";")
    assert server.get("/?key=a").status == 200
    assert server.get("/?key=a").status == 503
    assert server.get("/?key=b").status == 200
    assert server.get("/?key=A").status == 200


def test_an_empty_key_is_not_counted(server):
    server.write("html/index.html", "page")
    server.start("limit_req_zone $arg_key zone=one:1m rate=1r/m; " + SERVER % ";")
    assert statuses(server, 4) == [200] * 4


def test_status_and_level_can_be_chosen(server):
    start(server, "1r/m", "; limit_req_status 429; limit_req_log_level notice;")
    assert statuses(server, 2) == [200, 429]
    line = next(l for l in server.error_log().splitlines() if "limiting requests" in l)
    assert "[notice]" in line


def test_a_dry_run_only_tells(server):
    server.write("html/index.html", "page")
    server.start(ZONE % "1r/m" + 'log_format f "$limit_req_status"; access_log FOLDER/f.log f; '
                 + SERVER % "; limit_req_dry_run on;")
    assert statuses(server, 3) == [200] * 3
    assert "limiting requests, dry run, excess: " in server.error_log()
    assert server.log_lines(3, "f.log") == ["PASSED", "REJECTED_DRY_RUN", "REJECTED_DRY_RUN"]


def test_limit_req_status_tells_what_happened(server):
    server.write("html/index.html", "page")
    server.start(ZONE % "4r/s" + 'log_format f "$uri $limit_req_status"; '
                 "access_log FOLDER/f.log f; server { listen 127.0.0.1:PORT; root FOLDER/html; "
                 "location / { limit_req zone=one burst=1; } location /free { "
                 "alias FOLDER/html/index.html; } }")
    server.get("/free")
    server.get("/index.html")
    parallel(3, lambda _: server.get("/index.html").status)
    lines = sorted(server.log_lines(5, "f.log"))
    assert lines == ["/free -", "/index.html DELAYED", "/index.html PASSED",
                     "/index.html REJECTED", "/index.html REJECTED"]


def test_the_strictest_of_several_zones_wins(server):
    server.write("html/index.html", "page")
    server.start("limit_req_zone $binary_remote_addr zone=loose:1m rate=1000r/s; "
                 "limit_req_zone $server_port zone=tight:1m rate=1r/m; "
                 "server { listen 127.0.0.1:PORT; root FOLDER/html; location / { "
                 "limit_req zone=loose burst=100 nodelay; limit_req zone=tight burst=1 nodelay; } }")
    assert statuses(server, 3) == [200, 200, 503]
    assert 'by zone "tight"' in server.error_log()


def test_limits_are_inherited_unless_a_level_has_its_own(server):
    server.write("html/index.html", "page")
    server.write("html/own/index.html", "own")
    server.start(ZONE % "1r/m" + "limit_req_zone $server_port zone=two:1m rate=1000r/s; "
                 "limit_req zone=one; server { listen 127.0.0.1:PORT; root FOLDER/html; "
                 "location / { } location /own/ { limit_req zone=two burst=100 nodelay; } }")
    assert statuses(server, 2) == [200, 503]
    assert [server.get("/own/").status for _ in range(3)] == [200] * 3


def test_a_request_is_counted_once_though_it_goes_on_to_another_location(server):
    server.write("html/index.html", "page")
    server.start(ZONE % "1r/m" + "limit_req zone=one; server { listen 127.0.0.1:PORT; "
                 "root FOLDER/html; location / { try_files /missing /index.html; } "
                 "location = /index.html { } }")
    assert server.get("/x").status == 200


def test_a_client_that_leaves_while_it_waits_is_a_499(server):
    server.write("html/index.html", "page")
    server.start(ZONE % "1r/m" + 'log_format f "$status"; access_log FOLDER/f.log f; '
                 + SERVER % "burst=5;")
    server.get("/")
    with server.connect() as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.2)
    assert server.log_lines(2, "f.log", wait=2) == ["200", "499"]


def test_buckets_survive_a_reload(server):
    start(server, "1r/m", ";")
    assert server.get("/").status == 200
    server.reload()
    assert server.get("/").status == 503


def test_threads_share_one_bucket(server):
    server.write("html/index.html", "page")
    server.start(ZONE % "1r/m" + SERVER % "burst=9 nodelay;", main="worker_processes 2;")
    results = parallel(30, lambda _: server.get("/").status)
    assert results.count(200) == 10


@pytest.mark.parametrize("text, words", [
    ("limit_req zone=none;", 'zero size shared memory zone "none"'),
    ("limit_req burst=1;", '"limit_req" must have "zone" parameter'),
    ("limit_req zone=one burst=0;", 'invalid burst value "burst=0"'),
    ("limit_req zone=one delay=x;", 'invalid delay value "delay=x"'),
    ("limit_req zone=one fast;", 'invalid parameter "fast"'),
    ("limit_req zone=one; limit_req zone=one;", '"limit_req" directive is duplicate'),
    ("limit_req_status 302;", "value must be between 400 and 599"),
    ("limit_conn one 1;", 'the shared memory zone "one" is already declared for a different use'),
])
def test_is_refused(server, text, words):
    status, output = server.check(ZONE % "1r/s" + "server { listen 127.0.0.1:PORT; %s }" % text)
    assert status == 1
    assert words in output


@pytest.mark.parametrize("zone, words", [
    ("zone=one rate=1r/s", 'invalid zone size "zone=one"'),
    ("zone=one:1k rate=1r/s", 'zone "zone=one:1k" is too small'),
    ("zone=one:1m rate=0r/s", 'invalid rate "rate=0r/s"'),
    ("zone=one:1m rate=5", None),
    ("zone=one:1m speed=5", 'invalid parameter "speed=5"'),
])
def test_zone_with(server, zone, words):
    status, output = server.check("limit_req_zone $uri %s; server { listen 127.0.0.1:PORT; }" % zone)
    assert status == (1 if words else 0)
    assert words is None or words in output
