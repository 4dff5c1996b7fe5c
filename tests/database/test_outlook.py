"""Looks at a campaign while it is sent: the time left, people at risk, and the warning when they grow."""

import pytest

from database.closings import HOUR, sending, sent
from factories import TIMING, StoppedClock
from tasks.accounts import find_account
from tasks.campaigns import get_campaign
from tasks.outlook import look, outlook_now, watched


def test_a_look_at_a_running_campaign_tells_the_time_left_and_who_is_at_risk(world, tmp_path):
    StoppedClock(world)
    campaign_id = sending(world, tmp_path, range(300))

    remaining = outlook_now(world.connection, campaign_id, timing=TIMING)

    assert (remaining.ready, remaining.per_second) == (300, 10)
    assert 300 - remaining.at_risk == 201
    assert remaining.seconds_left == pytest.approx((300 - remaining.at_risk) / 10)


def test_a_campaign_that_is_slower_than_its_pace_is_foretold_by_what_was_measured(world, tmp_path):
    campaign_id = sending(world, tmp_path, range(300), seconds=HOUR)
    for number in range(10):
        sent(world, campaign_id, number, mid=f"m-{number}")
    world.connection.execute(
        "UPDATE message_list SET sent_at = clock() - (message_id % 10 + 1) * interval '5 s' WHERE sent_at IS NOT NULL"
    )

    slow = outlook_now(world.connection, campaign_id, timing=TIMING)
    world.connection.execute("UPDATE message_list SET sent_at = clock() - interval '9 s' WHERE sent_at IS NOT NULL")
    just_begun = outlook_now(world.connection, campaign_id, timing=TIMING)

    assert slow.per_second == pytest.approx(0.2, abs=0.01)
    assert slow.seconds_left == pytest.approx(290 / 0.2, rel=0.05)
    assert just_begun.per_second == 10


def test_an_account_without_a_pace_is_foretold_once_there_is_something_to_measure(world_18, tmp_path):
    campaign_id = sending(world_18, tmp_path, range(100), per_second=None, seconds=HOUR)
    at_first = outlook_now(world_18.connection, campaign_id, timing=TIMING)
    for number in range(20):
        sent(world_18, campaign_id, number, mid=f"m-{number}")
    world_18.connection.execute("UPDATE message_list SET sent_at = clock() - interval '2 s' WHERE sent_at IS NOT NULL")

    later = outlook_now(world_18.connection, campaign_id, timing=TIMING)

    assert (at_first.seconds_left, at_first.at_risk) == (None, 0)
    assert later.seconds_left == pytest.approx(8, rel=0.1)


def test_a_warning_is_told_once_when_more_people_are_lost_than_planned_and_again_when_more_are(world, tmp_path, news):
    campaign_id = sending(world, tmp_path, range(300), per_second=20)

    news.clear()

    look(world.connection, campaign_id, timing=TIMING)
    as_planned = len(news)
    world.connection.execute("UPDATE pace SET per_second = 10")
    for _ in range(2):
        look(world.connection, campaign_id, timing=TIMING)
    slower = len(news)
    world.connection.execute("UPDATE pace SET per_second = 2")
    look(world.connection, campaign_id, timing=TIMING)

    assert (as_planned, slower, len(news)) == (0, 1, 2)
    assert "the plan gave up 0" in news[0]
    kept = get_campaign(world.connection, campaign_id)["outlook"]
    assert kept["planned"] == 0
    assert kept["warned"] == kept["missed"] == kept["at_risk"] > 250


def test_people_whose_windows_have_closed_count_with_those_whose_will(world, tmp_path):
    campaign_id = sending(world, tmp_path, range(10), per_second=1)
    world.connection.execute(
        """
        SELECT move_messages(ARRAY(
            SELECT ROW(message_id, 'expired', 'window_closed', NULL, NULL, NULL, NULL, NULL, NULL, NULL)::message_change
            FROM message_list WHERE campaign_id = %s LIMIT 3
        ))
        """,
        [campaign_id],
    )

    remaining = outlook_now(world.connection, campaign_id, timing=TIMING)

    assert (remaining.ready, remaining.at_risk, remaining.expired, remaining.missed) == (7, 0, 3, 3)
    assert remaining.is_worse


async def test_a_watched_send_is_looked_at_and_a_listener_that_fails_does_not_end_it(world_18, database_18, tmp_path):
    import asyncio

    campaign_id = sending(world_18, tmp_path, range(5))
    told, enough = [], asyncio.Event()

    async def tell(remaining):
        told.append(remaining.ready)
        if len(told) == 3:
            enough.set()
        raise ConnectionError("nobody listens")

    async with watched(database_18, campaign_id, timing=TIMING, tell=tell, every_seconds=0.01):
        await asyncio.wait_for(enough.wait(), 30)

    assert told[:3] == [5, 5, 5]
    assert get_campaign(world_18.connection, campaign_id)["outlook"]["ready"] == 5


def test_a_look_at_no_campaign_is_a_bug_that_shows(world_18):
    account = world_18.account()

    with pytest.raises(LookupError):
        outlook_now(world_18.connection, "01a205ec-432b-750a-a182-9ece394b65dc", timing=TIMING)

    assert find_account(world_18.connection, account.name) == account
