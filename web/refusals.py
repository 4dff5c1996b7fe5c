"""Why a request is refused, with which status, and how: with an empty body, always."""

import asyncio
from contextlib import suppress
from enum import StrEnum
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Send

# A client that still sends gets this long to read why it is refused: closed at once, it might only see a reset.
_LINGER_SECONDS: Final = 1.0


class Refusal(StrEnum):
    """Why a body was not stored, or a challenge not answered."""

    MALFORMED = "malformed"
    BAD_SIGNATURE = "bad_signature"
    WRONG_TOKEN = "wrong_token"  # noqa: S105  # the name of a reason
    TOO_MANY_GUESSES = "too_many_guesses"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    TOO_MANY_BYTES = "too_many_bytes"
    INBOX_FULL = "inbox_full"
    SERVICE_AWAY = "service_away"


STATUS: Final = {
    Refusal.MALFORMED: 400,
    Refusal.BAD_SIGNATURE: 403,
    Refusal.WRONG_TOKEN: 403,
    Refusal.TOO_MANY_GUESSES: 429,
    Refusal.TOO_LARGE: 413,
    Refusal.TOO_SLOW: 408,
    Refusal.TOO_MANY_CONNECTIONS: 503,
    Refusal.TOO_MANY_BYTES: 503,
    Refusal.INBOX_FULL: 503,
    Refusal.SERVICE_AWAY: 503,
}


def refused(refusal: Refusal) -> Response:
    """Return the answer of a route that refuses."""
    return Response(status_code=STATUS[refusal])


async def refuse(refusal: Refusal, receive: Receive, send: Send) -> None:
    """Answer before the whole body was read, and end the connection."""
    headers = [(b"content-length", b"0"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": STATUS[refusal], "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": True})
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_SECONDS):
            await _read_away(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _read_away(receive: Receive) -> None:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return
