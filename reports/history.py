"""The run history as tables: which columns there are, of what kind, and what each is called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

# The columns of the view campaign_summary in the order in which people read them.
CAMPAIGN_COLUMNS: Final = (
    "campaign_id", "name", "account", "state", "created_at", "row_count", "good_count", "eligible_count", "sent_count",
    "delivered_count", "read_count", "failed_count", "unknown_count", "expired_count", "cancelled_count", "open_count",
    "sent_rate", "delivered_rate", "read_rate", "median_seconds_to_delivery", "median_seconds_to_read",
    "median_seconds_to_delivery_ours", "median_seconds_to_read_ours", "recovered_count", "lost_by_delay_count",
    "scheduled_at", "started_at", "ended_at", "template", "language", "template_version",
)  # fmt: skip
RUN_COLUMNS: Final = (
    "started_at", "campaign", "account", "flow", "ended_with", "seconds", "ended_at", "seconds_after_its_time",
    "campaign_state", "campaign_id", "flow_run_id", "run_id",
)  # fmt: skip
FAILURE_COLUMNS: Final = (
    "campaign", "account", "state", "reason", "provider_code", "provider_subcode", "message_count", "newest_at",
    "campaign_id",
)  # fmt: skip
RATE_COLUMNS: Final = ("minute", "campaign", "account", "sent_count", "per_second", "pace", "campaign_id")

_COUNTS: Final = ("_count", "_version", "_code", "_subcode")
_NUMBERS: Final = ("_rate", "per_second", "pace", "seconds")


@dataclass(frozen=True)
class History:
    """Campaigns since a time with their runs, their failures, and what they sent in each minute; newest first."""

    since: datetime
    made_at: datetime
    zone: str
    account: str | None
    campaigns: Sequence[Mapping[str, Any]]
    runs: Sequence[Mapping[str, Any]]
    failures: Sequence[Mapping[str, Any]]
    rates: Sequence[Mapping[str, Any]]

    @property
    def local(self) -> ZoneInfo:
        """The zone as a clock."""
        return ZoneInfo(self.zone)


def is_time(column: str) -> bool:
    """Say whether a column holds moments."""
    return column.endswith("_at") or column == "minute"


def is_count(column: str) -> bool:
    """Say whether a column holds whole numbers."""
    return column.endswith(_COUNTS)


def is_measure(column: str) -> bool:
    """Say whether a column holds numbers that need not be whole: rates, seconds."""
    return column.startswith("median_") or column.endswith(_NUMBERS) or column == "seconds_after_its_time"


def is_number(column: str) -> bool:
    """Say whether a column holds numbers of any kind."""
    return is_count(column) or is_measure(column)


def words_of(column: str) -> str:
    """Return a column's name as people read it: `median_seconds_to_read` is "Median seconds to read"."""
    if column == "row_count":
        return "Rows"
    text = column.removesuffix("_at").removesuffix("_count").replace("_id", " id").replace("_", " ").strip()
    return text[:1].upper() + text[1:]
