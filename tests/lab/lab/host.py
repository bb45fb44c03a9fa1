"""A host of the lab: a handle on the namespaces that host_init.py holds.

Commands run inside by nsenter; files are read and written from outside through /proc/PID/root;
processes are seen and signalled from outside by their pid on the machine.
"""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
PROGRAMS = Path(__file__).resolve().parent
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
}
PYTHON = "/usr/bin/python3"


@dataclass
class Process:
    pid: int  # on the machine, not in the host
    parent: int
    name: str  # the kernel's name (comm), what ps -C and killall go by
    state: str  # a letter, Z for a zombie
    command: str


class Host:
    """One host, or the switch between them. Use as a context manager, or call close()."""

    def __init__(self, name, kind="host", paths=()):
        self.name = name
        self.kind = kind
        self._holder = subprocess.Popen(
            [PYTHON, "-I", str(PROGRAMS / "host_init.py"), name, kind, *map(str, paths)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = int(self._holder.stdout.readline() or 0)
        if not self.pid or self._holder.stdout.readline().strip() != "ready":
            self.close()
            raise RuntimeError(
                f"host {name} did not start (the lab needs root and user tools of util-linux)"
            )
        self._pid_namespace = os.stat(f"/proc/{self.pid}/ns/pid").st_ino

    def close(self):
        """Ends every process of the host; with the last one its namespaces and files are gone."""
        self._holder.stdin.close()
        try:
            self._holder.wait(2)
        except subprocess.TimeoutExpired:
            os.kill(self.pid, signal.SIGKILL)
            self._holder.wait()
        self._holder.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # -- commands ---------------------------------------------------------------------------------

    def _inside(self, command):
        flags = ["-n"] if self.kind == "switch" else ["-m", "-u", "-i", "-n", "-p"]
        arguments = (
            ["sh", "-c", command] if isinstance(command, str) else [str(part) for part in command]
        )
        return ["nsenter", "-t", str(self.pid), *flags, "--", *arguments]

    def run(self, command, check=True, timeout=30, feed=None):
        """Runs a command (list, or a line for the shell) and returns it with its output as text."""
        done = subprocess.run(
            self._inside(command), capture_output=True, text=True, errors="replace",
            timeout=timeout, env=ENVIRONMENT, input=feed, stdin=None if feed else subprocess.DEVNULL,
        )  # fmt: skip
        if check and done.returncode != 0:
            raise AssertionError(
                f"{self.name}: {command} exited with {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return done

    def output(self, command, **options):
        return self.run(command, **options).stdout

    def popen(self, command, **options):
        """Starts a command that goes on. It must end by itself when its standard input closes."""
        options.setdefault("stdin", subprocess.PIPE)
        options.setdefault("stdout", subprocess.PIPE)
        return subprocess.Popen(self._inside(command), env=ENVIRONMENT, text=True, **options)

    def attach(self, command):
        """Runs a command with this program's own terminal, until it ends."""
        terminal = {"TERM": os.environ.get("TERM", "dumb"), "PS1": f"[root@{self.name} \\W]# "}
        subprocess.run(self._inside(command), env=ENVIRONMENT | terminal, check=False)
        if sys.stdin.isatty():
            # A shell takes the terminal for itself and, from its own pid namespace, cannot give it back.
            ignored = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            os.tcsetpgrp(sys.stdin.fileno(), os.getpgrp())
            signal.signal(signal.SIGTTOU, ignored)

    def systemctl(self, verb, unit, check=True):
        return self.run(["systemctl", verb, unit], check=check)

    # -- files ------------------------------------------------------------------------------------

    def path(self, path):
        """Where a file of the host is found from outside."""
        return Path(f"/proc/{self.pid}/root{path}")

    def read(self, path):
        try:
            return self.path(path).read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def write(self, path, text, mode=0o644):
        target = self.path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)

    def messages(self):
        return self.read("/var/log/messages")

    # -- processes --------------------------------------------------------------------------------

    def processes(self, *names):
        """The host's processes without its init and zombies; only those with one of `names` if given."""
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == self.pid:
                continue
            process = self._process(int(entry))
            if process and process.state != "Z" and (not names or process.name in names):
                found.append(process)
        return sorted(found, key=lambda process: process.pid)

    def _process(self, pid):
        try:
            if os.stat(f"/proc/{pid}/ns/pid").st_ino != self._pid_namespace:
                return None
            stat = Path(f"/proc/{pid}/stat").read_text()
            command = (
                Path(f"/proc/{pid}/cmdline")
                .read_bytes()
                .replace(b"\0", b" ")
                .decode(errors="replace")
            )
        except OSError:
            return None  # it ended meanwhile
        head, _, tail = stat.rpartition(")")
        state, parent = tail.split()[:2]
        return Process(pid, int(parent), head.split("(", 1)[1], state, command.strip())

    def process_inside(self, pid):
        """The process that has this pid inside the host, as pid files there have it; None without one."""
        for process in self.processes():
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
            except OSError:
                continue
            numbers = next(
                line.split() for line in status.splitlines() if line.startswith("NSpid:")
            )
            if int(numbers[-1]) == pid:
                return process
        return None

    def signal(self, number, *names):
        """Sends a signal to all processes with these kernel names; returns how many there were."""
        targets = self.processes(*names)
        for process in targets:
            try:
                os.kill(process.pid, number)
            except ProcessLookupError:
                pass
        return len(targets)

    # -- network ----------------------------------------------------------------------------------

    def addresses(self, interface="ens33"):
        """The IPv4 addresses of an interface, as `address/prefix`."""
        shown = json.loads(self.output(["ip", "-4", "-j", "addr", "show", "dev", interface]))
        return [
            f"{item['local']}/{item['prefixlen']}"
            for link in shown
            for item in link.get("addr_info", ())
        ]

    def addresses6(self, interface="ens33"):
        """The IPv6 addresses of an interface as the kernel describes them, by address."""
        shown = json.loads(self.output(["ip", "-6", "-j", "addr", "show", "dev", interface]))
        return {item["local"]: item for link in shown for item in link.get("addr_info", ())}

    def link_local(self, interface="ens33"):
        """Its own link-local address once it may be used; empty before that."""
        for address, item in self.addresses6(interface).items():
            if address.startswith("fe80") and not item.get("tentative") and not item.get("nodad"):
                return address
        return ""

    def has_address(self, address):
        if ":" in address:
            return address in self.addresses6()
        return any(held.split("/")[0] == address for held in self.addresses())


def connect(host, switch, address):
    """Plugs a cable from the host's ens33 into the switch, where the port has the host's name."""
    subprocess.run(
        ["ip", "link", "add", "ens33", "netns", str(host.pid), "type", "veth",
         "peer", "name", host.name, "netns", str(switch.pid)],
        check=True,
    )  # fmt: skip
    lines = f"link set lo up\nlink set ens33 up\naddr add {address}/24 brd + dev ens33\n"
    host.run(["ip", "-batch", "-"], feed=lines)
    switch.run(["ip", "-batch", "-"], feed=f"link set {host.name} master switch up\n")


def start_switch():
    switch = Host("switch", "switch")
    switch.run(
        "ip link add switch type bridge stp_state 0 mcast_snooping 0 && ip link set switch up"
    )
    return switch


def curl(host, url, *options, timeout=3):
    """One GET by curl; returns the body. A failure fails the test."""
    return host.output(["curl", "-sS", "--max-time", timeout, *options, url], timeout=timeout + 5)


def fail_unless_root():
    if os.geteuid() != 0:
        sys.exit("the lab makes network namespaces: run it as root")


def now():
    return time.time()
