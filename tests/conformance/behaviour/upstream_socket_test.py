"""What is asked of the sockets to upstream servers."""

import time

from raw_backend import RawBackend


def timers_to(port):
    """The timers (proc(5), tcp: 2 is keepalive) of connections to a port of this machine."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return [row[5].split(":")[0] for row in rows if row[2].endswith(f":{port:04X}")]


def while_waiting(server, setting, look):
    """Gives what `look(port)` sees while a request waits for its answer."""
    seen = []

    def serve(connection, _):
        time.sleep(0.3)
        seen.append(look(backend.port))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    backend = RawBackend(serve)
    server.start("server { listen 127.0.0.1:PORT; location / { proxy_pass http://127.0.0.1:B; "
                 + setting + " } }", B=backend.port)
    assert server.get("/").text == "ok"
    return seen[0]


def test_keepalive_probes_are_off_by_default(server):
    assert "02" not in while_waiting(server, "", timers_to)


def test_keepalive_probes_are_asked_for(server):
    assert "02" in while_waiting(server, "proxy_socket_keepalive on;", timers_to)


def test_log_names_the_socket_that_is_not_there(server):
    server.start("""server { listen 127.0.0.1:PORT;
        location / { proxy_pass http://unix:FOLDER/none.sock; } }""")
    assert server.get("/").status == 502
    path = server.folder / "none.sock"
    assert "[crit] " in server.error_log()
    assert f"connect() to unix:{path} failed (2: No such file or directory)" in server.error_log()
