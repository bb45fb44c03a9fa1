"""X-Accel-Redirect: which targets it may name, and what the request becomes there."""

from server import reply


def serve(server, target, headers=(), location="", status="200 OK"):
    server.write("html/files/secret.txt", "secret")
    backend = server.backend(reply("not this", status, [("X-Accel-Redirect", target), *headers]))
    server.start("""default_type application/octet-stream; types { text/plain txt; }
        server { listen 127.0.0.1:PORT; root FOLDER/html;
        location / { proxy_pass http://127.0.0.1:BACKEND; LOCATION }
        location /files/ { internal; }
        location /echo { internal; return 200 "$uri $args $request_method $upstream_http_x_extra"; }
        location @named { return 200 "named $uri"; } }""", BACKEND=backend.port, LOCATION=location)
    return backend


def test_the_uri_may_have_arguments_and_is_decoded(server):
    serve(server, "/echo/a%20b?x=1", [("X-Extra", "extra")])
    assert server.get("/ask?y=2").text == "/echo/a b x=1 GET extra"


def test_a_range_of_the_file_may_be_asked_for(server):
    serve(server, "/files/secret.txt")
    response = server.get("/ask", {"Range": "bytes=1-2"})
    assert (response.status, response.text) == (206, "ec")


def test_the_status_of_the_server_does_not_matter(server):
    serve(server, "/files/secret.txt", status="404 Not Found")
    assert server.get("/ask").status == 200


def test_a_path_that_climbs_is_not_found(server):
    serve(server, "/files/../../etc/passwd")
    assert server.get("/ask").status == 404
