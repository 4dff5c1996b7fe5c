"""The life of a campaign: which moves a person may make from where, what each leaves, and what a refusal says."""

import asyncio
import threading
from datetime import timedelta
from uuid import uuid4

import pytest

from clients.postgres import connect
from clients.settings import Settings
from domain.errors import NotFoundError, UnfinishedError, UsageError
from domain.states import CampaignState
from factories import TIMING
from tasks.accounts import pause_account, resume_account
from tasks.campaigns import (
    cancel_campaign,
    close_campaign,
    count_messages,
    get_campaign,
    list_campaigns,
    pause_campaign,
    resume_campaign,
    schedule_campaign,
    seconds_until_start,
    start_campaign,
)
from tasks.database import broken_promises
from tasks.running import begin_in_time
from tasks.windows import read_clock

S = CampaignState


def start(connection, campaign_id):
    return start_campaign(connection, campaign_id, timing=TIMING)


def scheduled(world, tmp_path, numbers=(1, 2, 3), **fields):
    account = fields.pop("account", None) or world.account()
    world.people_write(account, numbers)
    return world.submit_ids(tmp_path, numbers, account=account, **fields)


def put_state(world, campaign_id, state):
    """Put a campaign in a state as it is after the usual way there: one that paused had started."""
    has_started = state in (S.SENDING, S.PAUSED, S.FINISHED)
    world.connection.execute(
        "UPDATE campaign SET state = %s, pause_reason = %s, started_at = CASE WHEN %s THEN clock() END",
        [state, "by a person" if state is S.PAUSED else None, has_started],
    )


# What each command does from each state: the state after it, or a word of the refusal.
COMMANDS = {
    start: {
        S.DRAFT: "submit its list again",
        S.VALIDATED: S.SENDING,
        S.AWAITING_APPROVAL: "waits for its approval",
        S.SCHEDULED: S.SENDING,
        S.SENDING: S.SENDING,
        S.PAUSED: "windowcast campaigns resume",
        S.FINISHED: S.FINISHED,
        S.CANCELLED: "is cancelled and can not be sent",
        S.REFUSED: "is refused and can not be sent",
    },
    pause_campaign: {
        **dict.fromkeys(S, "there is nothing to pause"),
        S.SCHEDULED: S.PAUSED,
        S.SENDING: S.PAUSED,
    },
    resume_campaign: {**dict.fromkeys(S, "not paused"), S.PAUSED: S.SENDING},
    cancel_campaign: {
        **dict.fromkeys(S, S.CANCELLED),
        S.FINISHED: "nothing to cancel",
        S.CANCELLED: "nothing to cancel",
        S.REFUSED: "nothing to cancel",
    },
}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_a_command_moves_a_campaign_only_from_where_it_may_and_says_why_not(world_18, tmp_path, command):
    campaign_id = scheduled(world_18, tmp_path)
    outcomes = {}

    for state in CampaignState:
        with world_18.connection.transaction(force_rollback=True):
            put_state(world_18, campaign_id, state)
            try:
                command(world_18.connection, campaign_id)
                outcomes[state] = S(world_18.state(campaign_id))
            except (UsageError, UnfinishedError) as error:
                expected = COMMANDS[command][state]
                has_stayed = world_18.state(campaign_id) == state
                outcomes[state] = expected if has_stayed and str(expected) in str(error) else str(error)

    assert outcomes == COMMANDS[command]


def test_an_unknown_campaign_is_named_with_the_command_that_lists_them(world_18):
    for command in COMMANDS:
        with pytest.raises(NotFoundError, match="windowcast campaigns list"):
            command(world_18.connection, uuid4())


def test_starting_twice_judges_once(world, tmp_path):
    campaign_id = scheduled(world, tmp_path)
    assert start(world.connection, campaign_id)
    first = get_campaign(world.connection, campaign_id)

    world.put_clock_ahead(hours=25)
    assert start(world.connection, campaign_id)

    # The second start leaves closed windows to the claim, which moves them to expired: the campaign has begun.
    assert get_campaign(world.connection, campaign_id) == first
    assert world.states(campaign_id) == {"ready": 3}


def test_two_starts_at_the_same_moment_judge_one_after_the_other(world, database, tmp_path):
    campaign_id = scheduled(world, tmp_path)
    together, ended = threading.Barrier(2), []

    def run():
        with connect(database) as connection:
            together.wait(10)
            ended.append(start(connection, campaign_id))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert ended == [True, True]
    assert (world.state(campaign_id), world.states(campaign_id)) == ("sending", {"ready": 3})


def test_a_timed_campaign_does_not_start_before_its_time(world, tmp_path):
    at = read_clock(world.connection) + timedelta(hours=2)
    campaign_id = scheduled(world, tmp_path, scheduled_at=at)

    with pytest.raises(UnfinishedError, match="--wait"):
        start(world.connection, campaign_id)

    assert 7190 < seconds_until_start(world.connection, campaign_id) <= 7200
    assert (world.state(campaign_id), world.states(campaign_id)) == ("scheduled", {"ready": 3})
    world.put_clock_ahead(hours=2, seconds=1)
    assert seconds_until_start(world.connection, campaign_id) == 0
    assert start(world.connection, campaign_id)


def test_a_campaign_paused_before_its_start_goes_back_to_its_time(world_18, tmp_path):
    at = read_clock(world_18.connection) + timedelta(hours=2)
    campaign_id = scheduled(world_18, tmp_path, scheduled_at=at)

    pause_campaign(world_18.connection, campaign_id, why="the text is wrong")
    paused = get_campaign(world_18.connection, campaign_id)
    resumed = resume_campaign(world_18.connection, campaign_id)

    assert (paused["state"], paused["pause_reason"], resumed) == ("paused", "the text is wrong", "scheduled")
    assert get_campaign(world_18.connection, campaign_id)["pause_reason"] is None


@pytest.mark.parametrize("state", [S.SCHEDULED, S.SENDING, S.PAUSED])
def test_a_cancelled_campaign_leaves_nothing_ready(world_18, tmp_path, state):
    campaign_id = scheduled(world_18, tmp_path)
    if state is not S.SCHEDULED:
        start(world_18.connection, campaign_id)
        attempt_id = world_18.claim(campaign_id, 1)
    if state is S.PAUSED:
        pause_campaign(world_18.connection, campaign_id)

    count = cancel_campaign(world_18.connection, campaign_id)

    left = (
        {"cancelled/campaign_cancelled": 3}
        if state is S.SCHEDULED
        else {"cancelled/campaign_cancelled": 2, "sending": 1}
    )
    verdicts = list(world_18.verdicts(campaign_id).values())
    assert {verdict: verdicts.count(verdict) for verdict in verdicts} == left
    assert count == left["cancelled/campaign_cancelled"]
    if state is not S.SCHEDULED:
        # What was under way and was not sent comes back, and is cancelled when the campaign is closed.
        world_18.end(attempt_id, outcome="not_sent", state="ready")
        assert close_campaign(world_18.connection, campaign_id) == "cancelled"
        assert world_18.states(campaign_id) == {"cancelled": 3}
    assert broken_promises(world_18.connection) == {}


def test_a_campaign_is_finished_when_nothing_is_ready_or_sending(world, tmp_path):
    campaign_id = scheduled(world, tmp_path, numbers=(1, 2))
    start(world.connection, campaign_id)
    first, second = world.claim(campaign_id, 1), None
    assert close_campaign(world.connection, campaign_id) == "sending"
    world.end(first, outcome="accepted", state="sent", mid="m-1")
    assert close_campaign(world.connection, campaign_id) == "sending"
    second = world.claim(campaign_id, 2)
    assert close_campaign(world.connection, campaign_id) == "sending"

    world.end(second, outcome="unknown", state="unknown", reason="no_answer")

    # An unknown message keeps no campaign open: only evidence or a person decides it.
    assert close_campaign(world.connection, campaign_id) == "finished"
    assert get_campaign(world.connection, campaign_id)["ended_at"] is not None
    assert close_campaign(world.connection, campaign_id) == "finished"
    assert not start(world.connection, campaign_id)
    assert broken_promises(world.connection) == {}


def test_a_campaign_whose_windows_all_closed_before_its_start_finishes_with_nothing_sent(world, tmp_path):
    at = read_clock(world.connection) + timedelta(hours=1)
    campaign_id = scheduled(world, tmp_path, scheduled_at=at)

    world.put_clock_ahead(hours=30)
    start(world.connection, campaign_id)

    assert close_campaign(world.connection, campaign_id) == "finished"
    assert set(world.verdicts(campaign_id).values()) == {"ineligible/window_closed"}


def test_pausing_an_account_pauses_what_is_sending_and_resuming_it_lets_just_that_go_on(world, tmp_path):
    account, other = world.account(name="Acme"), world.account()
    at = read_clock(world.connection) + timedelta(hours=1)
    sending, by_hand = (scheduled(world, tmp_path, account=account) for _ in range(2))
    timed = scheduled(world, tmp_path, account=account, scheduled_at=at)
    elsewhere = scheduled(world, tmp_path, account=other)
    for campaign_id in (sending, by_hand, elsewhere):
        start(world.connection, campaign_id)
    pause_campaign(world.connection, by_hand)

    assert pause_account(world.connection, account, why="the token is dead") == 1
    assert pause_account(world.connection, account, why="again") == 0

    every = (sending, by_hand, timed, elsewhere)
    assert [world.state(one) for one in every] == ["paused", "paused", "scheduled", "sending"]
    with pytest.raises(UnfinishedError, match=r"the token is dead.*windowcast accounts resume Acme"):
        start(world.connection, sending)
    with pytest.raises(UsageError, match="windowcast accounts resume Acme"):
        resume_campaign(world.connection, sending)
    world.put_clock_ahead(hours=1, seconds=1)
    with pytest.raises(UnfinishedError, match="the token is dead"):
        start(world.connection, timed)
    assert resume_account(world.connection, account) == [str(sending)]
    assert [world.state(one) for one in every] == ["sending", "paused", "scheduled", "sending"]
    assert start(world.connection, timed)
    assert resume_account(world.connection, account) == []


def test_campaigns_are_listed_newest_first_and_counted_in_every_state(world_18, tmp_path):
    first, second = scheduled(world_18, tmp_path), scheduled(world_18, tmp_path, name="Spring")

    listed = list_campaigns(world_18.connection, most=10)
    counts = count_messages(world_18.connection, [first, second])

    assert [row["campaign_id"] for row in listed] == [second, first]
    assert [row["campaign_id"] for row in list_campaigns(world_18.connection, most=1)] == [second]
    assert listed[0]["name"] == "Spring"
    assert len(counts[first].by_state) == 12
    assert (counts[first].rows, counts[first].by_reason) == (3, {})
    assert not schedule_campaign(world_18.connection, first)


async def test_a_run_that_starts_a_little_early_waits_and_one_far_too_early_does_not(world_18, database_18, tmp_path):
    soon = read_clock(world_18.connection) + timedelta(seconds=1.5)
    near = scheduled(world_18, tmp_path, scheduled_at=soon)
    far = scheduled(world_18, tmp_path, scheduled_at=soon + timedelta(minutes=10))

    is_sending = await begin_in_time(database_18, near, chosen=Settings(), stop=asyncio.Event())

    assert is_sending
    assert read_clock(world_18.connection) >= soon
    with pytest.raises(UnfinishedError, match="timed for"):
        await begin_in_time(database_18, far, chosen=Settings(), stop=asyncio.Event())
