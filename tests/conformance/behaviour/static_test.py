"""Files: root, alias, index, types, symbolic links, connections."""

import os
import socket
import struct
import time

import pytest
from marks import baton_only


def serve(server, settings="", http="", files=None):
    for path, content in (files or {"a.txt": "text"}).items():
        server.write(f"html/{path}", content)
    server.start(f"""types {{ text/html html htm; text/plain txt; image/png png; }}
        default_type application/octet-stream; {http}
        server {{ listen 127.0.0.1:PORT; root FOLDER/html; {settings} }}""")


def test_a_file_has_type_length_and_validators(server):
    serve(server)
    response = server.get("/a.txt")
    assert response.text == "text" and response.header("Content-Type") == "text/plain"
    modified = int((server.folder / "html/a.txt").stat().st_mtime)
    assert response.header("ETag") == f'"{modified:x}-4"'
    assert response.header("Last-Modified") == time.strftime(
        "%a, %d %b %Y %H:%M:%S GMT", time.gmtime(modified))


def test_an_empty_file_is_an_empty_response(server):
    serve(server, files={"empty.txt": ""})
    response = server.get("/empty.txt")
    assert response.status == 200 and response.header("Content-Length") == "0"


def test_a_large_file_comes_whole(server):
    content = os.urandom(1 << 20) * 9
    serve(server, "sendfile on; tcp_nopush on;", files={"big": content})
    assert server.get("/big").body == content


def test_what_is_missing_is_404_and_logged(server):
    serve(server, "location /quiet/ { log_not_found off; }")
    assert server.get("/none.txt").status == 404
    assert server.get("/quiet/none.txt").status == 404
    assert (f'open() "{server.folder}/html/none.txt" failed (2: No such file or directory)'
            in server.error_log())
    assert "quiet/none.txt\" failed" not in server.error_log()


def test_what_is_not_a_file_is_not_served(server):
    serve(server)
    os.mkfifo(server.folder / "html/pipe")
    assert server.get("/pipe").status == 404
    assert f'"{server.folder}/html/pipe" is not a regular file' in server.error_log()


def test_a_folder_without_slash_is_redirected(server):
    serve(server, files={"dir/a.txt": "x", "d i/a.txt": "x"})
    response = server.get("/dir?a=b")
    assert response.status == 301
    assert response.header("Location") == f"http://localhost:{server.port}/dir/?a=b"
    assert server.get("/d%20i").header("Location") == f"http://localhost:{server.port}/d%20i/"


def test_other_methods_are_not_allowed(server):
    serve(server)
    for method, status in (("POST", 405), ("PUT", 405), ("DELETE", 405), ("OPTIONS", 405)):
        assert server.request(method, "/a.txt", body=b"x").status == status, method


def test_index_takes_the_first_that_is_there(server):
    serve(server, "index none.html $arg_name.txt index.htm;",
          files={"index.htm": "htm", "other.txt": "other"})
    assert server.get("/").text == "htm"
    assert server.get("/?name=other").text == "other"


def test_an_index_goes_through_the_locations_again(server):
    serve(server, "index index.php; location ~ php$ { return 200 script; }",
          files={"index.php": "source"})
    assert server.get("/").text == "script"


def test_an_absolute_last_index_is_a_fallback(server):
    serve(server, "index index.html /fall/back.html;", files={"fall/back.html": "back", "x/y": ""})
    assert server.get("/x/").text == "back"


def test_alias_replaces_the_prefix(server):
    serve(server, """location /i/ { alias FOLDER/html/img/; }
        location ~ ^/u/(.+)\\.(.+)$ { alias FOLDER/html/img/$1.$2; }""", files={"img/a.png": "png"})
    assert server.get("/i/a.png").text == "png" and server.get("/u/a.png").text == "png"


def test_root_with_variables(server):
    serve(server, "location / { root FOLDER/html/$arg_site; }", files={"one/a.txt": "1", "two/a.txt": "2"})
    assert server.get("/a.txt?site=two").text == "2"
    assert server.get("/a.txt?site=one").text == "1"


def test_types_go_by_the_extension_in_any_case(server):
    serve(server, "location /none/ { types { } default_type x/y; }",
          files={"A.TXT": "x", "b.unknown": "x", "c": "x", "none/d.txt": "x", "e.tar.png": "x"})
    found = {path: server.get(path).header("Content-Type")
             for path in ("/A.TXT", "/b.unknown", "/c", "/none/d.txt", "/e.tar.png")}
    assert found == {"/A.TXT": "text/plain", "/b.unknown": "application/octet-stream",
                     "/c": "application/octet-stream", "/none/d.txt": "x/y",
                     "/e.tar.png": "image/png"}


def links(server):
    server.write("html/real/f.txt", "file")
    server.write("html/linked.txt", "file")
    html = server.folder / "html"
    os.symlink("linked.txt", html / "link.txt")
    os.symlink("real", html / "linked")


def test_symbolic_links_may_be_refused(server):
    links(server)
    serve(server, "disable_symlinks on from=FOLDER/html;")
    assert server.get("/a.txt").status == 200 and server.get("/real/f.txt").status == 200
    assert server.get("/link.txt").status == 403
    assert server.get("/linked/f.txt").status in (403, 404)
    assert "failed (40: Too many levels of symbolic links)" in server.error_log()


def test_symbolic_links_are_followed_unless_refused(server):
    links(server)
    serve(server, "location /off/ { disable_symlinks off; alias FOLDER/html/; }")
    assert server.get("/link.txt").text == "file"
    assert server.get("/off/linked/f.txt").text == "file"


def test_links_to_what_their_owner_owns_may_be_followed(server):
    links(server)
    foreign = server.write("html/foreign.txt", "foreign")
    os.chown(foreign, 65534, 65534)
    os.symlink("foreign.txt", server.folder / "html/stolen.txt")
    serve(server, "disable_symlinks if_not_owner from=FOLDER/html;")
    assert server.get("/link.txt").text == "file" and server.get("/linked/f.txt").text == "file"
    assert server.get("/stolen.txt").status == 403


@pytest.mark.parametrize("directive,message", [
    ("disable_symlinks maybe;", 'invalid parameter "maybe"'),
    ("disable_symlinks from=/a;",
     '"disable_symlinks" must have "off", "on" or "if_not_owner" parameter'),
    ("disable_symlinks on off;", 'duplicate parameters "on off"'),
    ("disable_symlinks off from=/a;", '"from=" cannot be used with "off" parameter'),
])
def test_disable_symlinks_is_checked_in_nginx_words(server, directive, message):
    status, output = server.check(f"server {{ listen 127.0.0.1:PORT; {directive} }}")
    assert status == 1 and message in output


def test_a_file_that_may_not_be_read_is_forbidden(server):
    server.write("html/secret.txt", "x", mode=0o000)
    os.chmod(server.folder, 0o755)
    server.start("server { listen 127.0.0.1:PORT; root FOLDER/html; }", main="user nobody nogroup;")
    assert server.get("/secret.txt").status == 403
    assert "failed (13: Permission denied)" in server.error_log()


def test_keepalive_disable_is_for_those_browsers(server):
    serve(server, "location /s/ { keepalive_disable safari; alias FOLDER/html/; }"
                  "location /n/ { keepalive_disable none; alias FOLDER/html/; }")
    safari = {"User-Agent": "Mozilla/5.0 (Macintosh; Mac OS X 10) Version/9 Safari/600"}
    msie = {"User-Agent": "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.0)"}
    assert server.get("/s/a.txt", safari).header("Connection") == "close"
    assert server.get("/a.txt", safari).header("Connection") == "keep-alive"
    assert server.request("POST", "/a.txt", msie, b"x").header("Connection") == "close"
    assert server.request("POST", "/n/a.txt", msie, b"x").header("Connection") == "keep-alive"
    assert server.get("/a.txt", msie).header("Connection") == "keep-alive"


def test_keepalive_time_bounds_a_connections_life(server):
    serve(server, "keepalive_time 300ms;")
    with server.connect() as client:
        assert client.request("GET", "/a.txt").header("Connection") == "keep-alive"
        time.sleep(0.5)
        assert client.request("GET", "/a.txt").header("Connection") == "close"
        assert client.ended()


def test_keepalive_timeout_is_that_of_the_last_requests_location(server):
    serve(server, "keepalive_timeout 400ms;"
                  "location /long/ { keepalive_timeout 9s; alias FOLDER/html/; }"
                  "location /none/ { keepalive_timeout 0; alias FOLDER/html/; }")
    with server.connect() as short, server.connect() as long:
        assert short.request("GET", "/a.txt").header("Connection") == "keep-alive"
        assert long.request("GET", "/long/a.txt").header("Connection") == "keep-alive"
        assert short.ended(3.0)
        assert long.request("GET", "/a.txt").status == 200
        assert long.ended(3.0)
    assert server.get("/none/a.txt").header("Connection") == "close"


def test_reset_timedout_connection_resets_a_client_that_does_not_read(server):
    serve(server, "send_timeout 1; reset_timedout_connection on;",
          files={"big": bytes(20 << 20)})
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", server.port))
    client.sendall(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
    assert server.wait_for(lambda: _is_reset(client), 6)
    client.close()


def _is_reset(client):
    """The kernel has dropped the connection: state 7 is CLOSE."""
    return struct.unpack("B", client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1))[0] == 7


def test_a_client_that_stops_reading_is_given_up(server):
    serve(server, "send_timeout 1;", files={"big": bytes(20 << 20)})
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", server.port))
    client.sendall(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
    assert server.wait_for(lambda: "client timed out" in server.error_log(), 5)
    client.close()


def test_symbolic_links_are_refused_wherever_files_are_looked_for(server):
    server.write("html/a/real.html", "real")
    for name in ("link", "dirlink"):
        os.symlink("real.html" if name == "link" else "a", server.folder / "html/a" / name)
    server.start("""server { listen 127.0.0.1:PORT; root FOLDER/html; disable_symlinks on;
        location /try/ { alias FOLDER/html/a/; try_files link real.html =404; }
        location /if/ { alias FOLDER/html/a/; if (-f $request_filename) { return 204; } }
        location /up/ { alias FOLDER/html/./a/../a/; } }""")
    assert server.get("/a/link").status == 403
    assert server.get("/try/x").text == "real"
    assert server.get("/if/real.html").status == 204
    assert server.get("/if/link").status == 403
    assert server.get("/up/real.html").text == "real"
