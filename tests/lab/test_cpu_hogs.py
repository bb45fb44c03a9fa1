"""Two CPU hogs for every core, default settings: no false failover.

The short form runs with the other scenarios; BATON_HOG_SECONDS=600 makes it ten minutes.
"""

import os
import subprocess
import time

from lab.pairings import a_tree_on_both

SECONDS = float(os.environ.get("BATON_HOG_SECONDS", "15"))


@a_tree_on_both
def test_a_busy_machine_is_not_a_dead_master(network):
    network.start()
    hogs = [
        subprocess.Popen(["/usr/bin/python3", "-c", "while True: pass"])
        for _ in range(2 * os.cpu_count())
    ]
    try:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            time.sleep(1)
            assert network.holders() == ["nginx01"]
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()
    log = network.nginx02.host.messages()
    assert "Entering MASTER STATE" not in log and "BFD lost" not in log
