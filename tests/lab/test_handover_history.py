"""`baton history` on both nodes: how many connections a move has kept, moved with the address and lost."""

from lab import handover
from lab.handover import LongConnections, baton
from lab.pairings import a_tree_on_both
from lab.questions import history
from lab.waiting import wait_until

LONG = 3  # a download, an upload, a tunnel
IDLE = 20


def counts(proxy, to):
    """Of the last transition to this state."""
    last = [flight for flight in history(proxy, 10) if flight["to"] == to][-1]
    return last["connections"] or {}


@a_tree_on_both
def test_both_nodes_count_what_was_kept_and_what_came_back_to_its_address(network):
    handover.start_pair(network)
    first, second = network.proxies
    connections = LongConnections(network, idle=IDLE)
    baton(first, "pass")
    handover.await_lists(second)
    kept = {"kept": IDLE + LONG, "moved": 0, "lost": 0}
    wait_until(lambda: counts(first, "BACKUP") == kept, 3, f"{kept} on the old owner")
    assert counts(second, "MASTER") == kept
    baton(second, "pass")
    moved = {"kept": 0, "moved": IDLE + LONG, "lost": 0}
    for proxy, to in ((first, "MASTER"), (second, "BACKUP")):
        wait_until(lambda: counts(proxy, to) == moved, 8, f"{moved} on {proxy.name}")
    shown = first.host.output(["baton", "history", "1"])
    assert f"0 kept, {IDLE + LONG} moved, 0 lost" in shown, shown
    connections.finish()


@a_tree_on_both
def test_what_handover_timeout_cuts_is_lost_on_both_nodes(network):
    handover.start_pair(network, extra="      handover_timeout 4\n")
    first, second = network.proxies
    connections = LongConnections(network, idle=IDLE)
    baton(first, "pass")
    cut = {"kept": IDLE + LONG, "moved": 0, "lost": IDLE + LONG}
    for proxy, to in ((first, "BACKUP"), (second, "MASTER")):
        wait_until(lambda: counts(proxy, to) == cut, 15, f"{cut} on {proxy.name}")
    connections.client.kill()


@a_tree_on_both
def test_without_a_key_the_pass_says_how_many_were_cut_and_idle_ones_were_told(network):
    handover.start_pair(network, key=False)
    first, second = network.proxies
    connections = LongConnections(network, idle=IDLE)
    said = baton(first, "pass").stdout
    assert f"; {LONG} connections were cut, for there is no pair link" in said, said
    assert counts(first, "BACKUP")["lost"] == LONG
    found = connections.finish()
    assert found["idle"] == {"closed": IDLE}, found["idle"]
