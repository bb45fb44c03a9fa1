"""BFD sessions with frr, bird and keepalived: up, agreed on, down with the link, up again."""

import json

import pytest

from lab import roles
from lab.bfd_peers import DAEMONS
from lab.host import Host, connect, start_switch
from lab.roles import BATON, HA_FILE, _install
from lab.waiting import wait_until

US, THEM = "192.168.175.101", "192.168.175.150"
CONFIGURATION = f"""bfd_instance other {{
  neighbor_ip {THEM}
  source_ip {US}
  min_rx 80
  min_tx 40
  multiplier 4
}}
vrrp_instance V {{
  interface ens33
  virtual_router_id 51
  track_bfd {{
    other
  }}
  virtual_ipaddress {{
    192.168.175.100
  }}
}}
"""


@pytest.fixture
def pair():
    opened = [start_switch()]
    try:
        for name, address in (("baton", US), ("other", THEM)):
            opened.append(Host(name, paths=roles.visible_paths()))
            connect(opened[-1], opened[0], address)
        yield opened
    finally:
        while opened:
            opened.pop().close()


def session(host):
    """The session as baton shows it; without a state while baton is starting."""
    shown = host.run(["baton", "status", "--json"], check=False).stdout
    sessions = json.loads(shown)["failover"]["bfd"]["sessions"] if shown else []
    return sessions[0] if sessions else {"state": ""}


@pytest.mark.parametrize("peer", DAEMONS)
@pytest.mark.parametrize("made_of", [("tree", "keepalived", "apache")])
def test_a_session_with_another_program_comes_up_and_goes_down_with_the_link(pair, peer, made_of):
    switch, host, other = pair
    _install(host, "baton", BATON)
    host.write(HA_FILE, CONFIGURATION)
    host.popen(["sh", "-c", f"exec baton run --ha {HA_FILE} > /var/log/messages 2>&1"])
    daemon = DAEMONS[peer](other, US, THEM, interval_ms=50, multiplier=3)
    wait_until(lambda: session(host)["state"] == "Up", 8, f"baton's session with {peer} is up")
    wait_until(lambda: daemon.state() == "up", 5, f"{peer} says so, too")
    wait_until(
        lambda: session(host)["detection_time_ms"] == 240, 3, "three times the slower one's 80 ms"
    )
    assert session(host)["transmit_interval_ms"] == 50
    assert daemon.interval_ms() in (None, 50, 80)

    switch.run(["ip", "link", "set", "other", "down"])
    wait_until(lambda: session(host)["state"] == "Down", 2, "silence ends the session")
    assert session(host)["diagnostic"] == "Control Detection Time Expired"
    wait_until(lambda: daemon.state() == "down", 3, f"{peer} notices, too")
    wait_until(lambda: "Entering FAULT STATE" in host.messages(), 2, "the tracking instance fails")
    switch.run(["ip", "link", "set", "other", "up"])
    wait_until(lambda: session(host)["state"] == "Up", 8, "up again")
    wait_until(lambda: daemon.state() == "up", 5, f"{peer} says so, too")


@pytest.mark.parametrize("peer", ["frr", "bird"])
@pytest.mark.parametrize("made_of", [("tree", "keepalived", "apache")])
def test_a_session_over_ipv6_comes_up_and_goes_down_with_the_link(pair, peer, made_of):
    switch, host, other = pair
    us, them = "fd09::101", "fd09::150"
    for end, address in ((host, us), (other, them)):
        end.run(["ip", "addr", "add", f"{address}/64", "dev", "ens33", "nodad"])
    _install(host, "baton", BATON)
    host.write(HA_FILE, CONFIGURATION.replace(US, us).replace(THEM, them))
    host.popen(["sh", "-c", f"exec baton run --ha {HA_FILE} > /var/log/messages 2>&1"])
    daemon = DAEMONS[peer](other, us, them, interval_ms=50, multiplier=3)
    wait_until(lambda: session(host)["state"] == "Up", 8, f"baton's session with {peer} is up")
    wait_until(lambda: daemon.state() == "up", 5, f"{peer} says so, too")
    switch.run(["ip", "link", "set", "other", "down"])
    wait_until(lambda: session(host)["state"] == "Down", 2, "silence ends the session")
    wait_until(lambda: "Entering FAULT STATE" in host.messages(), 2, "the tracking instance fails")
    switch.run(["ip", "link", "set", "other", "up"])
    wait_until(lambda: session(host)["state"] == "Up", 8, "up again")
