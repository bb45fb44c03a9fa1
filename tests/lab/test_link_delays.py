"""interface_up_down_delays: a short loss of a link is not seen, a long one is."""

import time

from lab.segment import Segment

CONFIGURATION = """\
interface_up_down_delays {
  ens33 1.2 0.5
}
vrrp_instance VI_1 {
  interface ens33
  virtual_router_id 51
  virtual_ipaddress {
    10.9.0.100/24
  }
}
"""


def test_a_bounce_of_the_link_is_ignored_and_a_loss_is_not():
    with Segment() as segment:
        router = segment.router("one", "baton", CONFIGURATION)
        router.start()
        router.await_state("MASTER")
        segment.switch.run(["ip", "link", "set", "one", "down"])
        time.sleep(0.4)
        segment.switch.run(["ip", "link", "set", "one", "up"])
        time.sleep(1.5)
        assert router.state() == "MASTER"
        segment.switch.run(["ip", "link", "set", "one", "down"])
        cut = time.monotonic()
        router.await_state("FAULT", 4)
        assert 1.0 < time.monotonic() - cut < 2.5
        segment.switch.run(["ip", "link", "set", "one", "up"])
        router.await_state("BACKUP", 3)
