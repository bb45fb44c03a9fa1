"""What a kept-alive exchange through the proxy costs in user-space instructions and system calls.

Instructions are counted by callgrind: two runs of different length, and the difference over the
difference in requests, so that starting and ending cancel out. They do not depend on how busy the
machine is; the figure of baton is kept in bench/instructions.txt, and the part fails when a
change makes it creep upwards. System calls are counted by strace during one run: what the design
promises is two receives and two sends for an exchange, and the waits shared by all that is ready
at once.
"""

import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import configs
import connections
import servers
from parts.proxying import Stage
from report import Goal, Report, ratio

KEPT_FIGURE = Path(__file__).resolve().parents[1] / "instructions.txt"
OLDER_CALLS = KEPT_FIGURE.with_name("valgrind_calls.cc")
COMPILER = "clang++-19"
TOLERANCE = 1.05
CLIENTS = 32
BATCHES_FEW, BATCHES_MANY = 40, 140
RECEIVES = ("recvfrom", "recvmsg", "read", "readv")
SENDS = ("sendto", "sendmsg", "write", "writev")
SHOWN_CALLS = 12


def instructions(options):
    missing = [tool for tool in (COMPILER, "valgrind", "strace", "strip") if not shutil.which(tool)]
    if missing:
        raise servers.ServerFailed(f"{' and '.join(missing)} not installed")
    names = [name for name in ("nginx", "haproxy", "baton") if name in options.programs]
    return [_instructions(names), _system_calls(names)]


def _started(stage, name, wrapper=(), **options):
    stage.start_webs()
    port = servers.free_port()
    if name == "haproxy":
        files = {"haproxy.cfg": configs.haproxy(port, stage.web_ports)}
    else:
        files = {"nginx.conf": configs.tutorial(port, stage.web_ports, keepalive=True)}
    make = getattr(servers, name)
    return stage.add(
        make, files, port, core=servers.PROXY_CORE, wrapper=wrapper, ready_within=60, **options
    )


def _ask(port, batches):
    with connections.Clients(port, CLIENTS, timeout=30) as clients:
        failed = sum(clients.ask_all_at_once() for _ in range(batches))
    if failed:
        raise servers.ServerFailed(f"{failed} of {batches * CLIENTS} requests failed")


# -- instructions ----------------------------------------------------------------------------------
# -----------------------------------------------------------------------------------


def _instructions(names):
    report = Report(
        f"instructions: in user space, per kept-alive exchange of {CLIENTS} clients",
        ["", "instructions", "x nginx"],
    )
    figures = {name: _per_exchange(name) for name in names}
    for name, figure in figures.items():
        report.rows.append([name, int(figure), ratio(figure, figures["nginx"])])
    if "baton" in figures and not KEPT_FIGURE.exists():
        report.goals.append(Goal("figures kept in bench/instructions.txt", 0, 1, at_least=True))
    elif "baton" in figures:
        kept = int(KEPT_FIGURE.read_text().split()[0])
        limit = int(kept * TOLERANCE)
        report.goals.append(
            Goal(f"baton's, {kept:,} kept in instructions.txt", int(figures["baton"]), limit)
        )
        if figures["baton"] < kept / TOLERANCE:
            report.notes.append(f"write {int(figures['baton'])} into bench/instructions.txt")
    return report


def _per_exchange(name):
    few, many = (_counted(name, batches) for batches in (BATCHES_FEW, BATCHES_MANY))
    return (many - few) / ((BATCHES_MANY - BATCHES_FEW) * CLIENTS)


def _counted(name, batches):
    """Instructions of the whole process tree, start to end, with so many batches of requests."""
    counts = servers.temporary_folder("counts")
    try:
        counts.chmod(0o777)  # workers that run as another user write there
        tool = [
            "valgrind",
            "--tool=callgrind",
            "--vgdb=no",
            "--trace-children=yes",
            f"--callgrind-out-file={counts}/%p",
        ]
        options = {}
        if name == "baton":
            options["program"] = _without_debug_information(counts)
            tool = ["env", f"LD_PRELOAD={_older_calls(counts)}", *tool]
        with Stage() as stage:
            server = _started(stage, name, wrapper=tool, **options)
            _ask(server.port, batches)
            server.stop(within=30)
        totals = [
            re.search(r"^totals: (\d+)", file.read_text(), re.M) for file in counts.glob("[0-9]*")
        ]
        if not any(totals):
            raise servers.ServerFailed(f"callgrind counted nothing of {name}")
        return sum(int(total.group(1)) for total in totals if total)
    finally:
        shutil.rmtree(counts, ignore_errors=True)


def _without_debug_information(folder):
    """A copy of baton: Debian's valgrind stumbles over what clang writes for debuggers."""
    copy = folder / "baton"
    subprocess.run(["strip", "--strip-debug", "-o", copy, servers.BATON], check=True, timeout=60)
    copy.chmod(0o755)
    return copy


def _older_calls(folder):
    library = folder / "calls.so"
    command = [COMPILER, "-std=c++23", "-O2", "-shared", "-fPIC", "-o", library, OLDER_CALLS]
    subprocess.run(command, check=True, timeout=120)
    return library


# -- system calls ----------------------------------------------------------------------------------
# -----------------------------------------------------------------------------------


def _system_calls(names):
    report = Report(
        f"instructions: system calls per kept-alive exchange of {CLIENTS} clients at once",
        ["", "receives", "sends", "waits", "others", "all"],
    )
    for name in names:
        calls, exchanges = _traced(name), BATCHES_MANY * CLIENTS
        groups = [
            sum(count for call, count in calls.items() if call in kinds)
            for kinds in (RECEIVES, SENDS, ("epoll_wait", "epoll_pwait", "epoll_pwait2"))
        ]
        whole = sum(calls.values())
        report.rows.append([name, *(n / exchanges for n in (*groups, whole - sum(groups), whole))])
        most = sorted(calls.items(), key=lambda item: -item[1])[:SHOWN_CALLS]
        report.notes.append(
            f"{name}: " + ", ".join(f"{call} {count / exchanges:.3f}" for call, count in most)
        )
        if name == "baton":
            row = report.rows[-1]
            report.goals = [
                Goal("receives of an exchange", row[1], 2.05),
                # Two, and the log's: some writes in 20 ms, however few exchanges strace lets through.
                Goal("sends of an exchange", row[2], 2.20),
                Goal("other calls of an exchange, without waits", row[4], 0.05),
            ]
    return report


def _traced(name):
    """System calls by name during BATCHES_MANY, on connections that were open before."""
    with Stage() as stage:
        server = _started(stage, name)
        with connections.Clients(server.port, CLIENTS, timeout=30) as clients:
            clients.ask_all_at_once()
            output = server.folder / "strace.txt"
            pids = [word for pid in server.pids() for word in ("-p", str(pid))]
            tracer = subprocess.Popen(
                ["strace", "-f", "-c", "-U", "calls,name", "-o", str(output), *pids],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            )  # fmt: skip
            try:
                tracer.stderr.readline()  # attached to the first; the rest follow at once
                time.sleep(0.5)
                failed = sum(clients.ask_all_at_once() for _ in range(BATCHES_MANY))
            finally:
                tracer.send_signal(signal.SIGINT)
                tracer.stderr.read()
                tracer.wait(10)
                tracer.stderr.close()
        if failed:
            raise servers.ServerFailed(f"{failed} requests failed under strace")
        rows = re.findall(r"^\s*(\d+)\s+([a-z_0-9]+)\s*$", output.read_text(), re.M)
        return {call: int(count) for count, call in rows if call != "total"}
