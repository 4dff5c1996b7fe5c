"""A start that comes late: windows are joined again, and the policy of late starts holds."""

from datetime import timedelta

import pytest

from database.closings import HOUR, start, writes_so_that_it_closes
from domain.errors import UnfinishedError
from tasks.campaigns import get_campaign, pause_campaign, resume_campaign
from tasks.database import broken_promises
from tasks.windows import read_clock


def timed(world, tmp_path, *, account=None, numbers=range(10)):
    """A campaign timed for an hour from now; all its people can be reached then."""
    account = account or world.account(per_second=10)
    at = read_clock(world.connection) + timedelta(hours=1)
    return world.submit_ids(tmp_path, numbers, account=account, scheduled_at=at)


def half_close(world, account):
    """Let half of ten people have a window that closes two hours from now, and half one that is open much longer."""
    writes_so_that_it_closes(world, account, range(5), seconds=2 * HOUR)
    world.people_write(account, range(5, 10))


def test_a_start_in_time_costs_nobody(world, tmp_path):
    account = world.account(per_second=10)
    half_close(world, account)
    campaign_id = timed(world, tmp_path, account=account)
    world.put_clock_ahead(hours=1, seconds=30)

    assert start(world, campaign_id)

    assert get_campaign(world.connection, campaign_id)["lost_by_delay"] is None


def test_a_late_start_joins_the_windows_again_and_says_whom_it_cost(world, tmp_path, news):
    account = world.account(per_second=10)
    half_close(world, account)
    campaign_id = timed(world, tmp_path, account=account)
    world.put_clock_ahead(hours=2, minutes=30)
    world.people_write(account, [0], hours_ago=0.1)

    assert start(world, campaign_id, most_late=timedelta(hours=2))

    # Four of the five, since one has written again in the meantime.
    assert get_campaign(world.connection, campaign_id)["lost_by_delay"] == 4
    assert world.states(campaign_id) == {"ineligible": 4, "ready": 6}
    assert "1 h 30 min late, which costs 4 people" in news[-1]


def test_a_start_that_comes_too_late_is_paused_with_what_it_cost_and_goes_on_when_a_person_says_so(world, tmp_path):
    account = world.account(per_second=10)
    half_close(world, account)
    campaign_id = timed(world, tmp_path, account=account)
    world.put_clock_ahead(hours=3)

    with pytest.raises(UnfinishedError) as caught:
        start(world, campaign_id)

    campaign = get_campaign(world.connection, campaign_id)
    for words in ("2 h late", "costs 5 of its people", "campaigns resume", "campaigns run", "campaigns cancel"):
        assert words in str(caught.value)
    assert (campaign["state"], campaign["lost_by_delay"], world.states(campaign_id)) == ("paused", 5, {"ready": 10})
    assert campaign["pause_reason"] in str(caught.value)
    with pytest.raises(UnfinishedError, match="campaigns resume"):
        start(world, campaign_id)
    assert resume_campaign(world.connection, campaign_id) == "scheduled"
    assert start(world, campaign_id)
    assert world.states(campaign_id) == {"ineligible": 5, "ready": 5}
    assert broken_promises(world.connection) == {}


def test_a_resumed_campaign_that_is_left_lying_again_is_late_again(world_18, tmp_path):
    account = world_18.account()
    world_18.people_write(account, range(3))
    campaign_id = timed(world_18, tmp_path, account=account, numbers=range(3))
    pause_campaign(world_18.connection, campaign_id)
    world_18.put_clock_ahead(hours=3)
    resume_campaign(world_18.connection, campaign_id)

    world_18.put_clock_ahead(hours=3, minutes=59)
    with world_18.connection.transaction(force_rollback=True):
        assert start(world_18, campaign_id)
    world_18.put_clock_ahead(hours=4, minutes=2)

    with pytest.raises(UnfinishedError, match="3 h 2 min late"):
        start(world_18, campaign_id)


def test_an_immediate_campaign_is_never_late(world_18, tmp_path):
    account = world_18.account()
    world_18.people_write(account, range(3))
    campaign_id = world_18.submit_ids(tmp_path, range(3), account=account)
    world_18.put_clock_ahead(hours=5)

    assert start(world_18, campaign_id)

    assert get_campaign(world_18.connection, campaign_id)["lost_by_delay"] is None


def test_a_start_on_interactions_that_are_too_old_waits_for_newer_ones_or_a_person(world, tmp_path):
    account = world.account(per_second=10)
    world.people_write(account, range(3), hours_ago=3)
    strict = {"refuse_after": timedelta(hours=3, minutes=30)}
    campaigns = [timed(world, tmp_path, account=account, numbers=range(3)) for _ in range(2)]
    world.put_clock_ahead(hours=1, seconds=1)

    for campaign_id in campaigns:
        with pytest.raises(UnfinishedError, match=r"too old to judge.*interactions import"):
            start(world, campaign_id, **strict)

    assert [world.state(campaign_id) for campaign_id in campaigns] == ["paused", "paused"]
    resume_campaign(world.connection, campaigns[0], accepts_old_interactions=True)
    assert start(world, campaigns[0], **strict)
    resume_campaign(world.connection, campaigns[1])
    with pytest.raises(UnfinishedError, match="too old"):
        start(world, campaigns[1], **strict)
    world.people_write(account, [7], hours_ago=0)
    resume_campaign(world.connection, campaigns[1])
    assert start(world, campaigns[1], **strict)
