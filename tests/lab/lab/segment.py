"""A bare segment: hosts on one switch that run baton as keepalived, or keepalived, from one file each.

    with Segment() as segment:
        one = segment.router("one", "baton", configuration)
        one.start()

For what concerns the failover part and the kernel alone; the tutorial's network is in network.py.
"""

import contextlib
import os
import signal

from . import roles
from .host import Host, connect, start_switch
from .waiting import wait_until

FILE, LOG = "/etc/keepalived/keepalived.conf", "/var/log/keepalived.log"


class Segment:
    def __init__(self):
        missing = roles.missing_programs({"baton", "keepalived"})
        if missing:
            raise RuntimeError("\n".join(missing))
        self._open = []
        self._count = 0
        self.switch = self._keep(start_switch())

    def _keep(self, thing):
        self._open.append(thing)
        return thing

    def host(self, name):
        """A host with ens33 = 10.9.0.N/24, N counted from 1."""
        self._count += 1
        host = self._keep(Host(name, paths=roles.visible_paths()))
        connect(host, self.switch, f"10.9.0.{self._count}")
        return host

    def router(self, name, kind, text):
        return Router(self.host(name), kind, text)

    def close(self):
        while self._open:
            self._open.pop().close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _starter():
    """Starts the unpacked keepalived wherever the peers lie."""
    root = roles.PEERS / "root"
    libraries = ":".join(
        str(root / path) for path in ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu")
    )
    return f'#!/bin/sh\nLD_LIBRARY_PATH={libraries} exec {root}/usr/sbin/keepalived "$@"\n'


class Router:
    """A host with one failover program; `kind` is baton or keepalived."""

    def __init__(self, host, kind, text):
        self.host, self.kind = host, kind
        host.path("/usr/sbin/keepalived").unlink(missing_ok=True)
        if kind == "baton":
            host.path("/usr/sbin/keepalived").symlink_to(roles.BATON)
        else:
            host.write("/usr/sbin/keepalived", _starter(), 0o755)
        self.write(text)
        self._process = None

    def write(self, text):
        self.host.write(FILE, text)

    def start(self):
        # It ends with the pipe that it gets, and so with the test.
        self._process = self.host.popen(
            ["sh", "-c", f"exec keepalived -n -l -D -f {FILE} >> {LOG} 2>&1"]
        )

    def stop(self, within=6):
        self.host.run("kill $(cat /run/keepalived.pid)")
        self._process.wait(within)

    def reload(self):
        self.host.run("kill -HUP $(cat /run/keepalived.pid)")

    def kill_all(self):
        """The power cord of the program: every process of it at once, without a word."""
        targets = [
            process.pid
            for process in self.host.processes()
            if "keepalived" in process.command or process.name in ("baton", "keepalived")
        ]
        # The youngest first, without looking in between: hardly one may see another one's end.
        for pid in reversed(targets):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def log(self):
        return self.host.read(LOG)

    def await_log(self, text, within=8):
        wait_until(lambda: text in self.log(), within, f"{text!r} in the log of {self.host.name}")

    def await_state(self, state, within=8, instance="VI_1"):
        wait_until(
            lambda: self.state(instance) == state, within, f"{instance} is {state}:\n{self.log()}"
        )

    def state(self, instance="VI_1"):
        """The last state that the log tells of; the same words in both programs."""
        state = None
        for line in self.log().splitlines():
            if f"({instance}) Entering " in line:
                state = line.split(" Entering ", 1)[1].split()[0]
        return state

    def show(self, *command):
        """Output of `ip` on this host, lines sorted, blanks made equal."""
        lines = self.host.output(["ip", *command]).splitlines()
        return [" ".join(line.split()) for line in lines]
