"""What a plan says before anything is kept, and which list is admitted to be sent."""

from datetime import timedelta
from uuid import uuid4

import pytest

from database.lists import BAD_LIST, good_rows, make_submission, reachable_submission
from domain.errors import NobodyEligibleError
from domain.reasons import Reason
from domain.states import MessageState
from factories import TIMING, user_id
from tasks.campaigns import get_campaign, start_campaign
from tasks.database import broken_promises
from tasks.intake import admit, find_progress, plan_submission
from tasks.staging import list_problems
from tasks.submission import find_target
from tasks.windows import read_clock


def test_a_plan_keeps_nothing_and_says_what_a_submit_then_does(world, tmp_path):
    account = world.account(per_second=1)
    world.people_write(account, [1], hours_ago=1)
    world.people_write(account, [7], hours_ago=30)
    rows = [*BAD_LIST, (user_id(7), "Hal"), (user_id(6), "Ian")]
    submission = make_submission(world, tmp_path, rows, account=account, accepts_valid=True, name="list.xlsx")
    (tmp_path / "plan").mkdir()
    before = world.row_counts()

    plan = plan_submission(world.connection, submission, folder=tmp_path / "plan", timing=TIMING)

    assert world.row_counts() == before
    campaign_id = world.submit(submission, tmp_path)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    assert {str(state): count for state, count in plan.counts.by_state.items() if count} == world.states(campaign_id)
    assert plan.counts.by_reason == {
        Reason.BAD_USER_ID: 3,
        Reason.MISSING_VALUE: 2,
        Reason.TOO_LONG: 1,
        Reason.CONFLICTING_DUPLICATE: 2,
        Reason.DUPLICATE: 1,
        Reason.WINDOW_CLOSED: 1,
        Reason.NEVER_INTERACTED: 2,
    }
    assert plan.problems == list_problems(world.connection, campaign_id)
    assert (plan.state, plan.refusal, plan.earlier) == ("validated", None, None)
    forecast = plan.outlook.forecast
    assert (forecast.eligible_now, forecast.eligible_at_send, forecast.closing_before_turn) == (1, 1, 0)


def test_a_plan_of_a_refused_or_repeated_list_says_so(world_18, tmp_path):
    submission = reachable_submission(world_18, tmp_path)
    first = world_18.submit(submission, tmp_path)
    again = type(submission)(**{**submission.__dict__, "submission_id": uuid4()})
    bad = make_submission(world_18, tmp_path, [("12-ab", "x"), *good_rows([7])], name="bad.csv")
    for folder in ("again", "bad"):
        (tmp_path / folder).mkdir()
    before = world_18.row_counts()

    repeated = plan_submission(world_18.connection, again, folder=tmp_path / "again", timing=TIMING)
    refused = plan_submission(world_18.connection, bad, folder=tmp_path / "bad", timing=TIMING)

    assert world_18.row_counts() == before
    assert repeated.earlier["campaign_id"] == first
    assert repeated.counts.by_state[MessageState.READY] == 3
    assert (refused.state, refused.counts.by_reason[Reason.FILE_REFUSED]) == ("refused", 1)
    assert refused.refusal.startswith("1 problem ")


def test_a_list_of_which_nobody_is_eligible_is_refused_and_each_row_keeps_its_own_reason(world, tmp_path):
    account = world.account()
    world.people_write(account, [1], hours_ago=25)
    submission = make_submission(world, tmp_path, good_rows([1, 2]), account=account)

    with pytest.raises(NobodyEligibleError, match="windowcast check"):
        world.submit(submission, tmp_path)

    campaign_id, state = find_progress(world.connection, submission)
    assert state == "refused"
    assert world.verdicts(campaign_id) == {2: "ineligible/window_closed", 3: "ineligible/never_interacted"}
    assert "Nobody on the list" in get_campaign(world.connection, campaign_id)["refusal"]
    # The list may be submitted again once somebody wrote.
    world.people_write(account, [1], hours_ago=0.1)
    again = world.submit(type(submission)(**{**submission.__dict__, "submission_id": uuid4()}), tmp_path)
    assert world.state(again) == "scheduled"
    assert broken_promises(world.connection) == {}


def test_a_send_time_later_than_every_window_is_refused_with_the_time_that_would_do(world, tmp_path):
    now = read_clock(world.connection)
    submission = reachable_submission(world, tmp_path, hours_ago=20, scheduled_at=now + timedelta(hours=6))

    with pytest.raises(NobodyEligibleError, match="choose an earlier --at") as caught:
        world.submit(submission, tmp_path)

    last_turn = now + timedelta(hours=4) - timedelta(seconds=TIMING.margin_seconds + TIMING.reserve_seconds)
    assert last_turn.isoformat(timespec="minutes")[:13] in str(caught.value)
    campaign_id, _ = find_progress(world.connection, submission)
    assert set(world.verdicts(campaign_id).values()) == {"ineligible/window_closed"}


def test_admitting_twice_changes_nothing(world_18, tmp_path):
    submission = reachable_submission(world_18, tmp_path)
    campaign_id = world_18.submit(submission, tmp_path)
    target = find_target(world_18.connection, submission)
    before = world_18.verdicts(campaign_id)

    outlook = admit(world_18.connection, campaign_id, target=target, timing=TIMING)

    assert outlook.forecast.eligible_at_send == 3
    assert (world_18.state(campaign_id), world_18.verdicts(campaign_id)) == ("scheduled", before)
