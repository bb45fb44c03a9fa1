#!/usr/bin/python3
"""`./dev demo`: the tutorial come alive, with baton on every host.

Five hosts as network namespaces without an uplink: two web servers, two proxies that share
192.168.175.100, a client. The story is told step by step, each move of the address with its measured
outage; then the hosts go on running under a prompt of things to try. Without a terminal on standard
input it ends after the story. Exit code 0 only if every step went as told.

`demo.py --peers` plays the same story with Debian's nginx and keepalived, to compare.
"""

import argparse
import os
import shlex
import signal
import subprocess
import sys
import time

from lab import configs
from lab.host import fail_unless_root
from lab.network import ADDRESSES, VIP, Network
from lab.waiting import wait_until

PICTURE = f"""
                     the shared address {VIP}
              +---------------------------------------------+
   client     |   nginx01                 nginx02           |
   .200  -----|   192.168.175.101         192.168.175.102   |
              +---------------------|-----------------------+
                        +-----------+-----------+
                      web01                   web02
                      192.168.175.121         192.168.175.122
"""


class Told:
    """Prints the story and remembers whether every claim came true."""

    def __init__(self):
        self.color = sys.stdout.isatty()
        self.step_number = 0
        self.broken = []

    def paint(self, code, text):
        return f"\033[{code}m{text}\033[0m" if self.color else text

    def step(self, title):
        self.step_number += 1
        print(f"\n{self.paint('1', f'{self.step_number}. {title}')}")

    def shell(self, host, command, output):
        print(self.paint("2", f"   [root@{host.name} ~]# {command}"))
        for line in output.rstrip("\n").splitlines():
            print(f"   {line}")

    def claim(self, true, text):
        mark = self.paint("32", "ok") if true else self.paint("31", "NOT AS TOLD")
        print(f"   {mark}  {text}")
        if not true:
            self.broken.append(f"{self.step_number}. {text}")


class Demo:
    def __init__(self, network, told, peers):
        self.network, self.told, self.peers = network, told, peers
        self.first, self.second = network.proxies

    def run(self, host, command):
        output = host.run(command, check=False)
        self.told.shell(host, command, output.stdout + output.stderr)
        return output.stdout

    # -- the story --------------------------------------------------------------------------------

    def tell(self):
        self.web_servers()
        self.proxies()
        self.turns()
        self.wire()
        if not self.peers:
            self.status()
        # For each move: the outage that baton promises in seconds, and that of nginx with keepalived.
        self.planned_stop()
        self.crash()
        self.cable()
        self.web_server_stops()
        self.reloads()

    def web_servers(self):
        self.told.step("Two web servers, each with a page that says its name")
        for web in self.network.webs:
            self.run(web.host, f"systemctl start {web.service}")
            self.network.await_service(ADDRESSES[web.name])
            body = self.network.get(ADDRESSES[web.name])
            self.told.claim(
                body == f"{web.name}\n", f"http://{ADDRESSES[web.name]}/ answers {body.strip()}"
            )

    def proxies(self):
        self.told.step("Two proxies with the tutorial's nginx.conf and keepalived.conf, unchanged")
        for proxy in self.network.proxies:
            for service in proxy.services:
                self.run(proxy.host, f"systemctl start {service}")
        self.network.await_master("nginx01")
        self.network.await_service()
        self.run(self.first.host, "ip -4 -brief addr show ens33")
        self.told.claim(
            True, f"nginx01 (priority 100) has taken {VIP}; nginx02 (priority 80) stands by"
        )

    def turns(self):
        self.told.step("The client asks the shared address; the web servers take turns")
        bodies = self.run(self.network.client, f"for i in 1 2 3 4; do curl -s {VIP}; done").split()
        self.told.claim(
            sorted(bodies) == ["web01", "web01", "web02", "web02"], f"answers: {' '.join(bodies)}"
        )
        web = self.network.web01
        wait_until(lambda: "curl" in web.host.read(web.log), 2, "the requests in web01's log")
        log = self.run(web.host, f"grep curl {web.log} | tail -1")
        self.told.claim(
            log.startswith(ADDRESSES["client"]),
            "web01's log names the client, not the proxy (X-Real-IP)",
        )

    def wire(self):
        self.told.step("What the proxies say to each other: one advert a second")
        command = (
            "timeout 2.5 tcpdump -i ens33 -nn -v -c 2 vrrp"
            if self.peers
            else "timeout 2.5 baton trace ens33"
        )
        shown = self.run(self.second.host, command)
        self.told.claim("prio 100" in shown, "nginx02 hears that nginx01 is there, priority 100")

    def status(self):
        self.told.step("Who has the address, and why")
        shown = self.run(self.first.host, "baton status")
        self.told.claim("MASTER" in shown, "nginx01 is MASTER")

    def move(self, title, act, promised, interval_ms=5):
        """Measures one move of the address from nginx01 to nginx02."""
        self.told.step(title)
        prober = self.network.prober(interval_ms=interval_ms, timeout_ms=800)
        prober.await_success()
        act()
        wait_until(self.second.holds_vip, 10, "nginx02 takes the address")
        prober.await_success()
        time.sleep(0.3)
        prober.stop()
        bound = promised[1] if self.peers else promised[0]
        failed = f"{len(prober.failures)} of {len(prober.requests)} requests failed"
        self.told.claim(
            prober.outage <= bound,
            f"the address moved to nginx02: {prober.outage * 1000:.0f} ms of outage, {failed}",
        )
        return prober

    def back(self, act):
        act()
        self.network.await_master("nginx01", within=12)
        self.network.await_service()
        self.told.claim(True, "nginx01 is back and has the address again")

    def planned_stop(self):
        service = self.first.failover_service
        prober = self.move(
            "nginx01 is stopped for maintenance, while a new connection comes every 5 ms",
            lambda: self.run(self.first.host, f"systemctl stop {service}"), (0.3, 1.2),
        )  # fmt: skip
        if not self.peers:
            self.told.claim(not prober.failures, "nobody noticed")
        self.back(lambda: self.run(self.first.host, f"systemctl start {service}"))

    def crash(self):
        self.move(
            "Everything on nginx01 is killed with -9", lambda: self.kill(self.first), (5.0, 30.0)
        )
        if self.peers:
            # Nobody is left to remove the address; the reader of a real pair would do this by hand.
            self.run(self.first.host, f"ip addr del {VIP}/32 dev ens33; rm -f /run/*.pid")
        else:
            wait_until(
                lambda: not self.first.holds_vip(), 8, "the kernel drops the address on nginx01"
            )
            self.told.claim(True, "the dead node's kernel let go of the address by itself")
        self.back(lambda: self.first.start())

    def kill(self, proxy, name="all"):
        victims = proxy.tree() if name == "all" else proxy.host.processes(name)
        print(
            self.told.paint(
                "2",
                f"   [root@{proxy.name} ~]# kill -9 {' '.join(victim.name for victim in victims)}",
            )
        )
        for victim in victims:
            try:
                os.kill(victim.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it died with its parent

    def cable(self):
        self.move(
            "The network cable of nginx01 is pulled",
            lambda: self.network.cut("nginx01"),
            (4.2, 4.2),
        )
        self.back(lambda: self.network.mend("nginx01"))

    def web_server_stops(self):
        self.told.step("web01 stops")
        prober = self.network.prober(interval_ms=10)
        self.run(self.network.web01.host, f"systemctl stop {self.network.web01.service}")
        bodies = self.run(self.network.client, f"for i in 1 2 3 4; do curl -s {VIP}; done").split()
        self.told.claim(bodies == ["web02"] * 4, "web02 answers everything")
        self.run(self.network.web01.host, f"systemctl start {self.network.web01.service}")
        prober.await_success(body="web01", within=10)
        prober.stop()
        self.told.claim(not prober.failures, f"web01 has its turns again; {prober.summary()}")

    def reloads(self):
        self.told.step("The configuration is reloaded ten times under load")
        prober = self.network.prober(interval_ms=5, timeout_ms=3000)
        command = "nginx -s reload" if self.peers else "baton reload"
        print(
            self.told.paint(
                "2", f"   [root@nginx01 ~]# for i in $(seq 10); do {command}; sleep 0.2; done"
            )
        )
        for number in range(10):
            self.first.write_proxy(
                configs.proxy_centos(http_extra=f"    keepalive_requests {1000 + number};\n")
            )
            self.first.host.run(command)
            time.sleep(0.2)
        prober.await_success()
        prober.stop()
        self.told.claim(not prober.failures, prober.summary())


HELP = """
  curl [ADDRESS]        four requests from the client (default: the shared address)
  status [HOST]         baton status (nginx01, nginx02)
  addr                  who has the shared address
  stop HOST, start HOST its service, as systemctl would
  kill HOST [NAME]      kill -9 on a proxy: nginx, keepalived, or everything
  cut HOST, mend HOST   pull its network cable, put it back
  part, join            the proxies stop hearing each other; hear each other again
  trace [SECONDS]       the adverts on the wire, decoded by baton
  probe [SECONDS]       a new connection every 5 ms: how many fail, how long is the gap
  log HOST              its last log lines
  HOST COMMAND...       any command on a host: client curl -i 192.168.175.100; nginx01 tcpdump -nn -i ens33 -c 3 vrrp
  HOST                  a shell on it
  quit
"""


class Prompt:
    """The things to try once the story is told."""

    def __init__(self, demo):
        self.demo, self.network = demo, demo.network

    def loop(self):
        print(f"\nThe five hosts go on running. Things to try:{HELP}")
        for name, host in self.network.hosts.items():
            print(f"  from another terminal: {name:8} nsenter -t {host.pid} -m -u -i -n -p")
        while True:
            try:
                words = shlex.split(input("\ndemo> "))
            except (EOFError, KeyboardInterrupt):
                print()
                return
            except ValueError as error:
                print(error)
                continue
            if words and words[0] in ("quit", "exit", "q"):
                return
            if words:
                self.obey(words)

    def obey(self, words):
        verb, rest = words[0], words[1:]
        try:
            if verb in self.network.hosts:
                self.on_host(self.network.hosts[verb], rest)
            elif hasattr(self, f"do_{verb}"):
                getattr(self, f"do_{verb}")(*rest)
            else:
                print(HELP)
        except (
            AssertionError,
            KeyError,
            TypeError,
            ValueError,
            subprocess.TimeoutExpired,
        ) as error:
            print(f"{verb}: {error}")
        except KeyboardInterrupt:
            print()

    def on_host(self, host, command):
        host.attach(shlex.join(command) if command else ["bash", "-i"])

    def node(self, name):
        return next(node for node in self.network.proxies + self.network.webs if node.name == name)

    def do_curl(self, address=VIP):
        self.demo.run(
            self.network.client,
            f"for i in 1 2 3 4; do curl -sS --max-time 2 {shlex.quote(address)}; done",
        )

    def do_status(self, name="nginx01"):
        self.demo.run(self.network.proxy(name).host, "baton status")

    def do_addr(self):
        print(f"  {VIP} is on: {', '.join(self.network.holders()) or 'nobody'}")

    def do_start(self, name):
        self.node(name).start()

    def do_stop(self, name):
        self.node(name).stop()

    def do_kill(self, name, process="all"):
        self.demo.kill(self.network.proxy(name), process)

    def do_cut(self, name):
        self.network.cut(name)

    def do_mend(self, name):
        self.network.mend(name)

    def do_part(self):
        self.network.part()

    def do_join(self):
        self.network.part(False)

    def do_trace(self, seconds="3"):
        self.demo.run(self.network.nginx02.host, f"timeout {float(seconds)} baton trace ens33")

    def do_probe(self, seconds="5"):
        prober = self.network.prober(interval_ms=5, timeout_ms=800)
        time.sleep(min(float(seconds), 600))
        prober.stop()
        print(f"  {prober.summary()}")

    def do_log(self, name):
        self.demo.run(
            self.network.hosts[name], "tail -n 15 /var/log/messages /var/log/nginx/error.log"
        )

    def do_help(self):
        print(HELP)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--peers", action="store_true", help="Debian's nginx and keepalived instead of baton"
    )
    options = parser.parse_args()
    fail_unless_root()
    kinds = ("keepalived", "keepalived", "apache") if options.peers else ("tree", "tree", "baton")
    told = Told()
    print(PICTURE)
    try:
        with Network(*kinds) as network:
            demo = Demo(network, told, options.peers)
            demo.tell()
            if sys.stdin.isatty():
                Prompt(demo).loop()
    except KeyboardInterrupt:
        print("\nInterrupted; everything is cleaned up.")
        return 130
    except (AssertionError, RuntimeError) as error:
        print(f"\nThe story broke off: {error}")
        return 1
    if told.broken:
        print("\nNot as told:\n  " + "\n  ".join(told.broken))
        return 1
    print("\nEverything went as told.")
    return 0


sys.exit(main())
