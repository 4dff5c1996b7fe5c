"""Timed campaigns in the database: moved with all that belongs to their time, continued when their run broke off."""

from datetime import timedelta
from uuid import uuid4

import pytest

from clients.settings import Settings
from domain.errors import NobodyEligibleError, NotFoundError, UsageError
from domain.sweep import SweepCode
from factories import TIMING
from tasks.campaigns import get_campaign, pause_campaign, start_campaign
from tasks.recurring import add_recurring, is_stopped, list_recurring, next_times, stop_recurring
from tasks.submit_form import gather_choices, inbox_file
from tasks.sweep import sweep
from tasks.timed_runs import RunCheck, reason_to_leave, reschedule_campaign
from tasks.windows import read_clock

CHOSEN = Settings()


@pytest.fixture
def timed(world_18, tmp_path):
    """A campaign of two people in an hour; both can be reached for 23 hours."""
    account = world_18.account()
    world_18.people_write(account, [1, 2])
    at = read_clock(world_18.connection) + timedelta(hours=1)
    campaign_id = world_18.submit_ids(tmp_path, [1, 2], account=account, scheduled_at=at)
    return world_18, account, campaign_id, at


def _row(world, campaign_id):
    campaign = get_campaign(world.connection, campaign_id)
    return campaign["state"], campaign["scheduled_at"], campaign["schedule_revision"], campaign["scheduled_run_id"]


def test_a_moved_campaign_has_a_new_revision_and_gives_its_old_run_back(timed):
    world, _, campaign_id, at = timed
    run_id = uuid4()
    world.connection.execute("UPDATE campaign SET scheduled_run_id = %s", [run_id])

    old = reschedule_campaign(world.connection, campaign_id, at=at + timedelta(hours=1), chosen=CHOSEN)

    assert old == run_id
    assert _row(world, campaign_id) == ("scheduled", at + timedelta(hours=1), 2, None)


@pytest.mark.parametrize(
    ("hours", "error", "sentence"),
    [(-1, UsageError, "in the past"), (30, NobodyEligibleError, "nobody on the list has an open window")],
)
def test_a_time_that_makes_no_sense_changes_nothing(timed, hours, error, sentence):
    world, _, campaign_id, at = timed

    with pytest.raises(error, match=sentence):
        reschedule_campaign(
            world.connection, campaign_id, at=read_clock(world.connection) + timedelta(hours=hours), chosen=CHOSEN
        )

    assert _row(world, campaign_id) == ("scheduled", at, 1, None)


def test_a_time_after_not_after_is_refused(timed, tmp_path):
    world, account, _, at = timed
    not_after = at + timedelta(minutes=30)
    campaign_id = world.submit_ids(tmp_path, [1], account=account, scheduled_at=at, not_after=not_after)

    with pytest.raises(UsageError, match="was submitted with --not-after"):
        reschedule_campaign(world.connection, campaign_id, at=at + timedelta(hours=1), chosen=CHOSEN)


def test_a_campaign_that_has_started_is_not_moved(timed):
    world, _, campaign_id, at = timed
    world.put_clock_ahead(hours=1)
    start_campaign(world.connection, campaign_id, timing=TIMING)

    with pytest.raises(UsageError, match="is sending, so it cannot be moved"):
        reschedule_campaign(world.connection, campaign_id, at=at + timedelta(hours=2), chosen=CHOSEN)


def test_a_campaign_that_is_not_timed_is_not_moved(timed, tmp_path):
    world, account, _, at = timed
    campaign_id = world.submit_ids(tmp_path, [2], account=account)

    with pytest.raises(UsageError, match="is scheduled and not timed, so it cannot be moved"):
        reschedule_campaign(world.connection, campaign_id, at=at, chosen=CHOSEN)


def test_moving_a_campaign_that_a_person_paused_lets_it_be_sent_at_the_new_time(timed):
    world, _, campaign_id, at = timed
    pause_campaign(world.connection, campaign_id)

    reschedule_campaign(world.connection, campaign_id, at=at + timedelta(hours=1), chosen=CHOSEN)

    assert world.state(campaign_id) == "scheduled"


def test_a_run_leaves_a_campaign_alone_that_comes_later_or_is_cancelled(timed):
    world, _, campaign_id, _ = timed

    early = reason_to_leave(world.connection, campaign_id, time_zone="Europe/Berlin")
    world.put_clock_ahead(minutes=59, seconds=30)
    in_time = reason_to_leave(world.connection, campaign_id, time_zone=None)

    assert early is not None
    assert "this run came early and sent nothing" in early
    assert in_time is None


def test_a_campaign_whose_run_broke_off_is_continued_at_once_and_no_other(world_18, tmp_path):
    account = world_18.account()
    world_18.people_write(account, [1, 2])
    ids = [world_18.submit_ids(tmp_path, [number], account=account) for number in (1, 2)]
    for campaign_id in ids:
        start_campaign(world_18.connection, campaign_id, timing=TIMING)
    world_18.put_clock_ahead(seconds=10)

    report = sweep(world_18.connection, timing=TIMING, runs=RunCheck(broken_off=(ids[0],)))

    assert report.to_continue == [ids[0]]
    assert [finding.code for finding in report.findings] == [SweepCode.CAMPAIGN_STOPPED]
    assert "its run has broken off" in report.findings[0].text


def test_a_campaign_for_which_a_run_waits_is_told_and_gets_no_second_one(timed):
    world, _, campaign_id, _ = timed
    world.put_clock_ahead(hours=1, minutes=10)

    report = sweep(world.connection, timing=TIMING, runs=RunCheck(on_their_way=frozenset({campaign_id})))

    assert report.to_continue == []
    assert [finding.code for finding in report.findings] == [SweepCode.CAMPAIGN_LATE]


def test_a_submit_that_was_killed_is_told_after_half_an_hour(world_18, tmp_path):
    account = world_18.account()
    template = world_18.template(tmp_path, text="Hello!")
    campaign_id = world_18.take_in(world_18.submission(account, template, user_ids=("12345678901",)), tmp_path)
    told = []

    for minutes in (29, 31):
        world_18.put_clock_ahead(minutes=minutes)
        told.append([finding.code for finding in sweep(world_18.connection, timing=TIMING).findings])

    assert world_18.state(campaign_id) == "validated"
    assert told == [[], [SweepCode.SUBMIT_STOPPED]]


def test_what_recurs_is_listed_with_its_next_times_until_it_is_stopped(world_18):
    words = {"account": "Shop", "template": "sale", "language": "en", "file": "list.csv"}
    kept = add_recurring(world_18.connection, name="Daily", cron="30 9 * * *", time_zone="Europe/Berlin", words=words)
    times = next_times(world_18.connection, kept, most=2)

    listed = list_recurring(world_18.connection)
    stop_recurring(world_18.connection, kept.recurring_id)

    assert listed == [kept]
    assert len(times) == 2
    assert is_stopped(world_18.connection, kept.recurring_id)
    assert list_recurring(world_18.connection) == []
    assert next_times(world_18.connection, list_recurring(world_18.connection, with_stopped=True)[0]) == []
    with pytest.raises(NotFoundError, match="recurring list"):
        stop_recurring(world_18.connection, kept.recurring_id)


def test_the_choices_of_the_form_are_those_of_the_database_and_the_inbox(world_18, tmp_path):
    world_18.account(name="Shop")
    world_18.template(tmp_path, code="sale", text="Hello!")
    world_18.template(tmp_path, code="sale", text="Hello again!")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for name in ("list.xlsx", "~$list.xlsx", "notes.txt"):
        (inbox / name).write_text("x")

    choices = gather_choices(world_18.connection, inbox=inbox)

    assert (choices.accounts, choices.templates) == (["Shop"], ["sale · en · 2", "sale · en · 1"])
    assert choices.files == ["list.xlsx"]
    assert gather_choices(world_18.connection, inbox=tmp_path / "none").files == []
    for name in ("../list.xlsx", "nothing.csv"):
        with pytest.raises(NotFoundError, match="in the inbox folder"):
            inbox_file(name, inbox=inbox)
