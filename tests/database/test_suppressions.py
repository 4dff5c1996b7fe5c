"""Opt-outs: kept once per account, obeyed by what waits and by what comes later, never half kept."""

from datetime import timedelta

import pytest

from domain.errors import InputRefusedError
from factories import TIMING, user_id
from tasks.campaigns import pause_campaign, start_campaign
from tasks.database import broken_promises
from tasks.suppressions import add_suppressions, list_suppressions, remove_suppressions
from tasks.windows import read_clock


def opt_out(world, account, *numbers):
    return add_suppressions(world.connection, account, user_ids=[user_id(number) for number in numbers], source="test")


def test_an_opt_out_is_kept_once_and_can_be_taken_back(world):
    account, other = world.account(), world.account()

    assert opt_out(world, account, 1, 2, 2) == 2
    assert opt_out(world, account, 2, 3) == 1

    kept = list_suppressions(world.connection, account)
    assert sorted(row["user_id"] for row in kept) == [user_id(number) for number in (1, 2, 3)]
    assert {row["source"] for row in kept} == {"test"}
    assert list_suppressions(world.connection, other) == []
    assert remove_suppressions(world.connection, other, user_ids=[user_id(1)]) == 0
    assert remove_suppressions(world.connection, account, user_ids=[user_id(1), user_id(9)]) == 1


@pytest.mark.parametrize("bad", ["12-ab", "1234", "1" * 21, "", f"{user_id(1)}\n", "٢٥٠٠٠٠٠٠"])
def test_an_id_that_is_none_keeps_no_opt_out_at_all(world_18, bad):
    account = world_18.account()

    with pytest.raises(InputRefusedError, match="no opt-out was kept"):
        add_suppressions(world_18.connection, account, user_ids=[user_id(1), bad], source="test")

    assert list_suppressions(world_18.connection, account) == []


@pytest.mark.parametrize("is_paused", [False, True])
def test_an_opt_out_sets_aside_what_waits_in_campaigns_under_way(world, tmp_path, is_paused):
    account, other = world.account(), world.account()
    for one in (account, other):
        world.people_write(one, [1, 2])
    first = world.submit_ids(tmp_path, [1, 2], account=account)
    second = world.submit_ids(tmp_path, [1], account=other)
    for campaign_id in (first, second):
        start_campaign(world.connection, campaign_id, timing=TIMING)
    if is_paused:
        pause_campaign(world.connection, first)

    opt_out(world, account, 1)

    assert world.verdicts(first) == {1: "ineligible/opted_out", 2: "ready"}
    assert world.verdicts(second) == {1: "ready"}
    # Taking it back brings nobody into a campaign that has begun without them.
    remove_suppressions(world.connection, account, user_ids=[user_id(1)])
    assert world.verdicts(first)[1] == "ineligible/opted_out"
    assert broken_promises(world.connection) == {}


def test_an_opt_out_does_not_touch_a_message_under_way(world, tmp_path):
    account = world.account()
    world.people_write(account, [1, 2])
    campaign_id = world.submit_ids(tmp_path, [1, 2], account=account)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    attempt_id = world.claim(campaign_id, 1)

    opt_out(world, account, 1, 2)
    recorded = world.end(attempt_id, outcome="accepted", state="sent", mid="m-1")

    assert recorded == 1
    assert world.verdicts(campaign_id) == {1: "sent", 2: "ineligible/opted_out"}
    assert broken_promises(world.connection) == {}


def test_a_timed_campaign_obeys_at_its_start_the_opt_outs_of_the_time_between(world, tmp_path):
    account = world.account()
    world.people_write(account, [1, 2, 3])
    opt_out(world, account, 2)
    at = read_clock(world.connection) + timedelta(hours=1)
    campaign_id = world.submit_ids(tmp_path, [1, 2, 3], account=account, scheduled_at=at)

    opt_out(world, account, 1)
    remove_suppressions(world.connection, account, user_ids=[user_id(2)])
    world.put_clock_ahead(hours=1, seconds=5)
    start_campaign(world.connection, campaign_id, timing=TIMING)

    assert world.verdicts(campaign_id) == {1: "ineligible/opted_out", 2: "ready", 3: "ready"}
