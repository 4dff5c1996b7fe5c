"""The wire to the Graph API: one request, at most one exchange, and for every fault whether a byte may have left.

It is an asyncio protocol of our own over httptools, the parser that uvicorn uses: the sender spends most of its time
here, and a general client costs four times as much. Decision 31 says why, and `benchmarks/sending.py` measures it.
"""

import asyncio
import re
import socket
import ssl
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Final, Self, cast
from urllib.parse import SplitResult, urlsplit

import httptools

# An answer of the Send API has a few hundred bytes. What is longer than this, headers included, is no answer of it.
MAX_ANSWER_BYTES: Final = 256 * 1024

# The second address of a host is tried when the first does not connect within this time (RFC 8305).
_NEXT_ADDRESS_SECONDS: Final = 0.25

_PORTS: Final = {"http": 80, "https": 443}
_FIRST_FINAL_STATUS: Final = 200

# identity: a compressed answer would be unpacked before its size is known.
_USUAL_HEADERS: Final = {"User-Agent": "windowcast", "Accept": "application/json", "Accept-Encoding": "identity"}
_TARGET: Final = re.compile(r"/[!-~]*")
_HEADER_VALUE: Final = re.compile(r"[ -~]*")

# The description of each exception of a connection attempt; the first that fits counts, so subclasses come first.
_CONNECT_FAILURES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (socket.gaierror, "its name is not known"),
    (UnicodeError, "its name is not known"),  # a label that no name can have
    (ssl.SSLCertVerificationError, "its certificate is not trusted"),
    (ssl.SSLError, "no secure connection could be made"),
    (TimeoutError, "no connection within the time for it"),
    (OSError, "the connection was refused"),
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


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer: HTTP status, headers (lower case, the first of equal names), body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class WireLimits:
    """How many exchanges at once, the seconds that each stage of one may take, and how long a connection may be idle.

    A server's usual keep-alive is 5 s or longer. A connection that has been idle for less than half of that is not
    about to be closed under a request (which would make the message unknown); a new one costs a slow sender one
    handshake.
    """

    connections: int = 200
    free_connection_seconds: float = 1.0
    connect_seconds: float = 5.0
    read_seconds: float = 20.0
    idle_seconds: float = 2.0

    @property
    def longest_exchange_seconds(self) -> float:
        """The longest that one exchange can take, from the call to its end."""
        return self.free_connection_seconds + self.connect_seconds + self.read_seconds


class Wire:
    """Connections to one server, as an async context manager. No redirect, no proxy, no cookie, no environment.

    `root` is the scheme, the host, at most a port, and the beginning of every path. A request is never repeated.
    """

    def __init__(self, root: str, limits: WireLimits, *, tls: ssl.SSLContext | None = None) -> None:
        server = urlsplit(root)
        self._host = server.hostname or ""
        self._port = server.port or _PORTS[server.scheme]
        self._is_secure = server.scheme == "https"
        self._path = server.path
        self._authority = _authority(server)
        self._limits = limits
        self._tls = tls
        self._free_connections = asyncio.Semaphore(limits.connections)
        self._idle: deque[_Connection] = deque()  # the one that has been idle longest comes first
        self._is_open = False

    async def __aenter__(self) -> Self:
        if self._is_secure and self._tls is None:
            self._tls = _trusted_roots()
        self._is_open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_open = False
        while self._idle:
            self._idle.pop().close()
        await asyncio.sleep(0)  # the transports end in the loop's next step

    def request_head(self, method: str, target: str, *, headers: Mapping[str, str]) -> bytes:
        """Return the beginning of a request, for any number of exchanges; `target` is what follows the root.

        Raises ValueError for characters that would end a line of the request.
        """
        path = f"{self._path}{target}"
        lines = {"Host": self._authority, **_USUAL_HEADERS, **headers}
        if not _TARGET.fullmatch(path) or not all(map(_HEADER_VALUE.fullmatch, lines.values())):
            raise ValueError("The target or a header of the request holds characters that none may have.")
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"{method} {path} HTTP/1.1\r\n{head}".encode("ascii")

    async def exchange(self, head: bytes, *, content: bytes = b"") -> Reply | Failure:
        """Send one request once and return its whole answer, or why there is none. Raises only when cancelled."""
        if not self._is_open:
            raise RuntimeError("The wire is not open; use it with `async with`.")
        try:
            await self._take_place()
        except TimeoutError:
            return Failure(Fault.NO_FREE_CONNECTION, "no connection of this process was free")
        try:
            connection = self._idle_connection() or await self._connect()
            if isinstance(connection, Failure):
                return connection
            try:
                return await connection.exchange(_request(head, content), self._limits.read_seconds)
            finally:
                self._put_back(connection)
        finally:
            self._free_connections.release()

    async def _take_place(self) -> None:
        if not self._free_connections.locked():
            await self._free_connections.acquire()  # does not wait: a timer for it would be made in vain
            return
        async with asyncio.timeout(self._limits.free_connection_seconds):
            await self._free_connections.acquire()

    def _idle_connection(self) -> "_Connection | None":
        oldest = asyncio.get_running_loop().time() - self._limits.idle_seconds
        while self._idle and self._idle[0].idle_since < oldest:
            self._idle.popleft().close()
        while self._idle:
            connection = self._idle.pop()
            if connection.is_reusable:
                return connection
        return None

    def _put_back(self, connection: "_Connection") -> None:
        if connection.is_reusable and self._is_open:
            self._idle.append(connection)
        else:
            connection.close()

    async def _connect(self) -> "_Connection | Failure":
        """Open a connection. Whatever goes wrong here, no byte of a request has left."""
        try:
            async with asyncio.timeout(self._limits.connect_seconds):
                _, connection = await asyncio.get_running_loop().create_connection(
                    _Connection,
                    self._host,
                    self._port,
                    ssl=self._tls if self._is_secure else None,
                    happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS,
                )
        except (OSError, UnicodeError) as error:
            words = next(words for kind, words in _CONNECT_FAILURES if isinstance(error, kind))
            return Failure(Fault.NOT_CONNECTED, words)
        return connection


class _Connection(asyncio.Protocol):
    """One connection, for one exchange at a time. The methods named `on_...` are called by the parser."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answered: asyncio.Future[Reply | Failure] | None = None  # of the exchange that is under way
        self._received_bytes = 0
        self._has_head = False
        self._ends_with_connection = False
        self._stays_open = True
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self.idle_since = self._loop.time()

    @property
    def is_reusable(self) -> bool:
        """Whether another exchange may begin here."""
        transport = self._transport
        return self._stays_open and self._answered is None and transport is not None and not transport.is_closing()

    async def exchange(self, request: bytes, seconds: float) -> Reply | Failure:
        """Send a request and return what comes back within that time."""
        if self._transport is None:
            raise RuntimeError("The connection is not open.")
        self._answered = self._loop.create_future()
        self._received_bytes = 0
        self._has_head = False
        self._transport.write(request)
        timer = self._loop.call_later(seconds, self._time_out)
        try:
            return await self._answered
        finally:
            timer.cancel()
            if self._answered.cancelled():
                self._stays_open = False  # its answer may still come
            self._answered = None
            self.idle_since = self._loop.time()

    def close(self) -> None:
        """Close the connection at once."""
        self._stays_open = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport: of a TCP or TLS connection it is one that writes."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Parse a part of an answer."""
        self._received_bytes += len(data)
        if self._answered is None:
            self.close()  # nothing was asked
        elif self._received_bytes > MAX_ANSWER_BYTES:
            self._fail(Fault.BROKEN_ANSWER, "the answer was far too long")
        else:
            try:
                self._parser.feed_data(data)
            except (httptools.HttpParserError, httptools.HttpParserUpgrade):
                self._fail(Fault.BROKEN_ANSWER, "the answer was no HTTP")

    def connection_lost(self, exc: Exception | None) -> None:
        """End what is under way: whether the request arrived is unknown."""
        if self._has_head and self._ends_with_connection and exc is None:
            self.on_message_complete()
        elif self._has_head:
            self._fail(Fault.BROKEN_ANSWER, "the answer broke off")
        else:
            self._fail(Fault.NO_ANSWER, "it hung up without an answer" if exc is None else "the connection broke")
        self._stays_open = False

    def on_message_begin(self) -> None:
        self._headers = {}
        self._body.clear()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))

    def on_headers_complete(self) -> None:
        if self._parser.get_status_code() < _FIRST_FINAL_STATUS:
            return  # 100 Continue and its kind: the answer follows
        self._has_head = True
        self._stays_open = self._parser.should_keep_alive()
        self._ends_with_connection = not self._headers.keys() & {"content-length", "transfer-encoding"}

    def on_body(self, piece: bytes) -> None:
        self._body += piece

    def on_message_complete(self) -> None:
        if self._has_head:
            self._end(Reply(self._parser.get_status_code(), self._headers, bytes(self._body)))

    def _time_out(self) -> None:
        fault = Fault.BROKEN_ANSWER if self._has_head else Fault.NO_ANSWER
        self._fail(fault, "no whole answer within the time for it")

    def _fail(self, fault: Fault, words: str) -> None:
        self._end(Failure(fault, words))
        self.close()

    def _end(self, answer: Reply | Failure) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(answer)


def _request(head: bytes, content: bytes) -> bytes:
    if not content:
        return b"%b\r\n" % head
    return b"%bContent-Length: %d\r\n\r\n%b" % (head, len(content), content)


def _authority(server: SplitResult) -> str:
    """Return host and port as the Host header names them."""
    host = server.hostname or ""
    name = f"[{host}]" if ":" in host else host.encode("idna").decode("ascii")
    return name if server.port in (None, _PORTS[server.scheme]) else f"{name}:{server.port}"


def _trusted_roots() -> ssl.SSLContext:
    """Return a context that trusts the authorities which httpx trusts elsewhere in this house, not the machine's."""
    import httpx

    return httpx.create_ssl_context(trust_env=False)
