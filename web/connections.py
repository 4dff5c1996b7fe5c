"""The connections of the receiver: a bounded number, each with a bounded time and size for all but the body.

uvicorn lets a connection that sends nothing, or a head that never ends, live for ever. The body's bounds are in
`web.body`.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from web.meters import Meters
from web.refusals import Refusal, refuse

# All that is no body: the head, trailers, and the frames of chunks, of which one around a single byte takes six.
_HEAD_BYTES: Final = 64 << 10
_FRAME_BYTES: Final = 6


@dataclass(frozen=True)
class ConnectionLimits:
    """How many connections are served at once, and how long a request's head may take."""

    most: int
    head_seconds: float = 5.0


def bounded(connection_limits: ConnectionLimits, meters: Meters) -> type[HttpToolsProtocol]:
    """Return the protocol of connections within these limits; one too many is answered 503."""

    async def refuse_connection(_: Scope, receive: Receive, send: Send) -> None:
        meters.refuse(Refusal.TOO_MANY_CONNECTIONS)
        await refuse(Refusal.TOO_MANY_CONNECTIONS, receive, send)

    class Bounded(BoundedConnection):
        limits = connection_limits
        too_many = staticmethod(refuse_connection)

    return Bounded


class BoundedConnection(HttpToolsProtocol):
    """One connection."""

    limits: ConnectionLimits
    too_many: Any

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Give the client its time for a first request; one connection too many is heard only to be refused."""
        super().connection_made(transport)
        self._timer: asyncio.TimerHandle | None = None
        self._wire_bytes = self._body_bytes = 0
        if len(self.connections) > 2 * self.limits.most:
            transport.abort()
            return
        if len(self.connections) > self.limits.most:
            self.app = self.too_many
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the clock of the head."""
        self._head_is_here()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless what is no body becomes too long."""
        self._wire_bytes += len(data)
        super().data_received(data)
        if self._wire_bytes - (1 + _FRAME_BYTES) * self._body_bytes > _HEAD_BYTES:
            self._end(b"431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        """Begin to count anew with each request."""
        super().on_message_begin()
        self._wire_bytes = self._body_bytes = 0
        self._expect_head()

    def on_headers_complete(self) -> None:
        """Stop the clock of the head."""
        self._head_is_here()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Count what belongs to the body."""
        self._body_bytes += len(body)
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # what uvicorn would say
        """Answer what is no HTTP."""
        self._end(b"400 Bad Request")

    def _expect_head(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.limits.head_seconds, self._end, b"408 Request Timeout")

    def _head_is_here(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self, status: bytes) -> None:
        """Answer, unless an answer is under way, and end the connection."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(b"HTTP/1.1 %b\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % status)
        self.transport.close()
