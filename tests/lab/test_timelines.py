"""A mixed pair moves the address as two keepaliveds do (lab/timelines.py says how that is judged): stops,
cables, partitions, priorities and preemption."""

import pytest

from lab.timelines import Scenario, judge

SCRIPT = """\
      vrrp_script health {
           script "/usr/bin/test ! -e /run/sick"
           interval 1
           weight -30
      }

"""
TRACK = "          track_script {\n              health\n          }\n"


def standing_by(node):
    return [("state MASTER", "state BACKUP")] if node == "nginx01" else []


SCENARIOS = [
    Scenario(
        "the master is stopped and comes back",
        [("stop", "nginx01", 3), ("start", "nginx01", 6)],
        earlier="baton is up a little sooner after its start",
    ),
    Scenario("the backup is stopped and comes back", [("stop", "nginx02", 3), ("start", "nginx02", 5)]),
    Scenario("the master's cable is cut and mended", [("cut", "nginx01", 6), ("mend", "nginx01", 6)]),
    Scenario(
        "the two cannot hear each other",
        [("part", "", 6), ("join", "", 3)],
        earlier="when they hear each other again, the first advert of either ends it",
    ),
    Scenario(
        "the master's script lowers its priority",
        [("sicken", "nginx01", 8)],
        {"before": SCRIPT, "instance": TRACK},
        earlier="a baton whose priority falls below the backup's says priority 0, where keepalived lets the "
        "backup wait for its timer; a baton backup takes over from a lower master by the same timer",
    ),
    Scenario(
        "nopreempt",
        [("stop", "nginx01", 3), ("start", "nginx01", 6)],
        {"instance": "          nopreempt\n", "changes": standing_by},
    ),
    Scenario(
        "preempt_delay",
        [("stop", "nginx01", 3), ("start", "nginx01", 10)],
        {"instance": "          preempt_delay 1.5\n", "changes": standing_by},
        earlier="baton is up a little sooner after its start",
    ),
    Scenario(
        "somebody removes the master's address",
        [("remove", "nginx01", 5)],
        earlier="baton puts its address back at once; keepalived gives up and is elected anew",
    ),
]  # fmt: skip


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_mixed_pair_keeps_keepaliveds_time(scenario):
    judge(scenario)
