"""The sender of one account: the Send API of the Messenger Platform and of Instagram, through Meta's Graph API."""

import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Final, Self
from urllib.parse import SplitResult, urlsplit

import orjson

from clients.graph.answers import error_in, json_object, outcome_of_failure, outcome_of_reply, usage_percent
from clients.graph.errors import outcome_of
from clients.graph.transport import Failure, Reply, Wire, WireLimits
from domain.errors import ConfigurationError
from domain.outcome import AccountStopped, Outcome, ProviderAnswer, Refused
from domain.template import MediaKind
from domain.window import Entitlement, InteractionKind

_ID_IN_A_PATH: Final = re.compile(r"[A-Za-z0-9_-]+")
_VERSION: Final = re.compile(r"v[0-9]+\.[0-9]+")
_TOKEN: Final = re.compile(r"[!-~]+")


@dataclass(frozen=True)
class Route:
    """Where an account's messages are posted, and with which token.

    `external_id` is the id as webhooks name the account; `page_id` the id to post to, where that is another one (an
    Instagram account linked to a Page). Raises ConfigurationError for ids or a token that cannot be any.
    """

    channel: str
    external_id: str
    page_id: str | None = None
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        for account_id in self.account_ids:
            if not _ID_IN_A_PATH.fullmatch(account_id):
                raise ConfigurationError(f"{account_id!r} cannot be the id of an account; give its digits.")
        if not _TOKEN.fullmatch(self.token):
            raise ConfigurationError(
                f"The token of the account {self.external_id} is empty or holds characters that no token has."
            )

    @property
    def post_id(self) -> str:
        """The id in the path of a send."""
        return self.page_id or self.external_id

    @property
    def account_ids(self) -> tuple[str, ...]:
        """Every id under which the platform may speak of the account."""
        return (self.external_id,) if self.page_id is None else (self.page_id, self.external_id)


class CheckResult(StrEnum):
    """What a look at the account showed."""

    WORKING = "working"
    OTHER_ACCOUNT = "other_account"  # the token works, but for another Page or account
    REFUSED = "refused"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True)
class AccountCheck:
    """The result of a check, the id and name that the token belongs to, and the platform's words if it refused."""

    result: CheckResult
    account_id: str | None = None
    name: str | None = None
    answer: ProviderAnswer = field(default_factory=ProviderAnswer)


class GraphMessenger:
    """Sends for one account; an async context manager that holds its connections.

    `base_url` is scheme, host and port; `version` is the Graph API's, such as v25.0. Raises ConfigurationError when
    one of them cannot be right.
    """

    def __init__(
        self,
        route: Route,
        *,
        base_url: str,
        version: str,
        read_timeout_seconds: float = 20.0,
        connect_timeout_seconds: float = 5.0,
        connections: int = 200,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._route = route
        self._limits = WireLimits(
            connections=connections,
            connect_seconds=connect_timeout_seconds,
            read_seconds=read_timeout_seconds,
        )
        self._wire = Wire(graph_root(base_url, version=version), self._limits, tls=tls)
        headers = {"Authorization": f"Bearer {route.token}"}
        self._check_head = self._wire.request_head("GET", "/me?fields=id,name", headers=headers)
        headers |= {"Content-Type": "application/json"}
        self._send_head = self._wire.request_head("POST", f"/{route.post_id}/messages", headers=headers)
        self._usage: float | None = None

    async def __aenter__(self) -> Self:
        await self._wire.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._wire.__aexit__(kind, error, trace)

    def __repr__(self) -> str:
        return f"GraphMessenger({self._route!r})"

    @property
    def usage(self) -> float | None:
        """The share of the account's limits in percent that the newest answer reported; None if none ever did."""
        return self._usage

    @property
    def longest_send_seconds(self) -> float:
        """The longest that one send can take: a lease has to be longer."""
        return self._limits.longest_exchange_seconds

    async def send(self, recipient_id: str, *, content: Mapping[str, object], metadata: str) -> Outcome:
        """POST one message to a person once and return how it ended.

        `content` is the rendered content, `{"kind": "text", "text": "..."}` or `{"kind": "video", "url": "..."}`;
        `metadata` (under 1,000 characters) comes back in the echo. Raises ValueError for another kind of content,
        before anything is sent, and nothing for what the platform says or the network does. A cancelled send may have
        been sent.
        """
        # UPDATE is Meta's word for a message of our own accord inside the window.
        return await self._post({"id": recipient_id}, "UPDATE", content=content, metadata=metadata)

    async def reply(self, entitlement: Entitlement, *, content: Mapping[str, object], metadata: str) -> Outcome:
        """POST the one private reply to a comment or a visitor's post once, and return how it ended, as `send` does.

        Source: Meta, Private replies (2026-04-16).
        """
        name = "comment_id" if entitlement.kind is InteractionKind.COMMENT else "post_id"
        return await self._post({name: entitlement.object_id}, "RESPONSE", content=content, metadata=metadata)

    async def _post(
        self, recipient: Mapping[str, str], messaging_type: str, *, content: Mapping[str, object], metadata: str
    ) -> Outcome:
        body = {
            "recipient": recipient,
            "messaging_type": messaging_type,
            # Instagram does not document metadata; it does no harm there, and the echo may bring it back.
            "message": {**_message(content), "metadata": metadata},
        }
        answer = await self._wire.exchange(self._send_head, content=_encoded(body))
        if isinstance(answer, Failure):
            return outcome_of_failure(answer)
        self._note_usage(answer)
        return outcome_of_reply(answer, token=self._route.token, account_ids=self._route.account_ids)

    async def check(self) -> AccountCheck:
        """Ask the platform whose token this is. Sends nothing to anybody and raises nothing."""
        answer = await self._wire.exchange(self._check_head)
        if isinstance(answer, Failure):
            return AccountCheck(CheckResult.NO_ANSWER, answer=ProviderAnswer(text=answer.words))
        self._note_usage(answer)
        return self._account_check(answer)

    def _account_check(self, reply: Reply) -> AccountCheck:
        body = json_object(reply.body)
        if (error := error_in(body, token=self._route.token)) is not None:
            outcome = outcome_of(error, status=reply.status)
            is_refusal = isinstance(outcome, AccountStopped | Refused)
            return AccountCheck(CheckResult.REFUSED if is_refusal else CheckResult.NO_ANSWER, answer=outcome.answer)
        account_id, name = body.get("id"), body.get("name")
        if reply.status != 200 or not isinstance(account_id, str):  # noqa: PLR2004 - OK
            return AccountCheck(CheckResult.NO_ANSWER, answer=ProviderAnswer(text=f"HTTP {reply.status}"))
        is_ours = account_id in self._route.account_ids
        return AccountCheck(
            CheckResult.WORKING if is_ours else CheckResult.OTHER_ACCOUNT,
            account_id=account_id,
            name=name if isinstance(name, str) else None,
        )

    def _note_usage(self, reply: Reply) -> None:
        usage = usage_percent(reply.headers)
        if usage is not None:
            self._usage = usage


def graph_root(base_url: str, *, version: str) -> str:
    """Return what every path of the Graph API begins with. Raises ConfigurationError when it cannot be right."""
    return f"{_checked_base_url(base_url)}/{_checked_version(version)}"


def _message(content: Mapping[str, object]) -> dict[str, object]:
    kind, text, url = content.get("kind"), content.get("text"), content.get("url")
    if kind == "text" and isinstance(text, str):
        return {"text": text}
    if kind in list(MediaKind) and isinstance(url, str):
        # Reusable: the platform fetches the file once and not for every person.
        return {"attachment": {"type": kind, "payload": {"url": url, "is_reusable": True}}}
    raise ValueError("The content is not of a kind that can be sent: a text, or an audio, video, image or file.")


def _encoded(body: Mapping[str, object]) -> bytes:
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError:
        # ASCII with escapes: half a surrogate pair in a text becomes the platform's refusal and not our crash.
        return json.dumps(body, separators=(",", ":")).encode("ascii")


def _checked_base_url(base_url: str) -> str:
    try:
        parts = urlsplit(base_url)
        (parts.hostname or "").encode("idna")
        has_port_at_most = parts.port is None or parts.port > 0
    except ValueError:  # of the port, or a host that no name can be
        has_port_at_most = False
    if not has_port_at_most or parts.scheme not in {"http", "https"} or not parts.hostname or _has_more(parts):
        # The address itself is not repeated: a mistaken one may hold a password.
        raise ConfigurationError("The address of the Graph API has to be a scheme, a host and at most a port.")
    return f"{parts.scheme}://{parts.netloc}"


def _has_more(parts: SplitResult) -> bool:
    return bool(parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc)


def _checked_version(version: str) -> str:
    if not _VERSION.fullmatch(version):
        raise ConfigurationError(f"{version!r} is no version of the Graph API; one looks like v25.0.")
    return version
