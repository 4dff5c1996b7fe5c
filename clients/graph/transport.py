"""The wire to the Graph API: one request, at most one exchange, and for every fault whether a byte may have left.

The choice of HTTP library is made here and nowhere else: it is aiohttp, bare. Decision 8 says why, and
`benchmarks/sending.py` measures it beside the alternatives in one run.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Final, Self

import aiohttp

# A server's usual keep-alive is 5 s or longer. A connection that has been idle for less than half of that is not about
# to be closed under a request (which would make the message unknown); a new one costs a slow sender one handshake.
KEEPALIVE_SECONDS: Final = 2.0

# An answer of the Send API has a few hundred bytes. What is longer than this is no answer of it.
MAX_ANSWER_BYTES: Final = 256 * 1024

# The only exceptions that aiohttp raises while it has no connection yet, so that no byte of a request can have left:
# name not found, refused, unreachable, TLS failed (subclasses of ClientConnectorError), and too slow in any of it.
_BEFORE_THE_FIRST_BYTE: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)

# What a person reads of each exception; the first that fits counts, so the particular stand before the general.
_WORDS: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (aiohttp.ClientConnectorDNSError, "its name is not known"),
    (aiohttp.ClientConnectorCertificateError, "its certificate is not trusted"),
    (aiohttp.ClientSSLError, "no secure connection could be made"),
    (aiohttp.ClientConnectorError, "the connection was refused"),
    (aiohttp.ConnectionTimeoutError, "no connection within the time for it"),
    (aiohttp.ServerDisconnectedError, "it hung up without an answer"),
    (aiohttp.ClientResponseError, "the answer was no HTTP"),
    (aiohttp.ClientPayloadError, "the answer broke off"),
    (TimeoutError, "no whole answer within the time for it"),
    (ValueError, "the answer was far too long"),
)


class Fault(StrEnum):
    """Why there is no whole answer. Only the first two prove that nothing was sent."""

    NO_FREE_CONNECTION = "no_free_connection"
    NOT_CONNECTED = "not_connected"
    NO_ANSWER = "no_answer"
    BROKEN_ANSWER = "broken_answer"


@dataclass(frozen=True)
class Failure:
    """An exchange without a whole answer, and in words why: nothing else is kept of the exception."""

    fault: Fault
    words: str


@dataclass(frozen=True)
class Reply:
    """A whole answer: HTTP status, headers (any case), body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class WireLimits:
    """How many exchanges at once, and the seconds that each stage of one may take."""

    connections: int = 200
    free_connection_seconds: float = 1.0
    connect_seconds: float = 5.0
    read_seconds: float = 20.0

    @property
    def longest_exchange_seconds(self) -> float:
        """The longest that one exchange can take, from the call to its end."""
        return self.free_connection_seconds + self.connect_seconds + self.read_seconds


class Wire:
    """Connections to one server, as an async context manager. No redirect, no proxy, no environment.

    A POST is never repeated: aiohttp repeats a request that lost its kept connection only for idempotent methods.
    """

    def __init__(self, limits: WireLimits, *, tls: ssl.SSLContext | None = None) -> None:
        self._limits = limits
        self._tls = tls
        # Waiting for a free connection is done here and not in aiohttp, which has one timer and one exception for
        # "no free connection" and "the server does not answer"; only the second means that the service is away.
        self._free_connections = asyncio.Semaphore(limits.connections)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = _open_session(self._limits, self._tls or _trusted_roots())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def exchange(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes = b""
    ) -> Reply | Failure:
        """Send one request once and return its whole answer, or why there is none. Raises only when cancelled."""
        if self._session is None:
            raise RuntimeError("The wire is not open; use it with `async with`.")
        try:
            await self._take_connection()
        except TimeoutError:
            return Failure(Fault.NO_FREE_CONNECTION, "no connection of this process was free")
        try:
            return await self._exchange(self._session, method, url, headers=headers, content=content)
        finally:
            self._free_connections.release()

    async def _take_connection(self) -> None:
        if not self._free_connections.locked():
            await self._free_connections.acquire()  # does not wait: a timer for it would be made in vain
            return
        async with asyncio.timeout(self._limits.free_connection_seconds):
            await self._free_connections.acquire()

    async def _exchange(
        self, session: aiohttp.ClientSession, method: str, url: str, *, headers: Mapping[str, str], content: bytes
    ) -> Reply | Failure:
        has_answer = False
        try:
            # aiohttp's read timer starts anew with every byte; this one ends an answer that comes in drops.
            async with (
                asyncio.timeout(self._limits.connect_seconds + self._limits.read_seconds),
                session.request(method, url, headers=headers, data=content or None, allow_redirects=False) as response,
            ):
                has_answer = True
                return Reply(response.status, response.headers, await _body_of(response))
        except Exception as error:  # noqa: BLE001 - whatever goes wrong on the wire, the message may have been sent
            return _failure(error, has_answer=has_answer)


def _open_session(limits: WireLimits, tls: ssl.SSLContext) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        # limit=0: the semaphore of the wire is the limit.
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEPALIVE_SECONDS, ssl=tls),
        # `connect` is the whole way to a connection, the name look-up included; `sock_connect` its last part.
        timeout=aiohttp.ClientTimeout(
            connect=limits.connect_seconds, sock_connect=limits.connect_seconds, sock_read=limits.read_seconds
        ),
        # identity: a compressed answer would be unpacked before its size is known.
        headers={"User-Agent": "windowcast", "Accept": "application/json", "Accept-Encoding": "identity"},
        cookie_jar=aiohttp.DummyCookieJar(),  # what one account was given, none sends back
        auto_decompress=False,
        trust_env=False,
    )


def _trusted_roots() -> ssl.SSLContext:
    """Return a context that trusts the authorities which httpx trusts elsewhere in this house, not the machine's."""
    import httpx

    return httpx.create_ssl_context(trust_env=False)


async def _body_of(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            raise ValueError("The answer is longer than any answer of the Send API.")
    return bytes(body)


def _failure(error: Exception, *, has_answer: bool) -> Failure:
    words = _in_words(error)
    if has_answer:
        return Failure(Fault.BROKEN_ANSWER, words)
    if isinstance(error, _BEFORE_THE_FIRST_BYTE):
        return Failure(Fault.NOT_CONNECTED, words)
    # Something came back that is not HTTP.
    if isinstance(error, aiohttp.ClientResponseError):
        return Failure(Fault.BROKEN_ANSWER, words)
    return Failure(Fault.NO_ANSWER, words)


def _in_words(error: Exception) -> str:
    return next((words for kind, words in _WORDS if isinstance(error, kind)), "the connection broke")
