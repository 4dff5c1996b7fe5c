"""The plan of a campaign as a second person approves it, read as it stands now."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from clients.postgres import Connection
from domain.approval import SubmittedPlan
from domain.errors import NotFoundError
from domain.states import CampaignState
from sql import query


@dataclass(frozen=True)
class AskedPlan:
    """A campaign's plan and what is known of its approval. `text` is the template's, with its variables unfilled."""

    campaign_id: UUID
    name: str
    state: CampaignState
    asks_approval: bool
    submitted_by: str | None
    plan: SubmittedPlan
    approved_hash: str | None
    flow_run_id: UUID | None
    text: str | None

    @property
    def is_approved(self) -> bool:
        """Whether exactly this plan was approved."""
        return self.approved_hash == self.plan.hash


def read_plan(connection: Connection, campaign_id: UUID) -> AskedPlan:
    """Read a campaign's plan. Raises NotFoundError."""
    row = connection.execute(query("approvals/facts"), {"campaign_id": campaign_id}).fetchone()
    if row is None:
        raise NotFoundError(f"There is no campaign {campaign_id}; `windowcast campaigns list` shows them.")
    return AskedPlan(
        campaign_id=campaign_id,
        name=row["name"],
        state=CampaignState(row["state"]),
        asks_approval=row["asks_approval"],
        submitted_by=row["submitted_by"],
        plan=_plan_of(row),
        approved_hash=row["approved_hash"],
        flow_run_id=row["flow_run_id"],
        text=row["text"],
    )


def _plan_of(row: dict[str, Any]) -> SubmittedPlan:
    # Times are of one zone whatever the connection's is: the hash is of the moment.
    given: dict[str, Any] = {name: _utc(row[name]) for name in ("scheduled_at", "not_after", "hold_until")}
    same = ("account", "template", "language", "version", "list_sha256", "resends_unknown", "private_replies")
    return SubmittedPlan(
        **given,
        **{name: row[name] for name in same},
        rows=row["row_count"],
        good=row["good_count"],
        eligible=row["eligible"] or 0,
        weight=float(row["weight"]),
    )


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)
