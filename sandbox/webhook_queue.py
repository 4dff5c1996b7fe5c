"""Events on their way out: gathered into bodies, held, late, doubled or spoiled on request, then published."""

import random
from array import array
from dataclasses import dataclass, field
from heapq import heappop, heappush
from http import HTTPStatus
from typing import Any, Final

from sandbox.errors import ControlError
from sandbox.loopback import loopback_url
from sandbox.shelf import Shelf
from sandbox.told import ToldLog
from sandbox.webhooks import Event, Place, QueuedBody, Signing, Subscriber, envelope, raw_body

EVENTS_MOST: Final = 1000


@dataclass(frozen=True)
class WebhookSettings:
    """How events share bodies and how bodies are treated.

    `batch_size` is events per body (1: each has its own), `entry_size` events per entry (0: no limit); with
    `mix_accounts` a body tells of several accounts whose app is the same. `hold` collects bodies until they are
    released, `reorder` shuffles events and bodies, in an order that `seed` gives. `duplicate`, `bad_signature`,
    `sha1_only`, `unsigned`, `drop` (lost), `late` (by `late_seconds` of the sandbox's clock) and `wrapped` (in a list)
    are n for "each n-th body", 0 for never. `url` is where bodies are carried, empty for nowhere; `retry_pauses` are
    the seconds of the sandbox's clock between tries.
    """

    url: str = ""
    batch_size: int = 50
    entry_size: int = 0
    mix_accounts: bool = False
    hold: bool = False
    reorder: bool = False
    seed: int = 1
    duplicate: int = 0
    bad_signature: int = 0
    sha1_only: int = 0
    unsigned: int = 0
    drop: int = 0
    late: int = 0
    late_seconds: float = 0.0
    wrapped: int = 0
    # At once a few times, then less and less often, an hour in all (facts/meta.md section 7).
    retry_pauses: tuple[float, ...] = (0.0, 0.0, 1.0, 4.0, 15.0, 60.0, 280.0, 540.0, 900.0, 1800.0)

    def __post_init__(self) -> None:
        """Refuse a URL that is not on this machine, and more events in a body than Meta puts there."""
        if self.url:
            loopback_url(self.url)
        if self.batch_size > EVENTS_MOST:
            raise ControlError(f"batch_size is at most {EVENTS_MOST}, as at Meta")


def is_success(status: int | None) -> bool:
    """Tell whether the receiver took a body: any 2xx."""
    return status is not None and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


_Waiting = list[tuple[Subscriber, Event]]


@dataclass
class WebhookQueue:
    """Bodies are staged or held, then published and numbered from 1. What was made is kept on shelves.

    `first_to_carry` is the first body published since there is a URL: older ones are there to be read or replayed.
    `publish` is called every 50 ms by the server, and before anybody looks.
    """

    settings: WebhookSettings = field(default_factory=WebhookSettings)
    told: ToldLog = field(init=False)
    dropped_count: int = 0
    first_to_carry: int = 1
    _made: Shelf = field(default_factory=Shelf)
    _published: "array[int]" = field(default_factory=lambda: array("Q"))
    _staged: list[int] = field(default_factory=list)
    _late: list[tuple[int, int, int]] = field(default_factory=list)
    _sizes: "array[int]" = field(default_factory=lambda: array("H"))
    _seen: bytearray = field(default_factory=bytearray)
    _waiting: dict[tuple[str, ...], _Waiting] = field(default_factory=dict)
    _tries: "array[int]" = field(default_factory=lambda: array("H"))
    _statuses: "array[int]" = field(default_factory=lambda: array("H"))
    _made_count: int = 0
    _event_count: int = 0
    _order: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311  an order, not a secret

    def __post_init__(self) -> None:
        """Let the log find the bodies it tells of."""
        self.told = ToldLog(self._read)

    @property
    def published_count(self) -> int:
        """How many bodies are published: the number of the newest."""
        return len(self._published)

    @property
    def held_count(self) -> int:
        """How many bodies wait to be released, or for their late hour."""
        return len(self._staged) + len(self._late)

    def use(self, settings: WebhookSettings, *, now_ms: int) -> None:
        """Change the settings. What waits is made into bodies with the settings it came under."""
        self.publish(now_ms=now_ms)
        if settings.url and not self.settings.url:
            self.first_to_carry = self.published_count + 1
        if settings.seed != self.settings.seed:
            self._order.seed(settings.seed)
        self.settings = settings

    def add(self, subscriber: Subscriber, event: Event, *, now_ms: int) -> None:
        """Let an event wait for its body, which is made when enough events wait."""
        alone = () if self.settings.mix_accounts else (subscriber.account_id,)
        key = (subscriber.object_name, subscriber.app_secret, *alone)
        waiting = self._waiting.setdefault(key, [])
        waiting.append((subscriber, event))
        if len(waiting) >= self.settings.batch_size and not self.settings.reorder:
            self._make_bodies(key, now_ms=now_ms)

    def publish(self, *, now_ms: int) -> None:
        """Make bodies of all that waits and, unless they are held, publish them and those whose late hour has come."""
        for key in list(self._waiting):
            self._make_bodies(key, now_ms=now_ms)
        while self._late and self._late[0][0] <= now_ms:
            self._staged.append(heappop(self._late)[2])
        if not self.settings.hold:
            self._publish_staged(now_ms=now_ms)

    def release(self, *, now_ms: int, count: int | None = None) -> int:
        """Publish what was held, the oldest `count` or all, also while holding goes on; return how many they were."""
        self.publish(now_ms=now_ms)
        before = self.published_count
        self._publish_staged(now_ms=now_ms, count=count)
        return self.published_count - before

    def replay(self, numbers: list[int], *, now_ms: int) -> list[int]:
        """Publish bodies once more, byte for byte, and return their new numbers. Raises ControlError if one is none."""
        published = range(1, self.published_count + 1)
        if not all(type(number) is int and number in published for number in numbers):
            raise ControlError(f"numbers are of published bodies, from 1 to {self.published_count}")
        for made in [self._published[number - 1] for number in numbers]:
            self._publish_one(made, now_ms=now_ms)
        return list(range(self.published_count - len(numbers) + 1, self.published_count + 1))

    def note_try(self, number: int, status: int | None) -> None:
        """Count a try of carrying a body, with the status that answered it, None without an answer."""
        self._tries[number - 1] += 1
        self._statuses[number - 1] = status or 0

    def tries_of(self, number: int) -> dict[str, Any]:
        """Return how often a body was carried, the last status (None: no answer), and whether it was taken."""
        status = self._statuses[number - 1]
        return {"tries": self._tries[number - 1], "last_status": status or None, "is_taken": is_success(status)}

    def body(self, number: int) -> QueuedBody:
        """Return the published body of this number."""
        return self._read(self._published[number - 1])

    def after(self, number: int, limit: int) -> list[tuple[int, QueuedBody]]:
        """Return up to `limit` published bodies with their numbers, beginning behind `number`."""
        last = min(number + limit, self.published_count)
        return [(one, self.body(one)) for one in range(number + 1, last + 1)]

    def _read(self, made: int) -> QueuedBody:
        """Return a body as it was made."""
        return QueuedBody.unpacked(self._made.read(made))

    def _publish_staged(self, *, now_ms: int, count: int | None = None) -> None:
        """Publish the staged bodies, shuffled if so set."""
        if self.settings.reorder:
            self._order.shuffle(self._staged)
        out = len(self._staged) if count is None else count
        for made in self._staged[:out]:
            self._publish_one(made, now_ms=now_ms)
        del self._staged[:out]

    def _publish_one(self, made: int, *, now_ms: int) -> None:
        """Give the body the next number and log its events as told."""
        self._published.append(made)
        self._tries.append(0)
        self._statuses.append(0)
        self._note(made, body=self.published_count, now_ms=now_ms)

    def _note(self, made: int, *, body: int | None, now_ms: int) -> None:
        """Log the events of a body as told, or as lost without a number."""
        is_repeat = bool(self._seen[made - 1])
        self.told.note(made, size=self._sizes[made - 1], body=body, told_ms=now_ms, is_repeat=is_repeat)
        self._seen[made - 1] = 1

    def _make_bodies(self, key: tuple[str, ...], *, now_ms: int) -> None:
        """Cut what waits under the key into bodies. An event that is a whole body has its own."""
        waiting = self._waiting.pop(key)
        if self.settings.reorder:
            self._order.shuffle(waiting)
        size = max(self.settings.batch_size, 1)
        shared = [one for one in waiting if one[1].place is not Place.BODY]
        for first in range(0, len(shared), size):
            self._make(shared[first : first + size], now_ms=now_ms)
        for one in waiting:
            if one[1].place is Place.BODY:
                self._make([one], now_ms=now_ms)

    def _make(self, events: _Waiting, *, now_ms: int) -> None:
        """Make one body and stage it: once, twice, late or not at all, as set."""
        self._made_count += 1
        told = envelope(events, now_ms=now_ms, entry_size=self.settings.entry_size)
        body = QueuedBody(
            accounts=tuple(dict.fromkeys(subscriber.account_id for subscriber, _ in events)),
            body=raw_body([told] if self._strikes(self.settings.wrapped) else told),
            app_secret=events[0][0].app_secret,
            signing=self._signing(),
            events=tuple(self._line(subscriber, event) for subscriber, event in events),
        )
        made = self._made.put(body.packed())
        self._sizes.append(len(events))
        self._seen.append(0)
        if self._strikes(self.settings.drop):
            self.dropped_count += 1
            self._note(made, body=None, now_ms=now_ms)
        else:
            self._stage(made, now_ms=now_ms)

    def _stage(self, made: int, *, now_ms: int) -> None:
        """Stage a body, or put it aside until its late hour."""
        for _ in range(2 if self._strikes(self.settings.duplicate) else 1):
            if self._strikes(self.settings.late):
                due_ms = now_ms + int(self.settings.late_seconds * 1000)
                heappush(self._late, (due_ms, self._made_count, made))
            else:
                self._staged.append(made)

    def _line(self, subscriber: Subscriber, event: Event) -> dict[str, Any]:
        """Give an event its number and return what the log says of it."""
        self._event_count += 1
        return {
            "event": self._event_count,
            "kind": event.kind,
            "account": subscriber.account_id,
            "user_id": event.user_id,
            "at_ms": event.at_ms,
            "object_ids": event.object_ids,
            "place": event.place,
            "watermark_ms": event.watermark_ms,
            "odd": event.odd,
        }

    def _signing(self) -> Signing:
        """Return how the present body is signed."""
        if self._strikes(self.settings.bad_signature):
            return Signing.WRONG
        if self._strikes(self.settings.sha1_only):
            return Signing.SHA1_ONLY
        return Signing.MISSING if self._strikes(self.settings.unsigned) else Signing.RIGHT

    def _strikes(self, every: int) -> bool:
        """Tell whether a setting of "each n-th body" is about the present one."""
        return every > 0 and self._made_count % every == 0
