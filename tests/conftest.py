"""What all tests share: Postgres servers, a fresh database for each test, and valid objects."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import servers
from factories import World

_RAN: set[str] = set()


def _kinds() -> list[str]:
    kinds = ["embedded 18"]
    if servers.os.environ.get("WINDOWCAST_TEST_DATABASE_URL"):
        kinds.append("named")
    elif servers.found_15() is not None:
        kinds.append("installed 15")
    return kinds


def _start(kind: str) -> servers.Server:
    match kind:
        case "embedded 18":
            return servers.embedded(place=servers.memory())
        case "installed 15":
            return servers.installed(servers.found_15(), place=servers.memory())
        case _:
            return servers.named()


def pytest_collection_modifyitems(items):
    # Prefect keeps sockets to its server open until they are collected as garbage. They are collected after each of
    # these tests, with that one warning ignored, and these tests come last: what is left meets no other test.
    for item in items:
        if _uses_prefect(item):
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"))
            # Apprise imports a module that Python 3.13 no longer has, and does without it there.
            item.add_marker(pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning"))
    items.sort(key=_uses_prefect)


def _uses_prefect(item) -> bool:
    return item.path.parent.name == "flows"


@pytest.fixture(scope="session")
def running_servers():
    started: dict[str, servers.Server] = {}

    def get(kind: str) -> servers.Server:
        if kind not in started:
            started[kind] = _start(kind)
            started[kind].make_template()
            started[kind].stay_connected()
            _RAN.add(started[kind].version)
        return started[kind]

    yield get
    for server in started.values():
        server.stop()


@pytest.fixture(params=_kinds())
def database(request, running_servers):
    """The URL of a fresh, migrated database, on every Postgres version that this machine has."""
    yield from _fresh(running_servers(request.param))


@pytest.fixture
def database_18(running_servers):
    """The URL of a fresh, migrated database on the embedded Postgres, for tests whose subject is not the server."""
    yield from _fresh(running_servers("embedded 18"))


def _fresh(server: servers.Server):
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def connection(database):
    from clients.postgres import connect

    with connect(database) as connection:
        yield connection


@pytest.fixture
def world(connection):
    """Valid objects in a fresh database, on every Postgres version that this machine has."""
    return World(connection)


def pytest_sessionfinish(session):
    """Tell the process that started this one, where the tests run in several, on which servers they ran."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["postgres_versions"] = sorted(_RAN)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    _RAN.update(getattr(node, "workeroutput", {}).get("postgres_versions", ()))


def pytest_terminal_summary(terminalreporter):
    if _RAN:
        terminalreporter.write_line(f"Postgres versions that ran: {', '.join(sorted(_RAN))}")
