"""The platform: who may send what to whom, decided on its own clock, and what follows from it. No network in here."""

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeVar

import orjson

from domain.template import Channel
from sandbox.accounts import Account, changed_account
from sandbox.acts import Act, read_act
from sandbox.clock import Clock
from sandbox.errors import (
    ACCOUNT_RESTRICTED,
    NO_MATCHING_INSTAGRAM_USER,
    NO_MATCHING_USER,
    NOT_YOUR_ATTACHMENT,
    OTHER_APP_IN_CONTROL,
    OTHER_APP_IN_CONTROL_INSTAGRAM,
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
from sandbox.events import act_event
from sandbox.faults import LIMIT_ERRORS, FaultBook
from sandbox.message_ids import MessageIds, webhook_id
from sandbox.page_acts import PageAct, perform, read_page_act
from sandbox.people import PRIVATE_REPLY_MS, AccountState, PrivateReply, ThreadMessage
from sandbox.receipts import Sent, answer_to, receipts_of
from sandbox.send_rules import RecipientKind, SendRequest, read_send_request
from sandbox.teller import Due, Teller
from sandbox.truth import AcceptedMessage, TruthLog

# So much that is due is done at most between two calls, when the clock was moved far ahead.
_DUE_MOST: Final = 2000

_Read = TypeVar("_Read")


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
    """All state of the sandbox. `monotonic` gives seconds and is what limits per second are counted by.

    `app_secret` is of accounts that are given none.
    """

    clock: Clock = field(default_factory=Clock)
    truth: TruthLog = field(default_factory=TruthLog)
    faults: FaultBook = field(default_factory=FaultBook)
    teller: Teller = field(default_factory=Teller)
    ids: MessageIds = field(default_factory=MessageIds)
    rules: Rules = field(default_factory=Rules)
    monotonic: Callable[[], float] = time.monotonic
    accounts: dict[str, AccountState] = field(default_factory=dict)
    app_secret: str = "sandbox-app-secret"  # noqa: S105  a known secret is what a sandbox is for
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
        before = state.account if state else Account(external_id, app_secret=self.app_secret)
        account = changed_account(before, item)
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

        An item has account, user_id, kind, and may have occurred_at (now), text, mid, comment_id or post_id, what its
        kind knows besides (`sandbox.acts`), and webhook (true: the platform tells of it too).
        """
        now_ms = self.clock.now_ms()
        acts = [self._read(number, item, read=self._act_of, now_ms=now_ms) for number, item in enumerate(items, 1)]
        for (state, act), item in zip(acts, items, strict=True):
            state.record_act(act)
            if item.get("webhook"):
                event = act_event(state.account.external_id, act, state.account.channel)
                self.teller.tell(state, event, now_ms=now_ms, odd=act.odd)
        return [act.object_id for _, act in acts if act.object_id]

    def page_act(self, items: list[Any]) -> int:
        """Let accounts, other apps and Meta do things, and tell of them; all or none. Returns how many they were."""
        now_ms = self.clock.now_ms()
        acts = [self._read(number, item, read=_page_act_of, now_ms=now_ms) for number, item in enumerate(items, 1)]
        for state, act in acts:
            own_app_id = self.teller.settings_of(state.account.external_id).app_id
            event = perform(state, act, own_app_id=own_app_id, ids=self.ids)
            self.teller.tell(state, event, now_ms=now_ms, odd=act.odd)
        return len(acts)

    def _read(self, number: int, item: Any, *, read: Callable[..., _Read], now_ms: int) -> tuple[AccountState, _Read]:
        """Return the account that one item names, and what `read` makes of the item."""
        try:
            if not isinstance(item, dict):
                raise ControlError("an act is an object")  # noqa: TRY301  one place says which item it is
            state = self.account_of(str(item.get("account")), None)
            if state is None:
                raise ControlError(f"there is no account {item.get('account')!r}")  # noqa: TRY301  the same
            return state, read(item, state.account.channel, now_ms=now_ms)
        except ControlError as error:
            raise ControlError(f"item {number}: {error}") from None

    def _act_of(self, item: Mapping[str, Any], channel: Channel, *, now_ms: int) -> Act:
        """Return the person's act that an item describes."""
        return read_act(item, channel, now_ms=now_ms, ids=self.ids)

    # Telling

    def change_webhooks(self, changes: Mapping[str, Any]) -> None:
        """Change webhook and receipt settings; with `account` among them, receipt settings of that account alone."""
        if "account" not in changes:
            self.teller.change_settings(changes, now_ms=self.clock.now_ms())
            return
        state = self.accounts.get(str(changes["account"]))
        if state is None:
            raise ControlError(f"there is no account {changes['account']!r}")
        own = {name: value for name, value in changes.items() if name != "account"}
        self.teller.change_own_settings(state.account.external_id, own)

    def catch_up(self, *, most: int | None = None) -> None:
        """Do what is due by now, up to `most` of it, and publish what is told."""
        now_ms, done = self.clock.now_ms(), 0
        while (most is None or done < most) and (due := self.teller.schedule.pop(now_ms=now_ms)) is not None:
            self._do(due, now_ms=now_ms)
            done += 1
        self.teller.queue.publish(now_ms=now_ms)

    def tick(self) -> None:
        """Catch up a little, so that calls are answered in between."""
        self.catch_up(most=_DUE_MOST)

    def _do(self, due: Due, *, now_ms: int) -> None:
        """Let something happen whose hour has come."""
        if due.event is not None:
            self.teller.tell(self.accounts[due.account_id], due.event, now_ms=now_ms)
        if due.act is not None:
            self.people_act([due.act])

    # Sending

    def perform(self, post: Post, state: AccountState | None, *, post_number: int) -> Answer:
        """Decide on a POST as Meta would, do what follows, and return the answer. `state` is from `account_of`."""
        try:
            sender = self._sender(state, post)
            _check_proof(sender.account, post)
            if sender.is_blocked:
                raise Refusal(ACCOUNT_RESTRICTED)  # noqa: TRY301  one place turns refusals into answers
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
        if request.recipient in state.thread_owners:
            raise Refusal(OTHER_APP_IN_CONTROL if is_messenger else OTHER_APP_IN_CONTROL_INSTAGRAM)
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
        self._follow_up(state, Sent(account, message, bare_id))
        return message

    def _follow_up(self, state: AccountState, sent: Sent) -> None:
        """Let echo, delivery and read of an accepted message follow, and what its person does next."""
        settings, now_ms = self.teller.settings_of(sent.account.external_id), sent.message.platform_ms
        for due_ms, event in receipts_of(sent, settings):
            self.teller.tell_at(due_ms, state, event, now_ms=now_ms)
        answer = answer_to(sent, settings)
        if answer is not None:
            due = Due(sent.account.external_id, act=answer)
            self.teller.schedule.put(due, due_ms=answer["occurred_at"])


def _page_act_of(item: Mapping[str, Any], channel: Channel, *, now_ms: int) -> PageAct:
    """Return the act without a person that an item describes."""
    return read_page_act(item, channel, now_ms=now_ms)


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
