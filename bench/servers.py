"""Servers under measurement: a temporary folder and a core for each, ended by pid.

    with nginx({"nginx.conf": text}, port, core=PROXY_CORE) as server:
        before = server.cpu_ns()

The proxy that is measured runs on the first core that this process may use; the load, the web
servers behind the proxy and the bench itself share the others. What is measured is the whole
process tree: CPU time from the scheduler's own count (nanoseconds), memory as what the tree would
give back if it ended (Private_* of smaps_rollup), so that what a program shares with itself is
not counted per process.
"""

import atexit
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
BATON = Path(os.environ.get("BATON", REPOSITORY / "build" / "baton")).resolve()
PEERS = Path(os.environ.get("BATON_PEERS", REPOSITORY / "build" / "peers")).resolve()
FIRST_PORT, LAST_PORT = 23000, 23499
PR_SET_PDEATHSIG = 1

_cores = sorted(os.sched_getaffinity(0))
PROXY_CORE = _cores[0]
LOAD_CORES = _cores[1:] or _cores
_libc = ctypes.CDLL(None)
_next_port = FIRST_PORT
_byte_pump = None


class ServerFailed(RuntimeError):
    """A server did not start, or ended while it was measured."""


def free_port():
    """A port that nobody listens on; none is given out twice before all of them were."""
    global _next_port
    for _ in range(LAST_PORT - FIRST_PORT):
        port, _next_port = _next_port, _next_port + 1
        if _next_port > LAST_PORT:
            _next_port = FIRST_PORT
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise ServerFailed(f"no free port between {FIRST_PORT} and {LAST_PORT}")


def temporary_folder(name):
    folder = Path(tempfile.mkdtemp(prefix=f"baton-bench-{name}-"))
    folder.chmod(0o755)  # workers run as another user
    return folder


# -- a process tree --------------------------------------------------------------------------------
# ---------------------------------------------------------------------------------


def descendants(pid):
    """The pids of a process and everything below it."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parents.setdefault(_parent(entry), []).append(int(entry))
            except OSError:
                pass  # it ended meanwhile
    found, rest = [], [pid]
    while rest:
        found.append(rest.pop())
        rest.extend(parents.get(found[-1], ()))
    return found


def _parent(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def name_of(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def cpu_ns_of(pids):
    total = 0
    for pid in pids:
        for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            try:
                total += int(file.read_text().split()[0])
            except OSError:
                pass
    return total


def private_bytes_of(pids):
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_"))
    return total


# -- a server --------------------------------------------------------------------------------------
# ---------------------------------------------------------------------------------------


class Server:
    """One running server. {folder} is replaced by its folder in `command` (words) and in `files`
    (name: text; bytes are taken as they are)."""

    def __init__(self, name, command, files, port, core=None, wrapper=(), ready_within=10):
        self.name, self.port, self.core = name, port, core
        self.folder = temporary_folder(name)
        for file, text in files.items():
            self.write(file, text)
        words = [*wrapper, *(str(word).replace("{folder}", str(self.folder)) for word in command)]
        cores = LOAD_CORES if core is None else [core]
        with open(self.folder / "output.log", "wb") as output:
            self.process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.folder,
                preexec_fn=lambda: _before_exec(cores),
            )  # fmt: skip
        try:
            self._await_answer(ready_within)
        except BaseException:
            self.close()
            raise

    def write(self, file, text):
        content = (
            text if isinstance(text, bytes) else text.replace("{folder}", str(self.folder)).encode()
        )
        (self.folder / file).parent.mkdir(exist_ok=True)
        (self.folder / file).write_bytes(content)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def _await_answer(self, within):
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise ServerFailed(
                    f"{self.name} exited with {self.process.returncode}: {self.last_words()}"
                )
            if answers(self.port):
                return
            time.sleep(0.05)
        raise ServerFailed(f"{self.name} does not answer on port {self.port}: {self.last_words()}")

    def last_words(self):
        texts = [
            file.read_text(errors="replace")
            for file in sorted(self.folder.glob("*.log"))
            if "access" not in file.name
        ]
        return "\n".join(" ".join(texts).strip().splitlines()[-12:])

    def pids(self):
        return descendants(self.process.pid)

    def cpu_ns(self):
        return cpu_ns_of(self.pids())

    def private_bytes(self):
        return private_bytes_of(self.pids())

    def check_alive(self):
        if self.process.poll() is not None:
            raise ServerFailed(
                f"{self.name} ended with {self.process.returncode}: {self.last_words()}"
            )

    def stop(self, within=10):
        """Ends it in order, and by force what is left then. The folder stays until close()."""
        pids = self.pids() if self.process.poll() is None else []
        if pids:
            self.process.terminate()
            try:
                self.process.wait(within)
            except subprocess.TimeoutExpired:
                pass
        for pid in pids:
            try:
                if Path(f"/proc/{pid}/cwd").resolve() == self.folder or pid == self.process.pid:
                    os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        self.process.wait()

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _before_exec(cores):
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    os.sched_setaffinity(0, cores)


def answers(port, path="/"):
    """Whether a whole answer with status 200 comes within a second."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.sendall(
                f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode()
            )
            received = b""
            while piece := connection.recv(65536):
                received += piece
            return received.startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


# -- the programs ----------------------------------------------------------------------------------
# -----------------------------------------------------------------------------------


# Debian's nginx would keep these below /var/lib; baton has no fastcgi and its kin.
NGINX_PLACES = "".join(
    f"{kind}_temp_path {{folder}}/{kind};\n"
    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
)


def nginx(files, port, core=None, **options):
    command = [PEERS / "bin/nginx", "-g", "daemon off;", "-p", "{folder}"]
    command += ["-c", "{folder}/nginx.conf", "-e", "{folder}/error.log"]
    files = {"places/nginx.conf": NGINX_PLACES, **files}
    return Server("nginx", command, files, port, core, **options)


def baton(files, port, core=None, program=BATON, **options):
    command = [program, "run", "--proxy", "{folder}/nginx.conf", "--run-dir", "{folder}"]
    return Server("baton", command, files, port, core, **options)


def haproxy(files, port, core=None, name="haproxy", **options):
    return Server(
        name,
        [PEERS / "bin/haproxy", "-db", "-f", "{folder}/haproxy.cfg"],
        files,
        port,
        core,
        **options,
    )


def byte_pump(web_ports, port, core=None):
    """The floor (byte_pump.cc), compiled when it is first asked for."""
    global _byte_pump
    if _byte_pump is None:
        _byte_pump = temporary_folder("pump") / "byte_pump"
        atexit.register(shutil.rmtree, _byte_pump.parent, ignore_errors=True)
        source = Path(__file__).with_name("byte_pump.cc")
        command = ["clang++-19", "-std=c++23", "-O2", "-o", _byte_pump, source]
        subprocess.run(command, check=True, timeout=120)
    return Server("byte pump", [_byte_pump, port, *web_ports], {}, port, core)


def missing_programs():
    """What has to be there before anything can be measured, as lines for the reader."""
    lines = [] if os.access(BATON, os.X_OK) else [f"baton is not built: {BATON} is missing"]
    for name in ("nginx", "haproxy", "wrk"):
        if not os.access(PEERS / "bin" / name, os.X_OK):
            lines.append(f"{name} is missing: run tests/lab/peers.sh {PEERS} (or set BATON_PEERS)")
    return lines
