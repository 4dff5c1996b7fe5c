"""The doors that Meta calls: the challenge of a subscription, and the bodies of webhooks."""

import hmac
import logging
import time
from collections import deque
from ipaddress import ip_address
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse, Response

from domain.errors import InboxFullError, ServiceAwayError
from web.receiver import Receiver
from web.refusals import Refusal, refused
from web.signature import is_signed

logger = logging.getLogger("windowcast.webhooks")

_MOST_GUESSES: Final = 10
_GUESSES_SECONDS: Final = 60.0
_ANY_BODY: Final[dict[str, Any]] = {"requestBody": {"content": {"application/json": {"schema": {}}}}}


def meta_routes(receiver: Receiver) -> APIRouter:
    """Return the routes of `/webhooks/meta`."""
    routes = APIRouter(prefix="/webhooks/meta")
    guesses = _Guesses()

    @routes.get("", response_class=PlainTextResponse, responses=_answers("digits", 400, 403, 429))
    async def subscribe(
        mode: Annotated[Literal["subscribe"], Query(alias="hub.mode")],  # noqa: ARG001  # wrong ones come no further
        token: Annotated[str, Query(alias="hub.verify_token")],
        challenge: Annotated[str, Query(alias="hub.challenge", pattern=r"^[0-9]{1,64}$")],
    ) -> Response:
        """Give back the challenge of a subscription that shows the verify token."""
        if guesses.are_too_many:
            return _refused(receiver, Refusal.TOO_MANY_GUESSES)
        if not hmac.compare_digest(token.encode(errors="replace"), receiver.keys.verify_token):
            guesses.add()
            return _refused(receiver, Refusal.WRONG_TOKEN)
        return PlainTextResponse(challenge)

    @routes.post(
        "", response_class=Response, responses=_answers("nothing", 403, 408, 413, 503), openapi_extra=_ANY_BODY
    )
    async def receive(request: Request) -> Response:
        """Store a signed body, whatever it holds. It is committed before this answers 200."""
        body = await request.body()
        receiver.meters.receive(len(body))
        if not is_signed(body, request.scope["headers"], receiver.keys.app_secrets):
            logger.warning("bad signature", extra={"length": len(body), "client": _address(request)})
            return _refused(receiver, Refusal.BAD_SIGNATURE)
        try:
            await receiver.inbox.store(body)
        except InboxFullError:
            return _refused(receiver, Refusal.INBOX_FULL)
        except ServiceAwayError:
            return _refused(receiver, Refusal.SERVICE_AWAY)
        return Response()

    return routes


class _Guesses:
    """Counts wrong verify tokens: who subscribes shows one now and then, who guesses shows many."""

    def __init__(self) -> None:
        self._at: deque[float] = deque(maxlen=_MOST_GUESSES)

    @property
    def are_too_many(self) -> bool:
        """Say whether so many were wrong within a minute that no token is looked at now."""
        return len(self._at) == _MOST_GUESSES and time.monotonic() - self._at[0] < _GUESSES_SECONDS

    def add(self) -> None:
        self._at.append(time.monotonic())


def _refused(receiver: Receiver, refusal: Refusal) -> Response:
    receiver.meters.refuse(refusal)
    return refused(refusal)


def _address(request: Request) -> str:
    """Return the client's address, or `-`: behind a proxy it is a header's text, which may be anything."""
    try:
        return str(ip_address(request.client.host if request.client else ""))
    except ValueError:
        return "-"


def _answers(content: str, *statuses: int) -> dict[int | str, dict[str, str]]:
    """Describe the answers of a route, for whoever reads the description of the app."""
    answers: dict[int | str, dict[str, str]] = {200: {"description": content}}
    return answers | {status: {"description": "nothing"} for status in statuses}
