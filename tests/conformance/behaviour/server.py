"""One program under test, baton under the name nginx or the real nginx, with a configuration of the
test's, and the backends and clients around it. Everything is on loopback, in a folder of its own.

    server.start('''server { listen 127.0.0.1:PORT; location / { return 200 "hi"; } }''')
    assert server.get("/").body == b"hi"

In configurations PORT, PORT2 ... are free ports of this server, FOLDER is its folder, and every
keyword argument of start() stands for its value: start("... NAME ...", NAME=backend.port).
"""

import os
import pathlib
import re
import signal as signals
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "conformance"))

from proxy_under_test import Backend, free_port  # noqa: E402

BATON = pathlib.Path(os.environ.get("BATON", ROOT / "build" / "baton")).resolve()
PEERS = pathlib.Path(os.environ.get("BATON_PEERS", ROOT / "build" / "peers")).resolve()


class Response:
    """A response as it came: status, header lines in order, decoded body, the raw bytes."""

    def __init__(self, head, body, trailers=()):
        lines = head.decode("latin-1").split("\r\n")
        self.line = lines[0]
        self.status = int(self.line.split(" ")[1])
        self.headers = [tuple(line.split(": ", 1)) if ": " in line else (line.rstrip(":"), "")
                        for line in lines[1:] if line]
        self.body = body
        self.trailers = list(trailers)

    def header(self, name):
        """The value of the first line of this name, or None."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    def all(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]

    @property
    def text(self):
        return self.body.decode("latin-1")


class Client:
    """One connection; several requests may follow each other."""

    def __init__(self, address, timeout=10.0, source=None):
        if isinstance(address, str):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(address)
        else:
            self.socket = socket.create_connection(
                address, timeout=timeout, source_address=(source, 0) if source else None)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.stream.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def request(self, method, path, headers=None, body=None, version="1.1"):
        lines = dict(headers or {})
        if not any(name.lower() == "host" for name in lines):
            lines["Host"] = "localhost"
        if body is not None and not any(
                n.lower() in ("content-length", "transfer-encoding") for n in lines):
            lines["Content-Length"] = str(len(body))
        head = f"{method} {path} HTTP/{version}\r\n"
        for name, value in lines.items():
            for one in value if isinstance(value, list) else [value]:
                head += f"{name}: {one}\r\n"
        self.send((head + "\r\n").encode("latin-1") + (body or b""))
        return self.response(method)

    def head(self):
        """The next response's head, or b"" when the connection ended first."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.stream.readline()
            if not line:
                return b""
            head += line
        return head[:-4]

    def response(self, method="GET"):
        """Reads one response (interim ones apart); None when the connection ended first."""
        head = self.head()
        if not head:
            return None
        response = Response(head, b"")
        if method == "HEAD" or response.status in (204, 304) or response.status < 200:
            return response
        if (response.header("Transfer-Encoding") or "").lower() == "chunked":
            response.body, response.trailers = self._chunked()
        elif response.header("Content-Length") is not None:
            response.body = self.stream.read(int(response.header("Content-Length")))
        else:
            response.body = self.stream.read()
        return response

    def _chunked(self):
        body, trailers = b"", []
        while True:
            size = int(self.stream.readline().split(b";")[0], 16)
            if size == 0:
                break
            body += self.stream.read(size)
            assert self.stream.read(2) == b"\r\n"
        while (line := self.stream.readline().strip()):
            trailers.append(tuple(line.decode("latin-1").split(": ", 1)))
        return body, trailers

    def rest(self):
        """Everything until the connection ends or falls silent for the timeout."""
        data = b""
        try:
            while (some := self.stream.read1(65536)):
                data += some
        except (TimeoutError, ConnectionError):
            pass
        return data

    def ended(self, wait=2.0):
        """True when the server ends the connection within `wait` seconds."""
        self.socket.settimeout(wait)
        try:
            return self.stream.read1(1) == b""
        except TimeoutError:
            return False
        except ConnectionError:
            return True


class Server:
    """The program under test. `name` is "baton" or "nginx"."""

    def __init__(self, name):
        self.name = name
        self.holder = tempfile.TemporaryDirectory(prefix="baton-behaviour-")
        self.folder = pathlib.Path(self.holder.name)
        self.folder.chmod(0o755)
        self.process = None
        self.backends = []
        self.ports = {}
        self.port = self._port("PORT")
        if name == "baton":
            self.program = self.folder / "nginx"
            self.program.symlink_to(BATON)
        else:
            self.program = PEERS / "bin" / "nginx"
            assert self.program.exists(), "no real nginx: BATON_PEERS names no folder of peers"
        (self.folder / "html").mkdir()
        (self.folder / "logs").mkdir()
        self.environment = dict(os.environ, BATON_RUN_DIR=str(self.folder / "run"))

    # --- the surroundings ---

    def _port(self, name):
        if name not in self.ports:
            self.ports[name] = free_port()
        return self.ports[name]

    def backend(self, answer=None):
        """A recording backend; `answer` is bytes, or a function of (head, body) giving bytes."""
        backend = Backend()
        if callable(answer):
            backend.answer = answer
        elif answer is not None:
            backend.answer = lambda head, body: answer
        self.backends.append(backend)
        return backend

    def write(self, path, content="", mode=None):
        """A file below the folder; returns its path."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        if mode is not None:
            file.chmod(mode)
        return file

    def fill_in(self, text, **values):
        text = text.replace("FOLDER", str(self.folder))
        text = re.sub(r"\bPORT\d*\b", lambda found: str(self._port(found.group())), text)
        for name, value in values.items():
            text = re.sub(rf"\b{name}\b", lambda _, v=value: str(v), text)
        return text

    # --- life ---

    def configuration(self, http="", main="", events="worker_connections 512;", **values):
        temporary = "" if self.name == "baton" else "".join(
            f"{kind}_temp_path {self.folder}/{kind}_temp; "
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        base = "" if re.search(r"\buser\s", main) else "user root; "
        base += "" if "worker_processes" in main else "worker_processes 1; "
        base += "" if re.search(r"\berror_log\s", main) else "error_log FOLDER/error.log info; "
        block = "" if http is None else (
            f"http {{ {temporary}"
            + ("" if re.search(r"^\s*access_log\s", http) else "access_log FOLDER/access.log; ")
            + http + "\n}\n")
        return self.fill_in(f"daemon off; pid FOLDER/nginx.pid; {base}{main}\n"
                            f"events {{ {events} }}\n{block}", **values)

    def start(self, http="", main="", events="worker_connections 512;", **values):
        """Writes the configuration, starts the program, waits until it serves."""
        (self.folder / "nginx.conf").write_text(self.configuration(http, main, events, **values))
        self.launch()
        return self

    def launch(self, *arguments):
        output = open(self.folder / "output", "ab")
        self.process = subprocess.Popen(self.command(*arguments), stdout=output,
                                        stderr=subprocess.STDOUT, env=self.environment)
        output.close()
        deadline = time.monotonic() + 15
        pid_file = self.folder / "nginx.pid"
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            if pid_file.exists() and pid_file.read_text().strip():
                return
            time.sleep(0.01)
        raise AssertionError(f"{self.name} did not start: {self.output()}\n{self.error_log()}")

    def command(self, *arguments):
        return [str(self.program), "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"),
                "-e", str(self.folder / "error.log"), *arguments]

    def check(self, http="", main="", **values):
        """`-t` with this configuration: (exit status, what it printed)."""
        (self.folder / "checked.conf").write_text(self.configuration(http, main, **values))
        done = subprocess.run(
            [str(self.program), "-p", str(self.folder), "-c", str(self.folder / "checked.conf"),
             "-e", str(self.folder / "error.log"), "-t"],
            capture_output=True, text=True, env=self.environment, timeout=20, check=False)
        return done.returncode, done.stdout + done.stderr

    def reload(self, http=None, main="", wait=True, **values):
        """Another configuration (or the same) by HUP; waits until new workers serve."""
        if http is not None:
            (self.folder / "nginx.conf").write_text(self.configuration(http, main, **values))
        before = self.error_log().count("start worker process")
        self.signal(signals.SIGHUP)
        if not wait:
            return
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            # Without notices in the log, the time that both programs need.
            if self.error_log().count("start worker process") > before:
                break
            time.sleep(0.02)
            if before == 0 and time.monotonic() > deadline - 9:
                break
        time.sleep(0.2)

    def signal(self, number):
        os.kill(self.process.pid, number)

    def stop(self, number=signals.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode if self.process else None

    def close(self):
        self.stop()
        for backend in self.backends:
            backend.listener.close()
        self.holder.cleanup()

    # --- clients ---

    def connect(self, port="PORT", timeout=10.0, source=None):
        return Client(("127.0.0.1", self._port(port)), timeout, source)

    def request(self, method, path, headers=None, body=None, version="1.1", port="PORT"):
        with self.connect(port) as client:
            response = client.request(method, path, headers, body, version)
        assert response is not None, f"no response; {self.error_log()}"
        return response

    def get(self, path="/", headers=None, **options):
        return self.request("GET", path, headers, **options)

    def raw(self, data, timeout=3.0, port="PORT"):
        """Sends bytes as they are and reads until the end of the connection or of patience."""
        with self.connect(port, timeout) as client:
            client.send(data)
            return client.rest()

    # --- traces ---

    def output(self):
        file = self.folder / "output"
        return file.read_text(errors="replace") if file.exists() else ""

    def error_log(self, name="error.log"):
        file = self.folder / name
        return file.read_text(errors="replace") if file.exists() else ""

    def log_lines(self, count=1, name="access.log", wait=3.0):
        """The access log's lines, once there are at least `count`."""
        file = self.folder / name
        deadline = time.monotonic() + wait
        while True:
            lines = file.read_bytes().decode("latin-1").splitlines() if file.exists() else []
            if len(lines) >= count or time.monotonic() > deadline:
                return lines
            time.sleep(0.01)

    def wait_for(self, condition, wait=5.0):
        """True as soon as `condition()` is, False when it has not become so in time."""
        deadline = time.monotonic() + wait
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True


def parallel(count, work):
    """Runs work(0) ... work(count - 1) side by side; their results in order."""
    results = [None] * count

    def run(index):
        results[index] = work(index)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


def reply(body=b"ok", status="200 OK", headers=()):
    """An answer for a backend: bytes of a whole response with Content-Length."""
    if isinstance(body, str):
        body = body.encode()
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return (f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{lines}\r\n").encode() + body
