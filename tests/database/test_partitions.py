"""Partitions by day beside a running intake: made ahead, filled later, dropped when they are old enough."""

import threading
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

import tasks.maintenance
from clients.postgres import connect
from database.kept_data import KEPT, days, interactions
from domain.errors import ServiceAwayError, UnfinishedError
from domain.sweep import SweepCode
from factories import TIMING
from tasks.interactions import store_interactions
from tasks.maintenance import DAYS_AHEAD, maintain, one_at_a_time
from tasks.upkeep import find_upkeep
from tasks.windows import read_clock


def partitions(connection):
    """How many rows each partition of interactions holds."""
    rows = connection.execute("SELECT tableoid::regclass::text AS name, count(*) FROM interaction GROUP BY 1")
    return {row["name"]: row["count"] for row in rows}


def day_name(moment):
    return f"interaction_{moment.astimezone(UTC):%Y%m%d}"


def test_two_weeks_are_made_ahead_once(world):
    today = read_clock(world.connection).astimezone(UTC).date()

    first = maintain(world.connection, KEPT)
    second = maintain(world.connection, KEPT)

    assert first.made == days(world.connection) == [today + timedelta(days=n) for n in range(DAYS_AHEAD + 1)]
    assert (second.made, second.dropped, second.moved) == ([], [], 0)


def test_what_the_default_partition_holds_goes_to_its_days_and_what_comes_later_too(world):
    account, now = world.account(), read_clock(world.connection)
    old = now - timedelta(days=5)
    store_interactions(world.connection, interactions(account, range(30), at=old), timing=TIMING)
    store_interactions(world.connection, interactions(account, range(30, 50), at=now), timing=TIMING)
    before = world.connection.execute("SELECT * FROM last_interaction ORDER BY user_id").fetchall()
    assert partitions(world.connection) == {"interaction_default": 50}

    report = maintain(world.connection, KEPT)

    assert report.moved == 50
    assert partitions(world.connection) == {day_name(old): 30, day_name(now): 20}
    assert world.connection.execute("SELECT * FROM last_interaction ORDER BY user_id").fetchall() == before
    again = store_interactions(world.connection, interactions(account, range(50, 60), at=old), timing=TIMING)
    assert again == (10, 10)
    assert store_interactions(world.connection, interactions(account, range(30), at=old), timing=TIMING) == (30, 0)
    assert partitions(world.connection) == {day_name(old): 40, day_name(now): 20}
    assert find_upkeep(world.connection) == []


def test_days_that_turn_up_later_get_their_partitions_as_well(world):
    account, now = world.account(), read_clock(world.connection)
    for ago in (3, 4, 5):
        at = now - timedelta(days=ago)
        store_interactions(world.connection, interactions(account, range(5), at=at, name=str(ago)), timing=TIMING)

        report = maintain(world.connection, KEPT)

        assert report.moved == 5
        assert partitions(world.connection)[day_name(at)] == 5
    assert len(partitions(world.connection)) == 3
    assert world.row_counts()["interaction_aside"] == 0


def test_what_lies_far_ahead_or_long_ago_gets_no_partition(world):
    account, now = world.account(), read_clock(world.connection)
    odd = [now + timedelta(days=400), now - timedelta(days=400)]
    for at in odd:
        store_interactions(world.connection, interactions(account, [1], at=at, name=str(at)), timing=TIMING)

    report = maintain(world.connection, KEPT)

    assert (len(report.made), report.deleted["interactions"]) == (DAYS_AHEAD + 1, 1)
    assert partitions(world.connection) == {"interaction_default": 1}
    world.put_clock_ahead(days=91)
    maintain(world.connection, KEPT)
    assert partitions(world.connection) == {}


def test_a_day_begins_at_midnight_of_utc_whatever_the_zone_of_the_session(world):
    account = world.account()
    midnight = datetime.combine(read_clock(world.connection).astimezone(UTC).date(), datetime.min.time(), UTC)
    world.connection.execute("SET TimeZone TO 'Pacific/Kiritimati'")
    last, first = midnight - timedelta(microseconds=1), midnight
    store_interactions(world.connection, interactions(account, [1], at=last, name="last"), timing=TIMING)
    store_interactions(world.connection, interactions(account, [2], at=first, name="first"), timing=TIMING)

    maintain(world.connection, KEPT)

    assert partitions(world.connection) == {day_name(last): 1, day_name(first): 1}


def test_a_move_that_died_is_ended_by_the_next_maintenance(world_18):
    account, now = world_18.account(), read_clock(world_18.connection)
    store_interactions(world_18.connection, interactions(account, range(40), at=now), timing=TIMING)
    connection = world_18.connection
    connection.execute("SELECT set_default_interactions_aside(ARRAY[%s::date])", [now.astimezone(UTC).date()])
    connection.execute("INSERT INTO interaction SELECT * FROM interaction_aside LIMIT 7")
    assert [one.code for one in find_upkeep(connection)].count(SweepCode.PARTITIONS_WRONG) >= 1

    report = maintain(connection, KEPT)

    assert report.moved == 33
    assert partitions(connection) == {day_name(now): 40}
    assert world_18.row_counts()["interaction_aside"] == 0


def test_intake_goes_on_while_its_rows_are_moved_and_nothing_is_lost(world):
    account, now = world.account(), read_clock(world.connection)
    url, stop, stored = world.connection.info.dsn, threading.Event(), []

    ready = threading.Barrier(3)

    def take_in(name):
        with connect(url) as connection:
            ready.wait(30)
            number = 0
            while not stop.is_set():
                at = now - timedelta(days=number % 6)
                _, new = store_interactions(
                    connection, interactions(account, range(20), at=at, name=f"{name}-{number}"), timing=TIMING
                )
                stored.append(new)
                number += 1

    store_interactions(
        world.connection,
        [one for n in range(8) for one in interactions(account, range(2_000), at=now - timedelta(days=n))],
        timing=TIMING,
    )
    threads = [threading.Thread(target=take_in, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    try:
        ready.wait(30)
        reports = [maintain(world.connection, KEPT) for _ in range(3)]
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)

    maintain(world.connection, KEPT)
    total = world.connection.execute("SELECT count(*) FROM interaction").fetchone()["count"]
    assert total == 16_000 + sum(stored)
    assert len(stored) > 10
    assert set(stored) == {20}
    assert reports[0].moved >= 16_000
    assert "interaction_default" not in partitions(world.connection)


def test_an_import_that_holds_the_partitions_is_not_waited_for_in_the_way_of_others(world_18, monkeypatch):
    account, now = world_18.account(), read_clock(world_18.connection)
    url = world_18.connection.info.dsn
    store_interactions(world_18.connection, interactions(account, [1], at=now), timing=TIMING)
    monkeypatch.setattr(tasks.maintenance, "_LOCK_TRIES", 2)
    monkeypatch.setattr(tasks.maintenance, "_LOCK_PAUSE_SECONDS", 0.01)

    with psycopg.connect(url, options="-c search_path=windowcast") as importing:
        importing.execute("LOCK TABLE interaction IN ROW EXCLUSIVE MODE")
        with pytest.raises(ServiceAwayError, match="cannot be changed: something has held them"):
            maintain(world_18.connection, KEPT)
        assert store_interactions(world_18.connection, interactions(account, [2], at=now), timing=TIMING) == (1, 1)
    assert maintain(world_18.connection, KEPT).moved == 2


def test_who_reads_accounts_meanwhile_is_neither_in_the_way_nor_held_up(world_18):
    account, now = world_18.account(), read_clock(world_18.connection)
    store_interactions(world_18.connection, interactions(account, [1], at=now - timedelta(days=89)), timing=TIMING)

    with psycopg.connect(world_18.connection.info.dsn, options="-c search_path=windowcast") as reading:
        reading.execute("SELECT * FROM account")
        assert maintain(world_18.connection, KEPT).moved == 1
        world_18.put_clock_ahead(days=3)
        assert len(maintain(world_18.connection, KEPT).dropped) == 1


def test_one_maintenance_runs_at_a_time(world_18):
    with (
        connect(world_18.connection.info.dsn) as other,
        one_at_a_time(other),
        pytest.raises(UnfinishedError, match="is running"),
    ):
        maintain(world_18.connection, KEPT)

    assert maintain(world_18.connection, KEPT).made


def test_days_that_are_old_enough_go_and_the_newest_openers_stay(world):
    account, now = world.account(), read_clock(world.connection)
    for ago in (89, 90, 91):
        at = (now - timedelta(days=ago)).astimezone(UTC).replace(hour=23, minute=59)
        store_interactions(world.connection, interactions(account, [ago], at=at), timing=TIMING)

    maintain(world.connection, KEPT)
    kept = days(world.connection)[:3]
    world.put_clock_ahead(days=1)
    report = maintain(world.connection, KEPT)

    ago = [(now.astimezone(UTC).date() - day).days for day in kept]
    assert ago[:2] == [90, 89]
    assert [(now.astimezone(UTC).date() - day).days for day in report.dropped] == [90]
    assert world.row_counts()["last_interaction"] == 3


def test_the_maintenance_is_missed_and_the_partitions_too(world_18, tmp_path):
    connection = world_18.connection
    assert find_upkeep(connection) == []
    account = world_18.account()
    world_18.people_write(account, [1])
    world_18.submit_ids(tmp_path, [1], account=account)
    assert find_upkeep(connection) == []

    world_18.put_clock_ahead(days=3)
    never = find_upkeep(connection)
    maintain(connection, KEPT)
    done = find_upkeep(connection)
    world_18.put_clock_ahead(days=3 + DAYS_AHEAD)
    missed = find_upkeep(connection)

    assert [one.code for one in never] == [SweepCode.MAINTENANCE_OVERDUE]
    assert "has never run" in never[0].text
    assert done == []
    assert [one.code for one in missed] == [SweepCode.MAINTENANCE_OVERDUE, SweepCode.PARTITIONS_WRONG]
    assert "ran last on" in missed[0].text
    assert "end on" in missed[1].text


def test_a_default_partition_that_fills_up_is_told(world_18, monkeypatch):
    monkeypatch.setattr("tasks.upkeep._MOST_IN_DEFAULT", 10)
    account, now = world_18.account(), read_clock(world_18.connection)
    store_interactions(world_18.connection, interactions(account, range(10), at=now), timing=TIMING)

    assert [one.code for one in find_upkeep(world_18.connection)] == [SweepCode.PARTITIONS_WRONG]
    maintain(world_18.connection, KEPT)
    assert find_upkeep(world_18.connection) == []
