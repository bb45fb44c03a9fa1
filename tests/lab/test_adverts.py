"""What the tutorial sees by tcpdump: an advert each second, and gratuitous ARPs when the address arrives."""

from lab.network import VIP
from lab.pairings import every_pairing
from lab.waiting import wait_until

# vrid 55, priority 100, one address, PASS "1234": the packet's payload, byte for byte.
GOLDEN = bytes.fromhex("2137640101 01a552 c0a8af64 31323334 00000000")


@every_pairing
def test_the_master_adverts_each_second_in_the_tutorial_s_words(tutorial):
    adverts = wait_until(
        lambda: (found := tutorial.recording.adverts_of("nginx01")) and len(found) >= 5 and found,
        8,
        "five adverts",
    )[:10]
    for advert in adverts:
        assert (advert.source, advert.destination) == ("192.168.175.101", "224.0.0.18")
        assert advert.destination_mac == "01:00:5e:00:00:12"
        assert (advert.tos, advert.ttl, advert.length) == (0xC0, 255, 40)
        assert advert.payload == GOLDEN
    gaps = [later.time - earlier.time for earlier, later in zip(adverts, adverts[1:])]
    assert all(0.9 < gap < 1.25 for gap in gaps), gaps
    assert abs(sum(gaps) / len(gaps) - 1.0) < 0.05, gaps


@every_pairing
def test_the_backup_is_silent(tutorial):
    assert tutorial.recording.adverts_of("nginx02") == []


@every_pairing
def test_the_new_master_announces_the_address_five_times_and_again_after_five_seconds(tutorial):
    became_master = tutorial.recording.adverts_of("nginx01")[0].time
    arps = wait_until(
        lambda: (found := tutorial.recording.announcements("nginx01", VIP))
        and len(found) >= 10
        and found,
        8,
        "ten ARPs",
    )
    link = tutorial.nginx01.host.output("cat /sys/class/net/ens33/address").strip()
    for arp in arps:
        assert (arp.operation, arp.destination_mac, arp.sender_mac) == (
            1,
            "ff:ff:ff:ff:ff:ff",
            link,
        )
    since = [arp.time - became_master for arp in arps]
    assert all(-0.01 < time < 0.5 for time in since[:5]), since
    assert all(4.8 < time < 5.6 for time in since[5:10]), since
    assert len(arps) == 10, since
