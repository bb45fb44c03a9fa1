"""BFD daemons of others as peers: frr's bfdd, bird2, and keepalived's own.

Each is started on a host of the lab with a session to one neighbor; state() is the daemon's own
view of it, interval_ms() what it agreed on for sending.
"""

import json
import re

from .roles import PEERS


class Frr:
    name = "frr"

    def __init__(self, host, neighbor, local, interval_ms, multiplier):
        self.host, self.neighbor = host, neighbor
        host.write(
            "/etc/frr/bfdd.conf",
            f"bfd\n peer {neighbor} local-address {local} interface ens33\n"
            f"  detect-multiplier {multiplier}\n  receive-interval {interval_ms}\n"
            f"  transmit-interval {interval_ms}\n  no shutdown\n exit\nexit\n",
        )
        for folder in ("/run/frr", "/var/tmp/frr"):
            host.write(f"{folder}/.keep", "")
        # Debian's build insists on its groups.
        host.write("/etc/group", host.read("/etc/group") + "frrvty:x:991:root\nfrr:x:992:root\n")
        allowed = "auth sufficient pam_permit.so\naccount sufficient pam_permit.so\n"
        host.write("/etc/pam.d/frr", allowed)
        zebra = "-A 127.0.0.1 -u root -g root --vty_socket /run/frr -z /run/frr/zserv.api"
        host.run(
            f"{PEERS}/bin/zebra -d {zebra} -i /run/frr/zebra.pid -f /dev/null"
            f" && {PEERS}/bin/bfdd -d {zebra} -i /run/frr/bfdd.pid -f /etc/frr/bfdd.conf"
            " --bfdctl /run/frr/bfdd.sock"
        )

    def _show(self):
        command = [f"{PEERS}/bin/vtysh", "--vty_socket", "/run/frr", "-c", "show bfd peers json"]
        text = self.host.run(command, check=False).stdout
        return next(iter(json.loads(text[text.index("[") :])), {}) if "[" in text else {}

    def state(self):
        return self._show().get("status", "").lower()

    def interval_ms(self):
        return self._show()["remote-receive-interval"]


class Bird:
    name = "bird"

    def __init__(self, host, neighbor, local, interval_ms, multiplier):
        self.host, self.neighbor = host, neighbor
        host.write(
            "/etc/bird.conf",
            f"""router id 10.0.0.2;
protocol device {{ }}
protocol bfd {{
  interface "ens33" {{ min rx interval {interval_ms} ms; min tx interval {interval_ms} ms;
    idle tx interval 1 s; multiplier {multiplier}; }};
  neighbor {neighbor} dev "ens33" local {local};
}}
""",
        )
        host.write("/run/bird/.keep", "")
        host.run(f"{PEERS}/bin/bird -c /etc/bird.conf -s /run/bird/bird.ctl -P /run/bird/bird.pid")

    def _show(self):
        command = [f"{PEERS}/bin/birdc", "-s", "/run/bird/bird.ctl", "show bfd sessions"]
        for line in self.host.run(command, check=False).stdout.splitlines():
            words = line.split()
            if words and words[0] == self.neighbor:
                return words
        return []

    def state(self):
        words = self._show()
        return words[2].lower() if words else ""

    def interval_ms(self):
        return float(self._show()[4]) * 1000


class Keepalived:
    name = "keepalived"

    def __init__(self, host, neighbor, local, interval_ms, multiplier):
        self.host = host
        host.write(
            "/etc/keepalived/keepalived.conf",
            f"""bfd_instance peer {{
  neighbor_ip {neighbor}
  source_ip {local}
  min_rx {interval_ms}
  min_tx {interval_ms}
  multiplier {multiplier}
}}
vrrp_instance watcher {{
  interface ens33
  virtual_router_id 99
  track_bfd {{
    peer
  }}
  virtual_ipaddress {{
    192.168.175.99
  }}
}}
""",
        )
        host.run([f"{PEERS}/bin/keepalived", "-D"])

    def state(self):
        found = re.findall(r"Tracked BFD instance peer is (\w+)", self.host.messages())
        return found[-1].lower() if found else ""

    def interval_ms(self):
        return None  # it does not tell


DAEMONS = {daemon.name: daemon for daemon in (Frr, Bird, Keepalived)}
