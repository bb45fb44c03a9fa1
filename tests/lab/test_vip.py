"""The shared address is on the master, as a /32, and nowhere else."""

from lab.pairings import every_pairing
from lab.network import VIP


@every_pairing
def test_the_master_alone_has_the_address_as_slash_32(tutorial):
    assert f"{VIP}/32" in tutorial.nginx01.host.addresses()
    assert not tutorial.nginx02.holds_vip()
    assert "192.168.175.101/24" in tutorial.nginx01.host.addresses()


@every_pairing
def test_the_address_resolves_to_the_master(tutorial):
    tutorial.get()
    neighbour = tutorial.client.output(["ip", "neigh", "show", VIP])
    link = tutorial.nginx01.host.output("cat /sys/class/net/ens33/address").strip()
    assert link in neighbour


@every_pairing
def test_the_log_says_who_is_master(tutorial):
    if "(web_server_group) Entering BACKUP STATE" not in tutorial.nginx01.host.messages():
        raise AssertionError("nginx01 must start as backup and say so")
    assert "(web_server_group) Entering MASTER STATE" in tutorial.nginx01.host.messages()
    assert "(web_server_group) Entering MASTER STATE" not in tutorial.nginx02.host.messages()
