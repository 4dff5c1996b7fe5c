"""A second person's word: on exactly the plan that is sent, once, whoever else decides at the same moment."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

import psycopg
import pytest

from clients.postgres import connect
from clients.settings import Settings
from domain.approval import ApprovalVerdict
from domain.errors import UnfinishedError, UsageError
from domain.guards import Guards
from domain.states import CampaignState
from domain.sweep import SweepCode
from factories import TIMING, user_id
from tasks.approvals import approve, list_approvals, reject, waiting_sentence
from tasks.campaigns import cancel_campaign, get_campaign, start_campaign
from tasks.intake import admit, plan_submission
from tasks.submission import find_target
from tasks.submitted_plan import read_plan
from tasks.sweep import sweep
from tasks.timed_runs import reschedule_campaign
from tasks.windows import read_clock

GUARDS = Guards(approval_above=2)


@pytest.fixture
def asked(world_18, tmp_path):
    """A campaign of three people, submitted by Ada, that waits for a second person."""
    return submitted(world_18, tmp_path)


def submitted(world, folder, *, guards=GUARDS, **fields):
    account = world.account()
    world.people_write(account, range(3))
    template = world.template(folder, text="Hello!")
    given = {"user_ids": tuple(user_id(number) for number in range(3)), "submitted_by": "Ada", **fields}
    submission = world.submission(account, template, **given)
    campaign_id = world.take_in(submission, folder)
    admit(world.connection, campaign_id, target=find_target(world.connection, submission), timing=TIMING, guards=guards)
    return SimpleNamespace(id=campaign_id, submission=submission, world=world)


def state_of(asked) -> CampaignState:
    return CampaignState(get_campaign(asked.world.connection, asked.id)["state"])


def hash_of(asked) -> str:
    return read_plan(asked.world.connection, asked.id).plan.hash


def test_a_campaign_above_the_limit_waits_and_cannot_be_started(asked):
    with pytest.raises(UnfinishedError, match="waits for its approval"):
        start_campaign(asked.world.connection, asked.id, timing=TIMING)

    plan = read_plan(asked.world.connection, asked.id)
    assert state_of(asked) is CampaignState.AWAITING_APPROVAL
    assert (plan.plan.rows, plan.plan.good, plan.plan.eligible) == (3, 3, 3)
    assert f"campaigns approve {asked.id} --plan {plan.plan.short_hash}" in waiting_sentence(plan)


def test_a_campaign_of_as_many_as_are_allowed_asks_nobody(world_18, tmp_path):
    free = submitted(world_18, tmp_path, guards=Guards(approval_above=3))

    assert state_of(free) is CampaignState.SCHEDULED
    with pytest.raises(UsageError, match="needs no approval"):
        approve(world_18.connection, free.id, plan_hash=hash_of(free), by="Bob")


def test_people_who_are_waited_for_count_as_recipients(world_18, tmp_path):
    until = read_clock(world_18.connection) + timedelta(hours=3)
    people = tuple(user_id(number) for number in (0, 70, 71))

    asked = submitted(world_18, tmp_path, user_ids=people, hold_until=until)

    assert state_of(asked) is CampaignState.AWAITING_APPROVAL


def test_a_plan_says_that_a_second_person_will_be_asked(asked, tmp_path):
    plan = plan_submission(asked.world.connection, asked.submission, folder=tmp_path, timing=TIMING, guards=GUARDS)

    assert plan.asks_approval


def test_an_approval_of_the_shown_plan_lets_it_start_and_is_kept(asked):
    plan = read_plan(asked.world.connection, asked.id).plan

    said = approve(asked.world.connection, asked.id, plan_hash=plan.short_hash.upper(), by=" Bob ")

    assert state_of(asked) is CampaignState.SCHEDULED
    assert start_campaign(asked.world.connection, asked.id, timing=TIMING)
    (kept,) = list_approvals(asked.world.connection, asked.id)
    assert kept == said
    assert (kept.verdict, kept.decided_by, kept.plan_hash) == (ApprovalVerdict.APPROVED, "Bob", plan.hash)


def test_what_was_said_can_be_changed_by_nobody(asked):
    approve(asked.world.connection, asked.id, plan_hash=hash_of(asked), by="Bob")

    with pytest.raises(psycopg.errors.RaiseException, match="never changed"):
        asked.world.connection.execute("UPDATE approval SET decided_by = 'Eve'")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        pytest.param({"by": "ada "}, "Ada has submitted the campaign .*, so another person", id="the submitter"),
        pytest.param({"by": " "}, "Say who approves it", id="nobody"),
        pytest.param({"plan_hash": "0" * 64}, "is not the one that would be sent", id="another plan"),
        pytest.param({"plan_hash": "abc"}, "too short", id="a short hash"),
    ],
)
def test_an_approval_that_does_not_count_changes_nothing(asked, given, sentence):
    words = {"plan_hash": hash_of(asked), "by": "Bob", **given}

    with pytest.raises(UsageError, match=sentence):
        approve(asked.world.connection, asked.id, **words)

    assert state_of(asked) is CampaignState.AWAITING_APPROVAL
    assert list_approvals(asked.world.connection, asked.id) == []


def test_where_a_setting_allows_it_the_submitter_may_approve(asked):
    approve(asked.world.connection, asked.id, plan_hash=hash_of(asked), by="Ada", submitter_may=True)

    assert state_of(asked) is CampaignState.SCHEDULED


def test_a_rejection_cancels_and_says_why(asked):
    reject(asked.world.connection, asked.id, by="Bob", because="the price is wrong")

    (kept,) = list_approvals(asked.world.connection, asked.id)
    assert state_of(asked) is CampaignState.CANCELLED
    assert (kept.verdict, kept.because) == (ApprovalVerdict.REJECTED, "the price is wrong")
    assert asked.world.states(asked.id) == {"cancelled": 3}
    with pytest.raises(UsageError, match=r"was rejected by Bob at .* and is cancelled now; nothing was changed"):
        approve(asked.world.connection, asked.id, plan_hash=hash_of(asked), by="Cid")


def test_a_new_time_is_a_new_plan_and_needs_a_new_approval(world_18, tmp_path):
    now = read_clock(world_18.connection)
    asked = submitted(world_18, tmp_path, scheduled_at=now + timedelta(hours=1))
    first = hash_of(asked)
    approve(world_18.connection, asked.id, plan_hash=first, by="Bob")

    # No setting asks any more: whoever was asked once is asked again.
    reschedule_campaign(world_18.connection, asked.id, at=now + timedelta(hours=2), chosen=Settings())

    assert state_of(asked) is CampaignState.AWAITING_APPROVAL
    with pytest.raises(UsageError, match="is not the one that would be sent"):
        approve(world_18.connection, asked.id, plan_hash=first, by="Bob")
    approve(world_18.connection, asked.id, plan_hash=hash_of(asked), by="Bob")
    assert state_of(asked) is CampaignState.SCHEDULED
    assert len(list_approvals(world_18.connection, asked.id)) == 2


@pytest.mark.parametrize(
    "change",
    [
        "template_id = (SELECT max(template_id) FROM template)",
        "list_sha256 = 'another file'",
        "not_after = clock() + interval '5 h'",
    ],
)
def test_a_plan_that_was_changed_behind_the_approval_waits_again_and_sends_nothing(asked, tmp_path, change):
    approve(asked.world.connection, asked.id, plan_hash=hash_of(asked), by="Bob")
    asked.world.template(tmp_path, text="Another text!")
    asked.world.connection.execute(f"UPDATE campaign SET {change} WHERE campaign_id = %s", (asked.id,))

    with pytest.raises(UnfinishedError, match="its plan is not the one that was approved"):
        start_campaign(asked.world.connection, asked.id, timing=TIMING)

    assert state_of(asked) is CampaignState.AWAITING_APPROVAL
    assert asked.world.states(asked.id) == {"ready": 3}


def test_a_submit_that_died_before_anybody_was_asked_cannot_be_run_past_it(world_18, tmp_path):
    account = world_18.account()
    world_18.people_write(account, range(3))
    template = world_18.template(tmp_path, text="Hello!")
    people = tuple(user_id(number) for number in range(3))
    campaign_id = world_18.take_in(world_18.submission(account, template, user_ids=people), tmp_path)

    with pytest.raises(UnfinishedError, match="before a second person was asked"):
        start_campaign(world_18.connection, campaign_id, timing=TIMING, guards=GUARDS)


@pytest.mark.parametrize("is_timed", [True, False])
def test_the_sweep_tells_who_still_waits_when_the_time_has_passed(world_18, tmp_path, is_timed):
    at = read_clock(world_18.connection) + timedelta(hours=1) if is_timed else None
    asked = submitted(world_18, tmp_path, scheduled_at=at)
    before = sweep(world_18.connection, timing=TIMING).findings
    world_18.connection.execute(
        "UPDATE campaign SET scheduled_at = scheduled_at - interval '2 h', state_since = state_since - interval '2 h'"
    )

    (found,) = sweep(world_18.connection, timing=TIMING).findings

    assert before == []
    assert (found.code, found.campaign_id) == (SweepCode.APPROVAL_OVERDUE, asked.id)


def test_a_late_approval_comes_under_the_policy_of_late_starts(world_18, tmp_path):
    asked = submitted(world_18, tmp_path, scheduled_at=read_clock(world_18.connection) + timedelta(hours=1))
    world_18.connection.execute("UPDATE campaign SET scheduled_at = clock() - interval '2 h'")
    approve(world_18.connection, asked.id, plan_hash=hash_of(asked), by="Bob")

    with pytest.raises(UnfinishedError, match=r"is paused: it was to start at .* late"):
        start_campaign(world_18.connection, asked.id, timing=TIMING, guards=GUARDS)

    assert state_of(asked) is CampaignState.PAUSED


DECISIONS = {
    "approve": lambda connection, campaign_id, plan: approve(connection, campaign_id, plan_hash=plan, by="Bob"),
    "approve too": lambda connection, campaign_id, plan: approve(connection, campaign_id, plan_hash=plan, by="Cid"),
    "reject": lambda connection, campaign_id, _: reject(connection, campaign_id, by="Dan", because="no"),
    "cancel": lambda connection, campaign_id, plan: cancel_campaign(connection, campaign_id),
}


@pytest.mark.parametrize(
    "names",
    [("approve", "approve too"), ("approve", "reject"), ("approve", "cancel"), ("reject", "cancel"), tuple(DECISIONS)],
    ids=" and ".join,
)
def test_people_who_decide_at_once_leave_one_truth_and_get_one_sentence_each(asked, database_18, names):
    plan = hash_of(asked)
    gate = threading.Barrier(2 * len(names))

    def decide(name: str) -> str | None:
        with connect(database_18) as connection:
            gate.wait(timeout=60)
            try:
                DECISIONS[name](connection, asked.id, plan)
            except UsageError as error:
                return str(error)
        return None

    # Each decides twice, from two places.
    with ThreadPoolExecutor(2 * len(names)) as pool:
        ends = list(pool.map(decide, [*names, *names]))

    done = [name for name, problem in zip([*names, *names], ends, strict=True) if problem is None]
    kept = list_approvals(asked.world.connection, asked.id)
    state = state_of(asked)
    # What was cancelled stays so: only an approval can be followed by something, and that is a cancel.
    assert sorted(name == "cancel" for name in done) in ([False], [True], [False, True]), done
    assert len(kept) == sum(name != "cancel" for name in done)
    assert state is (
        CampaignState.SCHEDULED
        if done and done[0].startswith("approve") and "cancel" not in done
        else CampaignState.CANCELLED
    )
    assert all(problem.count("The campaign") == 1 and problem.endswith(".") for problem in ends if problem)
    with pytest.raises(UsageError):
        approve(asked.world.connection, asked.id, plan_hash=plan, by="Eve")
