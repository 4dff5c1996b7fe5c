"""A check says exactly what a submit then does, and leaves nothing behind in the tables."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from database.lists import BAD_LIST, good_rows, make_submission
from domain.guards import Guards
from domain.states import MessageState
from domain.window import InteractionKind
from factories import TIMING, user_id
from tasks.accounts import set_cap
from tasks.campaigns import count_messages, get_campaign, start_campaign
from tasks.intake import admit, plan_submission
from tasks.judging import make_messages
from tasks.planning import plan_facts
from tasks.staging import list_problems
from tasks.submission import find_target
from tasks.suppressions import add_suppressions
from tasks.windows import read_clock, set_aside_unreachable

LISTS = {
    "good rows": {"rows": good_rows(range(1, 12))},
    "bad rows": {"rows": BAD_LIST},
    "bad rows, the good ones sent": {"rows": [*BAD_LIST, *good_rows(range(7, 14))], "accepts_valid": True},
    "later": {"rows": good_rows(range(1, 12)), "scheduled_in": timedelta(hours=3)},
    "people are waited for": {"rows": good_rows(range(1, 12)), "holds_for": timedelta(hours=9)},
    "private replies": {"rows": good_rows(range(1, 12)), "private_replies": True},
}


@pytest.fixture
def busy_world(world):
    """An account with a cap, another campaign under way, people of every kind, and a clock that stands still."""
    account = set_cap(world.connection, world.account(per_second=2), messages=1, hours=48)
    world.people_write(account, [1, 2, 3, 4, 5, 6], hours_ago=2)
    world.people_write(account, [7, 8], hours_ago=22.5)
    world.people_write(account, [9], hours_ago=30)
    world.people_write(account, [10, 11], hours_ago=40, kind=InteractionKind.COMMENT)
    add_suppressions(world.connection, account, user_ids=[user_id(2)], source="test")
    world.account_of_the_list = account
    return world


def stop_the_clock(world):
    moment = read_clock(world.connection)
    world.connection.execute(
        "CREATE OR REPLACE FUNCTION windowcast.clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS "
        f"$$SELECT '{moment.isoformat()}'::timestamptz$$"
    )
    return moment


def under_way(world, tmp_path):
    """Start a campaign of which one message was sent, one is unclear and the others wait."""
    account = world.account_of_the_list
    campaign_id = world.submit_ids(tmp_path, [3, 4, 5], account=account)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    world.end(world.claim(campaign_id, 3), outcome="accepted", state="sent", mid="m-3")
    world.end(world.claim(campaign_id, 4), outcome="unknown", state="unknown", reason="no_answer")


@pytest.mark.parametrize("case", LISTS)
def test_a_check_and_a_submit_agree_on_every_count(busy_world, tmp_path, case):
    world, fields = busy_world, dict(LISTS[case])
    under_way(world, tmp_path)
    now = stop_the_clock(world)
    if "scheduled_in" in fields:
        fields["scheduled_at"] = now + fields.pop("scheduled_in")
    if "holds_for" in fields:
        fields["hold_until"] = now + fields.pop("holds_for")
    submission = make_submission(
        world, tmp_path, fields.pop("rows"), account=world.account_of_the_list, name="list.csv", **fields
    )
    (tmp_path / "check").mkdir()
    guards = Guards(approval_above=4)

    plan = plan_submission(world.connection, submission, folder=tmp_path / "check", timing=TIMING, guards=guards)

    campaign_id = world.take_in(submission, tmp_path)
    target = find_target(world.connection, submission)
    outlook = admit(world.connection, campaign_id, target=target, timing=TIMING, guards=guards)
    campaign = get_campaign(world.connection, campaign_id)
    if campaign["state"] != "refused":
        set_aside_unreachable(world.connection, campaign_id, at=outlook.at, timing=TIMING)
    made = count_messages(world.connection, [campaign_id])[campaign_id]
    assert (plan.counts.by_state, plan.counts.by_reason) == (made.by_state, made.by_reason)
    assert plan_facts(plan.outlook) == plan_facts(outlook)
    assert plan.problems == list_problems(world.connection, campaign_id)
    assert (plan.state == "refused", plan.refusal) == (campaign["state"] == "refused", campaign["refusal"])
    assert plan.asks_approval == campaign["asks_approval"]


def test_the_cases_cover_what_a_forecast_counts(busy_world, tmp_path):
    world = busy_world
    under_way(world, tmp_path)
    stop_the_clock(world)
    submission = make_submission(world, tmp_path, good_rows(range(1, 12)), account=world.account_of_the_list)
    (tmp_path / "check").mkdir()

    plan = plan_submission(
        world.connection, replace(submission, private_replies=True), folder=tmp_path / "check", timing=TIMING
    )

    facts = plan_facts(plan.outlook)
    assert facts["sharing_with"] == {"campaigns": 1, "messages": 1}
    assert (facts["daily_budget"]["used"], facts["overlap"], facts["by_private_reply"]) == (2, 2, 2)
    assert {str(reason) for reason in plan.counts.by_reason} == {"opted_out", "window_closed", "cap_reached"}


def test_a_check_leaves_no_row_in_any_table_dead_or_alive(busy_world, tmp_path):
    world = busy_world
    rows = [*BAD_LIST, *good_rows(range(7, 14))]
    submission = make_submission(world, tmp_path, rows, account=world.account_of_the_list, accepts_valid=True)
    (tmp_path / "check").mkdir()

    def written():
        world.connection.execute("SELECT pg_stat_force_next_flush()")
        return world.connection.execute(
            "SELECT relname, n_tup_ins, n_tup_upd, n_tup_del, n_dead_tup, pg_total_relation_size(relid) AS size "
            "FROM pg_stat_user_tables WHERE schemaname = 'windowcast' ORDER BY relname"
        ).fetchall()

    before = written()
    plan = plan_submission(
        world.connection, submission, folder=tmp_path / "check", timing=TIMING, annotated=tmp_path / "back.xlsx"
    )

    assert plan.counts.by_state[MessageState.INVALID]
    assert (tmp_path / "back.xlsx").is_file()
    assert written() == before


def test_checks_and_submits_on_one_connection_do_not_mix_their_tables(world, tmp_path):
    # The connection prepares a statement that it has run five times: from then on it knows its tables.
    account = world.account()
    world.people_write(account, range(3))
    template = world.template(tmp_path, text="Hello!")
    ids = tuple(user_id(number) for number in range(4))
    submission = world.submission(account, template, user_ids=ids, again=True)
    (tmp_path / "check").mkdir()

    def planned():
        plan = plan_submission(world.connection, submission, folder=tmp_path / "check", timing=TIMING)
        return {state: count for state, count in plan.counts.by_state.items() if count}

    def made():
        campaign_id = world.submit(replace(submission, submission_id=uuid4()), tmp_path)
        return world.states(campaign_id)

    for _ in range(3):
        for _ in range(7):
            assert planned() == {MessageState.READY: 3, MessageState.INELIGIBLE: 1}
        assert world.row_counts()["staged_row"] == 0
        for _ in range(7):
            assert made() == {"ready": 4}
    assert world.row_counts()["campaign"] == 21


def test_problems_and_forecast_are_called_out_in_their_turn_before_the_end(world_18, tmp_path):
    account = world_18.account()
    world_18.people_write(account, [1, 2])
    submission = make_submission(world_18, tmp_path, BAD_LIST, account=account, accepts_valid=True)
    (tmp_path / "check").mkdir()
    steps = []

    plan = plan_submission(
        world_18.connection,
        submission,
        folder=tmp_path / "check",
        timing=TIMING,
        on_problems=lambda problems, remarks: steps.append(("problems", problems, remarks)),
        on_forecast=lambda early: steps.append(("forecast", early.problems, early.remarks, early.outlook)),
    )

    assert steps == [
        ("problems", plan.problems, plan.remarks),
        ("forecast", plan.problems, plan.remarks, plan.outlook),
    ]


def test_a_list_that_was_made_a_campaign_is_not_changed_by_a_check_of_the_same_submission(world_18, tmp_path):
    account = world_18.account()
    world_18.people_write(account, [1, 2])
    submission = make_submission(world_18, tmp_path, good_rows([1, 2]), account=account)
    campaign_id = world_18.take_in(submission, tmp_path)
    (tmp_path / "check").mkdir()

    plan = plan_submission(world_18.connection, submission, folder=tmp_path / "check", timing=TIMING)

    assert plan.earlier["campaign_id"] == campaign_id
    assert world_18.states(campaign_id) == {"ready": 2}
    target = find_target(world_18.connection, submission)
    assert make_messages(world_18.connection, campaign_id, target=target, given=None, can_judge=True) == "validated"
