"""A submission: one wish to send, as a person or a flow run states it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID


@dataclass(frozen=True)
class Submission:
    """One wish to send: who, what, to whom, when. Exactly one of `file` and `user_ids` is given; times are in UTC.

    `submission_id` makes a repeated submit find its campaign; `again` says that the same list is meant twice.
    People without an open window are waited for until `hold_until`; `weight` is the campaign's share among those of its
    account.
    `resends_unknown`: what two look-ups prove absent is sent once more.
    """

    submission_id: UUID
    account: str
    template: str
    language: str
    version: int | None = None
    file: Path | None = None
    user_ids: tuple[str, ...] = ()
    name: str | None = None
    scheduled_at: datetime | None = None
    not_after: datetime | None = None
    hold_until: datetime | None = None
    weight: float = 1
    accepts_valid: bool = False
    again: bool = False
    sheet: str | None = None
    hidden_rows: str = "ask"
    resends_unknown: bool = False


def sha256_of_ids(user_ids: Sequence[str]) -> str:
    """Return the checksum by which a list of ids given by hand is known: of the ids, sorted, one a line."""
    return hashlib.sha256("\n".join(sorted(user_ids)).encode()).hexdigest()
