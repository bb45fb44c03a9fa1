"""A mixed pair moves the address as two keepaliveds do (lab/timelines.py says how that is judged): starts,
owners, equal priorities, faults, sync groups, deaths."""

import pytest

from lab import configs
from lab.timelines import HEALTH, MORE_HEALTH, Scenario, judge

SOONER = "baton is up a little sooner after its start"
REAL_ADDRESS = configs.REAL_ADDRESSES["nginx01"]


def tracked(*files):
    """Files that say fault by a number other than 0."""
    return "".join(
        f"      track_file file_{number} {{\n          file {path}\n          weight 0\n"
        f"          init_file 0 overwrite\n      }}\n"
        for number, path in enumerate(files)
    )


def tracks(count=1):
    names = "".join(f"              file_{number}\n" for number in range(count))
    return f"          track_file {{\n{names}          }}\n"


# A second instance, which alone has the tracked file, and the group of both.
SECOND = """\
      vrrp_instance second {{
          state {state}
          interface ens33
          virtual_router_id 56
          priority {priority}
          advert_int 1
          garp_master_delay 0
          virtual_ipaddress {{
              192.168.175.99
          }}
{tracks}      }}
"""
GROUP = "      vrrp_sync_group both {\n          group {\n              web_server_group\n              second\n          }\n      }\n"


def grouped(node):
    state, priority = ("MASTER", 100) if node == "nginx01" else ("BACKUP", 80)
    return tracked(HEALTH) + GROUP + SECOND.format(state=state, priority=priority, tracks=tracks())


def owner(node):
    return [("priority 100", "priority 255")] if node == "nginx01" else []


def two_owners(node):
    if node == "nginx01":
        return [("priority 100", "priority 255")]
    return [("state BACKUP", "state MASTER"), ("priority 80 ", "priority 255 ")]


def equals(node):
    return [("priority 100", "priority 80")] if node == "nginx01" else []


SCENARIOS = [
    Scenario(
        "both are started at the same time",
        [("stop", "nginx02", 2), ("stop", "nginx01", 2), ("start", "", 7)],
        earlier=SOONER,
    ),
    Scenario(
        "an owner comes back",
        [("stop", "nginx01", 3), ("start", "nginx01", 3)],
        {"changes": owner},
        earlier=SOONER,
    ),
    Scenario(
        "two owners",
        [("stop", "nginx02", 3), ("start", "nginx02", 8)],
        {"changes": two_owners},
        earlier=SOONER,
        master="nginx02",
    ),
    Scenario(
        "equal priorities",
        [("stop", "nginx01", 3), ("start", "nginx01", 6), ("part", "", 6), ("join", "", 3)],
        {"changes": equals},
        earlier=SOONER + "; the first advert after a partition ends it",
    ),
    Scenario("somebody says goodbye to the master", [("goodbye", "nginx02", 4)]),
    Scenario("a reload", [("reload", "nginx01", 5), ("reload", "nginx02", 5)]),
    Scenario(
        "a tracker of the master says fault and recovers",
        [("fail", "nginx01", 4), ("recover", "nginx01", 7)],
        {"before": tracked(HEALTH), "instance": tracks()},
    ),
    Scenario(
        "one of two trackers recovers",
        [("fail", "nginx01", 4), ("fail more", "nginx01", 1), ("recover", "nginx01", 6)],
        {"before": tracked(HEALTH, MORE_HEALTH), "instance": tracks(2)},
    ),
    Scenario(
        "the backup has a fault when the master stops",
        [("fail", "nginx02", 2), ("stop", "nginx01", 3), ("recover", "nginx02", 6)],
        {"before": tracked(HEALTH), "instance": tracks()},
    ),
    Scenario(
        "a member of a sync group has a fault and recovers",
        [("fail", "nginx01", 4), ("recover", "nginx01", 8)],
        {"before": grouped},
    ),
    Scenario(
        "a sync group is stopped and comes back",
        [("stop", "nginx01", 4), ("start", "nginx01", 8)],
        {"before": grouped},
        earlier=SOONER,
    ),
    Scenario("the parent process is killed", [("kill parent", "nginx01", 5)]),
    Scenario(
        "the failover process is killed",
        [("kill child", "nginx01", 12)],
        # baton's last will says goodbye, where keepalived leaves 3.6 s without an owner.
        by_design={("baton", "keepalived"): [[(0.70, "nginx02"), (3.65, "nginx01")]]},
    ),
    Scenario(
        "all processes are killed",
        [("kill all", "nginx01", 7)],
        earlier="the backup takes over by the same timer",
    ),
    Scenario(
        "the master is frozen and goes on",
        [("freeze", "nginx01", 6), ("thaw", "nginx01", 5)],
        # A baton that was asleep yields, listens, and preempts; with keepalived there are two masters.
        by_design={("baton", "keepalived"): [[(3.69, "nginx02")], [(1.61, "nginx01")]]},
    ),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_mixed_pair_keeps_keepaliveds_time(scenario):
    judge(scenario)
