"""What the database tests share beside the fixtures of all tests."""

import pytest

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
