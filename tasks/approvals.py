"""Approving and rejecting: a second person's word on the very plan that will be sent, kept for good."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from clients.postgres import Connection
from domain.approval import SHORTEST_HASH, ApprovalVerdict, is_same_person
from domain.errors import UsageError
from domain.states import CampaignState
from sql import query
from tasks.campaigns import cancel_campaign, lock_campaign, schedule_campaign
from tasks.submitted_plan import AskedPlan, read_plan


@dataclass(frozen=True)
class Approval:
    """What a second person said, as it is kept."""

    approval_id: int
    verdict: ApprovalVerdict
    plan_hash: str
    decided_by: str
    decided_at: datetime
    because: str | None


def waiting_sentence(asked: AskedPlan) -> str:
    """Say that a campaign waits for a second person, and what that person does."""
    return (
        f"The campaign {asked.name} waits for a second person, since {asked.plan.eligible:,} of its "
        f"{asked.plan.good:,} people could be reached; nothing is sent before: `windowcast campaigns approve "
        f"{asked.campaign_id} --plan {asked.plan.short_hash} --by NAME` lets it go."
    )


def approve(
    connection: Connection, campaign_id: UUID, *, plan_hash: str, by: str, submitter_may: bool = False
) -> Approval:
    """Let a campaign that waits for it be sent, by the word of a second person on the plan with this hash.

    Two who decide at once wait for each other, and one who cancels meanwhile too: the second finds what the first did.
    Raises UsageError, changing nothing, when it does not wait any more, when the plan is another one by now, or when
    `by` has submitted it (unless `submitter_may`).
    """
    with connection.transaction():
        asked = _waiting(connection, campaign_id)
        _check_person(asked, by=by, submitter_may=submitter_may)
        if not asked.plan.is_named_by(plan_hash):
            raise UsageError(_other_plan(asked, typed=plan_hash))
        schedule_campaign(connection, campaign_id)
        return _keep(connection, asked, ApprovalVerdict.APPROVED, by=by, because=None)


def reject(connection: Connection, campaign_id: UUID, *, by: str, because: str) -> Approval:
    """Cancel a campaign that waits for an approval, with why. Its submitter may do so too.

    Raises UsageError, changing nothing, when it does not wait any more.
    """
    with connection.transaction():
        asked = _waiting(connection, campaign_id)
        if not because.strip():
            raise UsageError("Say why it is rejected (--because): whoever has submitted it will want to know.")
        cancel_campaign(connection, campaign_id)
        return _keep(connection, asked, ApprovalVerdict.REJECTED, by=by, because=because.strip())


def list_approvals(connection: Connection, campaign_id: UUID) -> list[Approval]:
    """Return what was said of a campaign's plans, the newest first."""
    return [_approval_of(row) for row in connection.execute(query("approvals/list"), {"campaign_id": campaign_id})]


def _waiting(connection: Connection, campaign_id: UUID) -> AskedPlan:
    """Lock a campaign and see that it waits for an approval."""
    state = lock_campaign(connection, campaign_id)
    asked = read_plan(connection, campaign_id)
    if state is CampaignState.AWAITING_APPROVAL:
        return asked
    if not asked.asks_approval:
        raise UsageError(f"The campaign {asked.name} is {state} and needs no approval.")
    said = next(iter(list_approvals(connection, campaign_id)), None)
    if said is None:
        raise UsageError(f"The campaign {asked.name} is {state}, so nobody is asked for its approval any more.")
    raise UsageError(
        f"The campaign {asked.name} was {said.verdict} by {said.decided_by} at {said.decided_at:%Y-%m-%d %H:%M:%S} UTC "
        f"and is {state} now; nothing was changed."
    )


def _check_person(asked: AskedPlan, *, by: str, submitter_may: bool) -> None:
    if not by.strip():
        raise UsageError("Say who approves it (--by NAME): the name is kept.")
    if asked.submitted_by is not None and is_same_person(by, asked.submitted_by) and not submitter_may:
        raise UsageError(
            f"{asked.submitted_by} has submitted the campaign {asked.name}, so another person is to approve it, under "
            "that person's own name (--by)."
        )


def _other_plan(asked: AskedPlan, *, typed: str) -> str:
    if len(typed.strip()) < SHORTEST_HASH:
        return f"--plan {typed} is too short: type the {SHORTEST_HASH} characters that `campaigns show` names."
    return (
        f"The plan {typed.strip()} is not the one that would be sent: the campaign {asked.name} was changed, or it is "
        f"another campaign's. Look at it (`windowcast campaigns show {asked.campaign_id}`); its plan is "
        f"{asked.plan.short_hash} now."
    )


def _keep(
    connection: Connection, asked: AskedPlan, verdict: ApprovalVerdict, *, by: str, because: str | None
) -> Approval:
    given = {
        "campaign_id": asked.campaign_id,
        "verdict": verdict,
        "plan_hash": asked.plan.hash,
        "plan": json.dumps(asked.plan.facts),
        "submitted_by": asked.submitted_by,
        "decided_by": by.strip(),
        "because": because,
    }
    row = connection.execute(query("approvals/keep"), given).fetchone()
    assert row is not None
    return _approval_of({**given, **row})


def _approval_of(row: dict[str, Any]) -> Approval:
    return Approval(
        approval_id=row["approval_id"],
        verdict=ApprovalVerdict(row["verdict"]),
        plan_hash=row["plan_hash"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        because=row["because"],
    )
