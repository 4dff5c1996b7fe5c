"""Whether the runs of a timed campaign are the ones it should have: every way in which they are changed."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.server_run import RunFault, ServerRun, TimedCampaign, judge_runs

CAMPAIGN = UUID(int=1)
OURS, OTHER = UUID(int=10), UUID(int=11)
AT = datetime(2027, 3, 1, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def run(run_id=OURS, at=AT, *, is_under_way=False, is_further=False):
    return ServerRun(run_id, CAMPAIGN, at=at, is_under_way=is_under_way, is_further=is_further)


CASES = {
    "its own run at its time": ([run()], -HOUR, (None, OURS, ())),
    "its own run that waits for a worker after its time": ([run()], 2 * HOUR, (None, OURS, ())),
    "a run that is to be taken anew after its time": ([run(at=AT + 5 * MINUTE)], 5 * MINUTE, (None, OURS, ())),
    "a run under way": ([run(is_under_way=True)], MINUTE, (None, OURS, ())),
    "no run": ([], -HOUR, (RunFault.MISSING, None, ())),
    "a run that was started by hand before the time": (
        [run(OTHER, is_under_way=True)],
        -HOUR,
        (RunFault.MISSING, None, ()),
    ),
    "a run that was moved ahead": ([run(at=AT - HOUR)], -2 * HOUR, (RunFault.MOVED, None, (OURS,))),
    "a run that was moved back": ([run(at=AT + HOUR)], -HOUR, (RunFault.MOVED, None, (OURS,))),
    "a run that is moved away after the time": ([run(at=AT + 3 * HOUR)], HOUR, (RunFault.MOVED, None, (OURS,))),
    "another run beside its own": ([run(OTHER), run()], -HOUR, (RunFault.DOUBLED, OURS, (OTHER,))),
    "another run at another time": ([run(), run(OTHER, AT + HOUR)], -HOUR, (RunFault.DOUBLED, OURS, (OTHER,))),
    "one under way and one that waits": (
        [run(is_under_way=True), run(OTHER)],
        MINUTE,
        (RunFault.DOUBLED, OURS, (OTHER,)),
    ),
    "a further one that waits beside one under way": (
        [run(is_under_way=True), run(OTHER, is_further=True)],
        MINUTE,
        (None, OURS, ()),
    ),
    "a further one alone": ([run(OTHER, is_further=True)], MINUTE, (RunFault.MISSING, None, ())),
    "another run in the place of its own": ([run(OTHER)], -HOUR, (None, OTHER, ())),
}


@pytest.mark.parametrize("case", CASES)
def test_each_case_has_its_verdict(case):
    runs, since_its_time, (fault, keep, cancel) = CASES[case]
    campaign = TimedCampaign(CAMPAIGN, name="Sale", account="Shop", scheduled_at=AT, run_id=OURS)

    verdict = judge_runs(campaign, runs, now=AT + since_its_time)

    assert (verdict.fault, verdict.keep, verdict.cancel) == (fault, keep, cancel)


def test_every_fault_occurs_in_a_case():
    assert {fault for _, _, (fault, _, _) in CASES.values()} == {None, *RunFault}
