"""notify_fifo, its script, mail, startup_script and shutdown_script: what keepalived tells, baton tells."""

from lab import configs
from lab.host import PROGRAMS, PYTHON
from lab.pairings import every_pairing
from lab.waiting import wait_until

GLOBALS = """\
         notify_fifo /run/events.fifo
         notify_fifo_script "/etc/keepalived/reader.sh"
         startup_script "/etc/keepalived/frame.sh startup"
         shutdown_script "/etc/keepalived/frame.sh shutdown"
         script_user root
         notification_email {
             admin@example.org
             second@example.org
         }
         notification_email_from keepalived@example.org
         smtp_server 127.0.0.1 25
         smtp_connect_timeout 3
         smtp_alert
"""
READER = "#!/bin/sh\nexec cat $1 >> /var/log/events.log\n"
FRAME = "#!/bin/sh\necho $1 >> /var/log/frame.log\n"
LINE = 'INSTANCE "web_server_group" {} {}'


def prepare(proxy):
    text = configs.failover(proxy.name)
    proxy.write_failover(configs.insert_after(text, "router_id", GLOBALS))
    proxy.host.write("/etc/keepalived/reader.sh", READER, 0o755)
    proxy.host.write("/etc/keepalived/frame.sh", FRAME, 0o755)
    server = proxy.host.popen([PYTHON, "-I", PROGRAMS / "mail_server.py", 25, "/var/log/letters"])
    assert server.stdout.readline() == "listening\n"


def letters(proxy):
    return [text for text in proxy.host.read("/var/log/letters").split("----\n") if text]


def subjects(proxy):
    return [line for letter in letters(proxy) for line in letter.split("\n") if "Subject" in line]


@every_pairing
def test_events_come_by_fifo_and_mail_and_scripts_frame_the_daemon(network):
    for proxy in network.proxies:
        prepare(proxy)
    network.start()
    first, second = network.proxies
    told = lambda proxy: proxy.host.read("/var/log/events.log").splitlines()
    lines = [LINE.format("BACKUP", 100), LINE.format("MASTER", 100)]
    wait_until(lambda: told(first) == lines, 5, f"nginx01 tells {lines}")
    network.cut("nginx01")
    lines.append(LINE.format("FAULT", 100))
    wait_until(lambda: told(first) == lines, 5, f"nginx01 tells {lines}")
    taken_over = [LINE.format("BACKUP", 80), LINE.format("MASTER", 80)]
    wait_until(lambda: told(second) == taken_over, 8, f"nginx02 tells {taken_over}")

    start = "Subject: [nginx02] VRRP Instance web_server_group - Entering"
    expected = [f"{start} {state} state" for state in ("BACKUP", "MASTER")]
    wait_until(lambda: subjects(second) == expected, 5, f"nginx02 writes {expected}")
    letter = letters(second)[1]
    assert "\nFrom: keepalived@example.org\n" in letter
    assert "\nTo: admin@example.org, second@example.org\n" in letter
    assert "\n\n=> VRRP Instance is now owning VRRP VIPs <=\n" in letter

    assert first.host.read("/var/log/frame.log").split() == ["startup"]
    second.host.systemctl("stop", "keepalived")
    frame = ["startup", "shutdown"]
    wait_until(lambda: second.host.read("/var/log/frame.log").split() == frame, 5, "both scripts")
