"""`baton status --watch`: live on a terminal for the whole pair, a block a change when piped, q quits."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import time

from lab import configs
from lab.pairings import a_tree_on_both, made_of
from lab.waiting import wait_until

one_baton = made_of([("baton", "baton", "baton")])


class Terminal:
    """`baton status --watch` on a pseudo-terminal of 80 columns and 24 rows."""

    def __init__(self, host):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = host.popen(
            ["baton", "status", "--watch"], stdin=slave, stdout=slave, stderr=slave
        )
        os.close(slave)
        os.set_blocking(self.master, False)
        self.raw = ""

    def frame(self):
        """The last whole page, without its colours."""
        data = b""
        try:
            while more := os.read(self.master, 1 << 20):  # a terminal gives some kilobytes at a time
                data += more
        except OSError:  # nothing more now, or nobody writes any more
            pass
        self.raw += data.decode(errors="replace")
        frames = self.raw.split("\x1b[H")
        page = frames[-2] if len(frames) > 1 else ""
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", page).replace("\r", "")

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(5)
        os.close(self.master)


@a_tree_on_both
def test_the_page_shows_both_nodes_and_follows_a_failover(network):
    configs.share_pair_key(*network.proxies)
    for proxy in network.proxies:
        proxy.write_failover(configs.failover_pair(proxy.name))
    network.start()
    screen = Terminal(network.nginx02.host)
    try:
        page = wait_until(
            lambda: re.search(r"nginx01 +MASTER", screen.frame()) and screen.frame(),
            10,
            "both nodes are shown",
        )
        assert "nginx02 with nginx01" in page and re.search(r"nginx02 +BACKUP", page), page
        assert "192.168.175.100/32" in page and "q quits" in page, page
        assert all(len(line) <= 80 for line in page.splitlines()), page
        network.cut("nginx01")
        wait_until(
            lambda: re.search(r"nginx02 +MASTER", screen.frame()) and "outage" in screen.frame(),
            8,
            "the takeover is shown with its outage",
        )
        began = len(screen.raw.split("\x1b[H"))
        time.sleep(2)
        screen.frame()
        drawn = len(screen.raw.split("\x1b[H")) - began
        assert 2 <= drawn <= 5, f"{drawn} pages in two seconds"
        os.write(screen.master, b"q")
        assert screen.process.wait(3) == 0
        screen.frame()
        assert screen.raw.rstrip().endswith("\x1b[?1049l"), "the terminal is given back"
    finally:
        screen.close()


@one_baton
def test_piped_it_prints_a_block_for_every_change(network):
    network.start()
    watching = network.nginx02.host.popen(
        ["baton", "status", "--watch"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    os.set_blocking(watching.stdout.fileno(), False)
    said = ""

    def text():
        nonlocal said
        try:
            said += os.read(watching.stdout.fileno(), 1 << 20).decode()
        except BlockingIOError:
            pass
        return said

    try:
        wait_until(lambda: "BACKUP" in text(), 5, "the first block")
        blocks = text().count("nginx02")
        time.sleep(2)
        assert text().count("nginx02") == blocks, "nothing has changed"
        network.nginx01.host.systemctl("stop", "keepalived")
        wait_until(lambda: "MASTER" in text(), 6, "a block for the takeover")
        assert "\x1b" not in text()
    finally:
        watching.terminate()
        watching.wait(5)
        watching.stdout.close()
