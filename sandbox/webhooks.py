"""Webhook bodies as Meta makes them: events in entries, ASCII-escaped, and signed over the raw bytes."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any, Final

import orjson


class Place(StrEnum):
    """Where an event stands."""

    MESSAGING = "messaging"  # in the entry's messaging[]
    STANDBY = "standby"  # in the entry's standby[], while another app owns the thread
    CHANGES = "changes"  # in the entry's changes[]
    ENTRY = "entry"  # its field and value are the entry's own
    BODY = "body"  # it is the whole body, without object and entry


# Entries that do not hold messaging events have their time in seconds.
_IN_SECONDS: Final = frozenset({Place.CHANGES, Place.ENTRY})


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it stands in a body, and what the log of told events says of it.

    `object_ids` are of the messages, comment or post it is about, as the platform tells them; `user_id` is empty
    where the event names no person; `watermark_ms` is of deliveries and reads that have one; `odd` names what is
    unusual in how it is told.
    """

    item: dict[str, Any]
    kind: str = ""
    user_id: str = ""
    at_ms: int = 0
    object_ids: tuple[str, ...] = ()
    place: Place = Place.MESSAGING
    watermark_ms: int | None = None
    odd: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subscriber:
    """For whom a body is made: the account as webhooks name it, `page` or `instagram`, and the secret that signs."""

    account_id: str
    object_name: str
    app_secret: str


class Signing(StrEnum):
    """How a body is signed: only the first lets a receiver trust it."""

    RIGHT = "right"
    WRONG = "wrong"  # with another secret
    SHA1_ONLY = "sha1_only"  # the old header alone
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class QueuedBody:
    """One body: its raw bytes, whose accounts it tells of, and how it is signed. `events` are for the log."""

    accounts: tuple[str, ...]
    body: bytes
    app_secret: str
    signing: Signing = Signing.RIGHT
    events: tuple[dict[str, Any], ...] = ()

    @property
    def headers(self) -> dict[str, str]:
        """The headers Meta sends with the body."""
        key = self.app_secret + ("-another" if self.signing is Signing.WRONG else "")
        headers = {"Content-Type": "application/json", "User-Agent": "facebookexternalua"}
        if self.signing in (Signing.RIGHT, Signing.WRONG):
            headers["X-Hub-Signature-256"] = f"sha256={hmac.new(key.encode(), self.body, hashlib.sha256).hexdigest()}"
        if self.signing is not Signing.MISSING:
            headers["X-Hub-Signature"] = f"sha1={hmac.new(key.encode(), self.body, hashlib.sha1).hexdigest()}"
        return headers

    def packed(self) -> bytes:
        """Return the body as one record; `unpacked` reads it again."""
        head = {
            "accounts": self.accounts,
            "app_secret": self.app_secret,
            "signing": self.signing,
            "events": self.events,
        }
        return orjson.dumps(head) + b"\n" + self.body

    @classmethod
    def unpacked(cls, record: bytes) -> "QueuedBody":
        """Return the body that `packed` made into a record."""
        head, _, body = record.partition(b"\n")
        fields = orjson.loads(head)
        return cls(
            tuple(fields["accounts"]), body, fields["app_secret"], Signing(fields["signing"]), tuple(fields["events"])
        )


def raw_body(value: object) -> bytes:
    r"""Return JSON as Meta writes it: ASCII only, `\uXXXX` in lower case, and `\/` for every slash."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def envelope(events: Iterable[tuple[Subscriber, Event]], *, now_ms: int, entry_size: int = 0) -> Any:
    """Return the JSON that tells these events, all of one object name, in their order.

    Neighbours of one account and place share an entry, `entry_size` at most (0: as many as there are).
    """
    listed = list(events)
    if listed[0][1].place is Place.BODY:
        return listed[0][1].item
    entries: list[dict[str, Any]] = []
    for (account_id, place), neighbours in groupby(listed, key=lambda one: (one[0].account_id, one[1].place)):
        time = now_ms // 1000 if place in _IN_SECONDS else now_ms
        entries += _entries(account_id, place, [event.item for _, event in neighbours], time=time, size=entry_size)
    return {"object": listed[0][0].object_name, "entry": entries}


def _entries(
    account_id: str, place: Place, items: list[dict[str, Any]], *, time: int, size: int
) -> Iterator[dict[str, Any]]:
    """Yield the entries that hold these items of one account and one place."""
    head = {"id": account_id, "time": time}
    if place is Place.ENTRY:
        yield from ({**head, **item} for item in items)
        return
    step = size or len(items)
    for first in range(0, len(items), step):
        yield {**head, place.value: items[first : first + step]}
