"""A number in a file moves the priority: the same numbers and states as with keepalived."""

import pytest

from lab.segment import Segment
from lab.waiting import wait_until

CONFIGURATION = """\
track_file number {
  file /run/number
  weight 2
}
vrrp_instance VI_1 {
  interface ens33
  virtual_router_id 51
  priority 100
  track_file {
    number
  }
  virtual_ipaddress {
    10.9.0.100/24
  }
}
"""


@pytest.mark.parametrize("kind", ["baton", "keepalived"])
def test_the_priority_follows_the_number_and_a_great_negative_one_is_a_fault(kind):
    with Segment() as segment:
        router = segment.router("one", kind, CONFIGURATION)
        router.start()
        router.await_log("Entering BACKUP STATE (init)")
        for number, line in (
            ("5", "Changing effective priority from 100 to 110"),
            ("-5", "Changing effective priority from 110 to 90"),
            ("abc", "Changing effective priority from 90 to 100"),
        ):
            router.host.write("/run/number", f"{number}\n")
            router.await_log(line, 3)
        router.await_state("MASTER")
        router.host.write("/run/number", "-127")
        router.await_state("FAULT", 3)
        assert not router.host.has_address("10.9.0.100")

        # A file that another one is moved over, as careful programs write.
        router.host.run("echo 1 > /run/new && mv /run/new /run/number")
        router.await_state("MASTER")
        router.host.run("rm /run/number")
        router.await_log("Changing effective priority from 102 to 100", 3)


def test_a_folder_that_comes_later_is_watched_then():
    with Segment() as segment:
        text = CONFIGURATION.replace("/run/number", "/run/later/number")
        router = segment.router("one", "baton", text)
        router.start()
        router.await_log("Entering BACKUP STATE (init)")
        router.host.write("/run/later/number", "7\n")
        router.await_log("Changing effective priority from 100 to 114", 3)
        router.host.write("/run/later/number", "8\n")
        router.await_log("Changing effective priority from 114 to 116", 2)


def test_init_file_writes_the_number_when_there_is_no_file():
    with Segment() as segment:
        text = CONFIGURATION.replace("weight 2", "weight 2\n  init_file 3")
        router = segment.router("one", "baton", text)
        router.start()
        router.await_log("Changing effective priority from 100 to 106", 3)
        wait_until(lambda: router.host.read("/run/number") == "3\n", 1, "the file")
