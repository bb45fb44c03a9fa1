"""Processes that have to be there; in a namespace the kernel tells of none, so /proc is looked at."""

from lab.segment import Segment

CONFIGURATION = """\
vrrp_track_process workers {
  process sleep 300
  quorum 2
  terminate_delay 0.6
}
vrrp_instance VI_1 {
  interface ens33
  virtual_router_id 51
  track_process {
    workers
  }
  virtual_ipaddress {
    10.9.0.100/24
  }
}
"""


def test_a_quorum_of_processes_keeps_the_address_and_its_loss_gives_it_up():
    with Segment() as segment:
        router = segment.router("one", "baton", CONFIGURATION)
        start = ["sh", "-c", "sleep 300 & sleep 301 & echo $!; wait"]
        first = router.host.popen(start)
        router.start()
        router.await_log("entering FAULT state (process workers down (1 of 2 processes))")
        assert "the kernel gives no process events here" in router.log()

        second = router.host.popen(start)
        router.await_log("Quorum gained for tracked process workers (2 of 2 processes)", 3)
        router.await_state("MASTER")
        router.host.run("kill $(pgrep -n -f '^sleep 300')")
        router.await_log("Quorum lost for tracked process workers (1 of 2 processes)", 3)
        router.await_state("FAULT", 2)
        for process in (first, second):
            process.kill()
