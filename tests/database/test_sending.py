"""Sending a share: order, pace, outcomes, stops and losses, on a real database with a platform that is played."""

import asyncio
import time
from datetime import timedelta
from itertools import pairwise

import psycopg
import pytest

from clients.settings import Settings
from database.shares import FakeMessenger, make_campaign, order_of, send
from domain.errors import ConfigurationError
from domain.outcome import Accepted, AccountStopped, NotSent, ProviderAnswer, Refused, Throttled, Unknown
from domain.reasons import Reason
from factories import TIMING, TOKEN, user_id
from tasks.campaigns import (
    cancel_campaign,
    close_campaign,
    get_campaign,
    pause_campaign,
    resume_campaign,
    start_campaign,
)
from tasks.database import broken_promises
from tasks.running import run_share
from tasks.share import ShareEnd
from tasks.suppressions import add_suppressions


async def test_every_ready_message_is_sent_once_and_the_campaign_finishes(world, database, tmp_path):
    campaign_id, account, template = make_campaign(world, tmp_path)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    messenger = FakeMessenger()

    report = await send(database, messenger, order_of(campaign_id, account, template))

    assert (report.accepted, report.end) == (20, ShareEnd.NOTHING_LEFT)
    assert sorted(person for _, person, _ in messenger.posts) == sorted(user_id(n) for n in range(20))
    assert world.states(campaign_id) == {"sent": 20}
    assert close_campaign(world.connection, campaign_id) == "finished"
    assert broken_promises(world.connection) == {}


async def posted(messenger, *, more_than=0):
    """Wait for a post beyond this number of them."""
    for _ in range(6_000):
        if len(messenger.posts) > more_than:
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


async def test_the_soonest_closing_window_comes_first(world, database, tmp_path):
    # A tenth of a second apart: what is due at once on a busy machine may be posted in any order.
    account = world.account(per_second=10)
    for number in range(10):
        world.people_write(account, [number], hours_ago=10 + (number * 7) % 10)
    campaign_id, account, template = make_campaign(world, tmp_path, people=range(10), account=account, hours_ago=None)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    messenger = FakeMessenger()

    await send(database, messenger, order_of(campaign_id, account, template))

    by_age = sorted(range(10), key=lambda number: -((number * 7) % 10))
    assert [person for _, person, _ in messenger.posts] == [user_id(number) for number in by_age]


async def test_an_outcome_costs_no_more_to_record_the_more_attempts_there_are(world, database, tmp_path):
    people = range(600)
    campaign_id, account, template = make_campaign(world, tmp_path, people=people)
    start_campaign(world.connection, campaign_id, timing=TIMING)

    await send(database, FakeMessenger(), order_of(campaign_id, account, template, in_flight=10))

    world.connection.execute("SELECT pg_sleep(1)")  # until what the sender's connections read is counted
    read = world.connection.execute(
        "SELECT sum(idx_tup_read) AS count FROM pg_stat_user_indexes WHERE indexrelname = 'attempt_pkey'"
    ).fetchone()
    assert world.states(campaign_id) == {"sent": len(people)}
    # By its id each attempt is looked up a few times; were all of them read for ten outcomes, it would be thirty times.
    assert 0 < read["count"] < 10 * len(people)


async def test_two_workers_share_one_pace_and_no_message(world, database, tmp_path):
    campaign_id, account, template = make_campaign(world, tmp_path, people=range(80), per_second=40)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    messenger = FakeMessenger()
    order = order_of(campaign_id, account, template)

    await asyncio.gather(send(database, messenger, order), send(database, messenger, order))

    # Its slots are the pace of an account; how well a machine keeps to them is measured in benchmarks/sending_paced.py.
    posted_ids = [attempt_id for _, _, attempt_id in messenger.posts]
    rows = world.connection.execute(
        "SELECT slot_at FROM attempt WHERE attempt_id = ANY(%s::uuid[]) ORDER BY slot_at", [posted_ids]
    ).fetchall()
    assert len(rows) == len({person for _, person, _ in messenger.posts}) == 80
    assert min(later["slot_at"] - row["slot_at"] for row, later in pairwise(rows)) >= timedelta(seconds=1 / 40)


async def test_a_pace_slower_than_a_message_in_ten_seconds_is_kept_too(world, database, tmp_path):
    campaign_id, account, template = make_campaign(world, tmp_path, people=range(3), per_second=0.05)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    messenger = FakeMessenger()
    stop = asyncio.Event()

    share = asyncio.create_task(send(database, messenger, order_of(campaign_id, account, template), stop=stop))
    await posted(messenger)
    await asyncio.sleep(1)
    stop.set()
    await share

    assert len(messenger.posts) == 1
    assert world.states(campaign_id) == {"sent": 1, "ready": 2}


@pytest.mark.parametrize(
    ("outcome", "state", "reason"),
    [
        (Refused(Reason.PERSON_UNAVAILABLE, ProviderAnswer(551)), "failed", "person_unavailable"),
        (Unknown(Reason.NO_ANSWER, ProviderAnswer(text="reset")), "unknown", "no_answer"),
    ],
    ids=["refused", "unknown"],
)
async def test_a_definite_or_unclear_answer_is_final_for_the_machine(world, database, tmp_path, outcome, state, reason):
    campaign_id, account, template = make_campaign(world, tmp_path, people=range(3))
    start_campaign(world.connection, campaign_id, timing=TIMING)
    messenger = FakeMessenger(lambda person, count: outcome if person == user_id(1) else Accepted("mid-" + person))

    report = await send(database, messenger, order_of(campaign_id, account, template))

    assert report.end is ShareEnd.NOTHING_LEFT
    assert len(messenger.posts) == 3
    assert world.states(campaign_id) == {"sent": 2, state: 1}
    row = world.connection.execute(
        "SELECT reason FROM message_list WHERE campaign_id = %s AND state = %s", [campaign_id, state]
    ).fetchone()
    assert row["reason"] == reason


async def test_a_throttle_slows_every_worker_and_costs_nothing(world, database, tmp_path):
    campaign_id, account, template = make_campaign(world, tmp_path, people=range(20))
    start_campaign(world.connection, campaign_id, timing=TIMING)
    throttled_at = []

    def answer(person, count):
        if count == 5:
            throttled_at.append(time.monotonic())
            return Throttled(ProviderAnswer(613), wait_seconds=2)
        return Accepted(f"mid-{person}-{count}")

    messenger = FakeMessenger(answer)

    report = await send(database, messenger, order_of(campaign_id, account, template, in_flight=5))

    # The four that were under way beside the fifth may still be posted.
    later = [at for at, _, _ in messenger.posts[5 + 4 :]]
    assert report.accepted == 20
    assert world.states(campaign_id) == {"sent": 20}
    assert len(later) == 21 - 9
    assert min(later) >= throttled_at[0] + 1.9


async def test_a_dead_token_pauses_the_account_and_fails_nothing(world, database, tmp_path):
    campaign_id, account, template = make_campaign(world, tmp_path, people=range(20))
    start_campaign(world.connection, campaign_id, timing=TIMING)
    dead = AccountStopped(ProviderAnswer(190, text="token expired"))
    messenger = FakeMessenger(lambda person, count: dead if count > 5 else Accepted(person))

    report = await send(database, messenger, order_of(campaign_id, account, template, in_flight=2))

    assert report.end is ShareEnd.PAUSED
    assert "190" in report.detail
    assert world.states(campaign_id) == {"sent": 5, "ready": 15}
    assert get_campaign(world.connection, campaign_id)["state"] == "paused"


async def test_a_platform_that_is_away_leaves_the_rest_ready(world, database, tmp_path, monkeypatch):
    campaign_id, account, template = make_campaign(world, tmp_path, people=range(5))
    start_campaign(world.connection, campaign_id, timing=TIMING)
    monkeypatch.setattr("tasks.sending._MOST_AWAY", 2)
    away = NotSent(ProviderAnswer(text="connection refused"), service_away=True)
    messenger = FakeMessenger(lambda person, count: away)

    report = await send(database, messenger, order_of(campaign_id, account, template))

    assert report.end is ShareEnd.PLATFORM_AWAY
    assert "connection refused" in report.detail
    assert world.states(campaign_id) == {"ready": 5}


async def test_a_window_that_closes_before_its_turn_expires_and_is_never_sent(world, database, tmp_path):
    account = world.account()
    reserve = (TIMING.reserve_seconds + TIMING.margin_seconds) / 3600
    world.people_write(account, [1], hours_ago=24 - reserve - 1 / 60)
    world.people_write(account, [2], hours_ago=1)
    campaign_id, account, template = make_campaign(world, tmp_path, people=[1, 2], account=account, hours_ago=None)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    world.put_clock_ahead(seconds=61)
    messenger = FakeMessenger()

    await send(database, messenger, order_of(campaign_id, account, template))

    assert [person for _, person, _ in messenger.posts] == [user_id(2)]
    assert world.states(campaign_id) == {"sent": 1, "expired": 1}


async def test_pause_resume_and_cancel_take_effect_at_the_next_claim(world, database, tmp_path):
    campaign_id, account, template = make_campaign(world, tmp_path, people=range(30), per_second=20)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    messenger = FakeMessenger()
    order = order_of(campaign_id, account, template)

    share = asyncio.create_task(send(database, messenger, order))
    await posted(messenger)
    pause_campaign(world.connection, campaign_id)
    report = await share
    sent_before = len(messenger.posts)
    resume_campaign(world.connection, campaign_id)
    share = asyncio.create_task(send(database, messenger, order))
    await posted(messenger, more_than=sent_before)
    cancel_campaign(world.connection, campaign_id)
    await share

    assert report.end is ShareEnd.PAUSED
    assert 0 < sent_before < 30
    assert sent_before < len(messenger.posts) < 30
    # What was claimed and missed its slot on a busy machine came back as not sent; closing cancels it too.
    close_campaign(world.connection, campaign_id)
    states = world.states(campaign_id)
    assert states == {"sent": len(messenger.posts), "cancelled": 30 - len(messenger.posts)}


async def test_an_opt_out_before_the_claim_prevents_the_post(world, database, tmp_path):
    campaign_id, account, template = make_campaign(world, tmp_path, people=range(3))
    start_campaign(world.connection, campaign_id, timing=TIMING)
    add_suppressions(world.connection, account, user_ids=[user_id(1)], source="test")
    messenger = FakeMessenger()

    await send(database, messenger, order_of(campaign_id, account, template))

    assert user_id(1) not in [person for _, person, _ in messenger.posts]
    assert world.states(campaign_id) == {"sent": 2, "ineligible": 1}


async def test_an_opt_out_that_comes_while_a_campaign_starts_does_not_keep_it_from_finishing(
    world_18, database_18, tmp_path
):
    campaign_id, account, template = make_campaign(world_18, tmp_path, people=range(3))
    start_campaign(world_18.connection, campaign_id, timing=TIMING)
    # As the opt-out's own transaction leaves it when it did not see the campaign under way yet.
    world_18.connection.execute(
        "INSERT INTO suppression (account_id, user_id, source) VALUES (%s, %s, 'test')",
        [account.account_id, user_id(1)],
    )
    messenger = FakeMessenger()

    report = await send(database_18, messenger, order_of(campaign_id, account, template))

    assert report.end is ShareEnd.NOTHING_LEFT
    assert user_id(1) not in [person for _, person, _ in messenger.posts]
    assert world_18.states(campaign_id) == {"sent": 2, "ineligible": 1}


async def test_stopping_finishes_what_has_begun_and_gives_back_the_rest(world, database, tmp_path):
    campaign_id, account, template = make_campaign(world, tmp_path, people=range(40), per_second=20)
    start_campaign(world.connection, campaign_id, timing=TIMING)

    async def slow(person):
        await asyncio.sleep(0.3)
        return Accepted(person)

    messenger = FakeMessenger(lambda person, count: slow(person))
    stop = asyncio.Event()

    share = asyncio.create_task(send(database, messenger, order_of(campaign_id, account, template), stop=stop))
    await posted(messenger)
    stop.set()
    report = await share

    assert report.end is ShareEnd.STOPPED
    assert world.states(campaign_id) == {"sent": len(messenger.posts), "ready": 40 - len(messenger.posts)}


async def test_postgres_lost_while_claiming_sends_nothing_twice_and_loses_nothing(world, database, tmp_path):
    campaign_id, account, template = make_campaign(world, tmp_path, people=range(60), per_second=30)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    messenger = FakeMessenger()
    share = asyncio.create_task(send(database, messenger, order_of(campaign_id, account, template)))

    for _ in range(5):
        await asyncio.sleep(0.2)
        with psycopg.connect(database, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name LIKE 'windowcast %%' AND datname = current_database()"
            )
    await share

    people = [person for _, person, _ in messenger.posts]
    assert len(people) == len(set(people)) == 60
    assert world.states(campaign_id) == {"sent": 60}


@pytest.mark.parametrize(("in_flight", "limit"), [(1, 1), (7, 7), (50, 20), (200, 21)])
async def test_the_size_of_claims_and_shares_changes_nothing(world_18, database_18, tmp_path, in_flight, limit):
    campaign_id, account, template = make_campaign(world_18, tmp_path)
    start_campaign(world_18.connection, campaign_id, timing=TIMING)
    refused = Refused(Reason.PERSON_UNKNOWN, ProviderAnswer(100, 2018001))
    messenger = FakeMessenger(lambda person, count: refused if person == user_id(3) else Accepted(f"mid-{person}"))
    order = order_of(campaign_id, account, template, in_flight=in_flight, limit=limit)

    while (await send(database_18, messenger, order)).end is ShareEnd.LIMIT_REACHED:
        pass

    rows = world_18.connection.execute(
        "SELECT row_number, user_id, state, reason, provider_message_id FROM message_list ORDER BY row_number"
    ).fetchall()
    assert [tuple(row.values()) for row in rows] == [
        (n + 1, user_id(n), "failed", "person_unknown", None)
        if n == 3
        else (n + 1, user_id(n), "sent", None, f"mid-{user_id(n)}")
        for n in range(20)
    ]


async def test_with_a_clock_of_a_test_nothing_is_sent_to_a_platform_that_is_not_on_this_machine(
    world_18, database_18, tmp_path, monkeypatch
):
    campaign_id, _, _ = make_campaign(world_18, tmp_path)
    start_campaign(world_18.connection, campaign_id, timing=TIMING)
    monkeypatch.setenv("WINDOWCAST_TEST_TOKEN", TOKEN)
    world_18.put_clock_ahead(seconds=1)

    with pytest.raises(ConfigurationError, match="clock"):
        await run_share(database_18, campaign_id, chosen=Settings(), stop=asyncio.Event())

    assert world_18.states(campaign_id) == {"ready": 20}
