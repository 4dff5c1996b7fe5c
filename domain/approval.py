"""A second person's word: what exactly is approved, and by whom it may be."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

# A hash that is typed may be cut to this many of its characters: enough for no other plan to have the same.
SHORTEST_HASH: Final = 12


class ApprovalVerdict(StrEnum):
    """What a second person said of a plan."""

    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True)
class SubmittedPlan:
    """Everything that decides what a campaign sends, to whom and when. Times are in UTC.

    `rows` are all rows of the list, `good` those that are neither bad nor doubled, `eligible` those that could be
    reached at the send time when the plan was made.
    """

    account: str
    template: str
    language: str
    version: int
    list_sha256: str
    rows: int
    good: int
    eligible: int
    scheduled_at: datetime | None
    not_after: datetime | None
    hold_until: datetime | None
    weight: float
    resends_unknown: bool
    private_replies: Any = None  # what a campaign says of private replies, where it says anything

    @property
    def facts(self) -> dict[str, Any]:
        """The plan for machines, each time as ISO 8601."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(self).items()
        }

    @property
    def hash(self) -> str:
        """The checksum of all of it: another plan has another one."""
        return hashlib.sha256(json.dumps(self.facts, sort_keys=True).encode()).hexdigest()

    @property
    def short_hash(self) -> str:
        """As much of the hash as people are shown and type."""
        return self.hash[:SHORTEST_HASH]

    def is_named_by(self, typed: str) -> bool:
        """Say whether a person has typed this plan's hash, or enough of it."""
        text = typed.strip().lower()
        return len(text) >= SHORTEST_HASH and self.hash.startswith(text)


def is_same_person(one: str, other: str) -> bool:
    """Say whether two names are one: written in small or capital letters, or with other spaces, it is the same."""
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
