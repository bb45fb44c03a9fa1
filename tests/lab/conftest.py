"""How scenarios get their networks.

A scenario names its pairings by a decorator from lab.pairings and takes the fixture
  network   a network of its own, not started; or
  tutorial  a started one that it only looks at, shared by all such scenarios of the same pairing.
A failed scenario is reported with both proxies' logs, addresses and processes.

Options: --selfcheck runs the scenarios with the real programs alone. It proves the scenarios, not
baton: one that fails there is a wrong one.
"""

import pytest

from lab import pairings, roles
from lab.host import fail_unless_root
from lab.network import Network
from lab.waiting import wait_until

_shared = {}  # the tutorial networks of this test process, by what they are made of


def pytest_addoption(parser):
    parser.addoption(
        "--selfcheck", action="store_true", help="real nginx and keepalived on every host"
    )


def pytest_configure(config):
    fail_unless_root()
    kinds = {"keepalived"} if config.getoption("--selfcheck") else {"baton", "keepalived"}
    missing = roles.missing_programs(kinds)
    if missing:
        raise pytest.UsageError("\n".join(missing))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Takes the self-check or everything but it; keeps scenarios that share a network in one process."""
    selfcheck = config.getoption("--selfcheck")
    chosen, others = [], []
    for item in items:
        made_of = item.callspec.params.get("made_of") if hasattr(item, "callspec") else None
        (chosen if pairings.is_selfcheck(made_of) == selfcheck else others).append(item)
        if "tutorial" in item.fixturenames:
            item.add_marker(pytest.mark.xdist_group("tutorial " + "+".join(made_of)))
    items[:] = chosen
    config.hook.pytest_deselected(items=others)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    network = getattr(item, "lab_network", None)
    if report.failed and report.when in ("setup", "call") and network is not None:
        report.sections.extend(network.report())


@pytest.fixture
def network(request, made_of):
    with Network(*made_of) as network:
        request.node.lab_network = network
        yield network


@pytest.fixture
def tutorial(request, made_of):
    """The tutorial as it stands after its last step with keepalived; `recording` holds all adverts and
    ARP frames since before the first daemon started."""
    network = request.node.lab_network = _shared.get(made_of)
    if network is None or not network.started:
        while _shared:
            _shared.popitem()[1].close()
        network = request.node.lab_network = _shared[made_of] = Network(*made_of)
        network.recording = network.capture()
        network.start()
    wait_until(
        lambda: network.holders() == ["nginx01"], 8, "nginx01 is the master of the shared network"
    )
    yield network


def pytest_sessionfinish():
    while _shared:
        _shared.popitem()[1].close()
