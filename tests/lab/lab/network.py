"""The tutorial's network: two proxies that share 192.168.175.100, two web servers, a client, a switch.

    with Network("baton", "keepalived", "apache") as network:
        network.start()
        network.await_master("nginx01")
"""

import signal
import subprocess

from . import configs, roles
from .capture import Capture
from .host import Host, connect, curl, start_switch
from .prober import Prober
from .waiting import wait_until

VIP = configs.VIP
ADDRESSES = {
    "nginx01": "192.168.175.101",
    "nginx02": "192.168.175.102",
    "web01": "192.168.175.121",
    "web02": "192.168.175.122",
    "client": "192.168.175.200",
}


class Network:
    """Five hosts and the switch between them; everything ends with close(), or with the test run."""

    def __init__(self, first="baton", second="baton", web="apache"):
        missing = roles.missing_programs({first, second, web})
        if missing:
            raise RuntimeError("\n".join(missing))
        self._open = []
        self.started = False
        try:
            self.switch = self._keep(start_switch())
            self.hosts = {name: self._start_host(name) for name in ADDRESSES}
            self.client = self.hosts["client"]
            self.nginx01 = roles.Proxy(self.hosts["nginx01"], first)
            self.nginx02 = roles.Proxy(self.hosts["nginx02"], second)
            self.web01 = roles.Web(self.hosts["web01"], web)
            self.web02 = roles.Web(self.hosts["web02"], web)
        except BaseException:
            self.close()
            raise
        self.proxies = [self.nginx01, self.nginx02]
        self.webs = [self.web01, self.web02]

    def _keep(self, thing):
        self._open.append(thing)
        return thing

    def _start_host(self, name):
        host = self._keep(Host(name, paths=roles.visible_paths()))
        connect(host, self.switch, ADDRESSES[name])
        return host

    def close(self):
        while self._open:
            self._open.pop().close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # -- the tutorial's steps ---------------------------------------------------------------------

    def start(self, master="nginx01"):
        """Starts everything in the tutorial's order and waits until `master` serves on the VIP."""
        for node in [*self.webs, *self.proxies]:
            node.start()
        self.await_master(master)
        self.await_service()
        self.started = True

    def proxy(self, name):
        return {"nginx01": self.nginx01, "nginx02": self.nginx02}[name]

    def holders(self):
        """Names of the proxies that have the VIP in their kernel."""
        return [proxy.name for proxy in self.proxies if proxy.holds_vip()]

    def start_failover(self, text_of):
        """Starts the failover part alone on both proxies, with the file that text_of(name) gives, once
        their link-local addresses may be used."""
        for proxy in self.proxies:
            wait_until(proxy.host.link_local, 6, f"a link-local address on {proxy.name}")
            proxy.write_failover(text_of(proxy.name))
        for proxy in self.proxies:
            proxy.host.systemctl("start", proxy.failover_service)

    def await_holder(self, name, address, within=8):
        """Waits until the proxy `name` alone has `address`."""
        def holders():
            return [proxy.name for proxy in self.proxies if proxy.host.has_address(address)]

        wait_until(lambda: holders() == [name], within, f"{name} alone has {address}")

    def await_master(self, name, within=8):
        wait_until(
            lambda: self.holders() == [name],
            within,
            f"{name} alone has {VIP} (now: {self.holders()})",
        )

    def await_service(self, address=VIP, within=5):
        command = ["curl", "-s", "-f", "--max-time", "1", f"http://{address}/"]
        wait_until(
            lambda: self.client.run(command, check=False).returncode == 0,
            within,
            f"an answer from {address}",
        )

    def get(self, address=VIP, *options):
        return curl(self.client, f"http://{address}/", *options)

    # -- instruments ------------------------------------------------------------------------------

    def prober(self, **options):
        """A running prober on the client; see prober.Prober."""
        return self._keep(Prober(self.client, **options))

    def capture(self, *ports):
        """A running capture of ARP and VRRP as sent by these hosts (default: both proxies)."""
        return self._keep(Capture(self.switch, ports or ("nginx01", "nginx02")))

    # -- cables -----------------------------------------------------------------------------------

    def cut(self, name):
        """Pulls the cable of a host: the host itself sees its link go down."""
        self.switch.run(["ip", "link", "set", name, "down"])

    def mend(self, name):
        self.switch.run(["ip", "link", "set", name, "up"])

    def part(self, apart=True):
        """Keeps the two proxies from hearing each other while everyone else still reaches both."""
        state = "on" if apart else "off"
        for port in ("nginx01", "nginx02"):
            self.switch.run(["bridge", "link", "set", "dev", port, "isolated", state])

    def second_cable(self):
        """A cable between the two proxies alone, beside the switch: ens34, 10.34.0.1 and 10.34.0.2."""
        ends = [(self.nginx01.host, "10.34.0.1"), (self.nginx02.host, "10.34.0.2")]
        subprocess.run(
            ["ip", "link", "add", "ens34", "netns", str(ends[0][0].pid), "type", "veth",
             "peer", "name", "ens34", "netns", str(ends[1][0].pid)],
            check=True,
        )  # fmt: skip
        for host, address in ends:
            host.run(["ip", "addr", "add", f"{address}/24", "dev", "ens34"])
            host.run(["ip", "link", "set", "ens34", "up"])

    def cut_second_cable(self, cut=True):
        self.nginx01.host.run(["ip", "link", "set", "ens34", "down" if cut else "up"])

    def block(self, name, blocked=True):
        """The switch lets nothing through from and to a host, whose link stays up all the same."""
        disabled, forwarding = "0", "3"  # of the spanning tree
        state = disabled if blocked else forwarding
        self.switch.run(["bridge", "link", "set", "dev", name, "state", state])

    # -- faults -----------------------------------------------------------------------------------

    def freeze(self, web):
        assert web.host.signal(signal.SIGSTOP, *web.processes), f"nothing to freeze on {web.name}"

    def thaw(self, web):
        web.host.signal(signal.SIGCONT, *web.processes)

    def impostor(self, web, behaviour):
        """Stops the web server and lets a server with a bad habit answer in its place (impostor.py)."""
        web.stop()
        from .host import PROGRAMS, PYTHON

        process = web.host.popen([PYTHON, PROGRAMS / "impostor.py", behaviour])
        assert process.stdout.readline() == "listening\n"
        self._keep(_Ended(process))

    # -- for the reader of a failed test ----------------------------------------------------------

    def report(self):
        """Logs, addresses and processes of both proxies as (title, text) pairs."""
        sections = []
        for proxy in self.proxies:
            host = proxy.host
            listing = "\n".join(
                f"{p.pid:7} {p.parent:7} {p.state} {p.name:16} {p.command}"
                for p in host.processes()
            )
            sections.append(
                (f"{proxy.name} ({proxy.kind})", f"addresses {host.addresses()}\n{listing}")
            )
            sections.append((f"{proxy.name} /var/log/messages", _tail(host.messages())))
            sections.append(
                (f"{proxy.name} error.log", _tail(host.read("/var/log/nginx/error.log")))
            )
            if proxy.is_baton:
                status = host.run(["baton", "status"], check=False, timeout=5)
                sections.append((f"{proxy.name} baton status", status.stdout + status.stderr))
        return sections


def _tail(text, lines=80):
    return "\n".join(text.splitlines()[-lines:])


class _Ended:
    """A helper process that ends when its standard input closes."""

    def __init__(self, process):
        self._process = process

    def close(self):
        self._process.stdin.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._process.stdout.close()
