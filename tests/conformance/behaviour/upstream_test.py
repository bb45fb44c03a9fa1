"""Upstream groups: who gets a request and who does not, sessions, limits, failures and their log
lines. The order of picks is held against nginx in upstream_order_test.py."""

import hashlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time

from marks import baton_only
from server import Client, free_port, parallel, reply

LOCATION = "location / { proxy_pass http://u; %s }"
SERVER = "server { listen 127.0.0.1:PORT; " + LOCATION + " }"


def named(letter):
    return lambda _head, _body: reply(letter)


def group_of(server, text, extra="", http="", **answers):
    """Starts with `upstream u { text }`; A, B, C in it are backends that say their letter."""
    ports = {letter: f"127.0.0.1:{server.backend(answers.get(letter, named(letter))).port}"
             for letter in "ABC"}
    ports["DEAD"] = f"127.0.0.1:{free_port()}"
    server.start(f"{http} upstream u {{ {text} }} {SERVER % extra}", **ports)
    return ports


def letters(server, count, path="/", **options):
    return "".join(server.get(path, **options).text for _ in range(count))


# --- servers ---

def test_requests_alternate_between_two_servers(server):
    group_of(server, "server A; server B;")
    assert letters(server, 6) == "ABABAB"


def test_a_unix_socket_stands_in_a_group_like_any_other(server):
    path = server.folder / "app.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    path.chmod(0o777)
    listener.listen()

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nU")
            connection.close()

    threading.Thread(target=serve, daemon=True).start()
    group_of(server, "server A; server unix:FOLDER/app.sock;",
             'add_header X-Upstream $upstream_addr;')
    assert letters(server, 4) == "AUAU"
    assert server.get("/").text == "A"
    assert server.get("/").header("X-Upstream") == f"unix:{path}"
    listener.close()


def test_a_backup_serves_only_when_the_others_are_out(server):
    group_of(server, "server A; server DEAD; server B backup;")
    assert set(letters(server, 6)) == {"A"}


def test_backups_take_over(server):
    group_of(server, "server DEAD; server B backup;")
    assert letters(server, 3) == "BBB"


def test_a_failed_server_is_told_once_and_left_alone(server):
    group_of(server, "server A; server DEAD;", "add_header X-Upstream $upstream_addr;")
    assert letters(server, 8) == "A" * 8
    log = server.error_log()
    assert log.count("connect() failed (111: Connection refused) while connecting to upstream") == 1
    assert log.count("upstream server temporarily disabled while connecting to upstream") == 1


def test_no_live_upstreams(server):
    group_of(server, "server DEAD; server DEAD;",
             'add_header X-Upstream "$upstream_addr|$upstream_status" always;')
    first = server.get("/")
    assert first.status == 502
    second = server.get("/")
    assert second.status == 502
    assert second.header("X-Upstream") == "u|502"
    assert 'no live upstreams while connecting to upstream' in server.error_log()
    assert 'upstream: "http://u/"' in server.error_log()


def test_upstream_variables_of_a_retry_are_joined_by_commas(server):
    ports = group_of(server, "server DEAD; server B;",
                     'add_header X-Upstream "$upstream_addr|$upstream_status";')
    assert server.get("/").header("X-Upstream") == f"{ports['DEAD']}, {ports['B']}|502, 200"


def test_an_internal_redirect_puts_a_colon_between_groups(server):
    first = server.backend(lambda h, b: reply("no", status="404 Not Found")).port
    second = server.backend(named("yes")).port
    server.start("upstream one { server 127.0.0.1:ONE; } upstream two { server 127.0.0.1:TWO; }"
                 "server { listen 127.0.0.1:PORT; proxy_intercept_errors on; error_page 404 = @other;"
                 "location / { proxy_pass http://one; }"
                 "location @other { proxy_pass http://two;"
                 'add_header X-Upstream "$upstream_addr|$upstream_status"; } }',
                 ONE=first, TWO=second)
    response = server.get("/")
    assert response.text == "yes"
    assert response.header("X-Upstream") == \
        f"127.0.0.1:{first} : 127.0.0.1:{second}|404 : 200"


def test_a_status_that_is_tried_elsewhere_counts_as_a_failure(server):
    group_of(server, "server A; server B;", "proxy_next_upstream http_500;",
             A=lambda h, b: reply("x", status="500 Bad"))
    assert letters(server, 4) == "BBBB"
    assert server.error_log().count("upstream server temporarily disabled") == 1


def test_a_404_that_is_tried_elsewhere_is_no_failure(server):
    group_of(server, "server A; server B;", "proxy_next_upstream http_404;",
             A=lambda h, b: reply("x", status="404 Not Found"))
    assert letters(server, 4) == "BBBB"
    assert "temporarily disabled" not in server.error_log()


def test_the_last_answer_is_passed_on_when_all_were_tried(server):
    group_of(server, "server A; server B;", "proxy_next_upstream http_500;",
             A=lambda h, b: reply("x", status="500 Bad"),
             B=lambda h, b: reply("y", status="500 Bad"))
    response = server.get("/")
    assert (response.status, response.text) == (500, "y")


def test_a_single_server_is_never_given_up(server):
    group_of(server, "server DEAD;")
    for _ in range(3):
        assert server.get("/").status == 502
    assert server.error_log().count("connect() failed") == 3
    assert "temporarily disabled" not in server.error_log()


def test_max_conns_refuses_what_is_too_much(server):
    gate = threading.Event()

    def hold(head, _body):
        if b"/hold" in head:
            gate.wait(10)
        return reply("A")

    group_of(server, "server A max_conns=1;", A=hold)
    with server.connect() as client:
        client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
        assert server.wait_for(lambda: server.backends[0].requests)
        assert server.get("/").status == 502
        assert "no live upstreams" in server.error_log()
        gate.set()
        assert client.response().text == "A"
    assert server.get("/").text == "A"


@baton_only("nginx forgets it: the response had begun")
def test_a_server_that_dies_in_the_middle_of_a_body_counts_as_failed(server):
    listener = socket.create_server(("127.0.0.1", 0))

    def die():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            connection.close()

    threading.Thread(target=die, daemon=True).start()
    group_of(server, f"server 127.0.0.1:{listener.getsockname()[1]}; server B;")
    assert server.raw(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").endswith(b"\r\n\r\nhalf")
    assert letters(server, 4) == "BBBB"
    log = server.error_log()
    assert "upstream prematurely closed connection while reading upstream" in log
    assert log.count("upstream server temporarily disabled while reading upstream") == 1
    listener.close()


@baton_only("nginx's workers count each for itself")
def test_threads_count_as_if_they_were_one(server):
    ports = {x: f"127.0.0.1:{server.backend(named(x)).port}" for x in "ABC"}
    server.start("upstream u { server A weight=3; server B weight=2; server C; }" + SERVER % "",
                 main="worker_processes 3;", **ports)
    seen = "".join(parallel(4, lambda _: letters(server, 60)))
    assert [seen.count(x) for x in "ABC"] == [120, 80, 40]


# --- methods ---

def test_least_conn_leaves_a_busy_server_alone(server):
    gate = threading.Event()

    def hold(head, _body):
        if b"/hold" in head:
            gate.wait(10)
        return reply("A")

    group_of(server, "least_conn; server A; server B;", A=hold)
    with server.connect() as client:
        client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
        assert server.wait_for(lambda: server.backends[0].requests)
        assert letters(server, 4) == "BBBB"
        gate.set()
        client.response()


def test_random_uses_all_servers(server):
    group_of(server, "random; server A; server B weight=3;")
    seen = letters(server, 60)
    assert 3 <= seen.count("A") <= 30


def test_random_two_avoids_the_busy_one(server):
    gate = threading.Event()

    def hold(head, _body):
        if b"/hold" in head:
            gate.wait(10)
        return reply("A")

    group_of(server, "random two least_conn; server A; server B;", A=hold, B=lambda h, b: (
        gate.wait(10) if b"/hold" in h else None, reply("B"))[1])
    with server.connect() as client:
        client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
        assert server.wait_for(lambda: server.backends[0].requests or server.backends[1].requests)
        busy = "A" if server.backends[0].requests else "B"
        assert busy not in letters(server, 10)
        gate.set()
        client.response()


def test_hash_keeps_a_key_with_its_server(server):
    group_of(server, "hash $arg_k consistent; server A; server B; server C;")
    for key in "abcdef":
        assert len(set(letters(server, 3, f"/?k={key}"))) == 1


@baton_only("commercial before 1.31")
def test_least_time_prefers_the_quicker_server(server):
    def slow(_head, _body):
        time.sleep(0.05)
        return reply("A")

    group_of(server, "least_time header; server A; server B;", A=slow)
    letters(server, 2)
    assert letters(server, 6).count("B") >= 5


# --- sessions ---

def md5(address):
    return hashlib.md5(address.encode()).hexdigest()


@baton_only("since nginx 1.29.6")
def test_a_sticky_cookie_names_the_server(server):
    ports = group_of(server, "sticky cookie srv; server A; server B;")
    response = server.get("/")
    assert response.text == "A"
    assert response.header("Set-Cookie") == f"srv={md5(ports['A'])}"
    cookie = {"Cookie": f"x=1; srv={md5(ports['B'])}"}
    assert letters(server, 4, headers=cookie) == "BBBB"
    assert server.get("/", cookie).header("Set-Cookie") == f"srv={md5(ports['B'])}"


@baton_only("since nginx 1.29.6")
def test_a_sticky_cookie_has_its_attributes_in_nginx_s_order(server):
    group_of(server, "sticky cookie srv expires=1h domain=.$host path=/app httponly secure "
                     "samesite=lax; server A route=a; server B route=b;")
    value = server.get("/", {"Host": "x.example"}).header("Set-Cookie")
    first, expires, *rest = value.split("; ")
    assert first == "srv=a"
    assert re.fullmatch(r"expires=\w{3}, \d\d-\w{3}-\d\d \d\d:\d\d:\d\d GMT", expires)
    assert rest == ["max-age=3600", "domain=.x.example", "httponly", "secure", "samesite=lax",
                    "path=/app"]


@baton_only("since nginx 1.29.6")
def test_a_sticky_cookie_for_ever(server):
    group_of(server, "sticky cookie srv expires=max; server A route=a;")
    assert server.get("/").header("Set-Cookie") == "srv=a; expires=Thu, 31-Dec-37 23:55:55 GMT"


@baton_only("since nginx 1.29.6")
def test_a_session_of_a_server_that_is_out_moves_to_another(server):
    group_of(server, "sticky cookie srv; server A route=a; server DEAD route=d;")
    response = server.get("/", {"Cookie": "srv=d"})
    assert response.text == "A"
    assert response.header("Set-Cookie") == "srv=a"


@baton_only("since nginx 1.29.6")
def test_sticky_route_takes_the_first_variable_that_is_not_empty(server):
    group_of(server, "sticky route $cookie_r $arg_r; server A route=a; server B route=b;")
    assert letters(server, 3, "/?r=b") == "BBB"
    assert letters(server, 3, "/?r=b", headers={"Cookie": "r=a"}) == "AAA"
    assert sorted(letters(server, 2, "/?r=nobody")) == ["A", "B"]


@baton_only("since nginx 1.29.6")
def test_a_draining_server_gets_its_sessions_and_nobody_new(server):
    group_of(server, "sticky cookie srv; server A route=a drain; server B route=b;")
    assert letters(server, 3) == "BBB"
    assert letters(server, 3, headers={"Cookie": "srv=a"}) == "AAA"


def learning(letter):
    """A backend that begins a session for who has none."""
    def answer(head, _body):
        lines = [] if b"sid=" in head else [("Set-Cookie", f"sid=of-{letter}; Path=/")]
        return reply(letter, headers=lines)
    return answer


LEARN = ("sticky learn create=$upstream_cookie_sid lookup=$cookie_sid zone=sessions:64k %s;"
         "server A; server B;")


@baton_only("since nginx 1.29.6")
def test_sticky_learn_follows_the_sessions_that_servers_begin(server):
    group_of(server, LEARN % "", A=learning("A"), B=learning("B"))
    assert letters(server, 2) == "AB"
    assert letters(server, 4, headers={"Cookie": "sid=of-B"}) == "BBBB"
    assert letters(server, 3, headers={"Cookie": "sid=of-A"}) == "AAA"
    assert sorted(letters(server, 2, headers={"Cookie": "sid=unknown"})) == ["A", "B"]


@baton_only("since nginx 1.29.6")
def test_a_learned_session_outlives_a_reload(server):
    group_of(server, LEARN % "header", A=learning("A"), B=learning("B"))
    assert letters(server, 2) == "AB"
    server.reload()
    assert letters(server, 3, headers={"Cookie": "sid=of-B"}) == "BBB"


@baton_only("since nginx 1.29.6")
def test_a_learned_session_ends_when_it_is_not_used(server):
    group_of(server, LEARN % "timeout=300ms", A=learning("A"), B=learning("B"))
    assert letters(server, 2) == "AB"
    assert letters(server, 3, headers={"Cookie": "sid=of-B"}) == "BBB"
    time.sleep(0.5)
    assert sorted(letters(server, 2, headers={"Cookie": "sid=of-B"})) == ["A", "B"]


# --- queue ---

def queued(server, text):
    gate = threading.Event()

    def hold(head, _body):
        if b"/hold" in head:
            gate.wait(10)
        return reply("A")

    group_of(server, text, A=hold)
    return gate


@baton_only("commercial")
def test_a_request_waits_in_the_queue_until_a_server_is_free(server):
    gate = queued(server, "server A max_conns=1; queue 4;")
    with server.connect() as holder, server.connect() as waiting:
        holder.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
        assert server.wait_for(lambda: server.backends[0].requests)
        waiting.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.2)
        assert len(server.backends[0].requests) == 1
        begun = time.monotonic()
        gate.set()
        assert waiting.response().text == "A"
        assert time.monotonic() - begun < 0.5
        assert holder.response().text == "A"


@baton_only("commercial")
def test_the_queue_has_an_end_in_length_and_time(server):
    gate = queued(server, "server A max_conns=1; queue 1 timeout=300ms;")
    with server.connect() as holder, server.connect() as waiting:
        holder.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
        assert server.wait_for(lambda: server.backends[0].requests)
        begun = time.monotonic()
        waiting.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.1)
        assert server.get("/late").status == 502
        assert time.monotonic() - begun < 0.25
        assert "upstream queue is full" in server.error_log()
        assert waiting.response().status == 502
        assert time.monotonic() - begun >= 0.3
        gate.set()


@baton_only("commercial")
def test_who_leaves_the_queue_makes_room(server):
    gate = queued(server, "server A max_conns=1; queue 1;")
    with server.connect() as holder:
        holder.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
        assert server.wait_for(lambda: server.backends[0].requests)
        with server.connect() as impatient:
            impatient.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
            time.sleep(0.1)
        assert server.wait_for(lambda: " 499 " in "".join(server.log_lines(1)))
        with server.connect() as patient:
            patient.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
            time.sleep(0.1)
            gate.set()
            assert patient.response().text == "A"


# --- the stall guard ---

BACKEND = """
import socket, sys, threading
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=512)
print("up", flush=True)
def serve(connection):
    data = b""
    while True:
        while b"\\r\\n\\r\\n" not in data:
            more = connection.recv(65536)
            if not more:
                return
            data += more
        data = data.split(b"\\r\\n\\r\\n", 1)[1]
        connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 1\\r\\n\\r\\nF")
while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
"""


@baton_only("baton's own")
def test_a_frozen_server_spoils_less_than_two_percent(server):
    """100 requests a second to two servers; one is stopped dead, and 15 seconds later goes on."""
    port = free_port()
    frozen = subprocess.Popen([sys.executable, "-c", BACKEND, str(port)], stdout=subprocess.PIPE)
    try:
        frozen.stdout.readline()
        good = server.backend(named("G")).port
        server.start("upstream u { server 127.0.0.1:FROZEN; server 127.0.0.1:GOOD; }"
                     + SERVER % "", FROZEN=port, GOOD=good)
        results = []

        def ask():
            try:
                with Client(("127.0.0.1", server.ports["PORT"]), timeout=3.0) as client:
                    results.append(client.request("GET", "/").status)
            except OSError:
                results.append(0)

        def run(seconds):
            threads = []
            begun = time.monotonic()
            for i in range(int(seconds * 100)):
                time.sleep(max(0.0, begun + i / 100 - time.monotonic()))
                threads.append(threading.Thread(target=ask))
                threads[-1].start()
            for thread in threads:
                thread.join()

        run(2)
        assert results.count(200) == 200
        frozen.send_signal(signal.SIGSTOP)
        results.clear()
        run(15)
        spoiled = len(results) - results.count(200)
        print("spoiled", spoiled, "of", len(results))
        assert len(results) == 1500 and spoiled <= 30
        assert server.error_log().count("upstream server stalled") == 1
        frozen.send_signal(signal.SIGCONT)
        assert server.wait_for(lambda: any(
            server.get("/").text == "F" for _ in range(4)), 20)
    finally:
        frozen.kill()
        frozen.wait()
