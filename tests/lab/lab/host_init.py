"""The first process of a lab host: builds the host, then is its init until its standard input closes.

A host is a network, mount, process, UTS and IPC namespace of its own, with a root file system made
here: the machine's programs read-only, and everything that a host would write to (/etc, /var, /run,
/tmp, /root, /dev, /usr/local) on a private tmpfs. So `killall nginx`, `pidof`, `ps`, pid files, logs
and a daemon that writes into `/` concern this host alone.

Nothing of it has a name on the machine and nothing can be left behind: the namespaces live exactly
as long as this process, and this process lives as long as the pipe on its standard input is open,
however the test run that holds the other end comes to its end.

As init it reaps orphans and writes what arrives on /dev/log to /var/log/messages.

Started as: host_init.py NAME KIND [PATH...]   KIND is `host` or `switch` (network namespace only);
each PATH (repository, peers) is visible in the host under its own name. Prints its pid.
"""

import ctypes
import os
import re
import select
import signal
import socket
import stat
import sys
import time

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 0x1, 0x20, 0x1000, 0x4000, 0x40000
MNT_DETACH = 2
PR_SET_PDEATHSIG = 1
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
ROOT = "/mnt"
DEVICES = {"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9}

libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


def mount(source, target, kind=None, flags=0, options=None):
    encode = lambda text: text.encode() if text is not None else None
    check(
        libc.mount(
            encode(source), encode(target), encode(kind), ctypes.c_ulong(flags), encode(options)
        ),
        f"mount {source} on {target}",
    )


def bind_read_only(source, target):
    mount(source, target, None, MS_BIND | MS_REC)
    mount(None, target, None, MS_BIND | MS_REMOUNT | MS_RDONLY)


def build_root(paths):
    """Lays out the new root file system at ROOT."""
    # Held open by descriptor, since one of them may lie below ROOT, which is about to be covered.
    paths = {path: os.open(path, os.O_PATH) for path in paths}
    mount("tmpfs", ROOT, "tmpfs", 0, "mode=755")
    for folder in (
        "proc",
        "sys",
        "dev/shm",
        "etc",
        "run/lock",
        "root",
        "tmp",
        "var/log/nginx",
        "var/lib/nginx",
        "var/cache",
    ):
        os.makedirs(f"{ROOT}/{folder}")
    os.chmod(f"{ROOT}/tmp", 0o1777)
    os.chmod(f"{ROOT}/dev/shm", 0o1777)
    os.symlink("/run", f"{ROOT}/var/run")
    build_usr()
    for name in ("bin", "sbin", "lib", "lib64", "lib32"):
        if os.path.islink(f"/{name}"):
            os.symlink(os.readlink(f"/{name}"), f"{ROOT}/{name}")
        elif os.path.isdir(f"/{name}"):
            os.mkdir(f"{ROOT}/{name}")
            bind_read_only(f"/{name}", f"{ROOT}/{name}")
    copy_etc()
    build_dev()
    for path, held in paths.items():
        os.makedirs(ROOT + path, exist_ok=True)
        bind_read_only(f"/proc/self/fd/{held}", ROOT + path)


def build_usr():
    """/usr is the machine's, but /usr/sbin and /usr/local can be added to: every daemon has its usual
    absolute path, whichever program plays it on this host."""
    for name in os.listdir("/usr"):
        source, target = f"/usr/{name}", f"{ROOT}/usr/{name}"
        if name == "local":
            continue
        if os.path.islink(source):
            os.symlink(os.readlink(source), target)
        elif os.path.isdir(source):
            os.makedirs(target)
            if name != "sbin":
                bind_read_only(source, target)
    os.makedirs(f"{ROOT}/usr/local/bin")
    os.makedirs(f"{ROOT}/usr/local/sbin")
    os.makedirs(f"{ROOT}/run/machine-sbin")
    bind_read_only("/usr/sbin", f"{ROOT}/run/machine-sbin")
    for name in os.listdir("/usr/sbin"):
        os.symlink(f"/run/machine-sbin/{name}", f"{ROOT}/usr/sbin/{name}")


def copy_etc():
    """The files of /etc that programs need to run; never the machine's own daemons' configuration."""
    for name in (
        "ld.so.cache",
        "ld.so.conf",
        "nsswitch.conf",
        "protocols",
        "services",
        "passwd",
        "group",
        "localtime",
    ):
        if os.path.exists(f"/etc/{name}"):
            with open(f"/etc/{name}", "rb") as source, open(f"{ROOT}/etc/{name}", "wb") as target:
                target.write(source.read())
    os.makedirs(f"{ROOT}/etc/alternatives")
    bind_read_only("/etc/alternatives", f"{ROOT}/etc/alternatives")
    add_account("nginx", 2001)
    add_account("apache", 2048)
    add_account("www-data", 33)


def add_account(name, number):
    with open(f"{ROOT}/etc/passwd", "r+") as passwd, open(f"{ROOT}/etc/group", "r+") as group:
        if f"\n{name}:" not in passwd.read():
            passwd.write(f"{name}:x:{number}:{number}:{name}:/:/usr/sbin/nologin\n")
        if f"\n{name}:" not in group.read():
            group.write(f"{name}:x:{number}:\n")


def build_dev():
    for name, minor in DEVICES.items():
        path = f"{ROOT}/dev/{name}"
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, minor))
        os.chmod(path, 0o666)
    os.mknod(f"{ROOT}/dev/tty", stat.S_IFCHR | 0o666, os.makedev(5, 0))
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.symlink(f"/proc/self/fd/{number}", f"{ROOT}/dev/{name}")
    os.symlink("/proc/self/fd", f"{ROOT}/dev/fd")


def enter_root():
    os.chdir(ROOT)
    number = SYS_PIVOT_ROOT[os.uname().machine]
    check(libc.syscall(number, b".", b"."), "pivot_root")
    check(libc.umount2(b".", MNT_DETACH), "umount of the old root")
    os.chdir("/")
    mount("proc", "/proc", "proc")
    mount("sysfs", "/sys", "sysfs")


def write_sysctl(name, value):
    with open(f"/proc/sys/{name}", "w") as file:
        file.write(value)


def network_defaults():
    """Addresses are usable at once (no duplicate address detection); everything else as the kernel has it."""
    for scope in ("all", "default"):
        if os.path.exists(f"/proc/sys/net/ipv6/conf/{scope}/accept_dad"):
            write_sysctl(f"net/ipv6/conf/{scope}/accept_dad", "0")
            write_sysctl(f"net/ipv6/conf/{scope}/router_solicitations", "0")


def become_host(name, paths):
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    build_root(paths)
    enter_root()
    socket.sethostname(name)
    with open("/etc/hostname", "w") as file:
        file.write(name + "\n")
    with open("/etc/hosts", "w") as file:
        file.write(f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {name}\n")
    network_defaults()


def become_switch():
    """Own network, but the machine's files: only `ip` and `bridge` run here. It still needs a /proc."""
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    mount("proc", "/proc", "proc")


def log_line(name, datagram):
    """A syslog datagram as rsyslog would write it; with the machine's date when it carries none."""
    text = re.sub(r"^<\d+>", "", datagram.decode(errors="replace")).rstrip("\n\0 ")
    dated = re.match(r"^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d ", text)
    if dated:
        text = text[dated.end() :]
    return f"{time.strftime('%b %e %H:%M:%S')} {name} {text}\n"


def serve(name, logs):
    """Init's life: reap, log, and end when the other side of standard input is gone."""
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    watched = [0, woken] + ([logs] if logs else [])
    while True:
        ready, _, _ = select.select(watched, [], [])
        if logs in ready:
            datagram = logs.recv(65536)
            with open("/var/log/messages", "a") as file:
                file.write(log_line(name, datagram))
        if woken in ready:
            os.read(woken, 4096)
            reap()
        if 0 in ready and not os.read(0, 4096):
            return


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def main():
    name, kind, paths = sys.argv[1], sys.argv[2], sys.argv[3:]
    flags = CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC
    check(libc.unshare(flags), "unshare (root is needed)")
    told, telling = os.pipe()
    pid = os.fork()
    if pid:
        print(pid, flush=True)
        os.close(telling)  # lets the child go on: its "ready" is the second line
        os.close(0)
        os.waitpid(pid, 0)
        return
    os.close(telling)
    os.read(told, 1)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.setsid()
    logs = None
    if kind == "host":
        become_host(name, paths)
        logs = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        logs.bind("/dev/log")
        os.chmod("/dev/log", 0o666)
    else:
        become_switch()
    print("ready", flush=True)
    serve(name, logs)


main()
