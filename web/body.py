"""Reading a request's body before anything else is done with it: counted as it arrives, within a time and a room.

Starlette has no such limit (https://github.com/Kludex/starlette/issues/2155), so it stands before the whole app.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.refusals import Refusal, refuse

# Bodies up to this size always have room, so that a few large ones keep nobody else out: those of the platform are
# small. The number of connections bounds what they take together.
_SMALL_BYTES: Final = 64 << 10


@dataclass(frozen=True)
class BodyLimits:
    """How long a body may be in bytes, how long it may take, and how many bytes large ones may take together."""

    most_bytes: int
    most_seconds: float = 5.0
    most_bytes_together: int = 64 << 20


class _RefusedError(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


class _GoneError(Exception):
    """The client left in the middle of its body."""


class BoundedBody:
    """Reads the body of each request and hands it to the app in one piece, or refuses it without reading on."""

    def __init__(self, app: ASGIApp, *, limits: BodyLimits, on_refused: Callable[[Refusal], None]) -> None:
        self._app = app
        self._limits = limits
        self._on_refused = on_refused
        self._room = max(limits.most_bytes_together, limits.most_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the app's start and end."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        taken = _Taken()
        try:
            body = await self._read(scope, receive, taken)
            await self._app(scope, _given(body, receive), send)
        except _GoneError:
            return
        except _RefusedError as error:
            self._on_refused(error.refusal)
            await refuse(error.refusal, receive, send)
        finally:
            self._room += taken.byte_count

    async def _read(self, scope: Scope, receive: Receive, taken: "_Taken") -> bytes:
        if _declared(scope) > self._limits.most_bytes:
            raise _RefusedError(Refusal.TOO_LARGE)
        try:
            async with asyncio.timeout(self._limits.most_seconds):
                return await self._collect(receive, taken)
        except TimeoutError:
            raise _RefusedError(Refusal.TOO_SLOW) from None

    async def _collect(self, receive: Receive, taken: "_Taken") -> bytes:
        pieces: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _GoneError
            piece = message.get("body", b"")
            size += len(piece)
            if size > self._limits.most_bytes:
                raise _RefusedError(Refusal.TOO_LARGE)
            if size > _SMALL_BYTES:
                self._take(len(piece), taken)
            pieces.append(piece)
            if not message.get("more_body", False):
                return b"".join(pieces)

    def _take(self, byte_count: int, taken: "_Taken") -> None:
        if byte_count > self._room:
            raise _RefusedError(Refusal.TOO_MANY_BYTES)
        self._room -= byte_count
        taken.byte_count += byte_count


@dataclass
class _Taken:
    """The bytes that one large body has taken from the room."""

    byte_count: int = 0


def _declared(scope: Scope) -> int:
    """Return the length that a request says its body has; the server has seen to it that it is a number."""
    lengths = [value for name, value in scope["headers"] if name == b"content-length" and value.isdigit()]
    return int(lengths[0][:20]) if lengths else 0


def _given(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the whole body once, and then what the client does."""
    is_given = False

    async def give() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return give
