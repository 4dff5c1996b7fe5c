"""Accounts, and what the platform knows of each person on them: windows, private replies, the newest messages."""

from collections import deque
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from domain.template import Channel
from sandbox.errors import NO_PRIVATE_REPLY, GraphError, Refusal
from sandbox.events import ENTITLING, WRITING, Act
from sandbox.webhooks import Subscriber

# Not taken from `domain`: the platform has its own clock and its own rule, and ours is tested against it.
WINDOW_MS: Final = 24 * 3_600_000
PRIVATE_REPLY_MS: Final = 7 * 24 * 3_600_000

# Of a conversation only the 20 newest messages can be read (facts/meta.md section 8).
READABLE_MESSAGES: Final = 20

# How a conversation may show its messages; only the first is documented.
CONVERSATION_ORDERS: Final = ("newest_first", "oldest_first", "shuffled")


@dataclass(frozen=True)
class Account:
    """A Page or an Instagram account. `token` None: no token is valid. A limit of 0 is none.

    `external_id` is its id in webhooks, `page_id` the id of its Page where that differs; both may be POSTed to.
    With `prefixed_ids` the answer's message id begins with `m_` as the webhooks' always does (Messenger).
    Reads of conversations: 2 calls a second as documented; a message shows `conversation_lag_seconds` after its time,
    in pages of `conversation_page_size` at most (0: as many as asked for); the orders are CONVERSATION_ORDERS.
    """

    external_id: str
    channel: Channel = Channel.MESSENGER
    page_id: str | None = None
    token: str | None = None
    app_secret: str = "sandbox-app-secret"  # noqa: S105  a known secret is what a sandbox is for
    name: str = "Sandbox Page"
    prefixed_ids: bool = False
    messages_per_second: float = 0.0
    limit_code: int = 613
    conversation_calls_per_second: float = 2.0
    conversation_lag_seconds: float = 0.0
    conversation_page_size: float = 0.0
    conversation_order: str = "newest_first"

    @property
    def node(self) -> str:
        """The id a Page token stands for."""
        return self.page_id or self.external_id

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """All ids the account goes by."""
        return (self.external_id,) if self.page_id is None else (self.external_id, self.page_id)

    @cached_property
    def subscriber(self) -> Subscriber:
        """For whom webhook bodies are made."""
        name = "page" if self.channel is Channel.MESSENGER else "instagram"
        return Subscriber(self.external_id, name, self.app_secret)


@dataclass(frozen=True, slots=True)
class ThreadMessage:
    """One message of a conversation; its id without the `m_` that webhooks put before it."""

    bare_id: str
    at_ms: int
    text: str
    is_from_person: bool


@dataclass(slots=True)
class Person:
    """A person on one account. `opened_ms` is the newest act that opens a window, None if there was none."""

    opened_ms: int | None = None
    thread: list[ThreadMessage] | None = None

    def add_message(self, message: ThreadMessage) -> None:
        """Put a message behind the others and forget what can no longer be read."""
        if self.thread is None:
            self.thread = []
        self.thread.append(message)
        if len(self.thread) > READABLE_MESSAGES:
            self.thread.sort(key=lambda one: one.at_ms)
            del self.thread[0]


@dataclass(slots=True)
class PrivateReply:
    """The right to one message that a comment or a visitor post gave."""

    user_id: str
    given_ms: int
    is_used: bool = False


@dataclass
class CallRate:
    """Counts calls in the last second, by the machine's monotonic clock."""

    starts: deque[float] = field(default_factory=deque)

    def admits(self, now: float, most: float) -> bool:
        """Count this call and tell whether it is within `most` per second. A call refused does not count."""
        while self.starts and self.starts[0] <= now - 1.0:
            self.starts.popleft()
        if len(self.starts) >= most:
            return False
        self.starts.append(now)
        return True


@dataclass
class AccountState:
    """What the platform keeps for one account. `conversations` are ids told so far, with their people."""

    account: Account
    people: dict[str, Person] = field(default_factory=dict)
    private_replies: dict[str, PrivateReply] = field(default_factory=dict)
    attachments: set[str] = field(default_factory=set)
    conversations: dict[str, str] = field(default_factory=dict)
    message_calls: CallRate = field(default_factory=CallRate)
    conversation_calls: CallRate = field(default_factory=CallRate)
    throttled_until: float = 0.0
    throttle_error: GraphError | None = None
    reads_throttled_until: float = 0.0
    reads_throttle_error: GraphError | None = None
    last_message_id: str | None = None

    def record_act(self, act: Act) -> None:
        """Let an act of a person count: it opens a window, or gives the right to one private reply."""
        person = self.people.get(act.user_id)
        if person is None:
            person = self.people[act.user_id] = Person()
        if act.kind in ENTITLING:
            self.private_replies[act.object_id] = PrivateReply(act.user_id, act.at_ms)
            return
        if person.opened_ms is None or act.at_ms > person.opened_ms:
            person.opened_ms = act.at_ms
        if act.kind in WRITING:
            person.add_message(ThreadMessage(act.bare_id, act.at_ms, act.text, is_from_person=True))

    def window_left_ms(self, user_id: str, now_ms: int) -> int | None:
        """Return how long the person's window stays open; 0 or less is closed, None was never open."""
        opened = self.people[user_id].opened_ms
        return None if opened is None else opened + WINDOW_MS - now_ms

    def usable_reply(self, object_id: str, now_ms: int) -> PrivateReply:
        """Return the unused right to answer this comment or post. Raises Refusal if it is unknown, used or too old."""
        right = self.private_replies.get(object_id)
        if right is None or right.is_used or now_ms - right.given_ms >= PRIVATE_REPLY_MS:
            raise Refusal(NO_PRIVATE_REPLY)
        return right
