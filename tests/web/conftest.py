"""What the tests of the receiver share: its app in this process, without a server."""

import sys
from pathlib import Path

import psycopg
import pytest

import servers

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "faults")]
# These are no test modules, and their assertions should say as much as those of one. They are imported after this.
pytest.register_assert_rewrite("posting")


@pytest.fixture(scope="session")
def _one_database(running_servers):
    server = running_servers("embedded 18")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def inbox(_one_database):
    """The URL of a database whose inbox is empty; the other tables are not touched here."""
    with psycopg.connect(_one_database, autocommit=True) as connection:
        connection.execute("TRUNCATE windowcast.receipt_inbox RESTART IDENTITY CASCADE")
    return _one_database


@pytest.fixture(scope="session")
def private_server():
    """A server that a test may stop for a while."""
    server = servers.private_18(place=servers.memory())
    server.make_template()
    yield server
    server.stop()


@pytest.fixture
async def http(inbox):
    """A client of a receiver."""
    from receiving import asking, make_receiver

    async with asking(make_receiver(inbox)) as client:
        yield client
