"""A Prefect server with everything deployed, for the whole session; beside it the command and its sandbox."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from prefect_machine import LOGIN, running_server
from told_place import Receiver

from command_line import collected_garbage, command, platform, shop  # noqa: F401  # fixtures


@pytest.fixture(scope="session")
def prefect_login():
    """The login of the server that these tests share: whatever they do is done with it, and with CSRF protection on."""
    return LOGIN


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory, running_servers, prefect_login):
    """A Prefect server with everything deployed, shared by all tests: they look at their own campaigns only."""
    postgres = running_servers("embedded 18")
    name = postgres.create()
    home = tmp_path_factory.mktemp("prefect")
    with running_server(home, login=prefect_login) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("WINDOWCAST_DATABASE_URL", postgres.url(name))
        patch.setenv("WINDOWCAST_HOME", str(server.home / "windowcast"))
        deployed = server.windowcast("deploy", "--json")
        assert deployed.returncode == 0, deployed.stderr
        yield server


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()
