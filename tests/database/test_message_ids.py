"""The platform's message ids: one that was told before proves nothing."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from clients.postgres import connect
from database.shares import FakeMessenger, make_campaign, order_of, send
from domain.outcome import Accepted
from factories import TIMING, World, user_id
from tasks.campaigns import start_campaign
from tasks.database import broken_promises
from tasks.recording import shared_recorder


async def test_a_message_id_of_an_earlier_campaign_proves_nothing(world, database, tmp_path, caplog):
    account = world.account()
    first_id, _, template = make_campaign(world, tmp_path, people=range(3), account=account)
    start_campaign(world.connection, first_id, timing=TIMING)
    await send(database, FakeMessenger(), order_of(first_id, account, template))
    second_id, _, template = make_campaign(world, tmp_path, people=range(3, 6), account=account)
    start_campaign(world.connection, second_id, timing=TIMING)
    old_id = f"mid-{user_id(0)}"
    messenger = FakeMessenger(lambda person, _: Accepted(old_id if person == user_id(4) else f"mid-{person}"))

    report = await send(database, messenger, order_of(second_id, account, template))

    assert (report.accepted, report.unknown) == (2, 1)
    assert world.verdicts(second_id) == {1: "sent", 2: "unknown/unclear_answer", 3: "sent"}
    assert world.states(first_id) == {"sent": 3}
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "message id given twice"
    ]
    assert broken_promises(world.connection) == {}


async def test_the_same_message_id_for_another_account_is_no_doubt(world_18, database_18, tmp_path):
    for number in range(2):
        campaign_id, account, template = make_campaign(world_18, tmp_path, people=range(3))
        start_campaign(world_18.connection, campaign_id, timing=TIMING)

        report = await send(database_18, FakeMessenger(), order_of(campaign_id, account, template))

        assert report.accepted == 3, number


async def test_a_message_id_given_to_two_campaigns_at_once_is_believed_once(world, database, tmp_path):
    account = world.account()
    world.people_write(account, [1, 2])
    attempts = []
    for number in (1, 2):
        campaign_id = world.submit_ids(tmp_path, [number], account=account)
        start_campaign(world.connection, campaign_id, timing=TIMING)
        attempts.append(world.claim(campaign_id, number))

    # Two shares of one process, at one moment: their outcomes gather for one statement.
    async with shared_recorder(database, patience_seconds=5) as recorder:
        writes = (recorder.write([(attempt_id, Accepted("m-same"))]) for attempt_id in attempts)
        doubted, _ = await asyncio.gather(*writes)

    assert doubted == {attempts[1]}
    rows = world.connection.execute("SELECT outcome FROM attempt ORDER BY attempt_id = %s", [attempts[1]]).fetchall()
    assert [row["outcome"] for row in rows] == ["accepted", "unknown"]
    assert broken_promises(world.connection) == {}


def test_a_message_id_told_to_two_processes_in_the_same_instant_is_believed_once(world_18, database_18, tmp_path):
    account = world_18.account()
    world_18.people_write(account, [1, 2])
    campaign_id = world_18.submit_ids(tmp_path, [1, 2], account=account)
    start_campaign(world_18.connection, campaign_id, timing=TIMING)
    first, second = (world_18.claim(campaign_id, number) for number in (1, 2))
    told = {"outcome": "accepted", "state": "sent", "mid": "m-same"}

    with connect(database_18) as connection, ThreadPoolExecutor(1) as other:
        with world_18.connection.transaction():
            world_18.end(first, **told)
            waiting = other.submit(World(connection).end, second, **told)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.5)
        waiting.result(timeout=60)

    assert world_18.states(campaign_id) == {"sent": 1, "unknown": 1}
    assert broken_promises(world_18.connection) == {}


def test_an_outcome_recorded_twice_does_not_doubt_itself(world, tmp_path):
    campaign_id, _, _ = make_campaign(world, tmp_path, people=range(1))
    start_campaign(world.connection, campaign_id, timing=TIMING)
    attempt_id = world.claim(campaign_id, 0)

    recorded = [world.end(attempt_id, outcome="accepted", state="sent", mid="mid-1") for _ in range(2)]

    assert recorded == [1, 0]
    assert world.states(campaign_id) == {"sent": 1}
