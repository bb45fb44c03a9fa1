"""A configuration of 5,000 servers, 20,000 locations and as many upstream servers: read and taken
over in under a second, and the way of a request does not get longer by it."""

import os
import pathlib
import subprocess
import time

from marks import baton_only

SERVERS = 5000


def large(servers=SERVERS, word="one"):
    """Names of all kinds, prefixes, exact and regular locations, groups of four servers."""
    lines = []
    for i in range(servers):
        lines.append(f"upstream group{i} {{ "
                     + " ".join(f"server 127.{1 + i % 200}.{i // 200}.{j}:80;" for j in range(1, 5))
                     + " }\n")
    for i in range(servers):
        extra = f"*.w{i}.example" if i % 10 == 0 else f"www.s{i}.example"
        lines.append(
            f"server {{ listen 127.0.0.1:PORT; server_name s{i}.example {extra}; "
            f"location / {{ return 200 {word}{i}; }} "
            f"location /api/ {{ proxy_pass http://group{i}; proxy_set_header X-Server {i}; }} "
            f"location = /exact {{ return 204; }} "
            f"location ~ \\.(gif|jpg){i % 7}$ {{ expires 1h; }} }}\n")
    return "".join(lines)


MAIN = "error_log FOLDER/error.log notice; "


def best_of(count, measured):
    return min(measured() for _ in range(count))


def processor_seconds(process):
    """What a process, its living children and those that it has waited for have used."""
    children = pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split()
    ticks = 0
    for one, fields in [(process, slice(11, 15)), *((child, slice(11, 13)) for child in children)]:
        stat = pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += sum(int(ticks_used) for ticks_used in stat[fields])
    return ticks / os.sysconf("SC_CLK_TCK")


def in_time(seconds, processor):
    """Under a second, as far as it is baton's to say: a machine that has other things to do takes
    longer, and then the processor's time has to leave room."""
    busy = os.getloadavg()[0] > len(os.sched_getaffinity(0))
    return seconds < 1.0 or (busy and processor < 1.0)


def test_a_large_file_serves_first_last_and_wildcard_names(server):
    server.start(large(), main=MAIN)
    for host, body in (("s0.example", b"one0"), (f"s{SERVERS - 1}.example", b"one4999"),
                       ("x.y.w4990.example", b"one4990"), ("www.s4999.example", b"one4999"),
                       ("nobody", b"one0")):
        assert server.get("/", {"Host": host}).body == body


@baton_only("the figure is baton's to keep")
def test_a_large_file_is_checked_in_under_a_second(server):
    text = server.configuration(large(), MAIN)
    (server.folder / "nginx.conf").write_text(text)

    def check():
        started, before = time.monotonic(), os.times()
        done = subprocess.run(server.command("-t", "-q"), env=server.environment, check=False)
        assert done.returncode == 0
        after = os.times()
        return (time.monotonic() - started, after.children_user + after.children_system
                - before.children_user - before.children_system)
    assert in_time(*best_of(3, check))


@baton_only("the figure is baton's to keep")
def test_a_large_file_is_reloaded_in_under_a_second(server):
    server.start(large(), main=MAIN)

    def reload():
        word = "two" if b"one" in server.get("/", {"Host": "s7.example"}).body else "one"
        (server.folder / "nginx.conf").write_text(server.configuration(large(word=word), MAIN))
        started, before = time.monotonic(), processor_seconds(server.process.pid)
        server.signal(1)
        wanted = f"{word}7".encode()
        while server.get("/", {"Host": "s7.example"}).body != wanted:
            assert time.monotonic() < started + 20
            time.sleep(0.005)
        return time.monotonic() - started, processor_seconds(server.process.pid) - before
    assert in_time(*best_of(3, reload))


@baton_only("the figure is baton's to keep")
def test_a_request_does_not_care_how_large_the_file_is(server):
    server.start(large(), main=MAIN)

    def seconds(host):
        with server.connect() as client:
            started = time.monotonic()
            for _ in range(1000):
                client.request("GET", "/", {"Host": host})
            return time.monotonic() - started
    first = best_of(3, lambda: seconds("s0.example"))
    last = best_of(3, lambda: seconds(f"www.s{SERVERS - 1}.example"))
    assert last < 1.5 * first
