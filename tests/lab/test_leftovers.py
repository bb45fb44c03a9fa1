"""What baton leaves when all of its processes are killed at once is removed by its next start, also
when the configuration does not name it any more."""

from lab.segment import Segment
from lab.waiting import wait_until

INSTANCE = """\
vrrp_instance VI_1 {{
  interface ens33
  virtual_router_id {number}
  priority 150
  advert_int 0.1
  version 3
  {more}
  virtual_ipaddress {{
    10.9.0.100
  }}
}}
"""
MUCH = """use_vmac
  virtual_routes {
    10.77.0.0/24 via 10.9.0.200 dev ens33
    10.78.0.0/24 dev ens33 table 300
  }
  virtual_rules {
    from 10.77.0.0/24 table 300 priority 1234
  }"""
STATIC = """\
static_routes {
  10.79.0.0/24 dev ens33
}
"""
BEFORE = STATIC + INSTANCE.format(number=51, more=MUCH)


def left(router):
    """Routes, rules and interfaces of the configuration above that the kernel has."""
    shown = (
        router.show("route", "show", "table", "all")
        + router.show("rule", "show")
        + router.show("-o", "link", "show", "type", "macvlan")
    )
    marks = ("10.77.0.0", "10.78.0.0", "10.79.0.0", "vrrp.51")
    return [line for line in shown if any(mark in line for mark in marks)]


def restart_with(router, configuration):
    router.host.write("/var/log/keepalived.log", "")
    router.start()
    router.await_state("MASTER")
    wait_until(lambda: len(left(router)) >= 5, 2, f"all of it is there: {left(router)}")
    router.kill_all()
    assert len(left(router)) >= 5, "there is something to be removed"
    router.write(configuration)
    router.host.write("/var/log/keepalived.log", "")
    router.start()
    router.await_state("MASTER")


def test_a_start_with_another_configuration_removes_what_the_earlier_one_left():
    with Segment() as segment:
        router = segment.router("one", "baton", BEFORE)
        restart_with(router, INSTANCE.format(number=52, more=""))
        assert not left(router)
        assert "an earlier run ended without a word" in router.log()
        assert router.host.has_address("10.9.0.100")


def test_a_start_with_the_same_configuration_has_all_of_it_once():
    with Segment() as segment:
        router = segment.router("one", "baton", BEFORE)
        router.start()
        router.await_state("MASTER")
        before = sorted(line.split("<")[0].split(": ", 1)[-1] for line in left(router))
        router.stop()
        assert not left(router)
        restart_with(router, BEFORE)
        after = sorted(line.split("<")[0].split(": ", 1)[-1] for line in left(router))
        assert [line.split("@")[0] for line in after] == [line.split("@")[0] for line in before]


def test_after_a_clean_stop_nothing_is_left_to_be_removed():
    with Segment() as segment:
        router = segment.router("one", "baton", BEFORE)
        router.start()
        router.await_state("MASTER")
        router.stop()
        router.write(INSTANCE.format(number=52, more=""))
        router.start()
        router.await_state("BACKUP")
        assert not left(router)
        assert "ended without a word" not in router.log()
