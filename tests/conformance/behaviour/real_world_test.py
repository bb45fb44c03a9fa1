"""Configurations in the style of well-known products' reverse-proxy files (real_world/*.conf): they
load unchanged and serve as they do under nginx. TLS lines are left out; everything else is what
people have in their files."""

import pathlib

import pytest

from fastcgi_application import Application
from server import reply

FILES = pathlib.Path(__file__).resolve().parent / "real_world"
CHAT = "Mozilla/5.0 (X11; Linux x86_64)"


def lines_of(head):
    """A request head that a backend saw: its line and its header lines by lower-case name."""
    first, *rest = head.decode("latin-1").strip().split("\r\n")
    return first, {line.split(": ", 1)[0].lower(): line.split(": ", 1)[1] for line in rest}


class Place:
    """The product's configuration in front of two recording backends."""

    def __init__(self, server, name, first=None, second=None):
        self.server = server
        self.first = server.backend(first or reply("first"))
        self.second = server.backend(second or reply("second"))
        server.write("public/index.html", "<p>start</p>")
        server.start((FILES / f"{name}.conf").read_text(), BACKEND=self.first.port,
                     SECOND=self.second.port)

    def seen(self, backend=None):
        """The last request that a backend saw."""
        return lines_of((backend or self.first).requests[-1][0])

    def get(self, path, **headers):
        return self.server.get(path, {name.replace("_", "-"): v for name, v in headers.items()})


@pytest.mark.parametrize("file", sorted(path.stem for path in FILES.glob("*.conf")))
def test_loads(server, file):
    server.write("proxy.inc", "proxy_http_version 1.1;\n")
    server.write("users", "")
    server.write("fastcgi.inc", "fastcgi_param SCRIPT_FILENAME $request_filename;\n")
    status, said = server.check((FILES / f"{file}.conf").read_text(), BACKEND=9, SECOND=9, PHP=9)
    assert status == 0, said
    assert "test is successful" in said


# --- mastodon ---

def test_mastodon_serves_assets_from_disk_and_the_rest_from_the_application(server):
    place = Place(server, "mastodon")
    server.write("public/packs/a.js", "js")
    asset = place.get("/packs/a.js", Host="social.example")
    assert (asset.status, asset.body) == (200, b"js")
    assert asset.header("Cache-Control") == "public, max-age=2419200, immutable"
    page = place.get("/about", Host="social.example", User_Agent=CHAT)
    assert (page.body, page.header("X-Cached")) == (b"first", "MISS")
    line, headers = place.seen()
    assert line == "GET /about HTTP/1.1"
    assert headers["host"] == "social.example"
    assert headers["x-forwarded-for"] == headers["x-real-ip"] == "127.0.0.1"
    assert headers["connection"] == "close"
    assert "proxy" not in headers


def test_mastodon_answers_the_second_time_from_its_cache(server):
    place = Place(server, "mastodon")
    assert [place.get("/about").header("X-Cached") for _ in range(3)] == ["MISS", "HIT", "HIT"]
    assert len(place.first.requests) == 1


def test_mastodon_streams_from_the_other_server(server):
    place = Place(server, "mastodon")
    assert place.get("/api/v1/streaming/public").body == b"second"


def test_mastodon_missing_asset_is_a_404_with_its_page(server):
    place = Place(server, "mastodon")
    server.write("public/500.html", "oops")
    response = place.get("/packs/none.js")
    assert (response.status, response.body) == (404, b"oops")


# --- nextcloud ---

def test_nextcloud_redirects_well_known_places(server):
    place = Place(server, "nextcloud")
    response = place.get("/.well-known/carddav", Host="cloud.example")
    assert response.status == 301
    assert response.header("Location") == f"http://cloud.example:{server.port}/remote.php/dav/"
    other = place.get("/.well-known/webfinger?resource=x", Host="cloud.example")
    assert other.header("Location").endswith("/index.php/.well-known/webfinger?resource=x")


def test_nextcloud_sends_dav_clients_elsewhere(server):
    place = Place(server, "nextcloud")
    assert place.get("/", User_Agent="DavClnt 1").status == 302
    assert place.get("/", User_Agent=CHAT).body == b"first"


@pytest.mark.parametrize("path", ["/config/x", "/data", "/.git/config", "/db_structure.xml"])
def test_nextcloud_hides(server, path):
    place = Place(server, "nextcloud")
    response = place.get(path)
    assert response.status == 404
    assert response.header("X-Frame-Options") == "SAMEORIGIN"


def test_nextcloud_marks_versioned_assets_as_immutable(server):
    place = Place(server, "nextcloud")
    server.write("public/a.css", "b{}")
    assert place.get("/a.css?v=1").header("Cache-Control") == "public, max-age=15778463, immutable"
    assert place.get("/a.css").header("Cache-Control") == "public, max-age=15778463"


# --- gitlab ---

def test_gitlab_takes_the_address_that_the_outer_proxy_names(server):
    place = Place(server, "gitlab")
    place.get("/users", Host="git.example", X_Real_IP="192.0.2.7")
    assert place.seen()[1]["x-real-ip"] == "192.0.2.7"
    assert place.seen()[1]["x-forwarded-for"] == "192.0.2.7"


def test_gitlab_keeps_tokens_out_of_its_log(server):
    place = Place(server, "gitlab")
    place.get("/x?private_token=secret&y=1", Host="git.example", Referer="http://a/?token=1")
    line = server.log_lines()[0]
    assert '"GET /x?private_token=[FILTERED]&y=1 HTTP/1.1" 200' in line
    assert '"http://a/"' in line


def test_gitlab_shows_its_own_page_when_the_application_is_away(server):
    place = Place(server, "gitlab")
    server.write("public/502.html", "away")
    place.first.answer = lambda head, body: None
    response = place.get("/")
    assert (response.status, response.body) == (502, b"away")
    assert place.get("/502.html").status == 404


def test_gitlab_lets_health_checks_in_by_address(server):
    place = Place(server, "gitlab")
    assert place.get("/-/health").body == b"first"
    assert place.get("/forbidden-health").status == 200  # return comes before access


# --- harbor ---

def test_harbor_spreads_paths_over_its_services(server):
    place = Place(server, "harbor")
    assert place.get("/").body == b"second"
    assert place.get("/v2/_catalog").body == b"first"
    assert place.seen()[0].startswith("GET /v2/_catalog ")
    assert place.get("/v1/search").status == 404
    assert place.get("/api/x").header("X-Frame-Options") == "DENY"
    assert place.seen()[1]["x-forwarded-proto"] == "http"


def test_harbor_streams_chunked_uploads(server):
    place = Place(server, "harbor")
    body = b"5\r\nhello\r\n0\r\n\r\n"
    with server.connect() as client:
        client.send(b"PUT /v2/a/blobs/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + body)
        assert client.response().status == 200
    assert place.first.requests[-1][1] == b"hello"


# --- minio ---

def test_minio_keeps_odd_paths_as_they_are(server):
    place = Place(server, "minio")
    place.get("/bucket/a%2Fb%20c/./d?x=%41", Host="store.example")
    assert place.seen()[0] == "GET /bucket/a%2Fb%20c/./d?x=%41 HTTP/1.1"


def test_minio_console_lives_below_a_path(server):
    place = Place(server, "minio")
    assert place.get("/ui/login?next=1").body == b"second"
    line, headers = place.seen(place.second)
    assert line == "GET /login?next=1 HTTP/1.1"
    assert headers["connection"] == "upgrade"


# --- grafana, jenkins ---

def test_grafana_loses_its_path_on_the_way(server):
    place = Place(server, "grafana")
    place.get("/grafana/d/abc?orgId=1")
    assert place.seen()[0].startswith("GET /d/abc?orgId=1 HTTP/1.")
    place.get("/grafana/api/live/ws")
    assert place.seen()[0] == "GET /api/live/ws HTTP/1.1"


def test_jenkins_takes_static_files_below_a_changing_folder(server):
    place = Place(server, "jenkins")
    server.write("public/userContent/a.txt", "mine")
    assert place.get("/static/0a1b2c3d/images/x.png", Host="builds.example").body == b"first"
    assert place.seen()[0] == "GET /images/x.png HTTP/1.1"
    assert place.get("/userContent/a.txt").body == b"mine"


def test_jenkins_redirects_are_mapped_back(server):
    place = Place(server, "jenkins", first=reply(
        "", "302 Found", [("Location", "http://builds/login")]))
    response = place.get("/x", Host="builds.example")
    assert response.header("Location") == f"http://builds.example:{server.port}/login"


# --- discourse ---

def test_discourse_hands_out_uploads_that_the_application_allows(server):
    place = Place(server, "discourse", first=reply(
        "", headers=[("X-Accel-Redirect", "/uploads/a.csv"), ("Content-Type", "text/csv")]))
    server.write("public/uploads/a.csv", "a;b")
    response = place.get("/secret.csv")
    assert (response.status, response.body) == (200, b"a;b")
    assert response.header("Content-Type") == "text/csv"
    assert place.get("/uploads/a.csv").status == 404


def test_discourse_caches_avatars_though_they_set_cookies(server):
    place = Place(server, "discourse", first=reply("pic", headers=[("Set-Cookie", "a=1")]))
    for _ in range(3):
        assert place.get("/letter_avatar/a/1.png").body == b"pic"
    assert len(place.first.requests) == 1


# --- auth_request, prometheus ---

def test_login_is_asked_first_and_its_words_travel_on(server):
    place = Place(server, "registry_auth", second=reply(
        "", "202 Accepted", [("X-Auth-Request-User", "ann"), ("Set-Cookie", "session=1")]))
    response = place.get("/page?x=1", Cookie="c=1")
    assert response.body == b"first"
    assert response.header("Set-Cookie") == "session=1"
    assert place.seen()[1]["x-user"] == "ann"
    line, headers = place.seen(place.second)
    assert line.startswith("GET /oauth2/auth HTTP/1.")
    assert headers["x-original-uri"] == "/page?x=1"
    assert headers["cookie"] == "c=1"
    assert "content-length" not in headers


def test_login_refused_becomes_a_redirect(server):
    place = Place(server, "registry_auth", second=reply("no", "401 Unauthorized"))
    response = place.get("/page")
    assert response.status == 302
    assert response.header("Location").endswith("/oauth2/start?rd=/page")
    assert place.first.requests == []


def test_prometheus_wants_a_password(server):
    place = Place(server, "prometheus")
    server.write("users", "ann:{PLAIN}secret\n")
    refused = place.get("/graph")
    assert refused.status == 401
    assert refused.header("WWW-Authenticate") == 'Basic realm="Prometheus"'
    assert place.get("/graph", Authorization="Basic YW5uOnNlY3JldA==").body == b"first"
    assert place.get("/-/healthy").body == b"first"
    assert place.get("/nginx_status").body.startswith(b"Active connections: ")


# --- odoo ---

def test_odoo_sends_long_polls_to_their_own_port(server):
    place = Place(server, "odoo")
    assert place.get("/longpolling/poll").body == b"second"
    assert place.get("/web").body == b"first"
    assert place.get("/web", User_Agent="HTTrack 3").status == 403


def test_odoo_adds_flags_to_its_cookie(server):
    place = Place(server, "odoo", first=reply("x", headers=[("Set-Cookie", "session_id=1; Path=/")]))
    assert "samesite=lax" in place.get("/web").header("Set-Cookie").lower()
    assert place.get("/web/static/a.js").header("Cache-Control") == "max-age=864000"


# --- front ends ---

def test_single_page_application_answers_every_path(server):
    place = Place(server, "single_page")
    server.write("public/app.js", "let a")
    page = place.get("/some/route")
    assert (page.status, page.body) == (200, b"<p>start</p>")
    assert page.header("Content-Type") == "text/html; charset=utf-8"
    assert page.header("Cache-Control") == "no-cache" or "no-store" in str(
        page.all("Cache-Control"))
    assert "public" in place.get("/app.js").all("Cache-Control")
    assert place.get("/.env").status == 403
    assert place.get("/api/users?a=b").body == b"first"
    assert place.seen()[0].startswith("GET /users?a=b HTTP/1.")


def test_single_page_application_turns_missing_data_into_json(server):
    place = Place(server, "single_page", first=reply("no", "404 Not Found"))
    response = place.get("/api/users/7")
    assert (response.status, response.body) == (404, b'{"error":"missing"}')
    assert response.header("Content-Type") == "application/json"


def test_cookie_chooses_the_version(server):
    place = Place(server, "blue_green")
    assert place.get("/", Cookie="version=green").body == b"second"
    response = place.get("/", Cookie="version=blue")
    assert (response.body, response.header("X-Version")) == (b"first", "blue")


def test_mirrored_requests_reach_both(server):
    place = Place(server, "blue_green")
    assert place.get("/mirrored/x?y=1").body == b"first"
    assert server.wait_for(lambda: place.second.requests)
    line, headers = place.seen(place.second)
    assert line.startswith("GET /mirrored/x?y=1 HTTP/1.")
    assert headers["x-mirror"] == "1"


def test_home_server_chooses_by_name(server):
    server.write("proxy.inc", "proxy_http_version 1.1;\nproxy_set_header Host $host;\n"
                 "proxy_set_header Upgrade $http_upgrade;\n"
                 "proxy_set_header Connection $connection_upgrade;\n")
    place = Place(server, "home")
    assert place.get("/a", Host="films.home.example").body == b"first"
    assert place.seen()[1]["x-service"] == "films"
    assert place.get("/state", Host="kitchen.lights.example").body == b"second"
    assert place.seen(place.second)[0] == "GET /hub/state HTTP/1.1"
    moved = place.get("/x", Host="www.home.example")
    assert moved.header("Location") == "http://home.example/x"
    assert server.raw(b"GET / HTTP/1.1\r\nHost: other\r\n\r\n") == b""


# --- wordpress ---

class Weblog(Place):
    """The weblog's files and its PHP pool, which tells what it was asked for."""

    def __init__(self, server, answer=None):
        self.server = server
        self.php = Application(answer or (lambda params, body: (
            f"Content-Type: text/html\r\n\r\n{params['SCRIPT_FILENAME']} "
            f"{params['QUERY_STRING']} {params.get('PATH_INFO', '')} ").encode() + body))
        for name in ("index.php", "wp-login.php", "wp-admin/edit.php", "wp-content/uploads/x.php"):
            server.write(f"public/{name}", "<?php")
        server.write("public/style.css", "b{}")
        server.write("fastcgi.inc", """fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param CONTENT_LENGTH $content_length;
            fastcgi_param REDIRECT_STATUS 200;
            """)
        server.start((FILES / "wordpress.conf").read_text(), PHP=self.php.port)


def test_wordpress_gives_pretty_addresses_to_its_index(server):
    place = Weblog(server)
    root = f"{server.folder}/public"
    assert place.get("/2024/05/hello/?page=2", Host="blog.example").text.startswith(
        f"{root}/index.php page=2")
    assert place.get("/wp-admin/edit.php/more?x=1").text.startswith(
        f"{root}/wp-admin/edit.php x=1 /more")
    assert place.get("/", Cookie="wordpress_logged_in_1=x").header("X-Member") == "1"


def test_wordpress_takes_uploads_as_they_come(server):
    place = Weblog(server)
    response = server.request("POST", "/wp-admin/edit.php", body=b"b" * 300000)
    assert response.body.endswith(b"b" * 300000)
    assert place.php.requests[0][0]["CONTENT_LENGTH"] == "300000"


@pytest.mark.parametrize("path, status", [
    ("/wp-content/uploads/x.php", 403), ("/.htaccess", 403), ("/xmlrpc.php", 403),
    ("/wp-config.php", 404), ("/none.php", 404), ("/style.css", 200), ("/favicon.ico", 404),
    ("/wp-admin", 301)])
def test_wordpress_keeps_to_itself(server, path, status):
    place = Weblog(server)
    assert place.get(path).status == status
    assert place.php.requests == []


def test_wordpress_slows_guesses_of_passwords_down(server):
    place = Weblog(server)
    assert [place.get("/wp-login.php").status for _ in range(5)] == [200, 200, 200, 429, 429]


def test_wordpress_answers_for_the_other_name_with_a_redirect(server):
    place = Weblog(server)
    moved = place.get("/a?b=c", Host="www.blog.example")
    assert (moved.status, moved.header("Location")) == (301, "http://blog.example/a?b=c")


# --- keycloak ---

def test_keycloak_publishes_what_its_guide_says(server):
    place = Place(server, "keycloak", first=reply("in", headers=[("Set-Cookie", "s=1; Path=/")]))
    page = place.get("/realms/house/login", Host="login.example", Cookie="t=" + "x" * 20000)
    assert page.body == b"in"
    assert page.header("Set-Cookie") == "s=1; Path=/; Secure; HttpOnly; SameSite=None"
    _, headers = place.seen()
    assert headers["x-forwarded-host"] == headers["host"] == "login.example"
    assert headers["x-forwarded-port"] == str(server.port) and "connection" not in headers
    found = {path: place.get(path).status for path in (
        "/admin/master/console", "/realms/master/x", "/metrics", "/health", "/welcome", "/")}
    assert found == {"/admin/master/console": 200, "/realms/master/x": 403, "/metrics": 403,
                     "/health": 403, "/welcome": 404, "/": 302}


# --- matrix ---

def test_matrix_tells_where_it_is_and_sends_syncs_to_their_worker(server):
    place = Place(server, "matrix")
    where = place.get("/.well-known/matrix/client")
    assert where.header("Content-Type") == "application/json"
    assert where.header("Access-Control-Allow-Origin") == "*"
    assert place.get("/_matrix/client/v3/sync?since=1", Authorization="x").body == b"second"
    assert place.get("/_matrix/federation/v1/version", Host="chat.example").body == b"first"
    assert place.seen()[1]["host"] == f"chat.example:{server.port}"
    assert place.get("/_synapse/admin/v1").status == 403
    room = place.get("/room")
    assert room.body == b"<p>start</p>" and room.header("X-Frame-Options") == "SAMEORIGIN"


# --- a store of packages ---

def test_repository_serves_packages_and_images(server):
    place = Place(server, "repository", first=reply(
        "x", "201 Created", headers=[("X-Frame-Options", "DENY")]))
    image = place.get("/v2/library/manifests/1", User_Agent="docker/24.0")
    assert image.body == b"second" and place.seen(place.second)[1]["x-kind"] == "v2"
    assert image.header("Docker-Distribution-Api-Version") == "registry/2.0"
    assert image.header("Keep-Alive") == "timeout=5"
    assert place.get("/v2/", User_Agent="docker/1.4").status == 404
    stored = server.request("PUT", "/repository/raw/a", body=b"a" * 100000)
    assert stored.status == 201 and stored.header("X-Frame-Options") is None
    assert server.request("DELETE", "/repository/raw/a").status == 403
    assert server.wait_for(lambda: any('"PUT /repository/raw/a' in line
                                       for line in server.log_lines(3)))


def test_repository_redirects_are_mapped_back(server):
    place = Place(server, "repository")
    place.first.answer = lambda head, body: reply("", "302 Found", headers=[
        ("Location", f"http://127.0.0.1:{place.first.port}/repository/new")])
    assert place.get("/repository/old").header("Location") == (
        f"http://localhost:{server.port}/repository/new")
