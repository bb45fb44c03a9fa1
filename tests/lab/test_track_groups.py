"""What concerns several instances at once: trackers of a sync group, and the static part by track_group."""

from lab.segment import Segment
from lab.waiting import stays, wait_until

INSTANCE = """\
vrrp_instance VI_{n} {{
  interface ens33
  virtual_router_id {n}
  priority 200
  virtual_ipaddress {{
    10.9.0.{address}/24
  }}
}}
"""
INSTANCES = "".join(INSTANCE.format(n=n, address=100 + n) for n in (1, 2, 3))
SYNC_GROUP = """\
vrrp_track_file gate {
  file /run/gate
  weight 0
}
vrrp_sync_group both {
  group {
    VI_1
    VI_2
  }
  track_file {
    gate
  }
}
"""
STATIC_ROUTE = """\
track_group upstream {
  group {
    VI_1
    VI_2
  }
}
static_routes {
  10.99.0.0/16 via 10.77.0.1 dev ens33 track_group upstream
}
"""


def states(router):
    return [router.state(f"VI_{n}") for n in (1, 2, 3)]


def await_states(router, *wanted):
    wait_until(lambda: states(router) == list(wanted), 8, f"{wanted}, is {states(router)}")


def test_a_tracker_of_a_sync_group_takes_all_its_members_and_nobody_else():
    with Segment() as segment:
        router = segment.router("one", "baton", SYNC_GROUP + INSTANCES)
        router.host.write("/run/gate", "0\n")
        router.start()
        await_states(router, "MASTER", "MASTER", "MASTER")
        router.host.write("/run/gate", "-254\n")
        await_states(router, "FAULT", "FAULT", "MASTER")
        assert router.host.has_address("10.9.0.103")
        assert not router.host.has_address("10.9.0.101")
        router.host.write("/run/gate", "0\n")
        await_states(router, "MASTER", "MASTER", "MASTER")


def test_instances_of_a_track_group_live_and_die_with_a_static_route():
    with Segment() as segment:
        router = segment.router("one", "baton", STATIC_ROUTE + INSTANCES)
        router.start()
        await_states(router, "FAULT", "FAULT", "MASTER")
        assert "is missing" in router.log()
        router.host.run("ip addr add 10.77.0.2/24 dev ens33")
        await_states(router, "MASTER", "MASTER", "MASTER")
        assert any("10.99.0.0/16 via 10.77.0.1" in line for line in router.show("route"))
        router.host.run("ip addr del 10.77.0.2/24 dev ens33")  # the kernel takes the route along
        await_states(router, "FAULT", "FAULT", "MASTER")
        stays(lambda: states(router)[2] == "MASTER", 1, "VI_3 has nothing to do with it")
