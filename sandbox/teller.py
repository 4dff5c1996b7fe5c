"""Tells what happened: at once or when it is due on the platform's clock, in standby or not, to who is subscribed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from heapq import heappop, heappush
from typing import Any, Final

import orjson

from sandbox.errors import ControlError
from sandbox.fields import with_changes
from sandbox.oddities import Oddity, made_odd
from sandbox.people import AccountState
from sandbox.receipts import ReceiptSettings
from sandbox.shelf import Shelf
from sandbox.webhook_queue import WebhookQueue, WebhookSettings
from sandbox.webhooks import Event, Place

_QUEUE_FIELDS: Final = frozenset(one.name for one in fields(WebhookSettings))
_RECEIPT_FIELDS: Final = frozenset(one.name for one in fields(ReceiptSettings))


@dataclass(frozen=True, slots=True)
class Due:
    """What is due later: an event to tell, or an act of a control call to perform."""

    account_id: str
    event: Event | None = None
    act: dict[str, Any] | None = None


@dataclass
class Schedule:
    """What is due later on the platform's clock. Everything but its hour is kept on a shelf."""

    _hours: list[tuple[int, int]] = field(default_factory=list)
    _shelf: Shelf = field(default_factory=Shelf)

    def __len__(self) -> int:
        return len(self._hours)

    def put(self, due: Due, *, due_ms: int) -> None:
        """Put something down until its hour."""
        heappush(self._hours, (due_ms, self._shelf.put(orjson.dumps(due))))

    def pop(self, *, now_ms: int) -> Due | None:
        """Return what was due first, if anything is due by now."""
        if not self._hours or self._hours[0][0] > now_ms:
            return None
        record = orjson.loads(self._shelf.read(heappop(self._hours)[1]))
        event = record["event"]
        return Due(
            record["account_id"],
            event and Event(**{**event, "place": Place(event["place"]), "object_ids": tuple(event["object_ids"])}),
            record["act"],
        )


@dataclass
class Teller:
    """The platform's voice. `own` are receipt settings of single accounts: what they change of the general ones."""

    queue: WebhookQueue = field(default_factory=WebhookQueue)
    receipts: ReceiptSettings = field(default_factory=ReceiptSettings)
    schedule: Schedule = field(default_factory=Schedule)
    unsubscribed: set[str] = field(default_factory=set)
    own: dict[str, dict[str, Any]] = field(default_factory=dict)
    _of_account: dict[str, ReceiptSettings] = field(default_factory=dict)

    def settings_of(self, account_id: str) -> ReceiptSettings:
        """Return the receipt settings that hold for an account."""
        return self._of_account.get(account_id, self.receipts)

    def change_settings(self, changes: Mapping[str, Any], *, now_ms: int) -> None:
        """Change settings by name, for all accounts. Raises ControlError and changes nothing if one makes no sense."""
        known = _QUEUE_FIELDS | _RECEIPT_FIELDS
        if unknown := sorted(changes.keys() - known):
            raise ControlError(f"there is no {unknown[0]!r} here; there are {', '.join(sorted(known))}")
        queue = with_changes(self.queue.settings, _only(changes, _QUEUE_FIELDS))
        receipts = with_changes(self.receipts, _only(changes, _RECEIPT_FIELDS))
        self.queue.use(queue, now_ms=now_ms)
        self.receipts = receipts
        self._of_account = {one: with_changes(receipts, own) for one, own in self.own.items()}

    def change_own_settings(self, account_id: str, changes: Mapping[str, Any]) -> None:
        """Change receipt settings of one account, which then keep their value whatever holds for the others."""
        own = {**self.own.get(account_id, {}), **changes}
        self._of_account[account_id] = with_changes(self.receipts, own)
        self.own[account_id] = own

    def tell(self, state: AccountState, event: Event, *, now_ms: int, odd: tuple[Oddity, ...] = ()) -> None:
        """Queue an event, unless the account was unsubscribed because its webhooks failed for too long."""
        account = state.account
        if account.external_id in self.unsubscribed:
            return
        told = made_odd(event, (*account.odd, *odd)) if account.odd or odd else event
        if state.thread_owners:
            told = _for_bystanders(told, state)
        self.queue.add(account.subscriber, told, now_ms=now_ms)

    def tell_at(self, due_ms: int, state: AccountState, event: Event, *, now_ms: int) -> None:
        """Tell an event at its hour: at once, if that has come."""
        if due_ms <= now_ms:
            self.tell(state, event, now_ms=now_ms)
        else:
            self.schedule.put(Due(state.account.external_id, event=event), due_ms=due_ms)


def _only(changes: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """Return the changes of these names."""
    return {name: value for name, value in changes.items() if name in names}


def _for_bystanders(event: Event, state: AccountState) -> Event:
    """Return the event as an app gets it that does not own the thread: in standby, a postback without its payload.

    Who owns a thread is told to everybody as before.
    """
    is_theirs = event.user_id in state.thread_owners and event.place is Place.MESSAGING
    if not is_theirs or event.kind.endswith("thread_control"):
        return event
    item = dict(event.item)
    if "postback" in item:
        item["postback"] = {name: value for name, value in item["postback"].items() if name != "payload"}
    return replace(event, item=item, place=Place.STANDBY)
