"""The plan before a campaign starts: who is at risk, what would reach more people, and what guards say."""

import json
from datetime import timedelta

import pytest

from database.closings import HOUR, sent, start, writes_so_that_it_closes
from domain.errors import NobodyEligibleError, OldInteractionsError
from domain.guards import Guards
from factories import TIMING, StoppedClock, user_id
from tasks.campaigns import get_campaign, pause_campaign
from tasks.intake import nobody_sentence, plan_submission
from tasks.planning import plan_facts, plan_sentences
from tasks.suppressions import add_suppressions
from tasks.windows import foretell, read_clock


def plan(world, campaign_id, account, *, at=None, **fields):
    return foretell(world.connection, campaign_id, account=account, at=at, timing=TIMING, **fields)


def test_a_plan_names_who_is_at_risk_and_what_would_reach_them(world, tmp_path):
    StoppedClock(world)
    account = world.account(per_second=2)
    writes_so_that_it_closes(world, account, range(100), seconds=20.5)
    writes_so_that_it_closes(world, account, range(100, 110), seconds=2 * HOUR - 1)
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
