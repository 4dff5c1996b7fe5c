"""What the database tests share beside the fixtures of all tests."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from tellers import TELLERS

from events import Scene
from factories import World


@pytest.fixture
def world_18(database_18):
    """Valid objects in a fresh database on the embedded Postgres, for tests whose subject is not the server."""
    from clients.postgres import connect

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
