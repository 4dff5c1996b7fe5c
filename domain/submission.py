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

    `file` is a path of this machine, or the address of a file elsewhere; `file_name` says what people call it where
    that is not its path's own name. `submission_id` makes a repeated submit find its campaign; `again` says that the
    same list is meant twice, `accepts_old_interactions` that windows are to be judged by the interactions as they are,
    and `resends_unknown` that what two look-ups prove absent is sent once more. People without an open window are
    waited for until `hold_until`; `weight` is the campaign's share among those of its account. `submitted_by` is who
    wishes it: where an approval is asked for, that is another person's. `private_replies` lets it answer the comments
    and posts of people without an open window, once each. `shares` is how many runs of a server send it at once.
    """

    submission_id: UUID
    account: str
    template: str
    language: str
    version: int | None = None
    file: Path | str | None = None
    file_name: str | None = None
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
    encoding: str | None = None
    accepts_old_interactions: bool = False
    resends_unknown: bool = False
    submitted_by: str | None = None
    private_replies: bool = False
    shares: int | None = None


def file_or_address(text: str) -> Path | str:
    """Tell what a person named: the path of a file on this machine, or an address (kept as it is)."""
    return text if "://" in text else Path(text)


def shown_address(address: str) -> str:
    """Return an address as it may be shown and kept: without its query, which may be a signature, and without names.

    A user's name and password are left out too: an address with a password is refused, in words that do not hold it.
    """
    kind, mark, rest = address.partition("://")
    if not mark:
        return address.partition("?")[0].partition("#")[0]
    place, slash, path = rest.partition("?")[0].partition("#")[0].partition("/")
    return f"{kind}://{place.rpartition('@')[2]}{slash}{path}"


def sha256_of_ids(user_ids: Sequence[str]) -> str:
    """Return the checksum by which a list of ids given by hand is known: of the ids, sorted, one a line."""
    return hashlib.sha256("\n".join(sorted(user_ids)).encode()).hexdigest()
