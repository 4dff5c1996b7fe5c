"""The report of a night, against worlds small enough to be counted by hand, at a clock that the test sets."""

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from database.nights import BERLIN, NOON, RESERVE, at, hours_before, only, report, writes
from domain.eligibility import NightKept
from domain.errors import NotFoundError, UsageError
from domain.window import InteractionKind
from factories import TIMING, user_id
from tasks.accounts import set_cap
from tasks.campaigns import pause_campaign, start_campaign
from tasks.eligibility_report import read_night
from tasks.suppressions import add_suppressions


@pytest.fixture
def small(world):
    """An account whose people stand in every way there is, at noon."""
    at(world, NOON)
    account = world.account(name="Shop", per_second=1)
    for number, hours in [(1, 0.1), (2, 2), (3, 20), (4, 21.5), (5, 23.5), (6, 23.99), (7, 30), (8, 1), (9, 40)]:
        kind = InteractionKind.POSTBACK if number == 2 else InteractionKind.MESSAGE
        writes(world, account, number, hours_before(NOON, hours), kind=kind)
    add_suppressions(world.connection, account, user_ids=[user_id(8), user_id(77)], source="test")
    world.connection.execute(
        "INSERT INTO suppression (account_id, user_id, source, added_at, kind, until) "
        "VALUES (%s, %s, 'test', clock() - interval '1 h', 'unavailable', clock() + interval '1 h')",
        [account.account_id, user_id(9)],
    )
    return account


def test_each_known_person_is_open_closed_opted_out_or_cooling_off(world, small):
    figures = only(world)

    # Person 6 wrote 23 h 59 min 24 s ago: 36 s are left of the window, more than the reserve.
    assert RESERVE < 36
    assert (figures.open_now, figures.closed, figures.opted_out, figures.cooling_off) == (6, 1, 1, 1)
    assert figures.known == 9
    assert (figures.opted_out_unseen, figures.never_wrote) == (1, None)
    assert figures.by_opener == {"message": 5, "postback": 1}
    assert figures.closing == {1: 2, 3: 3, 6: 4, 12: 4, 24: 6}
    assert figures.newest_interaction_at == hours_before(NOON, 0.1)


def test_a_start_at_a_full_hour_finds_whose_window_is_open_then(world, small):
    figures = only(world)

    assert [start.at for start in figures.starts[:3]] == [NOON, NOON + timedelta(hours=1), NOON + timedelta(hours=2)]
    assert [start.people for start in figures.starts] == [6, 4, 4, 3, *[2] * 18, 1, 1, 0]
    # At one message a second nobody's turn comes too late.
    assert [start.reached for start in figures.starts] == [start.people for start in figures.starts]
    assert figures.proposed_start == figures.starts[1]


def test_windows_that_close_while_a_send_lasts_are_not_reached(world_18):
    at(world_18, NOON)
    account = world_18.account(per_second=0.1)
    for number in range(10):
        writes(world_18, account, number, NOON - timedelta(hours=24) + timedelta(seconds=RESERVE + 125))

    start = only(world_18).starts[0]

    # Ten seconds a message, and all windows close within the minute that begins in two: 13 turns are enough for ten.
    assert (start.people, start.reached) == (10, 10)
    world_18.connection.execute("UPDATE pace SET per_second = 0.05")
    assert only(world_18).starts[0].reached == 7


def test_newly_open_and_lost_are_told_from_the_night_before(world, small):
    kept = report(world)
    at(world, NOON + timedelta(hours=24))
    tomorrow = NOON + timedelta(hours=24)
    writes(world, small, 1, hours_before(tomorrow, 3))  # open both times
    writes(world, small, 7, hours_before(tomorrow, 2))  # newly open
    writes(world, small, 50, hours_before(tomorrow, 1))  # newly open, and never seen before
    writes(world, small, 2, hours_before(tomorrow, 1))
    add_suppressions(world.connection, small, user_ids=[user_id(2)], source="test")  # lost, though the window is open

    figures = only(world)

    assert (figures.compared_with, figures.is_compared_with_night) == (kept.measured_at, True)
    # The cool-off of person 9 is over, but the window is closed; 3, 4, 5 and 6 have not written again.
    assert (figures.was_open, figures.newly_open, figures.lost, figures.lost_suppressed) == (6, 2, 5, 1)
    assert figures.open_now == figures.was_open - figures.lost + figures.newly_open == 3


def test_after_a_gap_of_nights_it_is_compared_with_a_day_before_and_the_gap_is_named(world, small):
    report(world)
    later = NOON + timedelta(days=3)
    at(world, later)
    writes(world, small, 1, hours_before(later, 25))
    writes(world, small, 3, hours_before(later, 2))

    found = report(world)
    (figures,) = found.accounts

    assert (figures.compared_with, figures.is_compared_with_night) == (hours_before(later, 24), False)
    assert (figures.was_open, figures.newly_open, figures.lost) == (1, 1, 1)
    nights = found.trends[small.account_id]
    assert [(night.night.day, night.open_now) for night in nights] == [(24, 6), (25, None), (26, None), (27, 1)]
    assert [night.measured_at is None for night in nights] == [False, True, True, False]
    shown = world.connection.execute(
        "SELECT night, is_measured, open_now FROM eligibility_nights ORDER BY 1"
    ).fetchall()
    assert [(row["is_measured"], row["open_now"]) for row in shown] == [
        (True, 6),
        (False, None),
        (False, None),
        (True, 1),
    ]


def test_a_night_is_kept_once_and_a_second_report_says_so(world, small):
    first = report(world, zone=BERLIN)
    at(world, NOON + timedelta(hours=2))
    writes(world, small, 7, NOON + timedelta(hours=1))

    second = report(world, zone=BERLIN)

    assert (first.kept, second.kept) == (NightKept.KEPT, NightKept.WAS_KEPT)
    assert second.accounts[0].open_now == 6 - 2 + 1
    assert world.row_counts()["eligibility_snapshot"] == 1
    assert read_night(world.connection, NOON.date(), account=None, zone=BERLIN).accounts == first.accounts


def test_a_kept_night_is_shown_again_as_it_was(world_18):
    at(world_18, NOON)
    writes(world_18, world_18.account(name="Shop"), 1, hours_before(NOON, 1))
    kept = report(world_18)
    at(world_18, NOON + timedelta(days=2))
    world_18.account(name="Later")

    shown = read_night(world_18.connection, date(2026, 11, 24), account=None, zone=None)

    assert (shown.accounts, shown.measured_at, shown.night) == (kept.accounts, kept.measured_at, kept.night)
    assert shown.unmeasured == ("Later",)


def test_a_night_that_was_not_measured_and_one_to_come_are_refused_by_name(world_18):
    at(world_18, NOON)
    account = world_18.account()
    for night, told in [(date(2026, 11, 25), "has not come yet"), (date(2026, 11, 20), "no night near it was")]:
        with pytest.raises(UsageError, match=told):
            read_night(world_18.connection, night, account=None, zone=None)
    writes(world_18, account, 1, hours_before(NOON, 1))
    report(world_18)

    with pytest.raises(NotFoundError, match=r"2026-11-20 was not measured.*nearest that was is 2026-11-24"):
        read_night(world_18.connection, date(2026, 11, 20), account=None, zone=None)


def test_an_account_without_anybody_has_a_report_of_zeros(world):
    at(world, NOON)
    world.account(name="Empty")

    found = report(world)
    (figures,) = found.accounts

    assert (figures.known, figures.open_now, figures.was_open, figures.newly_open, figures.lost) == (0, 0, 0, 0, 0)
    assert (figures.newest_interaction_at, figures.best_habit, figures.weeks_measured) == (None, None, 0)
    assert figures.old_warning == "No interaction that opens a window is known, so nobody can be reached."
    assert {start.people for start in figures.starts} == {0}
    assert found.kept is NightKept.KEPT


def test_without_any_account_the_report_is_empty(world_18):
    assert report(world_18).accounts == ()


def test_an_unknown_account_and_an_unknown_zone_are_refused(world_18):
    with pytest.raises(NotFoundError, match="no account named Nobody"):
        report(world_18, account="Nobody")
    with pytest.raises(UsageError, match="no time zone"):
        report(world_18, zone="Mars/Olympus")


def test_people_at_their_cap_are_told_apart_from_those_who_can_be_reached(world, tmp_path):
    account = world.account()
    world.people_write(account, range(4))
    campaign_id = world.submit_ids(tmp_path, range(3), account=account)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    world.end(world.claim(campaign_id, 0), outcome="accepted", state="sent", mid="m-0")
    world.end(world.claim(campaign_id, 1), outcome="unknown", state="unknown", reason="no_answer")
    before = only(world)

    set_cap(world.connection, account, messages=1, hours=12)
    capped = only(world)
    set_cap(world.connection, account, messages=2, hours=12)

    assert (before.open_at_cap, capped.open_at_cap, only(world).open_at_cap) == (0, 2, 0)
    assert capped.open_now == 4


# The clocks of Berlin go back on 2026-10-25 and forward on 2027-03-28, at 01:00 UTC both times.
NIGHTS_OF_MOMENTS = {
    "before the long night": (datetime(2026, 10, 24, 21, 59, tzinfo=UTC), date(2026, 10, 24)),
    "in the long night": (datetime(2026, 10, 24, 22, 0, tzinfo=UTC), date(2026, 10, 25)),
    "25 hours later, the same": (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), date(2026, 10, 25)),
    "after the long night": (datetime(2026, 10, 25, 23, 0, tzinfo=UTC), date(2026, 10, 26)),
    "in the short night": (datetime(2027, 3, 27, 23, 0, tzinfo=UTC), date(2027, 3, 28)),
    "23 hours later, the next": (datetime(2027, 3, 28, 22, 0, tzinfo=UTC), date(2027, 3, 29)),
}


def test_a_night_is_the_day_of_the_teams_clock_however_long_it_is(world_18):
    world_18.account()
    found = {}
    for name, (moment, _) in NIGHTS_OF_MOMENTS.items():
        at(world_18, moment)
        found[name] = report(world_18, zone=BERLIN).night

    assert found == {name: night for name, (_, night) in NIGHTS_OF_MOMENTS.items()}


def test_nights_beside_a_change_of_the_clocks_are_compared_one_by_one(world):
    """At 04:30 on each local day, as a schedule in the team's zone runs: 25 and then 24 hours apart."""
    account = world.account()
    moments = [datetime(2026, 10, day, 4, 30, tzinfo=ZoneInfo(BERLIN)).astimezone(UTC) for day in (24, 25, 26)]
    for number, moment in enumerate(moments):
        at(world, moment)
        writes(world, account, number, hours_before(moment, 1))
        figures = only(world, zone=BERLIN)
        assert (figures.newly_open, figures.lost, figures.open_now) == (1, 1 if number else 0, 1)
        assert figures.is_compared_with_night == bool(number)
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]

    nights = report(world, zone=BERLIN).trends[account.account_id]

    assert gaps == [timedelta(hours=25), timedelta(hours=24)]
    assert [night.night.day for night in nights] == [24, 25, 26]


def test_campaigns_of_the_coming_day_are_foretold(world, tmp_path):
    account = world.account(per_second=10)
    world.people_write(account, range(5), hours_ago=20)
    world.people_write(account, range(5, 8), hours_ago=1)
    now = datetime.now(UTC)
    soon = world.submit_ids(tmp_path, range(8), account=account, scheduled_at=now + timedelta(hours=5), name="Soon")
    world.submit_ids(tmp_path, range(5, 8), account=account, scheduled_at=now + timedelta(hours=23, minutes=-30))
    stopped = world.submit_ids(tmp_path, range(7), account=account, scheduled_at=now + timedelta(hours=6))
    pause_campaign(world.connection, stopped)
    report_of = only(world)

    first, second = report_of.campaigns

    assert (first.campaign_id, first.name, first.eligible_now, first.eligible_at_send) == (str(soon), "Soon", 8, 3)
    assert (first.reached, first.remark) == (3, None)
    assert second.eligible_at_send == 3
    world.connection.execute("UPDATE account SET paused_at = clock()")
    assert only(world).campaigns[0].remark == "its account is paused"


def test_old_interactions_are_warned_of(world_18):
    at(world_18, NOON)
    writes(world_18, world_18.account(name="Shop"), 1, hours_before(NOON, 8))

    assert "The newest interaction of Shop is from 2026-11-24 04:00 UTC, 8 h ago" in only(world_18).old_warning
