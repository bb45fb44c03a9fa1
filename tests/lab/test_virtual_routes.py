"""Routes and rules of a master: in the kernel they look as keepalived's, and they go with it."""

import threading

from lab.segment import Segment
from lab.waiting import wait_until

CONFIGURATION = """\
static_routes {
  10.99.1.0/24 via 10.9.0.254 dev ens33
}
static_rules {
  from 10.99.1.0/24 table 100 preference 300
}
vrrp_instance VI_1 {
  interface ens33
  virtual_router_id 51
  priority 254
  virtual_ipaddress {
    10.9.0.100/24
  }
  virtual_routes {
    src 10.9.0.100 to 192.168.109.0/24 via 10.9.0.254 dev ens33
    192.168.110.0/24 via 10.9.0.254 dev ens33
    192.168.111.0/24 dev ens33 no_track
    192.168.112.0/24 via 10.9.0.253
    blackhole 192.168.114.0/24
    unreachable 192.168.115.0/24
    prohibit 192.168.116.0/24
    throw 192.168.117.0/24
    0.0.0.0/0 gw 10.9.0.1 table 100
    192.168.118.0/24 table 101 nexthop via 10.9.0.252 dev ens33 weight 2 nexthop via 10.9.0.251 dev ens33 onlink weight 3
    192.168.200.0/24 dev ens33 table 690 tos 0x04 scope link priority 12 mtu 1000 hoplimit 100 advmss 101 rtt 1s rttvar 300ms reordering 104 window 105 cwnd 106 ssthresh lock 107 rto_min 1s initcwnd 109 initrwnd 110 features ecn
    192.168.119.0/24 dev ens33 metric 33 quickack 1 congctl cubic fastopen_no_cookie 1
    multicast 232.1.1.0/24 dev ens33
    10.10.10.10 dev ens33 realms 3/4
    default via 10.9.0.1 dev ens33 metric 500
    10.25.0.0/16 dev ens33 table 70000 protocol static no_track
    2001:db8:2::/64 dev ens33 metric 40 pref high
    blackhole 2001:db8:9::/64
  }
  virtual_rules {
    from 192.168.2.0/24 table 1
    to 192.168.2.0/24 table 1 no_track
    from 192.168.28.0/24 to 192.168.29.0/26 table 200 iif ens33 oif lo tos 0x10 fwmark 24/12 preference 39 realms 30/20
    from 10.1.0.0/16 goto 40 preference 30
    not from 10.2.0.0/16 table 201 priority 31
    from 10.3.0.0/16 blackhole priority 33
    prohibit from 10.4.0.0/16 priority 34
    from 10.6.0.0/16 table 10 suppress_prefixlength 0 priority 36
    from 10.7.0.0/16 table 10 suppress_ifgroup 3 priority 37
    from 10.8.0.0/16 table 10 ipproto tcp sport 10-20 priority 38
    from 10.8.0.0/16 table 10 uidrange 100-200 priority 41
    from 2001:db8::/32 table 45 priority 43
    from 10.9.1.0/24 nop priority 44
    from 10.0.0.0/8 l3mdev priority 1000
  }
}
"""


def picture(router):
    """Everything of the kernel's routing that the file may have changed."""
    lines = []
    for command in (["route", "show", "table", "all"], ["-6", "route", "show", "table", "all"],
                    ["rule"], ["-6", "rule"]):  # fmt: skip
        lines += [line for line in router.show(*command) if "proto kernel" not in line]
    return lines


def test_baton_puts_the_same_routes_and_rules_as_keepalived_and_both_take_them_away():
    with Segment() as segment:
        pictures = {}
        for kind in ("baton", "keepalived"):
            router = segment.router(kind, kind, CONFIGURATION)
            empty = picture(router)
            router.start()
            router.await_state("MASTER")
            wait_until(lambda: len(picture(router)) > 40, 3, "routes and rules")
            pictures[kind] = picture(router)
            router.stop()
            assert picture(router) == empty, kind
        assert pictures["baton"] == pictures["keepalived"]


def test_what_somebody_removes_is_put_back_but_for_what_is_not_tracked():
    with Segment() as segment:
        router = segment.router("one", "baton", CONFIGURATION)
        router.start()
        router.await_state("MASTER")
        wait_until(lambda: len(picture(router)) > 40, 3, "routes and rules")
        before = picture(router)
        for gone in ("route del 192.168.110.0/24", "route del 192.168.118.0/24 table 101",
                     "route del blackhole 192.168.114.0/24", "rule del priority 31",
                     "-6 rule del priority 43", "route flush table 100"):  # fmt: skip
            router.host.run(["ip", *gone.split()])
            wait_until(lambda: picture(router) == before, 0.9, f"put back after ip {gone}")
        assert "was removed by somebody else, put back" in router.log()
        assert "FAULT" not in router.log()

        router.host.run(["ip", "route", "replace", "192.168.110.0/24", "via", "10.9.0.77"])
        wait_until(lambda: router.show("route", "show", "192.168.110.0/24")[0].startswith(
            "192.168.110.0/24 via 10.9.0.254"), 2, "ours before theirs")  # fmt: skip
        router.host.run(["ip", "route", "del", "192.168.111.0/24"])
        segment.switch.run(["sleep", "1.5"])
        assert router.show("route", "show", "192.168.111.0/24") == []


def test_a_crash_leaves_nothing_behind():
    with Segment() as segment:
        router = segment.router("one", "baton", CONFIGURATION)
        empty = picture(router)
        router.start()
        router.await_state("MASTER")
        wait_until(lambda: len(picture(router)) > 40, 3, "routes and rules")
        router.host.run("kill -9 $(cat /run/vrrp.pid)")
        # The supervisor tidies up; its new process puts the static part again.
        static = {"10.99.1.0/24 via 10.9.0.254 dev ens33 proto keepalived",
                  "300: from 10.99.1.0/24 lookup 100 proto keepalived"}  # fmt: skip
        wait_until(lambda: set(picture(router)) - set(empty) == static, 2, "only the static part")

        router.await_log("Entering MASTER STATE")
        wait_until(lambda: len(picture(router)) > 40, 8, "routes and rules again")
        router.kill_all()
        assert len(picture(router)) > 40, "nobody was left to remove them"
        router.start()
        wait_until(lambda: set(picture(router)) - set(empty) == static, 3, "the next start removes")


def test_a_reload_changes_what_changed_and_touches_nothing_else():
    with Segment() as segment:
        router = segment.router("one", "baton", CONFIGURATION)
        router.start()
        router.await_state("MASTER")
        wait_until(lambda: len(picture(router)) > 40, 3, "routes and rules")
        monitor = router.host.popen(["timeout", "60", "ip", "monitor", "route", "rule"])
        # It listens when it has told of something.
        heard = []
        reader = threading.Thread(target=lambda: heard.extend(monitor.stdout), daemon=True)
        reader.start()

        def is_listening():
            for verb in ("add", "del"):
                router.host.run(["ip", "route", verb, "blackhole", "10.98.0.0/24"])
            return any("10.98.0.0/24" in line for line in heard)

        wait_until(is_listening, 5, "the monitor listens")
        text = CONFIGURATION.replace(
            "192.168.110.0/24 via 10.9.0.254", "192.168.110.0/24 via 10.9.0.99"
        )
        router.write(text.replace("10.99.1.0/24 via", "10.99.7.0/24 via"))
        router.reload()
        wait_until(lambda: "via 10.9.0.99" in "\n".join(picture(router)), 5, "the new route")
        wait_until(lambda: "10.99.7.0/24 via" in "\n".join(picture(router)), 2, "the static one")
        monitor.terminate()
        reader.join(5)
        changes = sorted(line.strip() for line in heard if "10.98.0.0/24" not in line)
        assert [line.split(" dev ")[0] for line in changes if "table local" not in line] == sorted([
            "Deleted 10.99.1.0/24 via 10.9.0.254", "10.99.7.0/24 via 10.9.0.254",
            "Deleted 192.168.110.0/24 via 10.9.0.254", "192.168.110.0/24 via 10.9.0.99",
        ])  # fmt: skip
