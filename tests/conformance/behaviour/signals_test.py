"""Signals, pid files, the background, and the live upgrade of the binary, as init scripts and
operators use them; and the lines of the error log that go with them."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest

from marks import baton_only
from server import BATON, PEERS, Client, reply

HELLO = 'server { listen 127.0.0.1:PORT; location / { return 200 "hi"; } }'
NOTICES = "error_log FOLDER/error.log notice; "


def pid_in(server, name="nginx.pid"):
    file = server.folder / name
    text = file.read_text().strip() if file.exists() else ""
    return int(text) if text else None


def alive(pid):
    with contextlib.suppress(OSError):
        with open(f"/proc/{pid}/stat", encoding="latin-1") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    return False


@contextlib.contextmanager
def background(server, http=HELLO, main=NOTICES, **values):
    """The program as a daemon; gives the pid of its master."""
    text = server.configuration(http, main, **values).replace("daemon off; ", "")
    (server.folder / "nginx.conf").write_text(text)
    done = subprocess.run(server.command(), capture_output=True, text=True, timeout=20,
                          env=server.environment, check=False)
    assert done.returncode == 0, done.stderr
    # A signal that comes before its first worker is lost on nginx.
    assert server.wait_for(lambda: pid_in(server) and children(pid_in(server)))
    try:
        yield pid_in(server)
    finally:
        for name in ("nginx.pid.oldbin", "nginx.pid"):
            pid = pid_in(server, name)
            if pid and alive(pid):
                os.kill(pid, signal.SIGTERM)
                server.wait_for(lambda p=pid: not alive(p))


def children(pid):
    with contextlib.suppress(OSError):
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    return []


def title(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", encoding="latin-1") as file:
        return file.read().rstrip("\0 ")


def logged(server, pattern):
    return re.search(rf"^\d{{4}}/\d\d/\d\d \d\d:\d\d:\d\d \[notice\] (\d+)#\d+: {pattern}$",
                     server.error_log(), re.M)


# --- the background and the pid file ---

def test_a_daemon_is_ready_when_its_command_returns(server):
    with background(server) as pid:
        assert server.get("/").body == b"hi"
        assert alive(pid)
        assert os.getsid(pid) != os.getsid(0)


def test_the_pid_file_goes_with_the_server(server):
    with background(server) as pid:
        os.kill(pid, signal.SIGTERM)
        assert server.wait_for(lambda: not alive(pid))
        assert not (server.folder / "nginx.pid").exists()


def test_with_daemon_off_the_started_process_is_in_the_pid_file(server):
    server.start(HELLO)
    assert pid_in(server) == server.process.pid


def test_master_process_off_serves_and_ends_on_quit(server):
    server.start(HELLO, main="master_process off;")
    assert server.get("/").body == b"hi"
    assert pid_in(server) == server.process.pid
    assert server.stop(signal.SIGQUIT) == 0


def test_the_master_shows_its_command_line_and_the_worker_that_it_is_one(server):
    with background(server) as pid:
        assert server.wait_for(lambda: any(title(p) == "nginx: worker process"
                                           for p in children(pid)))
        assert title(pid).startswith("nginx: master process /")
        assert f"-p {server.folder}" in title(pid)


def test_the_start_is_told_in_the_log(server):
    server.start(HELLO, main=NOTICES)
    for pattern in (r'using the "epoll" event method', r"nginx/1\.\d+\.\d+", r"OS: Linux .*",
                    r"getrlimit\(RLIMIT_NOFILE\): \d+:\d+", "start worker processes",
                    r"start worker process \d+"):
        assert logged(server, pattern), pattern


# --- ending ---

@pytest.mark.parametrize("number, name", [(signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "SIGINT")])
def test_term_and_int_end_at_once(server, number, name):
    server.start(HELLO, main=NOTICES)
    assert server.stop(number) == 0
    assert logged(server, rf"signal {int(number)} \({name}\) received from {os.getpid()}, exiting")
    assert logged(server, r"worker process \d+ exited with code 0")
    assert logged(server, "exit")


def test_quit_is_told_step_by_step(server):
    server.start(HELLO, main=NOTICES)
    assert server.stop(signal.SIGQUIT) == 0
    for pattern in (rf"signal 3 \(SIGQUIT\) received from {os.getpid()}, shutting down",
                    "gracefully shutting down", "exiting", "exit",
                    r"signal 17 \(SIGCHLD\) received from \d+",
                    r"worker process \d+ exited with code 0"):
        assert logged(server, pattern), pattern


def test_quit_closes_idle_connections_at_once(server):
    server.start(HELLO)
    with server.connect() as client:
        client.request("GET", "/")
        server.signal(signal.SIGQUIT)
        assert client.ended(1.0)
    assert server.process.wait(timeout=5) == 0


def slow(seconds):
    def answer(head, body):
        time.sleep(seconds)
        return reply("late")
    return answer


PROXY = "server { listen 127.0.0.1:PORT; location / { proxy_pass http://127.0.0.1:B; } }"


def test_quit_lets_a_running_request_finish(server):
    backend = server.backend(slow(0.6))
    server.start(PROXY, B=backend.port)
    with server.connect() as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert server.wait_for(lambda: backend.connections == 1)
        server.signal(signal.SIGQUIT)
        response = client.response()
        assert response.body == b"late"
        assert response.header("Connection") in ("close", "keep-alive")
    assert server.process.wait(timeout=5) == 0


def test_quit_refuses_new_connections_while_it_finishes(server):
    backend = server.backend(slow(1.0))
    server.start(PROXY, B=backend.port)
    with server.connect() as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert server.wait_for(lambda: backend.connections == 1)
        server.signal(signal.SIGQUIT)

        def refused():
            try:
                server.connect().close()
                return False
            except ConnectionError:
                return True
        assert server.wait_for(refused, 0.8)
        assert client.response().body == b"late"


def test_term_does_not_wait_for_a_running_request(server):
    backend = server.backend(slow(3.0))
    server.start(PROXY, B=backend.port)
    with server.connect() as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert server.wait_for(lambda: backend.connections == 1)
        started = time.monotonic()
        server.stop(signal.SIGTERM)
        assert time.monotonic() - started < 2


def test_worker_shutdown_timeout_bounds_quit(server):
    backend = server.backend(slow(5.0))
    server.start(PROXY, main="worker_shutdown_timeout 500ms;", B=backend.port)
    with server.connect() as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert server.wait_for(lambda: backend.connections == 1)
        server.signal(signal.SIGQUIT)
        assert server.process.wait(timeout=3) == 0


# --- reload and reopen ---

def test_hup_takes_the_new_file(server):
    server.start(HELLO, main=NOTICES)
    server.reload(HELLO.replace("hi", "ho"), main=NOTICES)
    assert server.wait_for(lambda: server.get("/").body == b"ho")
    assert logged(server, rf"signal 1 \(SIGHUP\) received from {os.getpid()}, reconfiguring")
    assert logged(server, "reconfiguring")


def test_hup_during_the_start_is_not_forgotten(server):
    server.start(HELLO, main=NOTICES)
    server.stop()
    (server.folder / "nginx.pid").unlink(missing_ok=True)
    many = "".join(f"server {{ listen 127.0.0.1:PORT; server_name s{i}; }} " for i in range(3000))
    text = server.configuration(HELLO + many, main=NOTICES)
    (server.folder / "nginx.conf").write_text(text)
    server.process = subprocess.Popen(server.command(), stderr=subprocess.DEVNULL,
                                      env=server.environment)
    # As early as somebody answers, whatever the master still has to do.
    def answers():
        try:
            return server.get("/").status == 200
        except OSError:
            return False
    assert server.wait_for(answers)
    (server.folder / "nginx.conf").write_text(text.replace("hi", "ho"))
    server.signal(signal.SIGHUP)
    assert server.wait_for(lambda: server.get("/").body == b"ho")


def test_hup_with_a_broken_file_changes_nothing(server):
    server.start(HELLO)
    (server.folder / "nginx.conf").write_text("zork;")
    server.signal(signal.SIGHUP)
    assert server.wait_for(lambda: '[emerg]' in server.error_log())
    assert 'unknown directive "zork" in ' in server.error_log()
    assert server.get("/").body == b"hi"
    assert server.process.poll() is None


def test_hup_lets_a_running_request_finish(server):
    backend = server.backend(slow(0.6))
    server.start(PROXY, B=backend.port)
    with server.connect() as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert server.wait_for(lambda: backend.connections == 1)
        server.reload()
        assert client.response().body == b"late"


def test_hup_opens_and_closes_ports_as_the_file_says(server):
    server.start(HELLO)
    server.reload(HELLO.replace("PORT", "PORT2"))
    assert server.wait_for(lambda: server.get("/", port="PORT2").body == b"hi")

    def closed():
        try:
            server.connect().close()
            return False
        except ConnectionError:
            return True
    assert server.wait_for(closed)


def test_a_port_that_the_new_file_lacks_is_refused_while_old_requests_run(server):
    backend = server.backend(slow(2.0))
    server.start(PROXY, main=NOTICES, B=backend.port)
    with server.connect() as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert server.wait_for(lambda: backend.connections == 1)
        server.reload(HELLO.replace("PORT", "PORT2"), main=NOTICES)

        def refused():
            try:
                server.connect().close()
                return False
            except ConnectionError:
                return True
        assert server.wait_for(refused, 1.0)
        assert client.response().body == b"late"


def test_hup_moves_the_error_log(server):
    server.start(HELLO, main=NOTICES)
    server.reload(HELLO, main="error_log FOLDER/other.log notice;")
    server.wait_for(lambda: "start worker process" in server.error_log("other.log"))
    server.signal(signal.SIGUSR1)
    assert server.wait_for(lambda: "(SIGUSR1)" in server.error_log("other.log"))
    assert "(SIGUSR1)" not in server.error_log()


def test_usr1_reopens_all_logs(server):
    server.start(HELLO, main=NOTICES)
    server.get("/a")
    server.log_lines(1)
    for name in ("access.log", "error.log"):
        (server.folder / name).rename(server.folder / f"{name}.1")
    server.signal(signal.SIGUSR1)
    assert server.wait_for(lambda: "reopening logs" in server.error_log() +
                           server.error_log("error.log.1"))
    assert server.wait_for((server.folder / "access.log").exists)
    time.sleep(0.1)
    server.get("/b")
    assert any('"GET /b HTTP' in line for line in server.log_lines(1))
    assert "signal 10 (SIGUSR1) received from" in server.error_log("error.log.1")


def test_a_dead_worker_is_replaced(server):
    with background(server) as pid:
        worker = children(pid)[0]
        os.kill(worker, signal.SIGKILL)
        assert server.wait_for(lambda: worker not in children(pid) and children(pid))
        assert server.wait_for(lambda: f"worker process {worker} exited on signal 9" in
                               server.error_log())

        def serves():
            with contextlib.suppress(OSError, AssertionError):
                return server.get("/").body == b"hi"
        assert server.wait_for(serves)


def test_winch_means_nothing_in_the_foreground(server):
    server.start(HELLO)
    server.signal(signal.SIGWINCH)
    time.sleep(0.2)
    assert server.get("/").body == b"hi"


# --- live upgrade ---

def upgrade(server, old):
    os.kill(old, signal.SIGUSR2)
    assert server.wait_for(lambda: pid_in(server, "nginx.pid.oldbin") == old and pid_in(server))
    return pid_in(server)


def test_usr2_starts_the_new_binary_beside_the_old_one(server):
    with background(server) as old:
        new = upgrade(server, old)
        assert alive(old) and alive(new) and old != new
        assert server.get("/").body == b"hi"
        assert logged(server, "changing binary")
        assert logged(server, rf"start new binary process {new}")
        assert logged(server, r'using inherited sockets from "[\d;]+"')


def test_winch_and_quit_on_the_old_one_complete_the_upgrade(server):
    with background(server) as old:
        new = upgrade(server, old)
        os.kill(old, signal.SIGWINCH)
        assert server.wait_for(lambda: not [c for c in children(old) if c != new])
        assert alive(old)
        assert server.get("/").body == b"hi"
        os.kill(old, signal.SIGQUIT)
        assert server.wait_for(lambda: not alive(old))
        assert not (server.folder / "nginx.pid.oldbin").exists()
        assert pid_in(server) == new
        assert server.get("/").body == b"hi"


def test_hup_on_the_old_one_and_quit_on_the_new_one_go_back(server):
    with background(server) as old:
        new = upgrade(server, old)
        os.kill(old, signal.SIGWINCH)
        assert server.wait_for(lambda: not [c for c in children(old) if c != new])
        os.kill(old, signal.SIGHUP)
        assert server.wait_for(lambda: [c for c in children(old) if c != new])
        os.kill(new, signal.SIGQUIT)
        assert server.wait_for(lambda: not alive(new))
        assert server.wait_for(lambda: pid_in(server) == old)
        assert not (server.folder / "nginx.pid.oldbin").exists()
        assert server.get("/").body == b"hi"


def test_the_old_one_works_again_when_the_new_one_dies(server):
    with background(server) as old:
        new = upgrade(server, old)
        os.kill(old, signal.SIGWINCH)
        assert server.wait_for(lambda: not [c for c in children(old) if c != new])
        os.kill(new, signal.SIGKILL)
        assert server.wait_for(lambda: pid_in(server) == old)

        def serves():
            with contextlib.suppress(OSError, AssertionError):
                return server.get("/").body == b"hi"
        assert server.wait_for(serves)


def test_a_second_usr2_is_ignored(server):
    with background(server) as old:
        new = upgrade(server, old)
        for pid in (old, new):
            os.kill(pid, signal.SIGUSR2)
        words = ("the changing binary signal is ignored: you should shutdown or terminate before "
                 "either old or new binary's process")
        assert server.wait_for(lambda: server.error_log().count(words) == 2)
        assert server.error_log().count("start new binary process") == 1


def test_a_unix_socket_outlives_the_upgrade(server):
    path = str(server.folder / "s.sock")
    with background(server, HELLO.replace("127.0.0.1:PORT", "unix:FOLDER/s.sock")) as old:
        upgrade(server, old)
        os.kill(old, signal.SIGQUIT)
        assert server.wait_for(lambda: not alive(old))
        with Client(path) as client:
            assert client.request("GET", "/").body == b"hi"


class Load:
    """Clients that ask without pause, over new and over kept connections, and count what fails."""

    def __init__(self, server, kept):
        self.server, self.kept = server, kept
        self.ending = threading.Event()
        self.served, self.failures = 0, []
        self.threads = [threading.Thread(target=self._ask) for _ in range(4)]
        for thread in self.threads:
            thread.start()

    def _ask(self):
        client = None
        while not self.ending.is_set():
            try:
                client = client or self.server.connect()
                response = client.request("GET", "/")
                assert response is not None and response.body == b"hi"
                self.served += 1
                if not self.kept or response.header("Connection") == "close":
                    client.close()
                    client = None
            except (OSError, AssertionError) as problem:
                self.failures.append(problem)
                client = None
        if client:
            client.close()

    def end(self):
        self.ending.set()
        for thread in self.threads:
            thread.join()
        return self.failures


def test_an_upgrade_loses_no_request_on_new_connections(server):
    with background(server, main=NOTICES + "worker_processes 2;") as old:
        load = Load(server, kept=False)
        time.sleep(0.3)
        upgrade(server, old)
        time.sleep(0.3)
        os.kill(old, signal.SIGWINCH)
        time.sleep(0.3)
        os.kill(old, signal.SIGQUIT)
        assert server.wait_for(lambda: not alive(old))
        time.sleep(0.3)
        assert load.end() == []
        assert load.served > 50


@baton_only("nginx closes kept connections, and whoever has just asked on one has lost")
def test_an_upgrade_and_the_way_back_lose_no_request_on_kept_connections(server):
    with background(server) as old:
        load = Load(server, kept=True)
        time.sleep(0.3)
        new = upgrade(server, old)
        time.sleep(0.3)
        os.kill(old, signal.SIGWINCH)
        time.sleep(0.5)
        os.kill(old, signal.SIGHUP)
        time.sleep(0.3)
        os.kill(new, signal.SIGQUIT)
        assert server.wait_for(lambda: not alive(new))
        time.sleep(0.3)
        assert load.end() == []
        assert load.served > 50


@baton_only("the way from nginx to baton")
def test_a_running_nginx_is_followed_by_baton_without_a_lost_request(server):
    live = server.folder / "live"
    live.mkdir()
    shutil.copy(PEERS / "root" / "usr" / "sbin" / "nginx", live / "nginx")
    server.program = live / "nginx"
    libraries = PEERS / "root" / "usr" / "lib" / "x86_64-linux-gnu"
    server.environment["LD_LIBRARY_PATH"] = f"{libraries}:{PEERS}/root/lib/x86_64-linux-gnu"
    server.name = "nginx"  # which needs folders of its own for temporary files
    with background(server, main=NOTICES + "env BATON_RUN_DIR;") as old:
        load = Load(server, kept=False)
        (live / "nginx").unlink()
        (live / "nginx").symlink_to(BATON)
        new = upgrade(server, old)
        time.sleep(0.3)
        os.kill(old, signal.SIGWINCH)
        time.sleep(0.3)
        os.kill(old, signal.SIGQUIT)
        assert server.wait_for(lambda: not alive(old))
        time.sleep(0.2)
        assert load.end() == []
        assert pid_in(server) == new
        assert "nginx/1.31" in server.get("/").header("Server")
