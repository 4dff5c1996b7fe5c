"""What a receiver must know that got these events, whatever the order and however often: the truth to compare with.

It is folded from the log of told events, which says what happened, and not from the bodies. Source: facts/meta.md 3.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from sandbox.acts import ENTITLING, OPENING, REMOVING, ActKind
from sandbox.oddities import Oddity
from sandbox.told import ToldEvent
from sandbox.webhooks import Place, Signing

# Account and person; account and the id of a message, comment or post.
OfPerson = tuple[str, str]
OfObject = tuple[str, str]

_OPENING: Final = frozenset(kind.value for kind in OPENING)
_ENTITLING: Final = frozenset(kind.value for kind in ENTITLING)
_REMOVING: Final = frozenset(kind.value for kind in REMOVING)
_STATUS: Final = {ActKind.MARKETING_STOP.value: True, ActKind.MARKETING_RESUME.value: False}
_BLOCK: Final = {"policy_block": True, "policy_unblock": False}


@dataclass(frozen=True)
class Entitlement:
    """A comment or post that may be answered once: whose, since when, and when it was taken back. Whole seconds."""

    kind: str
    user_id: str
    given_ms: int
    removed_ms: int | None = None


@dataclass
class Knowledge:
    """All times are on the platform's clock, in milliseconds.

    `openers`: each person's newest act that opens a window, with its kind. `sent`: when a message of the account was
    sent, by its echo. `watermarks`: account, person, `delivery` or `read`, and up to when. `stopped` and `blocked`:
    what the newest event says of marketing messages, and of the account's right to send.
    """

    openers: dict[OfPerson, tuple[int, str]] = field(default_factory=dict)
    entitlements: dict[OfObject, Entitlement] = field(default_factory=dict)
    sent: dict[OfObject, int] = field(default_factory=dict)
    delivered: set[OfObject] = field(default_factory=set)
    read: set[OfObject] = field(default_factory=set)
    watermarks: set[tuple[str, str, str, int]] = field(default_factory=set)
    stopped: dict[OfPerson, bool] = field(default_factory=dict)
    blocked: dict[str, bool] = field(default_factory=dict)


def what_is_known(told: Iterable[ToldEvent], *, taken: Collection[int] | None = None) -> Knowledge:
    """Return what these events prove. `taken` are the numbers of the bodies that were taken; None: all published.

    What was lost or not signed rightly proves nothing. An event in the form with field and value, or without a time,
    may be read in more than one way and is left out.
    """
    known = Knowledge()
    for line in sorted(told, key=lambda one: (one.at_ms, one.event)):
        if _is_proof(line, taken):
            _learn(known, line)
    return known


def _is_proof(line: ToldEvent, taken: Collection[int] | None) -> bool:
    """Tell whether the event was told in a body that a receiver trusts, in a form with one meaning."""
    is_told = line.body is not None and (taken is None or line.body in taken) and line.signing == Signing.RIGHT
    is_comment = line.place in (Place.CHANGES, Place.ENTRY) and (line.kind in _ENTITLING or line.kind in _REMOVING)
    return is_told and (is_comment or line.place in (Place.MESSAGING, Place.STANDBY))


def _learn(known: Knowledge, line: ToldEvent) -> None:
    """Add what one event proves. They come in the order in which they happened."""
    person, at_ms = (line.account, line.user_id), _told_time(line)
    objects = [(line.account, one) for one in line.object_ids]
    if line.kind in _OPENING and at_ms is not None:
        known.openers[person] = (at_ms, line.kind)
    elif line.kind in _ENTITLING:
        known.entitlements[objects[0]] = Entitlement(line.kind, line.user_id, line.at_ms // 1000 * 1000)
    elif line.kind in _REMOVING and objects[0] in known.entitlements:
        given = known.entitlements[objects[0]]
        known.entitlements[objects[0]] = replace(given, removed_ms=line.at_ms // 1000 * 1000)
    elif line.kind in ("echo", "other_echo") and at_ms is not None:
        known.sent[objects[0]] = at_ms
    elif line.kind in ("delivery", "read"):
        (known.delivered if line.kind == "delivery" else known.read).update(objects)
        if line.watermark_ms is not None:
            known.watermarks.add((*person, line.kind, line.watermark_ms))
    elif line.kind in _STATUS:
        known.stopped[person] = _STATUS[line.kind]
    elif line.kind in _BLOCK:
        known.blocked[line.account] = _BLOCK[line.kind]


def _told_time(line: ToldEvent) -> int | None:
    """Return the time as the event tells it: in whole seconds, or not at all, where it was told so."""
    if Oddity.NO_TIME in line.odd:
        return None
    return line.at_ms // 1000 * 1000 if Oddity.SECONDS in line.odd else line.at_ms
