"""What the account itself, other apps and Meta do, read from control calls and turned into events. meta.md 3 and 6."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from domain.template import Channel
from sandbox.acts import Act, ActKind, moment_of, person_id
from sandbox.changes import act_change
from sandbox.errors import ControlError
from sandbox.events import delivery_event, echo_event
from sandbox.message_ids import MessageIds, webhook_id
from sandbox.oddities import Oddity, read_oddities
from sandbox.people import AccountState, ThreadMessage
from sandbox.webhooks import Event, Place

PAGE_INBOX_APP: Final = 26390203743090
OTHER_APP: Final = 2000000000000001

# The dashboard's test button: nobody's ids, and a time as a text of seconds.
_TEST_HEAD: Final = {"sender": {"id": "12334"}, "recipient": {"id": "23245"}, "timestamp": "1527459824"}
_TEST_PARTS: Final[Mapping[str, dict[str, Any]]] = {
    "messages": {"message": {"mid": "random_mid", "text": "random_text"}},
    "message_echoes": {"message": {"mid": "random_mid", "text": "random_text", "is_echo": True}},
    "message_deliveries": {"delivery": {"mids": ["random_mid"], "watermark": "1527459824"}},
    "message_reads": {"read": {"watermark": "1527459824"}},
    "messaging_seen": {"read": {"mid": "last_message_id_read"}},
    "message_reactions": {"reaction": {"mid": "random_mid", "action": "react", "reaction": "love", "emoji": "\u2764"}},
    "messaging_postbacks": {"postback": {"mid": "random_mid", "title": "Test", "payload": "random_payload"}},
    "messaging_referrals": {"referral": {"ref": "random_ref", "source": "SHORTLINK", "type": "OPEN_THREAD"}},
    "messaging_optins": {"optin": {"ref": "random_ref"}},
    "messaging_policy_enforcement": {"policy_enforcement": {"action": "block", "reason": "random_reason"}},
}
_HEADLESS: Final = frozenset({"messaging_policy_enforcement"})


class PageActKind(StrEnum):
    """What happens on an account without a person."""

    ECHO = "echo"  # another app, the Page inbox or a person in the Instagram app wrote
    DELIVERY = "delivery"
    OWN_COMMENT = "own_comment"
    POLICY = "policy"
    THREAD_CONTROL = "thread_control"
    APP_ROLES = "app_roles"
    TEST_EVENT = "test_event"


_CHOICES: Final = {
    PageActKind.POLICY: ("warning", "block", "unblock"),
    PageActKind.THREAD_CONTROL: ("pass", "take", "request"),
}
_FIELDS: Final[Mapping[PageActKind, frozenset[str]]] = {
    PageActKind.ECHO: frozenset({"user_id", "text", "mid", "app_id", "metadata"}),
    PageActKind.DELIVERY: frozenset({"user_id", "mids", "watermark"}),
    PageActKind.OWN_COMMENT: frozenset({"text", "comment_id", "post_id", "parent_id"}),
    PageActKind.POLICY: frozenset({"action", "reason"}),
    PageActKind.THREAD_CONTROL: frozenset({"action", "user_id", "app_id", "metadata"}),
    PageActKind.APP_ROLES: frozenset({"app_id", "roles"}),
    PageActKind.TEST_EVENT: frozenset({"field", "form"}),
}
_COMMON: Final = frozenset({"account", "kind", "occurred_at", "odd"})
_NAMING: Final = frozenset({PageActKind.ECHO, PageActKind.DELIVERY, PageActKind.THREAD_CONTROL})
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "app_id": (int, type(None)),
    "mids": (list,),
    "roles": (list,),
    "watermark": (int,),
}


@dataclass(frozen=True, slots=True)
class PageAct:
    """One thing that happened on an account, at `at_ms` on the platform's clock; `details` are the item's fields."""

    kind: PageActKind
    at_ms: int
    details: Mapping[str, Any] = field(default_factory=dict)
    odd: tuple[Oddity, ...] = ()


def read_page_act(item: Mapping[str, Any], channel: Channel, *, now_ms: int) -> PageAct:
    """Return what an item describes. Raises ControlError with what is wrong."""
    if item.get("kind") not in list(PageActKind):
        raise ControlError(f"there is no kind {item.get('kind')!r} here; there are {', '.join(PageActKind)}")
    kind = PageActKind(item["kind"])
    details = {name: value for name, value in item.items() if name not in _COMMON}
    if unknown := sorted(details.keys() - _FIELDS[kind]):
        raise ControlError(f"{kind} has no {unknown[0]!r}; it has {', '.join(sorted(_FIELDS[kind]))}")
    _check_details(kind, details, channel)
    odd = read_oddities(item["odd"]) if "odd" in item else ()
    return PageAct(kind, moment_of(item, now_ms=now_ms), details, odd)


def _check_details(kind: PageActKind, details: Mapping[str, Any], channel: Channel) -> None:
    """Refuse details that make no sense."""
    for name, value in details.items():
        if not isinstance(value, _TYPES.get(name, (str,))) or isinstance(value, bool):
            raise ControlError(f"{name} of {kind} cannot be {value!r}")
    if kind in _NAMING:
        person_id(details.get("user_id"))
    if kind in _CHOICES and details.get("action") not in _CHOICES[kind]:
        raise ControlError(f"action of {kind} is one of {', '.join(_CHOICES[kind])}")
    if kind is PageActKind.DELIVERY and channel is Channel.INSTAGRAM:
        raise ControlError("Instagram tells of no deliveries")
    if details.get("field", "messages") not in _TEST_PARTS:
        raise ControlError(f"field of {kind} is one of {', '.join(_TEST_PARTS)}")
    if details.get("form", "changes") not in ("changes", "body"):
        raise ControlError(f"form of {kind} is changes or body")


def perform(state: AccountState, act: PageAct, *, own_app_id: int, ids: MessageIds) -> Event:
    """Let it happen on the account, and return the event that tells of it."""
    match act.kind:
        case PageActKind.ECHO:
            return _echo(state, act, ids)
        case PageActKind.DELIVERY:
            return _delivery(state, act)
        case PageActKind.OWN_COMMENT:
            return _own_comment(state, act, ids)
        case PageActKind.POLICY:
            return _policy(state, act)
        case PageActKind.THREAD_CONTROL:
            return _thread_control(state, act, own_app_id=own_app_id)
        case PageActKind.APP_ROLES:
            return _app_roles(state, act, own_app_id=own_app_id)
        case PageActKind.TEST_EVENT:
            return _test_event(act)


def _echo(state: AccountState, act: PageAct, ids: MessageIds) -> Event:
    """Put a message that is not ours into the conversation: of the Page inbox, unless an app is named (null: none)."""
    account, user_id, text = state.account, act.details["user_id"], act.details.get("text", "Hello from a person")
    bare_id = act.details.get("mid", "").removeprefix("m_") or ids.bare(account.channel)
    state.person(user_id).add_message(ThreadMessage(bare_id, act.at_ms, text, is_from_person=False))
    message = {"mid": webhook_id(bare_id, account.channel)}
    app_id = act.details.get("app_id", PAGE_INBOX_APP if account.channel is Channel.MESSENGER else None)
    if app_id is not None:
        message |= {"app_id": app_id}
    if "metadata" in act.details:
        message |= {"metadata": act.details["metadata"]}
    told = {**message, "text": text}
    return echo_event(account.external_id, user_id, at_ms=act.at_ms, message=told, kind="other_echo")


def _delivery(state: AccountState, act: PageAct) -> Event:
    """Return a delivery, by messages' ids or by its watermark alone."""
    return delivery_event(
        state.account.external_id,
        act.details["user_id"],
        at_ms=act.at_ms,
        watermark_ms=act.details.get("watermark", act.at_ms),
        mids=tuple(act.details.get("mids", ())),
    )


def _own_comment(state: AccountState, act: PageAct, ids: MessageIds) -> Event:
    """Return a comment that the account itself wrote: it gives no right to answer."""
    account_id, details = state.account.external_id, act.details
    comment = Act(
        account_id,
        ActKind.COMMENT,
        act.at_ms,
        details.get("text", "Thank you all"),
        object_id=details.get("comment_id", f"{ids.digits()}_{ids.digits()}"),
        details={name: details[name] for name in ("post_id", "parent_id") if name in details},
    )
    return act_change(account_id, comment, state.account.channel, kind=act.kind)


def _policy(state: AccountState, act: PageAct) -> Event:
    """Warn, block or unblock the account. A blocked one may not send."""
    action = act.details["action"]
    if action != "warning":
        state.is_blocked = action == "block"
    told = {"action": action}
    if action != "unblock":
        told["reason"] = act.details.get("reason", "The Page sends messages that people do not want.")
    account_id = state.account.external_id
    item = {"recipient": {"id": account_id}, "timestamp": act.at_ms, "policy_enforcement": told}
    return Event(item, f"policy_{action}", at_ms=act.at_ms)


def _thread_control(state: AccountState, act: PageAct, *, own_app_id: int) -> Event:
    """Let an app get or ask for a person's thread. While it is another's we hear of it in standby."""
    user_id, action = act.details["user_id"], act.details["action"]
    before = state.thread_owners.get(user_id, str(own_app_id))
    after = str(act.details.get("app_id") or OTHER_APP)
    told = {"requested_owner_app_id": after}
    if action != "request":
        told = {"previous_owner_app_id": before, "new_owner_app_id": after}
        state.own_thread(user_id, None if after == str(own_app_id) else after)
    if "metadata" in act.details:
        told["metadata"] = act.details["metadata"]
    item = {
        "sender": {"id": user_id},
        "recipient": {"id": state.account.external_id},
        "timestamp": act.at_ms,
        f"{action}_thread_control": told,
    }
    return Event(item, f"{action}_thread_control", user_id, act.at_ms)


def _app_roles(state: AccountState, act: PageAct, *, own_app_id: int) -> Event:
    """Return which roles an app has for the account."""
    roles = {str(act.details.get("app_id") or own_app_id): act.details.get("roles", ["primary_receiver"])}
    item = {"recipient": {"id": state.account.external_id}, "timestamp": act.at_ms, "app_roles": roles}
    return Event(item, "app_roles", at_ms=act.at_ms)


def _test_event(act: PageAct) -> Event:
    """Return what the dashboard's test button sends: about nobody, in changes[] or as the whole body."""
    field_name = act.details.get("field", "messages")
    head = {name: part for name, part in _TEST_HEAD.items() if name != "sender" or field_name not in _HEADLESS}
    item = {"field": field_name, "value": {**head, **_TEST_PARTS[field_name]}}
    place = Place.BODY if act.details.get("form") == "body" else Place.CHANGES
    return Event(item, act.kind, at_ms=act.at_ms, place=place)
