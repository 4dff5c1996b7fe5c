"""The full hours of the nightly report: counted as by hand, kept, and usual from two weeks on."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from database.nights import BERLIN, NOON, at, hours_before, only, report, writes
from domain.window import InteractionKind


def brute_force(openers, hour):
    return len({who for who, moment in openers if hour - timedelta(hours=24) < moment <= hour})


def test_full_hours_are_counted_as_one_would_by_hand(world):
    import random

    rng = random.Random(20261124)
    account = world.account()
    at(world, NOON)
    openers = [
        (n, NOON - timedelta(minutes=rng.randrange(0, 80 * 60))) for n in range(12) for _ in range(rng.randrange(6))
    ]
    openers += [(20, NOON - timedelta(hours=30)), (20, NOON - timedelta(hours=54))]  # exactly on full hours
    for number, moment in openers:
        writes(world, account, number, moment)
    writes(world, account, 30, NOON - timedelta(hours=3), kind=InteractionKind.COMMENT)  # opens no window

    only(world)

    rows = world.connection.execute("SELECT at, reachable, openers FROM eligibility_hour ORDER BY at").fetchall()
    assert len(rows) == 28 * 24
    assert rows[-1]["at"] == NOON
    distinct = set(openers)
    for row in rows:
        hour = row["at"]
        assert row["reachable"] == brute_force(openers, hour), hour
        assert row["openers"] == sum(hour - timedelta(hours=1) < moment <= hour for _, moment in distinct), hour


def test_full_hours_are_kept_and_only_the_newest_are_counted_anew(world):
    at(world, NOON)
    account = world.account()
    writes(world, account, 1, hours_before(NOON, 2))
    report(world)
    writes(world, account, 2, hours_before(NOON, 3))  # late evidence of a kept hour
    writes(world, account, 3, hours_before(NOON, 200))  # and of one that is too old to be counted anew

    figures = only(world)
    rows = world.connection.execute("SELECT at, reachable FROM eligibility_hour").fetchall()

    assert [count.openers for count in figures.hours[-4:]] == [1, 1, 0, 0]
    by_hour = {row["at"]: row["reachable"] for row in rows}
    assert (by_hour[NOON], by_hour[hours_before(NOON, 190)]) == (2, 0)


def test_what_is_usual_at_an_hour_is_told_from_two_weeks_on(world_18):
    """More people write each Tuesday at 18:00 in Berlin: the same hour of the week, though the clocks go back once."""
    account = world_18.account()
    tuesdays = [datetime(2026, 10, 20, 18, tzinfo=ZoneInfo(BERLIN)) + timedelta(weeks=week) for week in range(6)]
    for people, moment in enumerate(tuesdays[:5], start=1):
        for number in range(people):
            writes(world_18, account, number, moment.astimezone(UTC))
    at(world_18, datetime(2026, 11, 24, 6, 30, tzinfo=UTC))

    figures = only(world_18, zone=BERLIN)
    best = figures.best_habit

    # 27 October, 3, 10 and 17 November; 20 October is five weeks ago.
    assert best.at == tuesdays[5].astimezone(UTC) == figures.proposed_start.at
    assert (best.weeks, best.least, best.most, best.mean) == (4, 2, 5, 3.5)
    assert figures.weeks_measured == 4


def test_one_week_alone_is_no_habit(world_18):
    at(world_18, NOON)
    account = world_18.account()
    writes(world_18, account, 1, NOON - timedelta(days=6))

    figures = only(world_18)

    assert (figures.habits, figures.weeks_measured, figures.best_of_week) == ((), 1, None)
