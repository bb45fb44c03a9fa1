"""A request whose handshake was with the old owner of the address is answered, without a pair link:
its packets come to the new owner, which sends them on while the old one still listens.

On a busy machine the old owner may be gone before the request has got there; most have to be there."""

from lab.host import PROGRAMS, PYTHON
from lab.network import VIP
from lab.pairings import a_tree_on_both
from lab.waiting import wait_until

MOVES = 6
ANSWERED = 5


@a_tree_on_both
def test_a_request_in_the_very_moment_of_a_move_is_answered(network):
    network.start()
    master, successor = network.proxies
    owner = master.host.output(["cat", "/sys/class/net/ens33/address"]).strip()
    client = network.client.popen([PYTHON, PROGRAMS / "straddler.py", VIP, owner, MOVES])
    assert client.stdout.readline() == "ready\n"
    found = []
    for move in range(MOVES):
        if move % 2 == 0:
            master.host.systemctl("stop", "baton")
            network.await_master(successor.name)
        else:
            master.host.systemctl("start", "baton")
            network.await_master(master.name, within=15)
        found.append(client.stdout.readline().strip())
    client.wait(10)
    answered = [line for line in found if line.startswith("answered ")]
    assert len(answered) >= ANSWERED, found
    for proxy in network.proxies:
        rules = ["nft", "list", "tables"]
        wait_until(
            lambda proxy=proxy: "baton_handover" not in proxy.host.output(rules), 5,
            f"no rules are left on {proxy.name}",
        )  # fmt: skip
