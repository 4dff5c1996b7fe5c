"""What can be read: whom a token stands for, conversations, their newest messages. Source: facts/meta.md section 8."""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, Final
from zlib import crc32

from domain.template import Channel
from sandbox.accounts import Account
from sandbox.clock import graph_time
from sandbox.errors import MESSAGE_DELETED, GraphError, Refusal, bad_parameter, no_such_object
from sandbox.graph_fields import GraphField, read_fields
from sandbox.message_ids import webhook_id
from sandbox.people import AccountState, ThreadMessage
from sandbox.platform import Platform

_CONVERSATION_LIMIT: Final = 25
_CONVERSATION_LIMIT_MOST: Final = 500
_MESSAGE_FIELDS: Final = (GraphField("id"), GraphField("created_time"))

Json = dict[str, Any]
Maker = Callable[[GraphField], Any]


def read_account(state: AccountState, node: str, query: Mapping[str, str]) -> Json:
    """Return the Page (or the Instagram account, if `node` is its own id) that the token stands for."""
    account = state.account
    is_instagram = account.channel is Channel.INSTAGRAM and node == account.external_id
    makers: dict[str, Maker] = {
        "id": lambda _: account.external_id if is_instagram else account.node,
        "name": lambda _: account.name,
    }
    if is_instagram:
        makers["username"] = lambda _: account.name.lower().replace(" ", ".")
    elif account.channel is Channel.INSTAGRAM:
        makers["instagram_business_account"] = lambda _: {"id": account.external_id}
    return _shaped(read_fields(query.get("fields") or "name,id"), makers, "IGUser" if is_instagram else "Page")


def list_conversations(platform: Platform, states: list[AccountState], query: Mapping[str, str]) -> Json:
    """Return the conversations of the account on `platform` (messenger if not said), newest first, perhaps one user's.

    Pages by an `after` cursor. Raises Refusal for a channel, field or limit that is unknown, and above the rate.
    """
    channel = query.get("platform", Channel.MESSENGER)
    if channel not in list(Channel):
        raise Refusal(bad_parameter(f"Param platform must be one of {{{', '.join(Channel)}}}"))
    state = next((one for one in states if one.account.channel == channel), None)
    if state is None:
        return {"data": []}
    check_read_rate(platform, state)
    fields = read_fields(query.get("fields") or "id,updated_time")
    users = _users_with_thread(state, query.get("user_id"), now_ms=platform.clock.now_ms())
    first, limit = _cursor(query.get("after")), _limit(query.get("limit"))
    page = users[first : first + limit]
    now_ms = platform.clock.now_ms()
    listed: Json = {"data": [_conversation(state, user, fields, now_ms=now_ms) for user in page]}
    if (end := first + limit) < len(users):
        # Meta's address of the next page holds the caller's token; nobody should follow this one.
        address = f"https://graph.facebook.invalid/{state.account.node}/conversations?after={end}"
        listed["paging"] = {"cursors": {"before": str(first), "after": str(end)}, "next": address}
    return listed


def read_object(platform: Platform, states: list[AccountState], node: str, query: Mapping[str, str]) -> Json:
    """Return a conversation or one message of the token's accounts.

    Raises Refusal: 9000001 for a message beyond the 20 newest, 100/33 for an id that nobody knows.
    """
    for state in states:
        user = state.conversations.get(node)
        if user is not None:
            check_read_rate(platform, state)
            fields = read_fields(query.get("fields") or "id,updated_time")
            return _conversation(state, user, fields, now_ms=platform.clock.now_ms())
        found = _message_in(state, node)
        if found is not None:
            check_read_rate(platform, state)
            return _message(state.account, found[0], found[1], read_fields(query.get("fields") or "id,created_time"))
    if _was_accepted(platform, states, node):
        raise Refusal(MESSAGE_DELETED)
    raise Refusal(no_such_object("GET", node))


def list_messages(platform: Platform, states: list[AccountState], node: str, query: Mapping[str, str]) -> Json:
    """Return a page of a conversation's messages, behind the `after` cursor.

    Raises Refusal: 100/33 for an id that is no conversation of the token's accounts.
    """
    for state in states:
        user = state.conversations.get(node)
        if user is not None:
            check_read_rate(platform, state)
            asked = GraphField("messages", _limit(query.get("limit")), read_fields(query.get("fields") or "id"))
            thread = _shown(state, user, now_ms=platform.clock.now_ms())
            return _message_page(state.account, user, thread, asked, first=_cursor(query.get("after")))
    raise Refusal(no_such_object("GET", node))


def reads_conversations(states: list[AccountState], node: str, edge: str) -> AccountState | None:
    """Return the account whose conversations a read is about, None for any other read."""
    if edge == "conversations":
        return states[0]
    return next((state for state in states if node in state.conversations), None)


def check_read_rate(platform: Platform, state: AccountState) -> None:
    """Refuse while a throttle of reads lasts, and above the account's conversation calls per second."""
    if platform.monotonic() < state.reads_throttled_until and state.reads_throttle_error is not None:
        raise Refusal(state.reads_throttle_error)
    most = state.account.conversation_calls_per_second
    if most and not state.conversation_calls.admits(platform.monotonic(), most):
        raise Refusal(
            GraphError(613, None, "(#613) Calls to this api have exceeded the rate limit.", is_transient=True)
        )


def conversation_id(account: Account, user_id: str) -> str:
    """Return the id of the conversation with this person: the same each time, and saying nothing."""
    digest = blake2b(f"{account.external_id}/{user_id}".encode(), digest_size=12).hexdigest()
    if account.channel is Channel.INSTAGRAM:
        return f"aWdfZAG06{digest}"
    return f"t_{int(digest[:12], 16)}"


def _users_with_thread(state: AccountState, user_id: str | None, *, now_ms: int) -> list[str]:
    """Return the people with messages that show, the newest first; only this one if a user is named."""
    users = state.people if user_id is None else state.people.keys() & {user_id}
    shown = {user: _shown(state, user, now_ms=now_ms) for user in users}
    newest = {user: max(one.at_ms for one in thread) for user, thread in shown.items() if thread}
    return sorted(newest, key=lambda user: -newest[user])


def _shown(state: AccountState, user: str, *, now_ms: int) -> list[ThreadMessage]:
    """Return the messages with a person as a read shows them: those past the lag, in the account's order."""
    lag_ms = state.account.conversation_lag_seconds * 1000
    thread = [one for one in state.people[user].thread or () if one.at_ms + lag_ms <= now_ms]
    match state.account.conversation_order:
        case "oldest_first":
            return sorted(thread, key=lambda one: one.at_ms)
        case "shuffled":
            return sorted(thread, key=lambda one: crc32(one.bare_id.encode()))
        case _:
            return sorted(thread, key=lambda one: -one.at_ms)


def _message_page(
    account: Account, user: str, thread: list[ThreadMessage], asked: GraphField, *, first: int = 0
) -> Json:
    """Return messages from place `first` on, with a cursor and an address behind them if there are more."""
    size = _CONVERSATION_LIMIT if asked.limit is None else asked.limit
    end = first + min(size, int(account.conversation_page_size) or size)
    page: Json = {
        "data": [_message(account, user, one, asked.nested or _MESSAGE_FIELDS) for one in thread[first:end]],
        "paging": {"cursors": {"before": str(first), "after": str(end)}},
    }
    if end < len(thread):
        # Meta's address holds the caller's token; nobody should follow this one.
        page["paging"]["next"] = f"https://graph.facebook.invalid/{conversation_id(account, user)}/messages?after={end}"
    return page


def _message_in(state: AccountState, node: str) -> tuple[str, ThreadMessage] | None:
    """Return the person and the message of this id, if it can still be read."""
    bare_id = node.removeprefix("m_")
    for user, person in state.people.items():
        for message in person.thread or ():
            if message.bare_id == bare_id:
                return user, message
    return None


def _was_accepted(platform: Platform, states: list[AccountState], node: str) -> bool:
    """Tell whether the platform once took a message of this id for one of the accounts."""
    names = {state.account.external_id for state in states}
    bare_id = node.removeprefix("m_")
    accepted = platform.truth.accepted
    return any(one.account in names and one.message_id.removeprefix("m_") == bare_id for one in accepted)


def _conversation(state: AccountState, user: str, fields: tuple[GraphField, ...], *, now_ms: int) -> Json:
    """Return the asked fields of one conversation; its id comes in any case."""
    thread = _shown(state, user, now_ms=now_ms)
    account = state.account
    # An id can only be learnt here, so here is where it is remembered: nobody is searched for by it.
    own_id = conversation_id(account, user)
    state.conversations[own_id] = user

    makers: dict[str, Maker] = {
        "id": lambda _: own_id,
        "updated_time": lambda _: graph_time(max((one.at_ms for one in thread), default=now_ms)),
        "message_count": lambda _: len(thread),
        "participants": lambda _: {"data": [_party(account, user), _party(account, None)]},
        "messages": lambda asked: _message_page(account, user, thread, asked),
    }
    return {**_shaped(fields, makers, "UnifiedThread"), "id": own_id}


def _message(account: Account, user: str, message: ThreadMessage, fields: tuple[GraphField, ...]) -> Json:
    """Return the asked fields of one message; its id comes in any case. There is no metadata on reads."""
    sender, receiver = (user, None) if message.is_from_person else (None, user)
    mid = webhook_id(message.bare_id, account.channel)
    makers: dict[str, Maker] = {
        "id": lambda _: mid,
        "created_time": lambda _: graph_time(message.at_ms),
        "from": lambda _: _party(account, sender),
        "to": lambda _: {"data": [_party(account, receiver)]},
        "message": lambda _: message.text,
    }
    return {**_shaped(fields, makers, "UnifiedMessage"), "id": mid}


def _party(account: Account, user: str | None) -> Json:
    """Return a participant: a person, or the account itself for None."""
    name, party = (account.name, account.external_id) if user is None else (f"Person {user}", user)
    if account.channel is Channel.INSTAGRAM:
        return {"username": name.lower().replace(" ", "."), "id": party}
    return {"name": name, "email": f"{party}@sandbox.invalid", "id": party}


def _shaped(fields: tuple[GraphField, ...], makers: Mapping[str, Maker], node_type: str) -> Json:
    """Return the fields that were asked for. Raises Refusal with error 100 for one the object does not have."""
    for one in fields:
        if one.name not in makers:
            text = f"Tried accessing nonexisting field ({one.name}) on node type ({node_type})"
            raise Refusal(bad_parameter(text))
    return {one.name: makers[one.name](one) for one in fields}


def _cursor(text: str | None) -> int:
    """Return where a page begins."""
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit()):
        raise Refusal(bad_parameter("Invalid cursor"))
    return int(text)


def _limit(text: str | None) -> int:
    """Return how many conversations a page holds."""
    if text is None:
        return _CONVERSATION_LIMIT
    if not (text.isascii() and text.isdigit()) or not 0 < int(text) <= _CONVERSATION_LIMIT_MOST:
        raise Refusal(bad_parameter(f"Param limit must be from 1 to {_CONVERSATION_LIMIT_MOST}"))
    return int(text)
