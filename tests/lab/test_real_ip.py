"""The backend's access log names the client, which the proxy passes on in X-Real-IP."""

from lab.pairings import every_pairing_and_web
from lab.waiting import wait_until


@every_pairing_and_web
def test_the_web_servers_log_the_client_and_not_the_proxy(tutorial):
    for number in range(4):
        tutorial.get("192.168.175.100", "-A", f"visitor-{number}")
    wait_until(
        lambda: sum(len(visits(web)) for web in tutorial.webs) == 4, 3, "four visits in the logs"
    )
    for web in tutorial.webs:
        lines = visits(web)
        assert lines, f"no visit in {web.name}'s log"
        assert all(line.startswith("192.168.175.200 - - [") for line in lines), lines
        assert all(
            '"GET / HTTP/1.' in line and line.split('" ')[1].startswith("200 6 ") for line in lines
        ), lines


@every_pairing_and_web
def test_a_client_that_claims_an_address_is_logged_under_its_own(tutorial):
    tutorial.get("192.168.175.100", "-A", "liar", "-H", "X-Real-IP: 10.1.2.3")

    def lies():
        return [
            line
            for web in tutorial.webs
            for line in web.host.read(web.log).splitlines()
            if '"liar"' in line
        ]

    lines = wait_until(lies, 3, "the liar's visit in a log")
    assert lines[0].startswith("192.168.175.200 ")


def visits(web):
    return [line for line in web.host.read(web.log).splitlines() if '"visitor-' in line]
