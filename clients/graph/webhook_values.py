"""Single values of webhook bodies: times, ids and texts, in the forms in which they have been seen."""

from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from domain.evidence import bare_id
from domain.window import InteractionKind

# Stamps are milliseconds, and sometimes seconds: a value this large is milliseconds.
_LEAST_MILLISECONDS: Final = 10**12
# Nothing of ours happened before the year 2000, and no clock that says 2100 is right.
_FAR_MILLISECONDS: Final = 946_684_800_000
_NEAR_MILLISECONDS: Final = 4_102_444_800_000

LONGEST_USER_ID: Final = 32
# Message ids have some 150 characters; an entry of Postgres' index has 2,704 bytes at most.
LONGEST_ID: Final = 500
_UUID_LENGTH: Final = 36


def derived_id(user_id: str, kind: InteractionKind, at_ms: int, *, about: str = "") -> str:
    """Make an id of what is known, so that the same event without an id of its own is kept once."""
    return "derived:" + sha256(f"{user_id}|{kind}|{at_ms}|{about}".encode()).hexdigest()[:32]


def moment(stamp: Any) -> int | None:
    """Return milliseconds since 1970 of a stamp in milliseconds or seconds, number or text; None for no usable one."""
    if isinstance(stamp, bool) or not isinstance(stamp, int | float | str):
        return None
    try:
        number = int(stamp)
    except (ValueError, OverflowError):
        return None
    milliseconds = number if number >= _LEAST_MILLISECONDS else number * 1000
    return milliseconds if _FAR_MILLISECONDS <= milliseconds < _NEAR_MILLISECONDS else None


def id_in(holder: dict[str, Any], key: str) -> str | None:
    """Return the id of a party of an event, such as its sender."""
    party = holder.get(key)
    return id_of(party.get("id")) if isinstance(party, dict) else None


def id_of(value: Any) -> str | None:
    """Return an id as text: old payloads have numbers. One that is neither, or empty, is none."""
    if isinstance(value, str):
        return _short(storable(value)) or None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**LONGEST_USER_ID:
        return str(value)
    return None


def mid_of(part: dict[str, Any]) -> str | None:
    """Return the bare id of the message that a part of an event is about."""
    mid = part.get("mid")
    found = id_of(mid)
    return None if found is None else bare_id(found)


def _short(text: str) -> str:
    """Return an id that fits into an index; one that is too long is replaced by its hash."""
    return text if len(text) <= LONGEST_ID else "long:" + sha256(text.encode()).hexdigest()


def storable(text: str) -> str:
    """Take out what Postgres cannot hold: one odd id must not keep the rest of a body from being read."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "").encode(errors="replace").decode()


def uuid_of(text: str) -> UUID | None:
    """Return the attempt's id that a text is; None for any other text."""
    if len(text) != _UUID_LENGTH:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None
