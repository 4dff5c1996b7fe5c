"""The plan of a campaign and what becomes of it: risks, other campaigns, budget, overlap, old data, late starts."""

import json
import logging
from datetime import timedelta

import pytest

from domain.errors import NobodyEligibleError, OldInteractionsError, UnfinishedError
from domain.guards import Guards
from factories import TIMING, user_id
from tasks.accounts import find_account
from tasks.campaigns import get_campaign, pause_campaign, resume_campaign, start_campaign
from tasks.database import broken_promises
from tasks.intake import nobody_sentence, plan_submission
from tasks.outlook import look, outlook_now, watched
from tasks.planning import plan_facts, plan_sentences
from tasks.suppressions import add_suppressions
from tasks.windows import foretell, read_clock

# How long before its end a window counts as over for a plan.
RESERVE = TIMING.margin_seconds + TIMING.reserve_seconds
HOUR = 3600


@pytest.fixture
def news():
    """What people are told while the test runs."""
    told = []
    logger = logging.getLogger("windowcast.news")
    listener = logging.Handler()
    listener.emit = lambda record: told.append(record.getMessage())
    before = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(listener)
    yield told
    logger.removeHandler(listener)
    logger.setLevel(before)


def writes_so_that_it_closes(world, account, numbers, *, seconds):
    """Let people write at such a time that their last turn is over in so many seconds."""
    world.people_write(account, numbers, hours_ago=24 - (seconds + RESERVE) / HOUR)


def plan(world, campaign_id, account, *, at=None, **fields):
    return foretell(world.connection, campaign_id, account=account, at=at, timing=TIMING, **fields)


def sent(world, campaign_id, number, *, mid):
    world.end(world.claim(campaign_id, number), outcome="accepted", state="sent", mid=mid)


def start(world, campaign_id, **guards):
    return start_campaign(world.connection, campaign_id, timing=TIMING, guards=Guards(**guards))


def test_a_plan_names_who_is_at_risk_and_what_would_reach_them(world, tmp_path):
    account = world.account(per_second=2)
    writes_so_that_it_closes(world, account, range(100), seconds=20.5)
    writes_so_that_it_closes(world, account, range(100, 110), seconds=2 * HOUR)
    campaign_id = world.submit_ids(tmp_path, range(110), account=account)

    outlook = plan(world, campaign_id, account)

    # 41 slots within 20 seconds, the first of them at once.
    assert (outlook.forecast.closing_before_turn, outlook.at_risk) == (59, 59)
    assert outlook.forecast.seconds == pytest.approx(25.5)
    assert outlook.latest_start_at is None
    assert outlook.lowest_pace == pytest.approx(99 / 20, abs=0.01)
    assert outlook.best_start == (outlook.now, 51)
    assert [people for _, people in outlook.starts][:3] == [51, 10, 0]
    assert outlook.closings_per_hour[:3] == (100, 10, 0)


def test_the_latest_start_that_loses_nobody_does_lose_nobody_and_one_later_does(world, tmp_path):
    account = world.account(per_second=10)
    writes_so_that_it_closes(world, account, range(101), seconds=2 * HOUR + 0.5)
    campaign_id = world.submit_ids(tmp_path, range(101), account=account)
    latest = plan(world, campaign_id, account).latest_start_at

    in_time = plan(world, campaign_id, account, at=latest - timedelta(seconds=1))
    too_late = plan(world, campaign_id, account, at=latest + timedelta(seconds=2))

    assert (in_time.at_risk, in_time.forecast.reached) == (0, 101)
    assert too_late.at_risk > 0
    assert too_late.forecast.eligible_at_send == 101


def test_a_plan_for_later_counts_who_is_lost_by_then(world, tmp_path):
    account = world.account(per_second=40)
    writes_so_that_it_closes(world, account, range(3), seconds=HOUR)
    writes_so_that_it_closes(world, account, range(3, 10), seconds=5 * HOUR)
    at = read_clock(world.connection) + timedelta(hours=2)
    campaign_id = world.submit_ids(tmp_path, range(10), account=account, scheduled_at=at)

    outlook = plan(world, campaign_id, account, at=at)
    sentences = plan_sentences(outlook, account=account)

    assert (outlook.forecast.eligible_now, outlook.forecast.eligible_at_send, outlook.at_risk) == (10, 7, 3)
    assert "3 people's windows close before the send time." in sentences
    assert "Best start in the next 24 h: now, which reaches 3 more." in sentences


def test_a_latest_time_ends_turns_as_a_closed_window_does(world, tmp_path):
    account = world.account(per_second=1)
    world.people_write(account, range(30))
    not_after = read_clock(world.connection) + timedelta(seconds=10)
    campaign_id = world.submit_ids(tmp_path, range(30), account=account, not_after=not_after)

    outlook = plan(world, campaign_id, account)

    assert 8 <= outlook.forecast.reached <= 10
    assert outlook.forecast.closing_before_turn == 30 - outlook.forecast.reached


def test_other_campaigns_of_the_account_take_an_equal_share_of_its_pace(world, tmp_path):
    account, stranger = world.account(per_second=10), world.account(per_second=10)
    for one in (account, stranger):
        world.people_write(one, range(300))
    ours = world.submit_ids(tmp_path, range(100), account=account)
    alone = plan(world, ours, account)
    sending = world.submit_ids(tmp_path, range(100, 200), account=account)
    start(world, sending)
    start(world, world.submit_ids(tmp_path, range(100), account=stranger))
    later = read_clock(world.connection) + timedelta(hours=3)
    world.submit_ids(tmp_path, range(200, 300), account=account, scheduled_at=later)

    beside = plan(world, ours, account)
    pause_campaign(world.connection, sending)
    after_pause = plan(world, ours, account)

    assert [outlook.forecast.seconds for outlook in (alone, beside, after_pause)] == [10.0, 20.0, 10.0]
    assert sorted(people for _, people in beside.others) == [100, 100]
    assert any(
        "2 other campaigns of this account, with 200 to send" in s for s in plan_sentences(beside, account=account)
    )


def test_a_plan_is_kept_with_its_campaign_as_it_was_foretold(world, tmp_path):
    account = world.account(per_second=5)
    world.people_write(account, range(10))

    campaign_id = world.submit_ids(tmp_path, range(10), account=account)

    kept = get_campaign(world.connection, campaign_id)["plan"]
    assert (kept["eligible_at_send"], kept["seconds"], kept["at_risk"]) == (10, 2.0, 0)
    assert set(kept) == set(plan_facts(plan(world, campaign_id, account)))
    assert kept["best_start"]["people"] == 10
    assert json.dumps(kept)


def test_the_daily_budget_is_two_hundred_for_each_person_the_account_can_message(world, tmp_path):
    account = world.account()
    world.people_write(account, range(5))
    world.people_write(account, [9], hours_ago=25)
    earlier = world.submit_ids(tmp_path, [1, 2, 3], account=account)
    start(world, earlier)
    sent(world, earlier, 1, mid="m-1")
    world.claim(earlier, 2)
    campaign_id = world.submit_ids(tmp_path, [4], account=account)

    standing = plan(world, campaign_id, account).account
    world.connection.execute("UPDATE message_list SET sent_at = sent_at - interval '25 h' WHERE sent_at IS NOT NULL")
    a_day_later = plan(world, campaign_id, account).account

    # One was sent, and one is under way: nobody knows yet, so it counts.
    assert (standing.engaged, standing.most_calls, standing.sent, standing.calls_left) == (5, 1000, 2, 998)
    assert a_day_later.sent == 1


def test_a_campaign_that_would_pass_the_daily_budget_is_warned_of(world_18, tmp_path):
    account = world_18.account()
    world_18.people_write(account, [1])
    campaign_id = world_18.submit_ids(tmp_path, [1], account=account)
    world_18.connection.execute(
        """
        INSERT INTO message_list (campaign_id, account_id, row_number, user_id, cells, state, sent_at)
        SELECT %s, %s, n, 'before ' || n, '{}', 'sent', clock() - interval '1 h' FROM generate_series(10, 209) AS n
        """,
        [campaign_id, account.account_id],
    )

    sentences = plan_sentences(plan(world_18, campaign_id, account), account=account)

    assert any("only 0 of this campaign's 1 fit" in sentence for sentence in sentences)


def test_people_who_got_a_campaign_message_lately_are_counted_once_and_only_those_who_can_be_reached(world, tmp_path):
    account, stranger = world.account(), world.account()
    for one in (account, stranger):
        world.people_write(one, range(6))
    earlier, again = (world.submit_ids(tmp_path, range(5), account=account) for _ in range(2))
    elsewhere = world.submit_ids(tmp_path, [5], account=stranger)
    for campaign_id in (earlier, again, elsewhere):
        start(world, campaign_id)
    for number in (0, 1, 2):
        sent(world, earlier, number, mid=f"m-{number}")
    sent(world, again, 0, mid="m-again")
    sent(world, elsewhere, 5, mid="m-elsewhere")
    world.claim(earlier, 3)
    add_suppressions(world.connection, account, user_ids=[user_id(2)], source="test")
    campaign_id = world.submit_ids(tmp_path, range(6), account=account)

    outlook = plan(world, campaign_id, account)
    for_tomorrow = plan(world, campaign_id, account, at=outlook.now + timedelta(hours=20))
    short = plan(
        world,
        campaign_id,
        account,
        at=outlook.now + timedelta(hours=20),
        guards=Guards(overlap=timedelta(hours=2)),
    )

    # 0 got two, 1 got one, 3 may get one; 2 has opted out, 4 got nothing, and 5 got one of another account.
    assert [one.overlap for one in (outlook, for_tomorrow, short)] == [3, 3, 0]
    assert "3 of these people have got a campaign message of this account in the 24 hours before." in plan_sentences(
        outlook, account=account
    )


def test_old_interactions_are_warned_of_and_refused_where_that_is_set(world, tmp_path):
    account = world.account()
    world.people_write(account, [1], hours_ago=7)
    template = world.template(tmp_path, text="Hello!")
    wish = world.submission(account, template, user_ids=(user_id(1),))
    accepted = world.submission(account, template, user_ids=(user_id(1),), accepts_old_interactions=True)
    strict = Guards(refuse_after=timedelta(hours=2))

    fresh, warned, refused, allowed = (
        plan_submission(world.connection, one, folder=tmp_path, timing=TIMING, guards=guards)
        for one, guards in (
            (wish, Guards(warn_after=timedelta(hours=8))),
            (wish, Guards()),
            (wish, strict),
            (accepted, strict),
        )
    )

    assert (fresh.warning, fresh.too_old) == (None, None)
    assert "7 h ago" in warned.warning
    assert "windowcast interactions import" in warned.warning
    assert warned.too_old is None
    assert "--accept-old-interactions" in str(refused.too_old)
    assert (allowed.too_old, "7 h ago" in allowed.warning) == (None, True)


def test_a_submit_on_old_interactions_makes_no_campaign(world, tmp_path):
    from tasks.intake import take_list
    from tasks.submission import find_target

    account = world.account()
    world.people_write(account, [1], hours_ago=7)
    wish = world.submission(account, world.template(tmp_path, text="Hello!"), user_ids=(user_id(1),))
    before = world.row_counts()

    with pytest.raises(OldInteractionsError, match="too old to judge anybody by"):
        take_list(
            world.connection,
            wish,
            target=find_target(world.connection, wish),
            folder=tmp_path,
            guards=Guards(refuse_after=timedelta(hours=2)),
        )

    assert world.row_counts() == before


def test_an_account_without_any_interaction_gives_the_answer_that_nobody_is_eligible(world_18, tmp_path):
    account = world_18.account()
    wish = world_18.submission(account, world_18.template(tmp_path, text="Hello!"), user_ids=(user_id(1),))
    strict = Guards(refuse_after=timedelta(hours=2))

    found = plan_submission(world_18.connection, wish, folder=tmp_path, timing=TIMING, guards=strict)

    assert (found.warning, found.too_old, found.outlook.best_start) == (None, None, None)
    assert "no interaction of this account is known" in nobody_sentence(found.outlook, is_timed=False)
    with pytest.raises(NobodyEligibleError):
        world_18.submit(wish, tmp_path)


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


def sending(world, tmp_path, numbers, *, per_second=10.0, seconds=20.5):
    """A campaign that is being sent, to people whose windows all close in so many seconds."""
    account = world.account(per_second=per_second)
    writes_so_that_it_closes(world, account, numbers, seconds=seconds)
    campaign_id = world.submit_ids(tmp_path, numbers, account=account)
    start(world, campaign_id)
    return campaign_id


def test_a_look_at_a_running_campaign_tells_the_time_left_and_who_is_at_risk(world, tmp_path):
    campaign_id = sending(world, tmp_path, range(300))

    remaining = outlook_now(world.connection, campaign_id, timing=TIMING)

    assert (remaining.ready, remaining.per_second) == (300, 10)
    assert 195 <= 300 - remaining.at_risk <= 201
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


def test_people_at_the_cap_until_their_windows_close_are_in_no_plan(world, tmp_path):
    account = world.account()
    world.people_write(account, range(3))
    earlier = world.submit_ids(tmp_path, [0], account=account)
    start(world, earlier)
    sent(world, earlier, 0, mid="m-0")
    campaign_id = world.submit_ids(tmp_path, range(3), account=account)
    without_cap = plan(world, campaign_id, account).forecast.eligible_at_send
    world.connection.execute("UPDATE account SET cap_messages = 1, cap_hours = 48")

    with_cap = plan(world, campaign_id, account).forecast.eligible_at_send
    start(world, campaign_id)

    assert (without_cap, with_cap) == (3, 2)
    assert world.states(campaign_id) == {"ineligible": 1, "ready": 2}
