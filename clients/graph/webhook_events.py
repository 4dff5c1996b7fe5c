"""Webhook bodies of the platform, read into our words: bytes in, what was told out, and nothing ever raised.

Meta's shapes and their oddities: Webhooks and Webhook events of the Messenger Platform (2026-05), Instagram's webhook
examples (2025-11), and what integrators met in practice. docs/receipts.md says what each event proves.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson

from clients.graph.webhook_told import (
    AccountTold,
    Acted,
    Body,
    Delivered,
    Echoed,
    Entitled,
    MarketingAnswer,
    PolicyTold,
    Read,
    Told,
)
from clients.graph.webhook_values import (
    LONGEST_ID,
    LONGEST_USER_ID,
    derived_id,
    id_in,
    id_of,
    mid_of,
    moment,
    storable,
    uuid_of,
)
from clients.graph.webhook_words import FEED_FIELDS, MESSAGING_FIELDS, PASSED_OVER, Why
from domain.evidence import bare_id
from domain.receipts import PolicyAction
from domain.template import Channel
from domain.window import InteractionKind


class _Strange(Exception):  # noqa: N818  # it never leaves this module: each one is counted
    """An event is not understood."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


def read_body(body: bytes) -> Body:
    """Read a webhook body, whatever it holds: what is not understood is counted, with a why, and costs nothing else."""
    reading = _Reading()
    try:
        read = _parse(body)
    except (ValueError, RecursionError):
        reading.count_strange(Why.NO_JSON)
        return reading.body()
    for envelope in read if isinstance(read, list) else [read]:
        reading.read_envelope(envelope)
    return reading.body()


def echoes_in(body: bytes) -> Iterator[tuple[str | None, Echoed]]:
    """Return the echoes in a body, also of other apps, each with the account's id as webhooks name it."""
    for entry in read_body(body).entries:
        for told in entry.told:
            if isinstance(told, Echoed):
                yield entry.external_id, told


def _parse(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        # It refuses halves of surrogate pairs and whole numbers beyond 64 bits, which bodies may hold.
        return json.loads(body)


class _Reading:
    """One pass over a body, and what it has found so far."""

    def __init__(self) -> None:
        self._entries: list[AccountTold] = []
        self._event_count = 0
        self._strange: dict[Why, int] = {}

    def body(self) -> Body:
        return Body(tuple(self._entries), self._event_count, self._strange)

    def count_strange(self, why: Why) -> None:
        self._event_count += 1
        self._strange[why] = self._strange.get(why, 0) + 1

    def read_envelope(self, envelope: Any) -> None:
        if not isinstance(envelope, dict):
            self.count_strange(Why.NO_OBJECT)
            return
        channel = _CHANNELS.get(envelope["object"]) if isinstance(envelope.get("object"), str) else None
        if "entry" not in envelope and "field" in envelope:
            envelope = {"entry": [envelope]}  # the dashboard's sample alone
        entries = envelope.get("entry")
        if not isinstance(entries, list):
            self.count_strange(Why.NO_ENTRY)
            return
        for entry in entries:
            self._read_entry(entry, channel)

    def _read_entry(self, entry: Any, channel: Channel | None) -> None:
        if not isinstance(entry, dict):
            self.count_strange(Why.NO_OBJECT)
            return
        reader = _EntryReader(channel, id_of(entry.get("id")), moment(entry.get("time")))
        told: list[Told] = []
        for read, item in _items(entry, reader):
            try:
                if not isinstance(item, dict):
                    self.count_strange(Why.NO_OBJECT)
                    continue
                found = read(item)
            except _Strange as error:
                self.count_strange(error.why)
                continue
            self._event_count += 1
            told += found
        if told:
            self._entries.append(AccountTold(channel, reader.account_id, tuple(told)))


_ReadItem: TypeAlias = "Callable[[dict[str, Any]], tuple[Told, ...]]"


def _items(entry: dict[str, Any], reader: "_EntryReader") -> Iterator[tuple[_ReadItem, Any]]:
    """Walk the events of an entry; `standby` holds those of threads that another app owns."""
    is_empty = True
    for key, read in (
        ("messaging", reader.read_event),
        ("standby", reader.read_event),
        ("changes", reader.read_change),
    ):
        if key in entry:
            is_empty = False
            items = entry[key]
            for item in items if isinstance(items, list) else [None]:
                yield read, item
    if is_empty:
        # Instagram's documents put a change straight into the entry; anything else is an entry about nothing.
        yield reader.read_change, entry if "field" in entry else None


@dataclass(frozen=True, slots=True)
class _EntryReader:
    """Reads the events of one entry: of one account, told together at `at_ms`."""

    channel: Channel | None
    account_id: str | None
    at_ms: int | None

    def read_event(self, event: dict[str, Any]) -> tuple[Told, ...]:
        """Read an item of `messaging` or `standby`. Raises _Strange."""
        for key, read in _EVENT_READERS:
            if key in event:
                part = event[key]
                if not isinstance(part, dict):
                    raise _Strange(Why.NO_OBJECT)
                return read(self, event, part)
        if PASSED_OVER.isdisjoint(event):
            raise _Strange(Why.UNKNOWN_EVENT)
        return ()

    def read_change(self, change: dict[str, Any]) -> tuple[Told, ...]:
        """Read an item of `changes`, or an entry that is one itself. Raises _Strange."""
        field, value = change.get("field"), change.get("value")
        if not isinstance(field, str):
            raise _Strange(Why.UNKNOWN_FIELD)
        if field in MESSAGING_FIELDS:
            # The dashboard's button "test" makes these, with old times and people that nobody is.
            raise _Strange(Why.TEST_EVENT)
        if field not in FEED_FIELDS:
            raise _Strange(Why.UNKNOWN_FIELD)
        if not isinstance(value, dict):
            raise _Strange(Why.NO_OBJECT)
        return self._feed(value) if field == "feed" else self._instagram_comment(value)

    # who and when

    def _person(self, event: dict[str, Any], *, is_echo: bool = False) -> str | None:
        """Return whoever is not the account: in old captures of echoes sender and recipient are swapped."""
        sender, recipient = id_in(event, "sender"), id_in(event, "recipient")
        first, second = (recipient, sender) if is_echo else (sender, recipient)
        return second if is_echo and first == self.account_id else first

    def _sender(self, event: dict[str, Any]) -> str:
        """Return the person who acted. Raises _Strange for one without an id, as old plugins send, and the account."""
        person = self._person(event)
        if person is None:
            raise _Strange(Why.NO_PERSON)
        if person == self.account_id:
            raise _Strange(Why.BY_THE_ACCOUNT)
        if not (person.isascii() and person.isdigit() and len(person) <= LONGEST_USER_ID):
            raise _Strange(Why.NO_PERSON)
        return person

    def _acted(
        self, event: dict[str, Any], kind: InteractionKind, *, mid: str | None = None, about: str = ""
    ) -> tuple[Acted]:
        user_id, at_ms = self._sender(event), _needed_moment(event)
        return (Acted(user_id, kind, at_ms, mid or derived_id(user_id, kind, at_ms, about=about)),)

    # messaging

    def message(self, event: dict[str, Any], part: dict[str, Any]) -> tuple[Told, ...]:
        is_echo = part.get("is_echo", False)
        if is_echo is True:
            return (self._echo(event, part),)
        if is_echo is not False and is_echo is not None:
            raise _Strange(Why.UNKNOWN_EVENT)  # what calls itself an echo in other words must open no window
        if part.get("is_deleted") or part.get("is_self"):
            return ()
        referral = part.get("referral")
        is_from_ad = isinstance(referral, dict) and referral.get("source") == "ADS"
        kind = InteractionKind.AD_MESSAGE if is_from_ad else InteractionKind.MESSAGE
        return self._acted(event, kind, mid=mid_of(part))

    def _echo(self, event: dict[str, Any], part: dict[str, Any]) -> Echoed:
        metadata = part.get("metadata")
        attempt_id = uuid_of(metadata) if isinstance(metadata, str) else None
        return Echoed(
            self._person(event, is_echo=True), id_of(part.get("mid")), moment(event.get("timestamp")), attempt_id
        )

    def postback(self, event: dict[str, Any], part: dict[str, Any]) -> tuple[Told, ...]:
        return self._acted(event, InteractionKind.POSTBACK, mid=mid_of(part))

    def referral(self, event: dict[str, Any], part: dict[str, Any]) -> tuple[Told, ...]:
        """Read a way into an existing thread: our own short link opens a window, a click on an ad alone does not."""
        if part.get("source") != "SHORTLINK":
            return ()
        is_instagram = self.channel is Channel.INSTAGRAM
        return self._acted(event, InteractionKind.IG_ME if is_instagram else InteractionKind.M_ME)

    def reaction(self, event: dict[str, Any], part: dict[str, Any]) -> tuple[Told, ...]:
        match part.get("action"):
            case "react":
                return self._acted(event, InteractionKind.REACTION, about=mid_of(part) or "")
            case "unreact":
                return ()
            case _:
                raise _Strange(Why.UNKNOWN_EVENT)

    def optin(self, event: dict[str, Any], part: dict[str, Any]) -> tuple[Told, ...]:
        """Read an opt-in: a plugin's opens a window, one to marketing messages does not and may be a stop."""
        if part.get("type") is None:
            return self._acted(event, InteractionKind.PLUGIN)
        status = part.get("notification_messages_status")
        if status not in ("STOP_NOTIFICATIONS", "RESUME_NOTIFICATIONS"):
            return ()
        return (MarketingAnswer(self._sender(event), status == "STOP_NOTIFICATIONS", _needed_moment(event)),)

    def delivery(self, event: dict[str, Any], part: dict[str, Any]) -> tuple[Told, ...]:
        """Read a delivery: by ids where it has some, else by its watermark."""
        user_id, up_to = self._sender(event), moment(part.get("watermark"))
        at_ms = moment(event.get("timestamp")) or up_to
        if at_ms is None:
            raise _Strange(Why.NO_TIME)
        mids = part.get("mids")
        known = [mid for one in mids if (mid := id_of(one))] if isinstance(mids, list) else []
        if known:
            return tuple(Delivered(user_id, bare_id(mid), None, at_ms) for mid in known)
        if up_to is None:
            raise _Strange(Why.ABOUT_NOTHING)
        return (Delivered(user_id, None, up_to, max(at_ms, up_to)),)

    def read(self, event: dict[str, Any], part: dict[str, Any]) -> tuple[Told, ...]:
        """Read a read: Instagram names the message, Messenger a watermark."""
        user_id, up_to = self._sender(event), moment(part.get("watermark"))
        mid = mid_of(part)
        at_ms = moment(event.get("timestamp")) or up_to
        if at_ms is None:
            raise _Strange(Why.NO_TIME)
        if mid is not None:
            return (Read(user_id, mid, None, at_ms),)
        if up_to is None:
            raise _Strange(Why.ABOUT_NOTHING)
        # What was read up to a moment cannot have been told before that moment.
        return (Read(user_id, None, up_to, max(at_ms, up_to)),)

    def policy(self, event: dict[str, Any], part: dict[str, Any]) -> tuple[Told, ...]:
        action = part.get("action")
        if action not in list(PolicyAction):
            raise _Strange(Why.UNKNOWN_EVENT)
        reason = part.get("reason")
        text = storable(reason)[:LONGEST_ID] if isinstance(reason, str) else None
        return (PolicyTold(PolicyAction(action), _needed_moment(event), text),)

    # comments and posts

    def _feed(self, value: dict[str, Any]) -> tuple[Told, ...]:
        """Read a change of a feed; what the Page itself writes, and what is no comment or post, means nothing here."""
        item, verb = value.get("item"), value.get("verb")
        kind = _ENTITLING.get(item) if isinstance(item, str) else None
        if kind is None:
            return ()
        object_id = id_of(value.get("comment_id" if kind is InteractionKind.COMMENT else "post_id"))
        at_ms = moment(value.get("created_time"))
        match verb:
            case "add":
                return self._given(value, kind, object_id=object_id, at_ms=at_ms or self.at_ms)
            case "remove" | "hide" | "unhide":
                # The comment's own time stays that of its writing, so the entry's tells when it was taken away.
                return _taken(kind, verb, object_id=object_id, at_ms=self.at_ms or at_ms)
            case _:
                return ()

    def _instagram_comment(self, value: dict[str, Any]) -> tuple[Told, ...]:
        """Read a comment on Instagram, which has no time but that of its entry."""
        return self._given(value, InteractionKind.COMMENT, object_id=id_of(value.get("id")), at_ms=self.at_ms)

    def _given(
        self, value: dict[str, Any], kind: InteractionKind, *, object_id: str | None, at_ms: int | None
    ) -> tuple[Told, ...]:
        user_id = id_in(value, "from")
        if user_id is not None and user_id == self.account_id:
            return ()
        user_id = self._sender({"sender": {"id": user_id}})
        if object_id is None:
            raise _Strange(Why.ABOUT_NOTHING)
        if at_ms is None:
            raise _Strange(Why.NO_TIME)
        return (
            Acted(user_id, kind, at_ms, object_id),
            Entitled(user_id, kind, object_id, given_at_ms=at_ms),
        )


def _taken(kind: InteractionKind, verb: str, *, object_id: str | None, at_ms: int | None) -> tuple[Told, ...]:
    if object_id is None:
        raise _Strange(Why.ABOUT_NOTHING)
    if at_ms is None:
        raise _Strange(Why.NO_TIME)
    match verb:
        case "remove":
            return (Entitled(None, kind, object_id, removed_at_ms=at_ms),)
        case "hide":
            return (Entitled(None, kind, object_id, hidden_at_ms=at_ms),)
        case _:
            return (Entitled(None, kind, object_id, shown_at_ms=at_ms),)


_CHANNELS: Final = {"page": Channel.MESSENGER, "instagram": Channel.INSTAGRAM}
_ENTITLING: Final = {
    "comment": InteractionKind.COMMENT,
    "post": InteractionKind.VISITOR_POST,
    "status": InteractionKind.VISITOR_POST,
}
# In the order of how often they come; a policy event is spelled in two ways.
_EVENT_READERS: Final = (
    ("message", _EntryReader.message),
    ("delivery", _EntryReader.delivery),
    ("read", _EntryReader.read),
    ("postback", _EntryReader.postback),
    ("reaction", _EntryReader.reaction),
    ("referral", _EntryReader.referral),
    ("optin", _EntryReader.optin),
    ("policy_enforcement", _EntryReader.policy),
    ("policy-enforcement", _EntryReader.policy),
)


def _needed_moment(event: dict[str, Any]) -> int:
    at_ms = moment(event.get("timestamp"))
    if at_ms is None:
        raise _Strange(Why.NO_TIME)
    return at_ms
