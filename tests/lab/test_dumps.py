"""keepalived.data: the lines that scripts look for are those of keepalived, with the same values."""

from lab.segment import Segment
from lab.waiting import wait_until

CONFIGURATION = """\
vrrp_sync_group G {
  group {
    VI_1
  }
}
vrrp_instance VI_1 {
  interface ens33
  virtual_router_id 51
  priority 150
  authentication {
    auth_type PASS
    auth_pass 1111
  }
  virtual_ipaddress {
    10.9.0.100/24 label ens33:1
    10.9.0.101
  }
}
"""
KEYS = [
    "VRRP Version", "Sync group", "State", "Wantstate", "Number of config faults",
    "Number of interface and track script faults", "Number of track scripts init",
    "Master down timer", "Interface", "Multicast address", "Gratuitous ARP delay",
    "Gratuitous ARP repeat", "Gratuitous ARP refresh", "Gratuitous ARP refresh repeat",
    "Gratuitous ARP lower priority delay", "Gratuitous ARP lower priority repeat",
    "Down timer adverts", "Virtual Router ID", "Priority", "Effective priority", "Total priority",
    "Advert interval", "Accept", "Preempt", "Promote_secondaries", "Authentication type",
    "Virtual IP (2):", "10.9.0.100/24 dev", "10.9.0.101 dev", "Using smtp notification",
    "Notify deleted", "Notify priority changes", "VRRP Sync Group", "Num member fault",
    "VRRP member instances",
]  # fmt: skip


def lines(router):
    router.start()
    router.await_state("MASTER")
    router.host.run("sleep 0.5; kill -USR1 $(cat /run/keepalived.pid)")
    path = router.host.path("/tmp/keepalived.data")
    wait_until(lambda: path.exists() and "Sync groups" in path.read_text(), 3, "the dump")
    text = path.read_text()
    found = [line.strip() for line in text[text.index("VRRP Topology") :].splitlines()]
    return {key: next((line for line in found if line.startswith(key)), None) for key in KEYS}


def test_the_lines_of_an_instance_are_keepaliveds():
    with Segment() as segment:
        theirs = lines(segment.router("keepalived", "keepalived", CONFIGURATION))
    with Segment() as segment:
        assert lines(segment.router("baton", "baton", CONFIGURATION)) == theirs
