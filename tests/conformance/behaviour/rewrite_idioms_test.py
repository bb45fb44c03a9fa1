"""What real configurations do with the rewrite module, map and try_files."""

from server import reply


def serve(server, body, http="", **values):
    server.start(http + "server { listen 127.0.0.1:PORT; root FOLDER/html; " + body + " }", **values)


def test_front_controller(server):
    backend = server.backend(lambda head, body: reply(head.split(b" ")[1]))
    server.write("html/style.css", "css")
    server.write("html/index.php", "")
    serve(server, "index index.php; location / { try_files $uri $uri/ /index.php?q=$uri&$args; } "
                  r"location ~ \.php$ { proxy_pass http://127.0.0.1:B; }", B=backend.port)
    assert server.get("/style.css").text == "css"
    assert server.get("/blog/post?x=1").text == "/index.php?q=/blog/post&x=1"
    assert server.get("/").text == "/index.php"


def test_maintenance_page_by_a_file(server):
    server.write("html/maintenance.html", "back soon")
    serve(server, "if (-f $document_root/down) { return 503; } error_page 503 @maintenance; "
                  "location @maintenance { rewrite ^(.*)$ /maintenance.html break; } "
                  "location / { return 200 up; }")
    assert server.get("/x").text == "up"
    server.write("html/down")
    response = server.get("/x")
    assert (response.status, response.text) == (503, "back soon")


def test_preflight_answers(server):
    backend = server.backend()
    serve(server, "location /api/ { if ($request_method = OPTIONS) { "
                  "add_header Access-Control-Allow-Methods 'GET, POST'; "
                  "add_header Content-Length 0; return 204; } "
                  "proxy_pass http://127.0.0.1:B; }", B=backend.port)
    response = server.request("OPTIONS", "/api/x")
    assert response.status == 204
    assert response.header("Access-Control-Allow-Methods") == "GET, POST"
    assert server.get("/api/x").text == "ok"
    assert len(backend.requests) == 1


def test_two_conditions_at_once(server):
    serve(server, 'set $both ""; if ($arg_a) { set $both "${both}A"; } '
                  'if ($arg_b) { set $both "${both}B"; } if ($both = AB) { return 403; } '
                  "location / { return 200 ok; }")
    assert server.get("/?a=1&b=1").status == 403
    assert server.get("/?a=1").text == "ok"
    assert server.get("/?b=1").text == "ok"


def test_https_is_asked_for_behind_a_balancer(server):
    serve(server, "if ($http_x_forwarded_proto = http) { return 301 https://$host$request_uri; } "
                  "location / { return 200 ok; }")
    response = server.get("/a?b=c", {"X-Forwarded-Proto": "http", "Host": "site.test"})
    assert response.header("Location") == "https://site.test/a?b=c"
    assert server.get("/", {"X-Forwarded-Proto": "https"}).text == "ok"


def test_names_without_www(server):
    server.start(r"server { listen 127.0.0.1:PORT; server_name ~^www\.(?<domain>.+)$; "
                 "return 301 $scheme://$domain$request_uri; } "
                 "server { listen 127.0.0.1:PORT default_server; return 200 $host; }")
    response = server.get("/x?y", {"Host": "www.site.test"})
    assert (response.status, response.header("Location")) == (301, "http://site.test/x?y")
    assert server.get("/", {"Host": "site.test"}).text == "site.test"


def test_slash_at_the_end_is_taken_off(server):
    serve(server, "rewrite ^/(.+)/$ /$1 permanent; location / { return 200 $uri; }")
    response = server.get("/a/b/?c=d")
    assert response.header("Location") == f"http://localhost:{server.port}/a/b?c=d"
    assert server.get("/").text == "/"


def test_versions_in_the_path_go_to_the_backend(server):
    backend = server.backend()
    serve(server, r"location ~ ^/api/v(?<version>\d+)/(?<rest>.*)$ { "
                  "proxy_set_header X-Version $version; rewrite ^ /$rest break; "
                  "proxy_pass http://127.0.0.1:B; }", B=backend.port)
    server.get("/api/v2/users/1?full=1")
    assert backend.lines()[0].startswith("GET /users/1?full=1 ")
    assert b"\r\nX-Version: 2\r\n" in backend.requests[0][0]


def test_backend_by_cookie(server):
    blue, green = server.backend(reply("blue")), server.backend(reply("green"))
    serve(server, "location / { proxy_pass http://$pool; }",
          "upstream blue { server 127.0.0.1:BLUE; } upstream green { server 127.0.0.1:GREEN; } "
          "map $cookie_pool $pool { default blue; green green; } ",
          BLUE=blue.port, GREEN=green.port)
    assert server.get("/").text == "blue"
    assert server.get("/", {"Cookie": "pool=green"}).text == "green"


def test_bad_robots_and_good_ones(server):
    serve(server, "if ($bad) { return 403; } location / { return 200 ok; }",
          'map $http_user_agent $bad { default 0; "~*(curlish|scan)bot" 1; "~*goodbot" 0; "" 1; } ')
    assert server.get("/", {"User-Agent": "ScanBot/1"}).status == 403
    assert server.get("/", {"User-Agent": "GoodBot"}).text == "ok"
    assert server.get("/").status == 403


def test_old_pages_move_by_a_table(server):
    server.write("moves", "/old.html /new.html;\n~^/shop/(?<item>\\d+)$ /items/$item;\n")
    serve(server, "if ($moved) { rewrite ^ $moved permanent; } location / { return 200 here; }",
          "map $uri $moved { include FOLDER/moves; } ")
    base = f"http://localhost:{server.port}"
    assert server.get("/old.html?a=b").header("Location") == base + "/new.html?a=b"
    assert server.get("/shop/17").header("Location") == base + "/items/17"
    assert server.get("/other").text == "here"


def test_uploads_by_method(server):
    backend = server.backend()
    serve(server, "error_page 418 = @write; recursive_error_pages on; location / { "
                  "if ($request_method = POST) { return 418; } root FOLDER/html; } "
                  "location @write { proxy_pass http://127.0.0.1:B; }", B=backend.port)
    server.write("html/x", "read")
    assert server.get("/x").text == "read"
    assert server.request("POST", "/x", body=b"data").text == "ok"
    assert backend.requests[0][1] == b"data"
