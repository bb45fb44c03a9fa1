"""A file in another encoding than UTF-8, as old ones are: it runs, and asking for its status, its history
and its dumps ends nothing."""

import json

from lab import roles
from lab.segment import FILE, Segment
from lab.waiting import wait_until

# A comment, a name and a tracker in Latin-1; a name in Chinese that is longer than what a history keeps.
INSTANCES = """\
vrrp_script prüfung_der_höheren_dienste_äöü {
  script /bin/true
  interval 1
}
vrrp_instance größe {
  interface ens33
  virtual_router_id 51
  priority 100 # Priorität
  advert_int 1
  track_script {
    prüfung_der_höheren_dienste_äöü
  }
  virtual_ipaddress {
    10.9.0.100
  }
}
""".encode("latin-1") + """\
vrrp_instance 网站服务器组一二三四五六七八九十一二三四五六七八九十 {
  interface ens33
  virtual_router_id 52
  priority 100
  advert_int 1
  virtual_ipaddress {
    10.9.0.101
  }
}
""".encode()


def test_names_in_other_encodings_end_nothing():
    with Segment() as segment:
        router = segment.router("one", "baton", "")
        router.host.path(FILE).write_bytes(INSTANCES)
        router.start()
        wait_until(lambda: router.host.has_address("10.9.0.100"), 8, "it is master")
        wait_until(lambda: router.host.has_address("10.9.0.101"), 8, "of both")
        pid = router.host.read("/run/vrrp.pid").strip()
        for command in ("status", "history"):
            answer = json.loads(router.host.output([roles.BATON, command, "--json"]))
            assert "gr\ufffd\ufffde" in json.dumps(answer, ensure_ascii=False)
        for number, dump in (("USR1", "data"), ("36", "json")):
            router.host.run(f"kill -{number} {pid}")
            path = f"/tmp/keepalived.{dump}"
            wait_until(lambda path=path: "10.9.0.101" in router.host.read(path), 4, f"a dump in {path}")
        assert router.host.read("/run/vrrp.pid").strip() == pid
        assert "exited on signal" not in router.log()
