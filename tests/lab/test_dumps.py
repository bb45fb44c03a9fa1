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


PLACES = ["Interface", "Family", "Protocol", "Type", "Address", "VRRP instances", "VI_"]
FACTS = ["Name", "index", "IPv4 address", "State", "Up debounce", "Down debounce", "VMAC type",
         "I/f created", "MTU", "Tracking", "VI_"]  # fmt: skip
TWO = """\
vrrp_instance VI_1 {
  interface ens33
  virtual_router_id 51
  priority 150
  virtual_ipaddress {
    10.9.0.100
  }
}
vrrp_instance VI_2 {
  interface ens33
  virtual_router_id 52
  priority 150
  use_vmac
  unicast_peer {
    10.9.0.77
  }
  virtual_ipaddress {
    10.9.0.102
  }
}
"""


def section(text, title, keys):
    """Its lines that begin with one of `keys`."""
    body = text[text.index(f"< {title} >") :].splitlines()[1:]
    end = next((i for i, line in enumerate(body) if line.startswith("------")), len(body))
    found = [line.strip() for line in body[:end]]
    return [line for line in found if line.startswith(tuple(keys))]


def places(router):
    router.start()
    router.await_state("MASTER", instance="VI_2")
    router.host.run("sleep 0.5; kill -USR1 $(cat /run/keepalived.pid)")
    path = router.host.path("/tmp/keepalived.data")
    wait_until(lambda: path.exists() and "MTU = 1500" in path.read_text(), 3, "the dump")
    text = path.read_text()
    return section(text, "VRRP Sockpool", PLACES), section(text, "Interfaces", FACTS)


def test_sockets_and_interfaces_are_told_as_by_keepalived():
    with Segment() as segment:
        theirs = places(segment.router("keepalived", "keepalived", TWO))
    with Segment() as segment:
        ours = places(segment.router("baton", "baton", TWO))
    assert ours[0] == theirs[0]
    assert ours[1] == theirs[1]


def test_the_lines_of_an_instance_are_keepaliveds():
    with Segment() as segment:
        theirs = lines(segment.router("keepalived", "keepalived", CONFIGURATION))
    with Segment() as segment:
        assert lines(segment.router("baton", "baton", CONFIGURATION)) == theirs
