"""The unusual ways in which real webhooks were seen to tell of an event. Source: facts/meta.md section 3."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from sandbox.errors import ControlError
from sandbox.webhooks import Event, Place

_FIELDS: Final[Mapping[str, str]] = {
    "message": "messages",
    "delivery": "message_deliveries",
    "read": "message_reads",
    "message_edit": "message_edits",
    "postback": "messaging_postbacks",
    "referral": "messaging_referrals",
    "reaction": "message_reactions",
    "optin": "messaging_optins",
    "account_linking": "messaging_account_linking",
    "policy_enforcement": "messaging_policy_enforcement",
    "policy-enforcement": "messaging_policy_enforcement",
}


class Oddity(StrEnum):
    """One unusual way. Where it does not apply to an event it changes nothing."""

    NUMBER_IDS = "number_ids"  # sender and recipient as JSON numbers, as in old payloads
    SECONDS = "seconds"  # the time in seconds within messaging[]
    NO_TIME = "no_time"  # no timestamp, as in the documents' sample of a delivery
    NO_MID = "no_mid"  # a postback without its mid
    NO_TITLE = "no_title"  # a postback without its title
    SWAPPED = "swapped"  # an echo with the person as sender
    HYPHEN = "hyphen"  # policy-enforcement, not policy_enforcement
    FIELD_VALUE = "field_value"  # field and value: in the entry for a comment, in changes[] for anything else


def read_oddities(value: object) -> tuple[Oddity, ...]:
    """Return the oddities a control call names, in the order in which they are applied. Raises ControlError."""
    known = list(Oddity)
    if not isinstance(value, (list, tuple)) or any(one not in known for one in value):
        raise ControlError(f"odd is a list of {', '.join(known)}")
    return tuple(one for one in known if one in value)


def made_odd(event: Event, oddities: Iterable[Oddity]) -> Event:
    """Return the event as it is told with these oddities."""
    applied = []
    for oddity in oddities:
        told = _WAYS[oddity](event)
        if told is not event:
            applied.append(oddity.value)
        event = told
    return replace(event, odd=tuple(applied)) if applied else event


def _numbered(event: Event) -> Event:
    """Return the event with ids as JSON numbers."""
    if event.place is not Place.MESSAGING:
        return event
    parts = {name: {"id": int(event.item[name]["id"])} for name in ("sender", "recipient") if _has_id(event.item, name)}
    return replace(event, item={**event.item, **parts})


def _has_id(item: Mapping[str, Any], name: str) -> bool:
    """Tell whether the party is named by digits."""
    return str(item.get(name, {}).get("id", "")).isdigit()


def _in_seconds(event: Event) -> Event:
    """Return the event with its time in seconds."""
    if event.place is not Place.MESSAGING or "timestamp" not in event.item:
        return event
    return replace(event, item={**event.item, "timestamp": event.item["timestamp"] // 1000})


def _timeless(event: Event) -> Event:
    """Return the event without its time."""
    if "timestamp" not in event.item:
        return event
    return replace(event, item={name: value for name, value in event.item.items() if name != "timestamp"})


def _without(name: str) -> Callable[[Event], Event]:
    """Return the way that leaves a field of a postback out."""

    def leave_out(event: Event) -> Event:
        if "postback" not in event.item:
            return event
        postback = {key: value for key, value in event.item["postback"].items() if key != name}
        return replace(event, item={**event.item, "postback": postback})

    return leave_out


def _swapped(event: Event) -> Event:
    """Return an echo with sender and recipient the wrong way round."""
    if not event.item.get("message", {}).get("is_echo"):
        return event
    return replace(event, item={**event.item, "sender": event.item["recipient"], "recipient": event.item["sender"]})


def _hyphenated(event: Event) -> Event:
    """Return a policy event with the other spelling."""
    names = {"policy_enforcement": "policy-enforcement"}
    if names.keys().isdisjoint(event.item):
        return event
    return replace(event, item={names.get(name, name): value for name, value in event.item.items()})


def _as_field(event: Event) -> Event:
    """Return the event in the form with field and value, its time as a text of seconds."""
    if event.place is Place.CHANGES:
        return replace(event, place=Place.ENTRY)
    if event.place is not Place.MESSAGING:
        return event
    value = dict(event.item)
    if "timestamp" in value:
        value["timestamp"] = str(event.at_ms // 1000)
    return replace(event, item={"field": _field_of(event.item), "value": value}, place=Place.CHANGES)


def _field_of(item: Mapping[str, Any]) -> str:
    """Return the subscription field that a messaging event belongs to."""
    if item.get("message", {}).get("is_echo"):
        return "message_echoes"
    if "mid" in item.get("read", {}):
        return "messaging_seen"
    return next((field for part, field in _FIELDS.items() if part in item), "messaging_handovers")


_WAYS: Final[Mapping[Oddity, Callable[[Event], Event]]] = {
    Oddity.NUMBER_IDS: _numbered,
    Oddity.SECONDS: _in_seconds,
    Oddity.NO_TIME: _timeless,
    Oddity.NO_MID: _without("mid"),
    Oddity.NO_TITLE: _without("title"),
    Oddity.SWAPPED: _swapped,
    Oddity.HYPHEN: _hyphenated,
    Oddity.FIELD_VALUE: _as_field,
}
