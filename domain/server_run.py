"""Runs of a Prefect server as campaigns see them, and whether those of a timed campaign are the ones it should have."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

# More runs than this at once for one campaign are a slip of the finger, since they share one pace.
MOST_SHARES: Final = 64

# What the state of a run is called that was asked to stop and has put everything in order: automations listen for it.
STOPPED: Final = "Stopped"

# A worker starts its runs up to ten seconds early, and a server moves one that it asks for again.
_SAME_TIME: Final = timedelta(seconds=60)


class RunFault(StrEnum):
    """What somebody, or an outage, has done to the runs of a timed campaign."""

    MISSING = "run_missing"
    MOVED = "run_moved"
    DOUBLED = "run_doubled"


@dataclass(frozen=True)
class ServerRun:
    """A run of `send-campaign` that is not over: waiting for `at` (None: for a worker, now), or under way.

    A further one was made by another run of its campaign, to send beside it.
    """

    run_id: UUID
    campaign_id: UUID
    at: datetime | None
    is_under_way: bool = False
    is_further: bool = False


@dataclass(frozen=True)
class TimedCampaign:
    """A campaign that is scheduled for a time, and the run that was made for it (None: none was made yet)."""

    campaign_id: UUID
    name: str
    account: str
    scheduled_at: datetime
    run_id: UUID | None


@dataclass(frozen=True)
class RunVerdict:
    """What to do about the runs of one campaign: which is right (None: one must be made), and which are to go."""

    fault: RunFault | None
    keep: UUID | None
    cancel: tuple[UUID, ...] = ()


def judge_runs(campaign: TimedCampaign, runs: Iterable[ServerRun], *, now: datetime) -> RunVerdict:
    """Say whether a timed campaign has exactly one run that comes at its time; the campaign's row is the authority.

    One that is under way at or after that time is right, whatever waits beside it is too many. A run that was started
    by hand before the time goes away by itself. Further runs are nobody's double: a campaign that has just started,
    since its row was read, may have them.
    """
    is_due = campaign.scheduled_at <= now + _SAME_TIME
    first = [run for run in runs if not run.is_further]
    under_way = [run for run in first if run.is_under_way and is_due]
    waiting = [run for run in first if not run.is_under_way]
    right = under_way or [run for run in waiting if _comes_in_time(run, campaign, now=now)]
    if not right:
        wrong = tuple(run.run_id for run in waiting)
        return RunVerdict(RunFault.MOVED if wrong else RunFault.MISSING, keep=None, cancel=wrong)
    keep = _recorded(right, campaign.run_id).run_id
    extra = tuple(run.run_id for run in waiting if run.run_id != keep)
    return RunVerdict(RunFault.DOUBLED if extra else None, keep=keep, cancel=extra)


def _comes_in_time(run: ServerRun, campaign: TimedCampaign, *, now: datetime) -> bool:
    at = run.at or now
    if abs(at - campaign.scheduled_at) <= _SAME_TIME:
        return True
    # The time has passed: whatever comes at once is as good.
    return campaign.scheduled_at <= now and at <= now + _SAME_TIME


def _recorded(runs: Sequence[ServerRun], run_id: UUID | None) -> ServerRun:
    return next((run for run in runs if run.run_id == run_id), runs[0])
