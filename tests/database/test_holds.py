"""Holding until they write: people without an open window are waited for, and are reached when they open one."""

from datetime import timedelta

import pytest

from domain.errors import NobodyEligibleError, UsageError
from domain.window import InteractionKind
from factories import TIMING, user_id
from tasks.campaigns import close_campaign, get_campaign, pause_campaign, recover_held, start_campaign
from tasks.database import broken_promises
from tasks.submission import check_times
from tasks.suppressions import add_suppressions
from tasks.windows import read_clock


def held(world, tmp_path, *, hours=6, open_for=(1,), closed_for=(2,), nobody=(3,), **fields):
    """A campaign that has started: one window is open, one is closed, one person never wrote."""
    account = world.account()
    world.people_write(account, open_for, hours_ago=1)
    world.people_write(account, closed_for, hours_ago=30)
    until = read_clock(world.connection) + timedelta(hours=hours)
    numbers = [*open_for, *closed_for, *nobody]
    campaign_id = world.submit_ids(tmp_path, numbers, account=account, hold_until=until, **fields)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    return account, campaign_id


def test_who_writes_while_waited_for_becomes_ready_and_counts_as_recovered(world, tmp_path):
    account, campaign_id = held(world, tmp_path)
    assert get_campaign(world.connection, campaign_id)["held_count"] == 2

    world.people_write(account, [2, 3], hours_ago=0)

    assert world.verdicts(campaign_id) == {1: "ready", 2: "ready", 3: "ready"}
    campaign = get_campaign(world.connection, campaign_id)
    assert (campaign["held_count"], campaign["recovered_count"]) == (0, 2)
    waiting = world.connection.execute(
        "SELECT count(*) AS n FROM message_list WHERE state = 'ready' AND closes_at > clock() + interval '20 h'"
    ).fetchone()
    assert waiting["n"] == 3


def test_an_interaction_that_opens_no_window_recovers_nobody(world, tmp_path):
    account, campaign_id = held(world, tmp_path)

    world.people_write(account, [2], hours_ago=25)
    world.people_write(account, [3], hours_ago=0, kind=InteractionKind.COMMENT)

    assert world.verdicts(campaign_id) == {1: "ready", 2: "ineligible/window_closed", 3: "ineligible/never_interacted"}


def test_without_hold_until_nobody_is_waited_for(world, tmp_path):
    account = world.account()
    world.people_write(account, [1], hours_ago=1)
    campaign_id = world.submit_ids(tmp_path, [1, 2], account=account)
    start_campaign(world.connection, campaign_id, timing=TIMING)

    world.people_write(account, [2], hours_ago=0)

    assert world.verdicts(campaign_id)[2] == "ineligible/never_interacted"


def test_nobody_is_recovered_after_the_time_and_the_campaign_can_finish(world, tmp_path):
    account, campaign_id = held(world, tmp_path, open_for=())
    assert close_campaign(world.connection, campaign_id) == "sending"

    world.put_clock_ahead(hours=7)
    world.people_write(account, [2], hours_ago=0)

    assert recover_held(world.connection, campaign_id, timing=TIMING) == 0
    assert world.verdicts(campaign_id) == {1: "ineligible/window_closed", 2: "ineligible/never_interacted"}
    assert close_campaign(world.connection, campaign_id) == "finished"
    assert broken_promises(world.connection) == {}


def test_a_paused_campaign_recovers_people_and_a_timed_one_judges_them_at_its_start(world, tmp_path):
    account, paused = held(world, tmp_path)
    pause_campaign(world.connection, paused)
    at = read_clock(world.connection) + timedelta(hours=1)
    timed = world.submit_ids(tmp_path, [2, 3], account=account, scheduled_at=at, hold_until=at + timedelta(hours=5))

    world.people_write(account, [2], hours_ago=0)
    world.put_clock_ahead(hours=2)
    start_campaign(world.connection, timed, timing=TIMING)

    assert world.verdicts(paused)[2] == "ready"
    assert world.verdicts(timed) == {1: "ready", 2: "ineligible/never_interacted"}


def test_who_wrote_between_the_look_and_the_start_is_found_by_the_campaigns_own_look(world, tmp_path):
    account, campaign_id = held(world, tmp_path)
    # As if the interaction had been stored while the start was judging the windows: nobody told the campaign.
    world.connection.execute(
        "UPDATE last_interaction SET opener_at = clock() WHERE account_id = %s AND user_id = %s",
        [account.account_id, user_id(2)],
    )

    assert recover_held(world.connection, campaign_id, timing=TIMING) == 1
    assert recover_held(world.connection, campaign_id, timing=TIMING) == 0

    assert world.verdicts(campaign_id)[2] == "ready"


def test_somebody_who_opted_out_is_not_recovered(world, tmp_path):
    account, campaign_id = held(world, tmp_path)
    add_suppressions(world.connection, account, user_ids=[user_id(2)], source="test")

    world.people_write(account, [2], hours_ago=0)

    assert recover_held(world.connection, campaign_id, timing=TIMING) == 0
    assert world.verdicts(campaign_id)[2] == "ineligible/window_closed"


def test_a_list_of_which_nobody_can_be_reached_now_is_taken_when_people_are_waited_for(world, tmp_path):
    account = world.account()
    world.people_write(account, [1], hours_ago=30)
    until = read_clock(world.connection) + timedelta(hours=6)

    campaign_id = world.submit_ids(tmp_path, [1], account=account, hold_until=until)

    assert world.state(campaign_id) == "scheduled"
    with pytest.raises(NobodyEligibleError):
        world.submit_ids(tmp_path, [1], account=account)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"hold_until": timedelta(hours=-1)}, "--hold-until .* is in the past"),
        ({"hold_until": timedelta(hours=1), "scheduled_at": timedelta(hours=2)}, "--hold-until is before --at"),
        ({"hold_until": timedelta(hours=3), "not_after": timedelta(hours=2)}, "--hold-until is after --not-after"),
    ],
    ids=["past", "before the start", "after the end"],
)
def test_a_time_to_wait_until_that_cannot_be_meant_is_refused(world_18, tmp_path, fields, words):
    now = read_clock(world_18.connection)
    submission = world_18.submission(
        world_18.account(), world_18.template(tmp_path), **{name: now + by for name, by in fields.items()}
    )

    with pytest.raises(UsageError, match=words):
        check_times(world_18.connection, submission)
