"""use_vmac: the address keeps its virtual MAC when it moves, also between baton and keepalived."""

import pytest

from lab.segment import Segment
from lab.waiting import wait_until

MAC = "00:00:5e:00:01:33"
SETTINGS = {
    "ens33": ("arp_ignore", "arp_filter", "rp_filter"),
    "vrrp/51": ("arp_ignore", "accept_local", "rp_filter", "promote_secondaries"),
    "all": ("rp_filter",),
}


def configuration(priority, more=""):
    return f"""\
vrrp_instance VI_1 {{
  interface ens33
  virtual_router_id 51
  priority {priority}
  use_vmac
  {more}
  virtual_ipaddress {{
    10.9.0.100/24
  }}
}}
"""


def settings(router):
    names = [
        f"net.ipv4.conf.{interface}.{name}"
        for interface in SETTINGS
        for name in SETTINGS[interface]
    ]
    lines = router.host.output(["sysctl", *names], check=False).splitlines()
    return dict(line.split(" = ") for line in lines)


def seen_mac(client):
    """Whom the client's own kernel takes for the owner of the address."""
    client.run(["curl", "-s", "--max-time", "0.5", "http://10.9.0.100/"], check=False)
    words = client.output("ip neigh show 10.9.0.100").split()
    return words[words.index("lladdr") + 1] if "lladdr" in words else None


def test_the_neighbours_entry_does_not_change_at_a_takeover():
    with Segment() as segment:
        one = segment.router("one", "baton", configuration(200))
        two = segment.router("two", "baton", configuration(100))
        client = segment.host("client")
        one.start()
        one.await_state("MASTER")
        two.start()
        two.await_state("BACKUP")
        wait_until(lambda: seen_mac(client) == MAC, 3, "the virtual MAC")
        monitor = client.popen(["timeout", "60", "ip", "monitor", "neigh"])
        one.stop(10)
        two.await_state("MASTER")
        # The switch learns the new port; the client learns nothing, and is answered (refused).
        refused = 7
        connect = ["curl", "-s", "--max-time", "0.5", "http://10.9.0.100:81/"]
        wait_until(
            lambda: client.run(connect, check=False).returncode == refused, 3, "an answer of two"
        )
        assert seen_mac(client) == MAC
        monitor.terminate()
        entries = [
            line for line in monitor.communicate()[0].splitlines() if line.startswith("10.9.0.100 ")
        ]
        assert all(MAC in line for line in entries if "lladdr" in line), entries


@pytest.mark.parametrize("first, second", [("baton", "keepalived"), ("keepalived", "baton")])
def test_baton_and_keepalived_elect_by_adverts_from_the_virtual_mac(first, second):
    with Segment() as segment:
        one = segment.router("one", first, configuration(200))
        two = segment.router("two", second, configuration(100))
        capture = segment.switch.popen(["timeout", "60", "tcpdump", "-lneti", "switch", "vrrp"])
        two.start()
        two.await_state("MASTER")
        one.start()
        one.await_state("MASTER")
        two.await_state("BACKUP", 3)
        one.stop(10)
        two.await_state("MASTER", 3)
        capture.terminate()
        lines = capture.communicate()[0].splitlines()
        assert {line.split(" > ")[0] for line in lines if " > " in line} == {MAC}


def test_interface_and_settings_are_keepaliveds_and_nothing_of_it_stays():
    with Segment() as segment:
        found = {}
        for kind in ("baton", "keepalived"):
            router = segment.router(kind, kind, configuration(254))
            router.host.run("sysctl -qw net.ipv4.conf.all.rp_filter=1")
            before = settings(router)
            router.start()
            router.await_state("MASTER")
            wait_until(
                lambda: "10.9.0.100" in "".join(router.show("addr", "show", "vrrp.51")),
                3,
                "the address",
            )
            link = " ".join(router.show("-d", "link", "show", "vrrp.51"))
            assert "macvlan mode private" in link and f"link/ether {MAC}" in link
            found[kind] = settings(router)
            router.stop(10)
            assert "vrrp.51" not in "".join(router.show("link"))
            if kind == "baton":
                assert settings(router) == before
        assert found["baton"] == found["keepalived"]


def test_a_crash_leaves_no_interface_and_no_setting():
    with Segment() as segment:
        router = segment.router("one", "baton", configuration(254))
        before = settings(router)
        router.start()
        router.await_state("MASTER")
        router.host.run("kill -9 $(cat /run/vrrp.pid)")
        router.await_log("Respawning", 3)
        # The next process makes it anew; what counts is that it is whole again.
        router.await_log("Success removing VMAC interface vrrp.51", 3)
        wait_until(lambda: router.log().count("Entering MASTER STATE") == 2, 8, "master again")
        router.host.run("ip link del vrrp.51")
        wait_until(
            lambda: "10.9.0.100" in "".join(router.show("addr", "show", "vrrp.51")), 3, "made again"
        )
        router.stop()
        assert settings(router) == before


def test_adverts_go_out_with_the_real_mac_when_that_is_asked_for():
    with Segment() as segment:
        router = segment.router("one", "baton", configuration(254, "vmac_xmit_base"))
        real = router.host.output("cat /sys/class/net/ens33/address").strip()
        capture = segment.switch.popen(
            ["timeout", "60", "tcpdump", "-lneti", "switch", "vrrp or arp"]
        )
        router.start()
        router.await_state("MASTER")
        wait_until(
            lambda: "Sending gratuitous ARP on vrrp.51" in router.log(), 3, "an announcement"
        )
        segment.switch.run(["sleep", "1.5"])
        capture.terminate()
        lines = capture.communicate()[0].splitlines()
        assert {line.split(" > ")[0] for line in lines if "VRRPv2" in line} == {real}
        assert {line.split(" > ")[0] for line in lines if "tell 10.9.0.100" in line} == {MAC}


def test_the_next_start_puts_back_what_a_power_cut_of_all_processes_left():
    with Segment() as segment:
        router = segment.router("one", "baton", configuration(254))
        router.host.run("sysctl -qw net.ipv4.conf.all.rp_filter=1")
        before = settings(router)
        router.start()
        router.await_state("MASTER")
        # The supervisor first: it would tidy up after its child.
        router.host.run("kill -9 $(cat /run/keepalived.pid) $(cat /run/vrrp.pid)")
        router.kill_all()
        assert settings(router) != before, "nobody was left to put it back"
        router.start()
        wait_until(lambda: router.log().count("Entering MASTER STATE") == 2, 8, "master again")
        router.stop()
        assert settings(router) == before
        assert "vrrp.51" not in "".join(router.show("link"))
        kept = router.host.output("ls /run/baton")
        assert "settings" not in kept, kept
