"""The reader of one account's conversations: Meta's Conversations API, for what an echo did not tell.

One call is one page, and the caller keeps the pace: the platform allows 2 calls a second for each Page or Instagram
account (Rate limiting, 2026-03-23). Nothing is raised for what the platform says or the network does.
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlencode

from clients.graph.answers import error_in, json_object, wait_seconds
from clients.graph.errors import outcome_of
from clients.graph.messenger import Route, graph_root
from clients.graph.transport import Failure, Reply, Wire, WireLimits
from domain.evidence import LookUpResult, SeenMessage
from domain.outcome import AccountStopped, ProviderAnswer, Throttled, Unknown

_FIELDS: Final = "id,created_time,from,to,message"
_PER_PAGE: Final = 10
# Of whom a message is and from when is all that a window needs, so no text is read for it.
_ACT_FIELDS: Final = "id,created_time,from"
_CONVERSATIONS_PER_PAGE: Final = 25
_ID_IN_A_PATH: Final = re.compile(r"[A-Za-z0-9_.:=-]+")
_OK: Final = 200


@dataclass(frozen=True)
class Page:
    """Messages of one conversation in the platform's order, and where to go on; `after` None is its end."""

    conversation_id: str
    messages: tuple[SeenMessage, ...]
    after: str | None = None


@dataclass(frozen=True)
class ListedConversation:
    """A conversation in the account's list; `messages` are its newest ones, None where the list did not show them.

    `updated_at` is the time of its last message, whoever wrote it, and not of what the person did last.
    """

    conversation_id: str
    updated_at: datetime | None
    messages: Page | None = None


@dataclass(frozen=True)
class ConversationList:
    """A page of the account's conversations, the newest first, and where to go on; `after` None is the list's end."""

    conversations: tuple[ListedConversation, ...]
    after: str | None = None


@dataclass(frozen=True)
class NoPage:
    """Nothing that could be judged, and why. `is_account_stopped`: no other look-up would fare better."""

    result: LookUpResult
    answer: ProviderAnswer
    wait_seconds: float | None = None
    is_account_stopped: bool = False


class ConversationReader:
    """Reads for one account; an async context manager that holds its connection.

    Raises ConfigurationError when `base_url` or `version` cannot be right.
    """

    def __init__(
        self,
        route: Route,
        *,
        base_url: str,
        version: str,
        read_timeout_seconds: float = 20.0,
        connect_timeout_seconds: float = 5.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._route = route
        limits = WireLimits(connections=1, connect_seconds=connect_timeout_seconds, read_seconds=read_timeout_seconds)
        self._wire = Wire(graph_root(base_url, version=version), limits, tls=tls)
        self._headers = {"Authorization": f"Bearer {route.token}"}

    async def __aenter__(self) -> Self:
        await self._wire.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._wire.__aexit__(kind, error, trace)

    async def first_page(self, user_id: str) -> Page | NoPage:
        """Read the newest messages of the account's conversation with a person, in one call.

        `GET /{page}/conversations?platform=&user_id=`, the messages expanded within it (Conversations API, 2026-02-11).
        """
        asked = {
            "platform": self._route.channel,
            "user_id": user_id,
            "fields": f"id,messages.limit({_PER_PAGE}){{{_FIELDS}}}",
        }
        body = await self._get(f"{self._route.post_id}/conversations?{urlencode(asked)}")
        if isinstance(body, NoPage):
            return body
        listed = body.get("data")
        if not isinstance(listed, list) or len(listed) != 1 or not isinstance(listed[0], dict):
            # None at all proves nothing either: a person who wrote has one, so it is only not to be seen.
            return _no_page(LookUpResult.UNCLEAR, "no single conversation with this person can be read")
        conversation_id, messages = listed[0].get("id"), listed[0].get("messages")
        if not isinstance(conversation_id, str) or not isinstance(messages, dict):
            return _no_page(LookUpResult.UNCLEAR, "the conversation shows no messages")
        return _page_of(conversation_id, messages)

    async def next_page(self, page: Page) -> Page | NoPage:
        """Read the messages behind a page that has more. Raises ValueError for one that has none."""
        if page.after is None:
            raise ValueError("There is no further page of this conversation.")
        return await self._messages(page.conversation_id, fields=_FIELDS, after=page.after)

    async def list_conversations(self, *, after: str | None, shows_messages: bool) -> ConversationList | NoPage:
        """Read a page of the account's conversations, the newest first, behind the cursor `after`.

        `GET /{page}/conversations?platform=` (Conversations API, 2026-02-11), which has no filter by time. With
        `shows_messages` the newest messages of each come within it: who wrote them and when, without their texts.
        """
        nested = f",messages.limit({_PER_PAGE}){{{_ACT_FIELDS}}}" if shows_messages else ""
        asked = {
            "platform": self._route.channel,
            "fields": f"id,updated_time{nested}",
            "limit": str(_CONVERSATIONS_PER_PAGE),
            **({} if after is None else {"after": after}),
        }
        body = await self._get(f"{self._route.post_id}/conversations?{urlencode(asked)}")
        return body if isinstance(body, NoPage) else _list_of(body)

    async def read_acts(self, conversation_id: str, *, after: str | None) -> Page | NoPage:
        """Read a page of one conversation's messages, behind the cursor `after`: who wrote them and when, no texts."""
        return await self._messages(conversation_id, fields=_ACT_FIELDS, after=after)

    async def _messages(self, conversation_id: str, *, fields: str, after: str | None) -> Page | NoPage:
        if not _ID_IN_A_PATH.fullmatch(conversation_id):
            return _no_page(LookUpResult.UNCLEAR, "the conversation has an id that cannot be asked for")
        asked = {"fields": fields, "limit": str(_PER_PAGE), **({} if after is None else {"after": after})}
        body = await self._get(f"{conversation_id}/messages?{urlencode(asked)}")
        return body if isinstance(body, NoPage) else _page_of(conversation_id, body)

    async def _get(self, path: str) -> dict[str, Any] | NoPage:
        answer = await self._wire.exchange(self._wire.request_head("GET", f"/{path}", headers=self._headers))
        if isinstance(answer, Failure):
            return _no_page(LookUpResult.NO_ANSWER, answer.words)
        body = json_object(answer.body)
        if (refusal := self._refusal(answer, body)) is not None:
            return refusal
        if answer.status != _OK or not body:
            return _no_page(LookUpResult.NO_ANSWER, f"HTTP {answer.status} without a readable answer")
        return body

    def _refusal(self, reply: Reply, body: Mapping[str, object]) -> NoPage | None:
        error = error_in(body, token=self._route.token)
        if error is None:
            return None
        named = wait_seconds(reply.headers, self._route.account_ids)
        match outcome_of(error, status=reply.status, wait_seconds=named):
            case Throttled(answer=answer, wait_seconds=seconds):
                return NoPage(LookUpResult.THROTTLED, answer, wait_seconds=seconds)
            case AccountStopped(answer=answer):
                return NoPage(LookUpResult.REFUSED, answer, is_account_stopped=True)
            case Unknown(answer=answer):
                return NoPage(LookUpResult.NO_ANSWER, answer)
            case refused:
                return NoPage(LookUpResult.REFUSED, refused.answer)


def _no_page(result: LookUpResult, text: str) -> NoPage:
    return NoPage(result, ProviderAnswer(text=text))


def _page_of(conversation_id: str, listed: Mapping[str, Any]) -> Page | NoPage:
    entries = _entries(listed)
    if entries is None:
        return _no_page(LookUpResult.UNCLEAR, "the messages cannot be read")
    messages = [_message_of(entry) for entry in entries]
    after, is_known = _after(listed)
    if not is_known:
        return _no_page(LookUpResult.UNCLEAR, "there is a further page that cannot be asked for")
    return Page(conversation_id, tuple(messages), after)


def _list_of(listed: Mapping[str, Any]) -> ConversationList | NoPage:
    entries = _entries(listed)
    after, is_known = _after(listed)
    if entries is None or not is_known:
        return _no_page(LookUpResult.UNCLEAR, "the list of conversations cannot be read")
    conversations = [_conversation_of(entry) for entry in entries if isinstance(entry.get("id"), str)]
    return ConversationList(tuple(conversations), after)


def _conversation_of(entry: Mapping[str, Any]) -> ListedConversation:
    shown = entry.get("messages")
    page = _page_of(entry["id"], shown) if isinstance(shown, dict) else None
    return ListedConversation(entry["id"], _moment(entry.get("updated_time")), page if isinstance(page, Page) else None)


def _entries(listed: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    entries = listed.get("data")
    return entries if isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries) else None


def _after(listed: Mapping[str, Any]) -> tuple[str | None, bool]:
    """Return the cursor of the further page, None without one; and whether it is known where to go on."""
    paging = listed.get("paging")
    # The address of the next page is not followed: it holds a token and could lead anywhere.
    has_more = isinstance(paging, dict) and bool(paging.get("next"))
    cursors = paging.get("cursors") if isinstance(paging, dict) else None
    after = cursors.get("after") if isinstance(cursors, dict) else None
    return (after, isinstance(after, str)) if has_more else (None, True)


def _message_of(entry: Mapping[str, Any]) -> SeenMessage:
    receivers = entry.get("to")
    listed = receivers.get("data") if isinstance(receivers, dict) else None
    to_ids = [one for party in listed if (one := _id_of(party)) is not None] if isinstance(listed, list) else []
    message_id, text = entry.get("id"), entry.get("message")
    return SeenMessage(
        message_id=message_id if isinstance(message_id, str) else "",
        created_at=_moment(entry.get("created_time")),
        from_id=_id_of(entry.get("from")),
        to_ids=tuple(to_ids),
        text=text if isinstance(text, str) else None,
    )


def _id_of(party: Any) -> str | None:
    found = party.get("id") if isinstance(party, dict) else None
    return found if isinstance(found, str) and found else None


def _moment(value: Any) -> datetime | None:
    """Return a created_time: the samples show ISO 8601, the prose says seconds since 1970."""
    try:
        if isinstance(value, str) and not value.isdigit():
            moment = datetime.fromisoformat(value)
            return None if moment.tzinfo is None else moment.astimezone(UTC)
        return datetime.fromtimestamp(int(value), tz=UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
