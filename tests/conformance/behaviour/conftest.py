"""Every scenario in this folder runs twice: against baton under the name nginx, and against the
real nginx, so that a wrong expectation shows itself. Those marked

    @baton_only("why")

run against baton alone: the directive is newer than Debian's nginx, commercial, or baton's own.
"""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from server import Server  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "baton_only(why): not held against the real nginx")


def pytest_generate_tests(metafunc):
    if "server" not in metafunc.fixturenames:
        return
    alone = metafunc.definition.get_closest_marker("baton_only")
    names = ["baton"] if alone else ["baton", "nginx"]
    metafunc.parametrize("server", names, indirect=True)


@pytest.fixture
def server(request):
    made = Server(request.param)
    yield made
    made.close()
