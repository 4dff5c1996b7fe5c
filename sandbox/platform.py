"""The platform: who may send what to whom, decided on its own clock, and what follows from it. No network in here."""

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal
from zlib import crc32

import orjson

from domain.template import Channel
from domain.window import InteractionKind
from sandbox.clock import Clock, milliseconds_from
from sandbox.errors import (
    NO_MATCHING_INSTAGRAM_USER,
    NO_MATCHING_USER,
    NOT_YOUR_ATTACHMENT,
    OUTSIDE_WINDOW,
    OUTSIDE_WINDOW_INSTAGRAM,
    TOKEN_EXPIRED,
    TOKEN_INVALID,
    TOKEN_MISSING,
    WRONG_PROOF,
    ControlError,
    GraphError,
    Refusal,
    error_body,
    no_such_object,
)
from sandbox.events import ENTITLING, NOT_ON, Act, Event, act_event, delivery_event, echo_event, read_event
from sandbox.faults import LIMIT_ERRORS, FaultBook
from sandbox.message_ids import MessageIds, webhook_id
from sandbox.people import CONVERSATION_ORDERS, PRIVATE_REPLY_MS, Account, AccountState, PrivateReply, ThreadMessage
from sandbox.send_rules import RecipientKind, SendRequest, read_send_request
from sandbox.truth import AcceptedMessage, TruthLog
from sandbox.webhooks import WebhookQueue

# A person's act further ahead of the platform's clock than this is a mistake of the test that made it.
_FUTURE_TOLERANCE_MS: Final = 60_000

_ACT_FIELDS: Final = frozenset(
    {"account", "user_id", "kind", "occurred_at", "webhook", "text", "mid", "comment_id", "post_id"}
)
_ACCOUNT_NUMBERS: Final = frozenset(
    {
        "messages_per_second",
        "conversation_calls_per_second",
        "conversation_lag_seconds",
        "conversation_page_size",
    }
)
_WITH_MESSAGE_ID: Final = frozenset(
    {InteractionKind.MESSAGE, InteractionKind.AD_MESSAGE, InteractionKind.POSTBACK, InteractionKind.REACTION}
)


@dataclass(frozen=True)
class Rules:
    """Which of Meta's rules hold. Without `window_rule` messages outside the window are taken, and count as late."""

    window_rule: bool = True


@dataclass(frozen=True, slots=True)
class Post:
    """A POST to the Send API: the object of its path, the token, all parameters, and when it came (monotonic)."""

    node: str
    token: str | None
    parameters: Mapping[str, Any]
    arrived: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What the platform answers, and the message if it took one."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    error: GraphError | None = None
    message: AcceptedMessage | None = None


@dataclass(frozen=True, slots=True)
class _Permission:
    """Why a message may go to this person now: by the window or as a private reply, and how long that lasts."""

    user_id: str
    allowed_by: Literal["window", "private_reply"]
    left_ms: int | None
    reply: PrivateReply | None = None


def error_answer(error: GraphError, *, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """Return the answer that carries an error."""
    return Answer(error.http_status, error_body(error), error.headers + headers, error=error)


@dataclass
class Platform:
    """All state of the sandbox. `monotonic` gives seconds and is what limits per second are counted by."""

    clock: Clock = field(default_factory=Clock)
    truth: TruthLog = field(default_factory=TruthLog)
    faults: FaultBook = field(default_factory=FaultBook)
    webhooks: WebhookQueue = field(default_factory=WebhookQueue)
    ids: MessageIds = field(default_factory=MessageIds)
    rules: Rules = field(default_factory=Rules)
    monotonic: Callable[[], float] = time.monotonic
    accounts: dict[str, AccountState] = field(default_factory=dict)
    unsubscribed: set[str] = field(default_factory=set)
    _by_node: dict[str, list[AccountState]] = field(default_factory=dict)
    _by_token: dict[str, list[AccountState]] = field(default_factory=dict)
    _former_tokens: set[str] = field(default_factory=set)

    # Accounts

    def put_account(self, item: Mapping[str, Any]) -> Account:
        """Create an account, or change the given fields of one that exists. Raises ControlError for bad fields."""
        external_id = item.get("external_id")
        if not isinstance(external_id, str) or not external_id:
            raise ControlError("an account has an external_id, a text")
        state = self.accounts.get(external_id)
        before = state.account if state else Account(external_id)
        account = _changed_account(before, item)
        if before.token is not None and before.token != account.token:
            self._former_tokens.add(before.token)
        if state is None:
            self.accounts[external_id] = AccountState(account)
        else:
            state.account = account
        self._index_accounts()
        return account

    def _index_accounts(self) -> None:
        """Make the ways from an id and from a token to accounts anew."""
        self._by_node, self._by_token = {}, {}
        for state in self.accounts.values():
            for node in dict.fromkeys(state.account.ids):
                self._by_node.setdefault(node, []).append(state)
            if state.account.token is not None:
                self._by_token.setdefault(state.account.token, []).append(state)

    def account_of(self, node: str, token: str | None, *, person: str | None = None) -> AccountState | None:
        """Return the account a call is about, whether or not its token is right; of several, the one knowing `person`.

        A Page and the Instagram account linked to it share the Page's id and token.
        """
        states = self._by_token.get(token or "", []) if node == "me" else self._by_node.get(node, [])
        if len(states) <= 1:
            return states[0] if states else None
        holding = [state for state in states if state.account.token == token] or states
        knowing = [state for state in holding if person in state.people or person in state.private_replies]
        return (knowing or holding)[0]

    def accounts_with(self, token: str | None) -> list[AccountState]:
        """Return the accounts a token is of. Raises Refusal with 104 without a token, 190 if it is of none."""
        if token is None:
            raise Refusal(TOKEN_MISSING)
        if token not in self._by_token:
            raise Refusal(TOKEN_EXPIRED if token in self._former_tokens else TOKEN_INVALID)
        return self._by_token[token]

    def _sender(self, state: AccountState | None, post: Post) -> AccountState:
        """Return the account if the POST's token is its own, or raise Refusal: 104, 190, or 100/33 for another's."""
        if state is None or state.account.token is None or state.account.token != post.token:
            self.accounts_with(post.token)
            raise Refusal(no_such_object("POST", post.node))
        return state

    # People

    def people_act(self, items: list[Any]) -> list[str]:
        """Let people do things: all, or none if one makes no sense (ControlError). Returns ids of comments and posts.

        An item has account, user_id, kind, and may have occurred_at (now), text, mid, comment_id or post_id, and
        webhook (true: the platform tells of it too).
        """
        now_ms = self.clock.now_ms()
        acts = [self._read_act(number, item, now_ms=now_ms) for number, item in enumerate(items, start=1)]
        for (state, act), item in zip(acts, items, strict=True):
            state.record_act(act)
            if item.get("webhook"):
                account = state.account
                event = act_event(account.external_id, act, account.channel)
                self._emit(account, event, now_ms=now_ms)
        return [act.object_id for _, act in acts if act.object_id]

    def _read_act(self, number: int, item: Any, *, now_ms: int) -> tuple[AccountState, Act]:
        """Return the account and the act that one item describes."""
        try:
            return self._checked_act(item, now_ms=now_ms)
        except ControlError as error:
            raise ControlError(f"item {number}: {error}") from None

    def _checked_act(self, item: Any, *, now_ms: int) -> tuple[AccountState, Act]:
        """Return the account and the act, or raise ControlError."""
        if not isinstance(item, dict) or not item.keys() <= _ACT_FIELDS:
            raise ControlError(f"a person's act is an object with {', '.join(sorted(_ACT_FIELDS))}")
        state = self.account_of(str(item.get("account")), None)
        if state is None:
            raise ControlError(f"there is no account {item.get('account')!r}")
        user_id = item.get("user_id")
        if not isinstance(user_id, str) or not (user_id.isascii() and user_id.isdigit()):
            raise ControlError(f"user_id is a text of digits, not {user_id!r}")
        kind = _kind_on(item.get("kind", "message"), state.account.channel)
        at_ms = milliseconds_from(item["occurred_at"]) if "occurred_at" in item else now_ms
        if at_ms > now_ms + _FUTURE_TOLERANCE_MS:
            raise ControlError("occurred_at lies ahead of the sandbox's clock; move the clock first")
        return state, self._act(item, kind, user_id=user_id, at_ms=at_ms, channel=state.account.channel)

    def _act(
        self, item: Mapping[str, Any], kind: InteractionKind, *, user_id: str, at_ms: int, channel: Channel
    ) -> Act:
        """Return the act, with ids made up where none are given."""
        text = str(item.get("text", "Hello"))
        if kind in ENTITLING:
            given = item.get("comment_id") or item.get("post_id")
            return Act(user_id, kind, at_ms, text, object_id=str(given or f"{self.ids.digits()}_{self.ids.digits()}"))
        if kind not in _WITH_MESSAGE_ID:
            return Act(user_id, kind, at_ms, text)
        given = item.get("mid")
        return Act(
            user_id, kind, at_ms, text, bare_id=str(given).removeprefix("m_") if given else self.ids.bare(channel)
        )

    # Sending

    def perform(self, post: Post, state: AccountState | None, *, post_number: int) -> Answer:
        """Decide on a POST as Meta would, do what follows, and return the answer. `state` is from `account_of`."""
        try:
            sender = self._sender(state, post)
            _check_proof(sender.account, post)
            self._check_limits(sender)
            return self._send(sender, post, post_number=post_number)
        except Refusal as refusal:
            return error_answer(refusal.error)

    def throttle(self, state: AccountState, error: GraphError, *, seconds: float) -> None:
        """Answer all POSTs of the account with this error for `seconds` from now."""
        state.throttled_until = self.monotonic() + seconds
        state.throttle_error = error

    def throttle_reads(self, state: AccountState, error: GraphError, *, seconds: float) -> None:
        """Answer all reads of the account's conversations with this error for `seconds` from now."""
        state.reads_throttled_until = self.monotonic() + seconds
        state.reads_throttle_error = error

    def clear_faults(self) -> None:
        """Forget all fault rules and end all throttles."""
        self.faults.clear()
        for state in self.accounts.values():
            state.throttled_until = state.reads_throttled_until = 0.0

    def _check_limits(self, state: AccountState) -> None:
        """Refuse with a throttling error while a throttle lasts, or above the account's messages per second."""
        now, account = self.monotonic(), state.account
        if now < state.throttled_until and state.throttle_error is not None:
            minutes = int((state.throttled_until - now) // 60)
            raise Refusal(_with_usage(state.throttle_error, account, minutes=minutes))
        if account.messages_per_second and not state.message_calls.admits(now, account.messages_per_second):
            raise Refusal(_with_usage(LIMIT_ERRORS[account.limit_code], account, minutes=0))

    def _send(self, state: AccountState, post: Post, *, post_number: int) -> Answer:
        """Take the message, or raise Refusal."""
        request = read_send_request(post.parameters, state.account.channel)
        now_ms = self.clock.now_ms()
        permission = self._permission(state, request, now_ms)
        if not state.attachments.issuperset(request.attachment_ids):
            raise Refusal(NOT_YOUR_ATTACHMENT)
        if request.sender_action is not None:
            return Answer(200, orjson.dumps({"recipient_id": permission.user_id}))
        message = self._accept(state, request, permission, post=post, post_number=post_number, now_ms=now_ms)
        body = orjson.dumps({"recipient_id": message.recipient_id, "message_id": message.message_id})
        return Answer(200, body, message=message)

    def _permission(self, state: AccountState, request: SendRequest, now_ms: int) -> _Permission:
        """Return why the message may go, or raise Refusal. At 24 hours and 0 seconds the window is closed."""
        is_messenger = state.account.channel is Channel.MESSENGER
        if request.recipient_kind is not RecipientKind.USER:
            reply = state.usable_reply(request.recipient, now_ms)
            left_ms = reply.given_ms + PRIVATE_REPLY_MS - now_ms
            return _Permission(reply.user_id, "private_reply", left_ms, reply)
        if request.recipient not in state.people:
            raise Refusal(NO_MATCHING_USER if is_messenger else NO_MATCHING_INSTAGRAM_USER)
        left = state.window_left_ms(request.recipient, now_ms)
        if self.rules.window_rule and (left is None or left <= 0):
            raise Refusal(OUTSIDE_WINDOW if is_messenger else OUTSIDE_WINDOW_INSTAGRAM)
        return _Permission(request.recipient, "window", left)

    def _accept(
        self,
        state: AccountState,
        request: SendRequest,
        permission: _Permission,
        *,
        post: Post,
        post_number: int,
        now_ms: int,
    ) -> AcceptedMessage:
        """Log the message as accepted, put it into the conversation, and let the events follow."""
        account, user_id, left_ms = state.account, permission.user_id, permission.left_ms
        bare_id = self.ids.bare(account.channel)
        message = AcceptedMessage(
            number=self.truth.next_accepted_number(),
            post_number=post_number,
            account=account.external_id,
            recipient_id=user_id,
            message_id=webhook_id(bare_id, account.channel) if account.prefixed_ids else bare_id,
            text=request.text,
            metadata=request.metadata,
            platform_ms=now_ms,
            arrived=post.arrived,
            allowed_by=permission.allowed_by,
            window_open=left_ms is not None and left_ms > 0,
            window_left_seconds=None if left_ms is None else left_ms / 1000,
        )
        self.truth.add_accepted(message, request.content)
        if permission.reply is not None:
            permission.reply.is_used = True
        state.last_message_id = message.message_id
        seen = ThreadMessage(bare_id, now_ms, request.text or "", is_from_person=False)
        state.people[user_id].add_message(seen)
        self._tell(account, message, bare_id)
        return message

    def _tell(self, account: Account, message: AcceptedMessage, bare_id: str) -> None:
        """Let echo, delivery and read of an accepted message follow, as the settings say."""
        settings = self.webhooks.settings
        user_id, at_ms, mid = message.recipient_id, message.platform_ms, webhook_id(bare_id, account.channel)
        is_messenger = account.channel is Channel.MESSENGER
        events = []
        if settings.echo:
            parts = _echo_parts(
                message, mid, app_id=settings.app_id if is_messenger or settings.instagram_metadata else None
            )
            events.append(echo_event(account.external_id, user_id, at_ms=at_ms, message=parts))
        if settings.delivery and is_messenger:
            events.append(delivery_event(account.external_id, user_id, at_ms=at_ms, mid=mid))
        if crc32(user_id.encode()) < settings.read_share * 2**32:
            events.append(read_event(account.external_id, user_id, at_ms=at_ms, mid=mid, channel=account.channel))
        for event in events:
            self._emit(account, event, now_ms=at_ms)

    def _emit(self, account: Account, event: Event, *, now_ms: int) -> None:
        """Queue an event, unless the account was unsubscribed because its webhooks failed for too long."""
        if account.external_id not in self.unsubscribed:
            self.webhooks.add(account.subscriber, event, now_ms=now_ms)


def _echo_parts(message: AcceptedMessage, mid: str, *, app_id: int | None) -> dict[str, Any]:
    """Return what an echo says of the message. Without an app_id it carries no metadata either (Instagram)."""
    parts: dict[str, Any] = {"mid": mid}
    if app_id is not None:
        parts["app_id"] = app_id
        if message.metadata is not None:
            parts["metadata"] = message.metadata
    if message.text is not None:
        parts["text"] = message.text
    return parts


def _kind_on(value: object, channel: Channel) -> InteractionKind:
    """Return the kind of act, if people can do that on the channel."""
    if value not in list(InteractionKind) or value in NOT_ON[channel]:
        kinds = sorted(set(InteractionKind) - NOT_ON[channel])
        raise ControlError(f"there is no kind {value!r} on {channel}; there are {', '.join(kinds)}")
    return InteractionKind(str(value))


def _changed_account(before: Account, item: Mapping[str, Any]) -> Account:
    """Return the account with the given fields changed."""
    known = {name: item[name] for name in Account.__dataclass_fields__ if name in item}
    unknown = sorted(set(item) - set(known))
    if unknown:
        raise ControlError(f"an account has no {unknown[0]!r}")
    if known.get("channel", Channel.MESSENGER) not in list(Channel):
        raise ControlError(f"there is no channel {known['channel']!r}; there are {', '.join(Channel)}")
    if known.get("limit_code", 613) not in LIMIT_ERRORS:
        raise ControlError(f"limit_code is one of {', '.join(map(str, LIMIT_ERRORS))}")
    _check_account_types(known)
    account = replace(before, **known)
    return replace(account, channel=Channel(account.channel), token=account.token or None)


def _check_account_types(known: Mapping[str, Any]) -> None:
    """Refuse texts and numbers of another type; only a token and a page_id may be null."""
    for name in known.keys() & {"token", "page_id", "app_secret", "name"}:
        if not isinstance(known[name], str) and (known[name] is not None or name not in ("token", "page_id")):
            raise ControlError(f"{name} of an account cannot be {known[name]!r}")
    if known.get("conversation_order", CONVERSATION_ORDERS[0]) not in CONVERSATION_ORDERS:
        raise ControlError(f"conversation_order is one of {', '.join(CONVERSATION_ORDERS)}")
    for name in known.keys() & _ACCOUNT_NUMBERS:
        if not isinstance(known[name], (int, float)) or known[name] < 0:
            raise ControlError(f"{name} is a number from 0 on")


def _check_proof(account: Account, post: Post) -> None:
    """Refuse a wrong appsecret_proof; none is needed. Formula: facts/meta.md section 1."""
    given = post.parameters.get("appsecret_proof")
    if given is None or post.token is None:
        return
    right = hmac.new(account.app_secret.encode(), post.token.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(right.encode(), str(given).encode()):
        raise Refusal(WRONG_PROOF)


def _with_usage(error: GraphError, account: Account, *, minutes: int) -> GraphError:
    """Return the throttling error with the usage header; `minutes` until access is regained."""
    usage = {
        account.node: [
            {
                "type": account.channel.value,
                "call_count": 100,
                "total_cputime": 20,
                "total_time": 20,
                "estimated_time_to_regain_access": minutes,
            }
        ]
    }
    header = ("X-Business-Use-Case-Usage", orjson.dumps(usage).decode())
    return replace(error, headers=(*error.headers, header))
