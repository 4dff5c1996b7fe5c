"""The wire to the Graph API: one request, at most one exchange, and for every fault whether a byte may have left.

The choice of HTTP library is made here and nowhere else. Measured on the machine this was written on (2 cores, a
trivial aiohttp server in a second process, 200 sends in flight, 5,000 POSTs with a JSON body and answer, two rounds in
one run; requests per second and microseconds of client CPU for each):

    httpx, its own transport         319 and   303 /s     3,100-3,300 us
    httpx over httpx-aiohttp       2,234 and 1,902 /s       450-  530 us    <- used here
    bare aiohttp                   7,195 and 4,480 /s       130-  220 us

httpx's own pool costs time in proportion to its connections, so the wire below is aiohttp's. Its price: httpx-aiohttp
0.2.0 raises `httpx.ConnectTimeout` for every `aiohttp.ClientConnectionError`, also when the server took the request and
hung up. Read as "not sent", that would send twice. So httpx's exception says nothing here; aiohttp's, its cause, does.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Final, Self

import aiohttp
import httpx
import httpx_aiohttp

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
        self._client: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        self._client = _open_client(self._limits, self._tls or httpx.create_ssl_context(trust_env=False))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def exchange(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes = b""
    ) -> Reply | Failure:
        """Send one request once and return its whole answer, or why there is none. Raises only when cancelled."""
        if self._client is None:
            raise RuntimeError("The wire is not open; use it with `async with`.")
        request = self._client.build_request(method, url, headers=headers, content=content)
        try:
            async with asyncio.timeout(self._limits.free_connection_seconds):
                await self._free_connections.acquire()
        except TimeoutError:
            return Failure(Fault.NO_FREE_CONNECTION, "no connection of this process was free")
        try:
            return await self._exchange(self._client, request)
        finally:
            self._free_connections.release()

    async def _exchange(self, client: httpx.AsyncClient, request: httpx.Request) -> Reply | Failure:
        has_answer = False
        try:
            # aiohttp's read timer starts anew with every byte; this one ends an answer that comes in drops.
            async with asyncio.timeout(self._limits.connect_seconds + self._limits.read_seconds):
                response = await client.send(request, stream=True)
                has_answer = True
                try:
                    return Reply(response.status_code, response.headers, await _body_of(response))
                finally:
                    await response.aclose()
        except Exception as error:  # noqa: BLE001 - whatever goes wrong on the wire, the message may have been sent
            return _failure(error, has_answer=has_answer)


def _open_client(limits: WireLimits, tls: ssl.SSLContext) -> httpx.AsyncClient:
    # limit=0: the semaphore of the wire is the limit.
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEPALIVE_SECONDS, ssl=tls)
    session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
    # httpx-aiohttp gives `pool` to aiohttp as the time for the whole way to a connection, the name look-up included.
    timeout = httpx.Timeout(
        connect=limits.connect_seconds,
        pool=limits.connect_seconds,
        read=limits.read_seconds,
        write=limits.read_seconds,
    )
    transport = httpx_aiohttp.AiohttpTransport(verify=tls, trust_env=False, client=session)
    # identity: a compressed answer would be unpacked before its size is known.
    headers = {"User-Agent": "windowcast", "Accept": "application/json", "Accept-Encoding": "identity"}
    # Cookies are refused twice, since httpx and aiohttp each keep a jar: what one account was given, none sends back.
    cookies = CookieJar(policy=DefaultCookiePolicy(allowed_domains=()))
    return httpx.AsyncClient(
        transport=transport,
        timeout=timeout,
        headers=headers,
        cookies=cookies,
        trust_env=False,
        follow_redirects=False,
    )


async def _body_of(response: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            raise ValueError("The answer is longer than any answer of the Send API.")
    return bytes(body)


def _failure(error: Exception, *, has_answer: bool) -> Failure:
    cause = error.__cause__ if isinstance(error, httpx.HTTPError) and error.__cause__ else error
    words = _in_words(cause)
    if has_answer:
        return Failure(Fault.BROKEN_ANSWER, words)
    if isinstance(cause, _BEFORE_THE_FIRST_BYTE):
        return Failure(Fault.NOT_CONNECTED, words)
    # Something came back that is not HTTP.
    if isinstance(cause, aiohttp.ClientResponseError):
        return Failure(Fault.BROKEN_ANSWER, words)
    return Failure(Fault.NO_ANSWER, words)


def _in_words(cause: BaseException) -> str:
    return next((words for kind, words in _WORDS if isinstance(cause, kind)), "the connection broke")
