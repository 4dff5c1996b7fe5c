"""What a sweep can find: each finding has a line in docs/runbook.md of the same name, which says what to do."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class SweepCode(StrEnum):
    """The kind of a finding, and the heading of its line in the runbook."""

    STALE_CLAIMS = "stale_claims"
    CAMPAIGN_LATE = "campaign_late"
    CAMPAIGN_STOPPED = "campaign_stopped"
    ROWS_MISSING = "rows_missing"
    UNKNOWN_MESSAGES = "unknown_messages"
    ACCOUNT_PAUSED = "account_paused"
    PLATFORM_NOTE = "platform_note"
    OUTSIDE_WINDOW = "outside_window"
    RECEIPTS_WAITING = "receipts_waiting"
    RECEIPTS_OVERDUE = "receipts_overdue"
    MAINTENANCE_OVERDUE = "maintenance_overdue"
    PARTITIONS_WRONG = "partitions_wrong"
    DELETION_REQUESTS_WAITING = "deletion_requests_waiting"
    RUN_MISSING = "run_missing"
    RUN_MOVED = "run_moved"
    RUN_DOUBLED = "run_doubled"
    APPROVAL_OVERDUE = "approval_overdue"
    SUBMIT_STOPPED = "submit_stopped"
    RECURRING_MISSED = "recurring_missed"


@dataclass(frozen=True)
class SweepFinding:
    """One thing that a person should know: what, of which campaign or account, how many, and the sentence."""

    code: SweepCode
    text: str
    count: int
    account: str | None = None
    campaign_id: UUID | None = None

    @property
    def runbook(self) -> str:
        """The line of the runbook that says what to do."""
        return f"docs/runbook.md#{self.code}"
