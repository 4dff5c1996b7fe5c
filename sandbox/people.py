"""What the platform knows of each person on an account: windows, private replies, the newest messages, who holds it."""

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Final

from sandbox.accounts import Account
from sandbox.acts import ENTITLING, OPENING, REMOVING, WRITING, Act, ActKind
from sandbox.errors import NO_PRIVATE_REPLY, GraphError, Refusal

# Not taken from `domain`: the platform has its own clock and its own rule, and ours is tested against it.
WINDOW_MS: Final = 24 * 3_600_000
PRIVATE_REPLY_MS: Final = 7 * 24 * 3_600_000

# Of a conversation only the 20 newest messages can be read (facts/meta.md section 8).
READABLE_MESSAGES: Final = 20


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

    def change_message(self, act: Act) -> None:
        """Let the message be edited or unsent; one that can no longer be read stays as it is."""
        thread = self.thread or []
        for place, message in enumerate(thread):
            if message.bare_id == act.bare_id and message.is_from_person:
                thread[place : place + 1] = [] if act.kind is ActKind.UNSEND else [replace(message, text=act.text)]
                return


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
    # Which other app owns a person's thread, and whether the policy forbids the account to send.
    thread_owners: dict[str, str] = field(default_factory=dict)
    is_blocked: bool = False

    def person(self, user_id: str) -> Person:
        """Return the person, from now on known to the account."""
        person = self.people.get(user_id)
        if person is None:
            person = self.people[user_id] = Person()
        return person

    def own_thread(self, user_id: str, app_id: str | None) -> None:
        """Let another app own a person's thread, or our own (None)."""
        if app_id is None:
            self.thread_owners.pop(user_id, None)
        else:
            self.thread_owners[user_id] = app_id

    def record_act(self, act: Act) -> None:
        """Let an act of a person count: it opens a window, gives the right to one private reply, or takes it back."""
        if not act.user_id:
            return
        person = self.person(act.user_id)
        if act.kind in ENTITLING:
            self.private_replies[act.object_id] = PrivateReply(act.user_id, act.at_ms)
        elif act.kind in REMOVING:
            self.private_replies.pop(act.object_id, None)
        elif act.kind in (ActKind.EDIT, ActKind.UNSEND):
            person.change_message(act)
        if act.kind in OPENING and (person.opened_ms is None or act.at_ms > person.opened_ms):
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
