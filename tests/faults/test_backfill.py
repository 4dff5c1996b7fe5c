"""Backfills that are killed in their middle: what was read stays, and others go on without a call too many."""

import time
from datetime import timedelta

import psycopg
import pytest
from command import end_of, start_command

from clients.postgres import connect
from factories import TOKEN, World, user_id
from tasks.windows import read_clock

PEOPLE = 150


@pytest.fixture
def page(database_18, sandbox):
    """An account whose conversations may be read twice a second, as documented."""
    with connect(database_18) as connection:
        account = World(connection).account(name="Blue Lamp", external_id="100900900900")
        now = read_clock(connection)
    sandbox.add_accounts([{"external_id": account.external_id, "token": TOKEN}])
    acts = [
        {
            "account": account.external_id,
            "user_id": user_id(number),
            "mid": f"mid-{number}",
            "occurred_at": (now - timedelta(minutes=number)).isoformat(),
        }
        for number in range(1, PEOPLE + 1)
    ]
    sandbox.people_write(acts)
    return account


def start_backfill(url, sandbox):
    environment = {
        "WINDOWCAST_DATABASE_URL": url,
        "WINDOWCAST_GRAPH_URL": sandbox.url,
        "WINDOWCAST_TEST_TOKEN": TOKEN,
    }
    return start_command(["interactions", "backfill", "Blue Lamp", "--json"], environment=environment)


def stored(url):
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT event_id FROM windowcast.interaction")]


def test_a_killed_backfill_is_gone_on_with_by_two_at_once_and_nobody_is_read_twice(database_18, sandbox, page):
    killed = start_backfill(database_18, sandbox)
    deadline = time.monotonic() + 60
    while not stored(database_18):
        assert killed.poll() is None, end_of(killed).err
        assert time.monotonic() < deadline
        time.sleep(0.02)
    killed.kill()
    end_of(killed)
    before = len(stored(database_18))

    both = [start_backfill(database_18, sandbox) for _ in range(2)]
    ended = [end_of(process) for process in both]

    assert [one.code for one in ended] == [0, 0], [one.err for one in ended]
    assert 0 < before < PEOPLE
    assert sorted(stored(database_18)) == sorted(f"mid-{number}" for number in range(1, PEOPLE + 1))
    assert sum(one.json["added"] for one in ended) == PEOPLE - before
    assert sum(one.json["skipped"] for one in ended) == 0
    with connect(database_18) as connection:
        # Nobody went over the account's two calls a second, together with the killed one.
        assert connection.execute("SELECT throttle_count FROM look_up_pace").fetchone()["throttle_count"] == 0
        assert connection.execute("SELECT count(*) AS n FROM last_interaction").fetchone()["n"] == PEOPLE
