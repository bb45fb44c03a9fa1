"""What a host of the lab plays: which program serves and guards, from which files, as which units.

Proxy hosts
  baton       build/baton under its two aliases, `nginx` and `keepalived`, each a unit of its own
  tree        `baton run --proxy --ha`: one unit, one supervised process tree
  keepalived  Debian's nginx and keepalived
Web hosts
  apache      Apache httpd with the tutorial's LogFormat
  baton       baton as `nginx` with a log_format that says the same
"""

import os
from pathlib import Path

from . import configs
from .host import PROGRAMS, REPOSITORY
from .waiting import wait_until

BATON = Path(os.environ.get("BATON", REPOSITORY / "build" / "baton")).resolve()
PEERS = Path(os.environ.get("BATON_PEERS", REPOSITORY / "build" / "peers")).resolve()
PROXY_FILE, HA_FILE = "/etc/nginx/nginx.conf", "/etc/keepalived/keepalived.conf"

UNITS = {
    "nginx": """title="The nginx HTTP and reverse proxy server"
check="/usr/sbin/nginx -t"
command="/usr/sbin/nginx"
pid_file=/run/nginx.pid
stop_signal=QUIT
stop_timeout=5
""",
    "keepalived": """title="LVS and VRRP High Availability Monitor"
command="/usr/sbin/keepalived -D"
pid_file=/run/keepalived.pid
""",
    "baton": f"""title="baton load balancer pair"
kind=simple
command="/usr/sbin/baton run --proxy {PROXY_FILE} --ha {HA_FILE}"
pid_file=/run/lab/baton.pid
""",
    "httpd": """title="The Apache HTTP Server"
kind=simple
command="/usr/sbin/httpd -DFOREGROUND"
pid_file=/run/lab/httpd.pid
""",
}


def missing_programs(kinds):
    """What has to be built or fetched before hosts of these kinds can start; empty if nothing."""
    lines = []
    if {"baton", "tree"} & set(kinds) and not os.access(BATON, os.X_OK):
        lines.append(f"baton is not built: {BATON} is missing (set BATON to test another one)")
    if not (PEERS / ".complete").exists():
        lines.append(
            f"the peers are not there: run tests/lab/peers.sh {PEERS} (or set BATON_PEERS)"
        )
    return lines


def visible_paths():
    """Folders of the machine that every host sees under their own names."""
    return [REPOSITORY, PEERS] + ([BATON.parent] if BATON.parent.is_dir() else [])


def _install(host, name, program):
    """Gives the host a program under its usual absolute name."""
    link = host.path(f"/usr/sbin/{name}")
    link.unlink(missing_ok=True)
    link.symlink_to(program)


def _unit(host, name):
    host.write(f"/etc/lab-units/{name}", UNITS[name])


def _common(host):
    host.write("/usr/local/bin/systemctl", (PROGRAMS / "systemctl").read_text(), 0o755)
    host.write("/etc/nginx/mime.types", (PEERS / "root/etc/nginx/mime.types").read_text())
    host.write("/etc/mime.types", (PEERS / "root/etc/mime.types").read_text())


class Proxy:
    """A proxy host in one of its kinds. Its files are the tutorial's until a scenario writes others."""

    def __init__(self, host, kind):
        self.host, self.kind, self.name = host, kind, host.name
        _common(host)
        _install(host, "baton", BATON)
        for program in ("nginx", "keepalived"):
            _install(host, program, PEERS / "bin" / program if kind == "keepalived" else BATON)
        self.services = ["baton"] if kind == "tree" else ["nginx", "keepalived"]
        for unit in self.services:
            _unit(host, unit)
        host.write(PROXY_FILE, configs.proxy_centos())
        in_tutorial = self.name in configs.REAL_ADDRESSES
        host.write(HA_FILE, configs.failover(self.name if in_tutorial else "nginx02"))
        host.write("/etc/keepalived/check_nginx.sh", configs.tutorial("check_nginx.sh"), 0o755)
        host.write("/etc/keepalived/notify.sh", configs.NOTIFY_SCRIPT, 0o755)

    @property
    def is_baton(self):
        return self.kind != "keepalived"

    @property
    def proxy_service(self):
        return self.services[0]

    @property
    def failover_service(self):
        return self.services[-1]

    def start(self):
        for unit in self.services:
            self.host.systemctl("start", unit)

    def stop(self):
        for unit in reversed(self.services):
            self.host.systemctl("stop", unit)

    def supervisor(self):
        """The root of the `baton run` tree; None when it does not run."""
        pid = self.host.read("/run/lab/baton.pid").strip()
        return self.host.process_inside(int(pid)) if pid else None

    def tree(self):
        """All processes of baton, or of nginx and keepalived, on this host."""
        root = [self.supervisor()] if self.kind == "tree" and self.supervisor() else []
        return root + self.host.processes("nginx", "keepalived")

    def holds_vip(self):
        return self.host.has_address(configs.VIP)

    def write_proxy(self, text):
        self.host.write(PROXY_FILE, text)

    def write_failover(self, text):
        self.host.write(HA_FILE, text)


class Web:
    """A web host. Its page is its name, as the tutorial's `echo 'web01' > index.html` makes it."""

    def __init__(self, host, kind):
        self.host, self.kind, self.name = host, kind, host.name
        _common(host)
        host.write("/var/www/html/index.html", f"{host.name}\n")
        if kind == "apache":
            self.service, self.log, self.processes = (
                "httpd",
                "/var/log/httpd/access_log",
                ("httpd", "apache2"),
            )
            _install(host, "httpd", PEERS / "bin" / "apache2")
            host.write(
                "/etc/httpd/conf/httpd.conf",
                configs.httpd(host.name, PEERS / "root/usr/lib/apache2/modules"),
            )
            host.write("/var/log/httpd/.keep", "")
            host.write("/run/httpd/.keep", "")
            command = UNITS["httpd"].replace(
                "-DFOREGROUND", "-f /etc/httpd/conf/httpd.conf -DFOREGROUND"
            )
            host.write("/etc/lab-units/httpd", command)
        else:
            self.service, self.log, self.processes = (
                "nginx",
                "/var/log/nginx/access.log",
                ("nginx", "baton"),
            )
            _install(host, "nginx", BATON if kind == "baton" else PEERS / "bin" / "nginx")
            host.write(PROXY_FILE, configs.stock("web-nginx.conf"))
            _unit(host, "nginx")

    def start(self):
        self.host.systemctl("start", self.service)
        # A service in the foreground counts as started before it listens.
        listens = ["bash", "-c", ": < /dev/tcp/127.0.0.1/80"]
        wait_until(
            lambda: self.host.run(listens, check=False).returncode == 0, 5, f"{self.name} listens"
        )

    def stop(self):
        self.host.systemctl("stop", self.service)
