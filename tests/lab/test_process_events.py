"""Processes that have to be there, told by the kernel itself: that it does in the first network namespace
alone, so this runs on the machine, on an interface of its own that leads nowhere."""

import os
import signal
import subprocess

import pytest

from lab.roles import BATON
from lab.waiting import wait_until

LINK = f"labev{os.getpid() % 100000}"
CONFIGURATION = f"""\
vrrp_track_process worker {{
  process sleep {os.getpid()}.5
}}
vrrp_instance VI_1 {{
  interface {LINK}
  virtual_router_id 51
  virtual_ipaddress {{
    10.255.51.100/32
  }}
  track_process {{
    worker
  }}
}}
"""


def ip(*words):
    subprocess.run(["ip", *words], check=True)


@pytest.fixture
def link():
    ip("link", "add", LINK, "type", "veth", "peer", "name", LINK + "x")
    try:
        ip("addr", "add", "10.255.51.1/24", "dev", LINK)
        ip("link", "set", LINK, "up")
        ip("link", "set", LINK + "x", "up")
        yield
    finally:
        ip("link", "del", LINK)


def test_the_end_of_a_process_is_seen_at_once(link, tmp_path):
    file, log = tmp_path / "keepalived.conf", tmp_path / "log"
    file.write_text(CONFIGURATION)
    program = tmp_path / "keepalived"
    program.symlink_to(BATON)
    pids = ["-p", str(tmp_path / "pid"), "-r", str(tmp_path / "vrrp.pid")]
    worker = subprocess.Popen(["sleep", f"{os.getpid()}.5"])
    with open(log, "w") as output:
        tree = subprocess.Popen(
            [str(program), "-n", "-l", "-D", "-f", str(file), *pids], stdout=output, stderr=output
        )
    try:
        wait_until(lambda: "Entering MASTER STATE" in log.read_text(), 8, "MASTER")
        if "the kernel gives no process events here" in log.read_text():
            pytest.skip("no process events: not the machine's own network, or no such kernel")
        worker.kill()
        worker.wait()
        wait_until(lambda: "Entering FAULT STATE" in log.read_text(), 0.5, "FAULT")
        worker = subprocess.Popen(["sleep", f"{os.getpid()}.5"])
        wait_until(lambda: log.read_text().count("Entering MASTER STATE") == 2, 8, "MASTER again")
    finally:
        worker.kill()
        tree.send_signal(signal.SIGTERM)
        tree.wait(10)
