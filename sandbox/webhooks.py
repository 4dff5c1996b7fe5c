"""Webhook bodies as Meta makes them: batched, ASCII-escaped, signed, numbered, and held or spoiled on request."""

import hashlib
import hmac
import json
import random
import zlib
from dataclasses import dataclass, field
from typing import Any

from sandbox.events import Event


@dataclass(frozen=True)
class WebhookSettings:
    """How events are made and bodies are treated.

    `read_share` is the share of people who read. `duplicate`, `bad_signature` and `drop` are n for "each n-th body",
    0 for never. `hold` collects bodies until they are released, `reorder` shuffles events and bodies, `batch_size`
    is events per body. `retry_pauses` are the seconds between tries of carrying a body to the webhook URL.
    """

    echo: bool = True
    delivery: bool = True
    read_share: float = 0.5
    hold: bool = False
    reorder: bool = False
    duplicate: int = 0
    bad_signature: int = 0
    drop: int = 0
    batch_size: int = 50
    app_id: int = 1517776481860111
    instagram_metadata: bool = False
    # At once a few times, then less and less often for about an hour (facts/meta.md section 7).
    retry_pauses: tuple[float, ...] = (0.0, 0.0, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0)


@dataclass(frozen=True)
class Subscriber:
    """For whom a body is made: the account as webhooks name it, `page` or `instagram`, and the app's secret."""

    account_id: str
    object_name: str
    app_secret: str


@dataclass(frozen=True, slots=True)
class QueuedBody:
    """One body, compressed because hundreds of thousands are kept, with its two signatures."""

    account_id: str
    packed: bytes
    sha256: str
    sha1: str

    @property
    def body(self) -> bytes:
        """The raw bytes that are POSTed and that the signatures are of."""
        return zlib.decompress(self.packed)

    @property
    def headers(self) -> dict[str, str]:
        """The headers Meta sends with the body."""
        return {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature-256": f"sha256={self.sha256}",
            "X-Hub-Signature": f"sha1={self.sha1}",
        }


def raw_body(value: object) -> bytes:
    r"""Return JSON as Meta writes it: ASCII only, `\uXXXX` in lower case, and `\/` for every slash."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def signed_body(subscriber: Subscriber, events: list[Event], *, now_ms: int, is_spoiled: bool = False) -> QueuedBody:
    """Return the signed body of these events; spoiled, it is signed with another secret."""
    messaging = [event.item for event in events if not event.is_change]
    changes = [event.item for event in events if event.is_change]
    entries: list[dict[str, Any]] = []
    if messaging:
        entries.append({"id": subscriber.account_id, "time": now_ms, "messaging": messaging})
    if changes:
        # Entries with changes[] have their time in seconds.
        entries.append({"id": subscriber.account_id, "time": now_ms // 1000, "changes": changes})
    body = raw_body({"object": subscriber.object_name, "entry": entries})
    key = (subscriber.app_secret + ("-another" if is_spoiled else "")).encode()
    return QueuedBody(
        subscriber.account_id,
        zlib.compress(body, 1),
        hmac.new(key, body, hashlib.sha256).hexdigest(),
        hmac.new(key, body, hashlib.sha1).hexdigest(),
    )


@dataclass
class WebhookQueue:
    """Events on their way out: waiting for a body, staged or held, then published and numbered from 1.

    `publish` is called every 50 ms by the server, and before anybody looks.
    """

    settings: WebhookSettings = field(default_factory=WebhookSettings)
    published: list[QueuedBody] = field(default_factory=list)
    staged: list[QueuedBody] = field(default_factory=list)
    dropped_count: int = 0
    _waiting: dict[str, tuple[Subscriber, list[Event]]] = field(default_factory=dict)
    _made_count: int = 0
    _order: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311  an order, not a secret

    def add(self, subscriber: Subscriber, event: Event, *, now_ms: int) -> None:
        """Let an event wait for its body, which is made when enough of the account's events wait."""
        waiting = self._waiting.get(subscriber.account_id)
        if waiting is None:
            waiting = self._waiting[subscriber.account_id] = (subscriber, [])
        waiting[1].append(event)
        if len(waiting[1]) >= self.settings.batch_size and not self.settings.reorder:
            self._make_bodies(subscriber.account_id, now_ms=now_ms)

    def publish(self, *, now_ms: int) -> None:
        """Make bodies of all that waits and, unless they are held, publish them."""
        for account_id in list(self._waiting):
            self._make_bodies(account_id, now_ms=now_ms)
        if not self.settings.hold:
            self._publish_staged()

    def release(self, *, now_ms: int) -> int:
        """Publish what was held, also while holding goes on, and return how many bodies that were."""
        self.publish(now_ms=now_ms)
        held = len(self.staged)
        self._publish_staged()
        return held

    def after(self, number: int, limit: int) -> list[tuple[int, QueuedBody]]:
        """Return up to `limit` published bodies with their numbers, beginning behind `number`."""
        first = max(number, 0)
        return list(enumerate(self.published[first : first + limit], start=first + 1))

    def _publish_staged(self) -> None:
        """Move the staged bodies behind the published ones, shuffled if so set."""
        if self.settings.reorder:
            self._order.shuffle(self.staged)
        self.published += self.staged
        self.staged = []

    def _make_bodies(self, account_id: str, *, now_ms: int) -> None:
        """Cut the waiting events of an account into bodies."""
        subscriber, events = self._waiting.pop(account_id)
        if self.settings.reorder:
            self._order.shuffle(events)
        size = max(self.settings.batch_size, 1)
        for first in range(0, len(events), size):
            self._stage(subscriber, events[first : first + size], now_ms=now_ms)

    def _stage(self, subscriber: Subscriber, events: list[Event], *, now_ms: int) -> None:
        """Sign one body and stage it: once, twice or not at all, as set."""
        self._made_count += 1
        if self._strikes(self.settings.drop):
            self.dropped_count += 1
            return
        is_spoiled = self._strikes(self.settings.bad_signature)
        body = signed_body(subscriber, events, now_ms=now_ms, is_spoiled=is_spoiled)
        self.staged += [body] * (2 if self._strikes(self.settings.duplicate) else 1)

    def _strikes(self, every: int) -> bool:
        """Tell whether a setting of "each n-th body" is about the present one."""
        return every > 0 and self._made_count % every == 0
