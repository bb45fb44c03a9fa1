"""expires: Expires and Cache-Control."""

import email.utils
import time

import pytest
from marks import baton_only
from server import reply


def serve(server, settings, http=""):
    server.write("html/a.html", "text")
    server.start(f"""{http} server {{ listen 127.0.0.1:PORT; root FOLDER/html; {settings}
        location = /404 {{ return 404; }} location = /302 {{ return 302 /a; }} }}""")


def age_of(response):
    """Seconds from Date to Expires."""
    dates = [email.utils.parsedate_to_datetime(response.header(name)).timestamp()
             for name in ("Expires", "Date")]
    return dates[0] - dates[1]


@pytest.mark.parametrize("value,seconds,cache_control", [
    ("1h", 3600, "max-age=3600"), ("+1d", 86400, "max-age=86400"), ("0", 0, "max-age=0"),
    ("-1", -1, "no-cache"), ("1y2M", 31536000 + 2 * 2592000, "max-age=36720000"),
    ("1h30m", 5400, "max-age=5400"),
])
def test_a_time_from_now(server, value, seconds, cache_control):
    serve(server, f"expires {value};")
    response = server.get("/a.html")
    assert abs(age_of(response) - seconds) <= 1
    assert response.header("Cache-Control") == cache_control


def test_epoch_is_long_ago(server):
    serve(server, "expires epoch;")
    response = server.get("/a.html")
    assert response.header("Expires") == "Thu, 01 Jan 1970 00:00:01 GMT"
    assert response.header("Cache-Control") == "no-cache"


def test_max_is_far_away(server):
    serve(server, "expires max;")
    response = server.get("/a.html")
    assert response.header("Expires") == "Thu, 31 Dec 2037 23:55:55 GMT"
    assert response.header("Cache-Control") == "max-age=315360000"


def test_off_adds_nothing(server):
    serve(server, "expires 1h; location = /a.html { expires off; }")
    assert server.get("/a.html").header("Expires") is None


def test_modified_counts_from_the_files_time(server):
    import os
    serve(server, "expires modified 1h;")
    modified = int(time.time()) - 600
    os.utime(server.folder / "html/a.html", (modified, modified))
    response = server.get("/a.html")
    assert abs(age_of(response) - 3000) <= 1
    assert int(response.header("Cache-Control").split("=")[1]) in (2999, 3000)


def test_modified_long_ago_is_not_to_be_cached(server):
    import os
    serve(server, "expires modified 1h;")
    os.utime(server.folder / "html/a.html", (1000000000, 1000000000))
    assert server.get("/a.html").header("Cache-Control") == "no-cache"


def test_a_time_of_day_is_the_next_one(server):
    serve(server, "expires @15h30m;")
    response = server.get("/a.html")
    expires = email.utils.parsedate_to_datetime(response.header("Expires")).timestamp()
    local = time.localtime(expires)
    assert (local.tm_hour, local.tm_min, local.tm_sec) == (15, 30, 0)
    assert 0 < age_of(response) <= 86400


def test_only_ordinary_statuses_get_it(server):
    serve(server, "expires 1h;")
    assert server.get("/404").header("Expires") is None
    assert server.get("/302").header("Cache-Control") == "max-age=3600"


def test_it_replaces_what_the_upstream_server_said(server):
    backend = server.backend(reply("x", headers=[
        ("Expires", "never"), ("X-Between", "1"), ("Cache-Control", "private"),
        ("Cache-Control", "no-store")]))
    server.start("""server { listen 127.0.0.1:PORT; location / { expires 1h;
        proxy_pass http://127.0.0.1:BACKEND; } }""", BACKEND=backend.port)
    response = server.get("/")
    assert response.all("Cache-Control") == ["max-age=3600"]
    assert len(response.all("Expires")) == 1 and abs(age_of(response) - 3600) <= 1


@baton_only("the words of 1.22 for a bad daily time are the same, but it stops elsewhere")
def test_wrong_times_are_refused(server):
    for value, message in (("@25h", "daily time value must be less than 24 hours"),
                           ("modified @1h", 'daily time cannot be used with "modified" parameter'),
                           ("soon", "invalid value"), ("sometimes 1h", "invalid value")):
        status, output = server.check(f"server {{ listen 127.0.0.1:PORT; expires {value}; }}")
        assert status == 1 and f'"expires" directive {message}' in output


def test_a_variable_decides_for_each_response(server):
    server.write("html/a.html", "text")
    server.start("""map $arg_t $when { default off; max max; hour 1h; bad nonsense; }
        server { listen 127.0.0.1:PORT; root FOLDER/html; expires $when; }""")
    assert server.get("/a.html").header("Expires") is None
    assert server.get("/a.html?t=hour").header("Cache-Control") == "max-age=3600"
    assert server.get("/a.html?t=max").header("Cache-Control") == "max-age=315360000"
    assert server.get("/a.html?t=bad").header("Expires") is None
