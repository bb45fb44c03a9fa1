"""A running baton in front of a backend that records what reaches it, both on loopback.

The backend reads requests in the strictest way there is and keeps each one as bytes, so that a test
can prove that it saw exactly the requests that it should, and not one more. What it answers is
scripted by the path: see Backend.answer.
"""

import os
import pathlib
import random
import signal
import socket
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BATON = pathlib.Path(os.environ.get("BATON", ROOT / "build" / "baton"))


def free_port():
    """A port that nobody listens on, below those that the system gives to connections, so that
    none of the many clients around takes it before the program under test does."""
    while True:
        port = random.randint(10240, 32000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Backend:
    """Records every request (head, body) and answers as its `answer` function says."""

    def __init__(self):
        self.requests = []
        self.broken = []  # bytes that were no request
        self.connections = 0
        self.answer = lambda head, body: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        stream = connection.makefile("rb")
        try:
            while True:
                request = self._read(stream)
                if request is None:
                    break
                self.requests.append(request)
                reply = self.answer(*request)
                if reply is None:
                    break
                connection.sendall(reply)
        except OSError:
            pass
        finally:
            connection.close()

    def _read(self, stream):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = stream.readline()
            if not line:
                if head:
                    self.broken.append(head)
                return None
            head += line
        lengths = [l for l in head.lower().split(b"\r\n") if l.startswith(b"content-length:")]
        codings = [l for l in head.lower().split(b"\r\n") if l.startswith(b"transfer-encoding:")]
        if len(lengths) + len(codings) > 1:
            self.broken.append(head)
            return None
        if lengths:
            size = int(lengths[0].split(b":")[1])
            body = stream.read(size)
            return (head, body) if len(body) == size else None
        body = b""
        while codings:
            line = stream.readline()
            if not line:
                return None  # cut off: no request
            size = int(line, 16)
            body += stream.read(size)
            stream.readline()
            if size == 0:
                break
        return head, body

    def lines(self):
        return [head.split(b"\r\n")[0].decode() for head, _ in self.requests]


class Proxy:
    """baton with `config` for its http block; BACKEND and PORT in it are replaced."""

    def __init__(self, config, **ports):
        self.folder = tempfile.TemporaryDirectory(prefix="baton-conformance-")
        self.path = pathlib.Path(self.folder.name)
        os.chmod(self.path, 0o755)
        self.port = free_port()
        text = config.replace("PORT", str(self.port)).replace("FOLDER", str(self.path))
        for name, port in ports.items():
            text = text.replace(name.upper(), str(port))
        (self.path / "nginx.conf").write_text(
            f"user root; worker_processes 2; daemon off; pid {self.path}/nginx.pid;\n"
            f"error_log {self.path}/error.log info;\nevents {{ worker_connections 512; }}\n"
            f"http {{ access_log {self.path}/access.log;\n{text}\n}}\n")
        environment = dict(os.environ, BATON_RUN_DIR=str(self.path / "run"))
        self.output = open(self.path / "output", "wb")
        self.process = subprocess.Popen(
            [str(BATON), "run", "--proxy", str(self.path / "nginx.conf")],
            stdout=self.output, stderr=subprocess.STDOUT, env=environment)
        self._wait_until_ready()

    def _wait_until_ready(self):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            if "is ready" in (self.path / "output").read_text(errors="replace"):
                return
            time.sleep(0.02)
        raise AssertionError("baton did not start: " + (self.path / "output").read_text())

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.output.close()
        self.folder.cleanup()

    def error_log(self):
        return (self.path / "error.log").read_text(errors="replace")

    def access_log(self):
        return (self.path / "access.log").read_text(errors="replace")

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def raw(self, request, wait=5.0, shut=False):
        """Sends `request` (bytes, or several pieces) and reads until the proxy closes or `wait`
        seconds are over without a byte."""
        pieces = [request] if isinstance(request, bytes) else request
        with self.connect() as connection:
            connection.settimeout(wait)
            try:
                for index, piece in enumerate(pieces):
                    if index:
                        time.sleep(0.03)
                    connection.sendall(piece)
                if shut:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            received = b""
            try:
                while True:
                    some = connection.recv(65536)
                    if not some:
                        break
                    received += some
            except (TimeoutError, ConnectionError):
                pass
            return received


def statuses(received):
    """Status codes of all responses in a row. Bodies of this suite never hold "HTTP/1.1 "."""
    return [int(part[:3]) for part in received.split(b"HTTP/1.1 ")[1:]]
