"""The tutorial's test by curl: requests take turns over web01 and web02, whichever address they go to."""

from lab.pairings import every_pairing_and_web

TURNS = ["web01\n", "web02\n"]


@every_pairing_and_web
def test_requests_alternate_over_both_proxies_and_the_shared_address(tutorial):
    served_by = {
        "192.168.175.101": tutorial.nginx01,
        "192.168.175.102": tutorial.nginx02,
        "192.168.175.100": tutorial.nginx01,
    }
    for address, proxy in served_by.items():
        bodies = [tutorial.get(address) for _ in range(10)]
        assert set(bodies) == set(TURNS), f"{address} answered {bodies}"
        # The real nginx counts turns in each of its workers by itself; baton counts them once.
        if proxy.is_baton:
            assert all(
                one != next_one for one, next_one in zip(bodies, bodies[1:])
            ), f"{address} answered {bodies}"


@every_pairing_and_web
def test_requests_of_one_kept_alive_connection_alternate(tutorial):
    urls = ["http://192.168.175.100/"] * 6
    bodies = tutorial.client.output(["curl", "-sS", "--max-time", 3, *urls]).split()
    assert bodies in (["web01", "web02"] * 3, ["web02", "web01"] * 3)


@every_pairing_and_web
def test_the_proxies_reach_the_web_servers_directly(tutorial):
    for proxy in tutorial.proxies:
        answers = [
            proxy.host.output(["curl", "-sS", f"http://192.168.175.{last}/"]) for last in (121, 122)
        ]
        assert answers == TURNS
