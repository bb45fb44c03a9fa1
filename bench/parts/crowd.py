"""Many instances on one interface: 255 of VRRPv3 with an advert every 100 ms.

Two hosts of the lab on one switch. What the failover process of each spends is the scheduler's count
(schedstat) over some seconds, after the bursts of a takeover are over; on a virtual cable the sender
is also charged for the switch and for waking the receiver. How much that is, a bare loop tells that
only sends as many packets, in bursts and one by one. Then every process of the master is killed at
once, and the adverts and announcements of the other one are timed as they come by on the switch.
"""

import os
import signal
import time

import configs  # noqa: F401  (makes the lab importable)
from lab.capture import Capture
from lab.host import Host, connect, start_switch
from lab.roles import Proxy, visible_paths
from lab.waiting import wait_until
from report import Goal, Report

INSTANCES, INTERVAL = 255, 0.1
HOSTS = {"nginx01": (1, 150), "nginx02": (2, 100)}
# The second burst of announcements comes five seconds after a takeover.
BURSTS_OVER = 7

# Prints the CPU seconds that the kernel spends for it.
BARE_LOOP = """
import resource, socket, sys, time
burst, rate, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
bare = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
bare.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"ens33")
bare.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.9.0.1"))
bare.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
advert, group, pause = b"\\x31" + bytes(11), ("224.0.0.18", 0), burst / rate
due = time.monotonic()
for _ in range(int(seconds * rate / burst)):
    for _ in range(burst):
        bare.sendto(advert, group)
    due += pause
    time.sleep(max(0, due - time.monotonic()))
print(resource.getrusage(resource.RUSAGE_SELF).ru_stime)
"""


def _config(priority):
    blocks = (
        f"vrrp_instance V{n} {{\n interface ens33\n virtual_router_id {n}\n priority {priority}\n"
        f" version 3\n advert_int {INTERVAL}\n virtual_ipaddress {{\n  10.9.1.{n}/16\n }}\n}}\n"
        for n in range(1, INSTANCES + 1)
    )
    return "".join(blocks)


def _held(host):
    return sum(address.startswith("10.9.1.") for address in host.addresses())


def _spent(host):
    """CPU seconds of all processes of the failover part."""
    total = 0
    for process in host.processes("keepalived"):
        with open(f"/proc/{process.pid}/schedstat") as file:
            total += int(file.read().split()[0])
    return total / 1e9


class _Crowd:
    def __init__(self, kind):
        self._open = []
        try:
            self.switch = self._keep(start_switch())
            self.proxies = {}
            for name, (number, priority) in HOSTS.items():
                host = self._keep(Host(name, paths=visible_paths()))
                connect(host, self.switch, f"10.9.0.{number}")
                self.proxies[name] = Proxy(host, kind)
                self.proxies[name].write_failover(_config(priority))
        except BaseException:
            self.close()
            raise

    def _keep(self, thing):
        self._open.append(thing)
        return thing

    def close(self):
        while self._open:
            self._open.pop().close()

    def run(self, seconds):
        hosts = {name: proxy.host for name, proxy in self.proxies.items()}
        for host in hosts.values():
            host.systemctl("start", "keepalived")
        wait_until(lambda: _held(hosts["nginx01"]) == INSTANCES, 20, "nginx01 holds all addresses")
        time.sleep(BURSTS_OVER)
        before = {name: _spent(host) for name, host in hosts.items()}
        time.sleep(seconds)
        shares = {name: (_spent(hosts[name]) - before[name]) / seconds for name in hosts}
        assert _held(hosts["nginx02"]) == 0, "both hold addresses"
        self.recording = self._keep(Capture(self.switch, tuple(HOSTS)))
        time.sleep(0.5)
        killed = time.time()
        hosts["nginx01"].signal(signal.SIGKILL, "keepalived")
        wait_until(lambda: _held(hosts["nginx02"]) == INSTANCES, 20, "nginx02 holds all addresses")
        time.sleep(0.5)
        return shares, self._takeover(killed)

    def bare_share(self, burst, seconds):
        """What the kernel alone takes of a core for the sender's packets, to a host that listens."""
        rate = int(INSTANCES / INTERVAL)
        command = ["/usr/bin/python3", "-c", BARE_LOOP, str(burst), str(rate), str(seconds)]
        return float(self.proxies["nginx01"].host.output(command)) / seconds

    def _takeover(self, killed):
        """From the first advert of the new master to its first announcement of the last address."""
        adverts = self.recording.adverts_of("nginx02", since=killed)
        first = {}
        for arp in list(self.recording.arps):
            if arp.sender == "nginx02" and arp.gratuitous and arp.time >= killed:
                first.setdefault(arp.sender_ip, arp.time)
        announced = [time for address, time in first.items() if address.startswith("10.9.1.")]
        assert len(announced) == INSTANCES, f"{len(announced)} addresses were announced"
        return max(announced) - min(advert.time for advert in adverts)


def crowd(options):
    os.sched_setaffinity(0, range(os.cpu_count()))  # hosts of the lab use the whole machine
    report = Report(
        f"{INSTANCES} instances on one interface, an advert every {INTERVAL * 1000:.0f} ms",
        ["program", "master, % of a core", "backup, % of a core", "takeover ms"],
    )
    kinds = ["keepalived"] + (["baton"] if "baton" in options.programs else [])
    for kind in kinds:
        pair = _Crowd(kind)
        try:
            shares, takeover = pair.run(options.seconds * 5)
            if kind == "baton":
                report.notes += [
                    f"of the master's share the kernel takes, for {burst} at a time from a bare loop:"
                    f" {100 * pair.bare_share(burst, options.seconds):.2f} %"
                    for burst in (1, 25)
                ]
        finally:
            pair.close()
        master, backup = 100 * shares["nginx01"], 100 * shares["nginx02"]
        report.rows.append([kind, master, backup, takeover * 1000])
        if kind == "baton":
            report.goals += [
                Goal("master, % of a core", master, 3),
                Goal("backup, % of a core", backup, 3),
                Goal("takeover of all addresses, ms", takeover * 1000, 100),
            ]
    return [report]
