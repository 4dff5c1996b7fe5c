"""What the database tests share beside the fixtures of all tests."""

import pytest

from factories import World


@pytest.fixture
def world_18(database_18):
    """Valid objects in a fresh database on the embedded Postgres, for tests whose subject is not the server."""
    from clients.postgres import connect

    with connect(database_18) as connection:
        yield World(connection)
