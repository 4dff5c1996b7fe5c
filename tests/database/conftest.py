"""What the database tests share beside the fixtures of all tests."""

import logging

import pytest
import pytest_asyncio

from clients.postgres import connect
from clients.settings import settings
from database.erased import KEY, set_key
from database.place import placed
from database.tellers import TELLERS
from events import Scene
from factories import TOKEN, World
from tasks.database import broken_promises


@pytest.fixture
def erasure_key(monkeypatch):
    """The key of the tests, by which an erased person is known again without the id."""
    set_key(monkeypatch, KEY)
    yield
    settings.cache_clear()


@pytest.fixture
def world_18(database_18):
    """Valid objects in a fresh database on the embedded Postgres, for tests whose subject is not the server."""
    with connect(database_18) as connection:
        yield World(connection)


@pytest.fixture
def scene(world, tmp_path):
    return Scene(world, tmp_path)


@pytest.fixture
def scene_18(world_18, tmp_path):
    return Scene(world_18, tmp_path)


@pytest.fixture(params=TELLERS.values(), ids=TELLERS)
def teller(request, world):
    """Who tells what people did: each case of eligibility holds for our own table and for one of a team's."""
    return request.param(world)


@pytest_asyncio.fixture
async def place(world_18, tmp_path, monkeypatch):
    monkeypatch.setenv("WINDOWCAST_TEST_TOKEN", TOKEN)
    async with placed(world_18, tmp_path) as made:
        yield made
        assert broken_promises(made.connection) == {}


@pytest_asyncio.fixture
async def place_on_each(world, tmp_path, monkeypatch):
    """A place on every Postgres version that this machine has."""
    monkeypatch.setenv("WINDOWCAST_TEST_TOKEN", TOKEN)
    async with placed(world, tmp_path) as made:
        yield made
        assert broken_promises(made.connection) == {}


@pytest.fixture
def news():
    """What people are told while the test runs."""
    told = []
    logger = logging.getLogger("windowcast.news")
    listener = logging.Handler()
    listener.emit = lambda record: told.append(record.getMessage())
    before = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(listener)
    yield told
    logger.removeHandler(listener)
    logger.setLevel(before)
