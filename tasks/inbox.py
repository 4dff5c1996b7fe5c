"""The inbox of webhook bodies: many are stored by one statement, and none counts as stored before the commit."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from clients.lasting_connection import LastingConnection
from domain.errors import InboxFullError, ServiceAwayError
from sql import query

logger = logging.getLogger("windowcast.inbox")

_MOST_PER_STATEMENT: Final = 500
_MOST_BYTES_PER_STATEMENT: Final = 16 << 20
# A statement that takes longer is given up with its connection: what it was asked to store may be sent again.
_STATEMENT_SECONDS: Final = 5.0
# So long nothing is tried after Postgres was found away: a flood does not become a flood of connections to it.
_PAUSE_SECONDS: Final = 0.5

_LOOK_SECONDS: Final = 2.0
_MOST_COUNTED: Final = 100_000


@dataclass(frozen=True)
class InboxLimits:
    """How many bodies and bytes may wait in this process, and how long one may wait to be stored."""

    most_bodies: int = 2_000
    most_bytes: int = 64 << 20
    patience_seconds: float = 1.5
    # How long Postgres may be away before those who wait are told: less, so that they are told the true reason.
    away_seconds: float = 1.0


@dataclass(frozen=True)
class Written:
    """What one statement did: how many bodies it was given, how many of them were new, and how long it took."""

    body_count: int
    new_count: int
    seconds: float


@dataclass(frozen=True)
class _Waiting:
    body: bytes
    done: asyncio.Future[None]


class Inbox:
    """Stores bodies for all requests of a process over one connection: while one statement runs, others gather.

    A body that nobody waits for any more is stored all the same: it was true, and what is sent again changes nothing.
    """

    def __init__(
        self, url: str, *, limits: InboxLimits | None = None, on_written: Callable[[Written], None] = lambda _: None
    ) -> None:
        self._limits = limits or InboxLimits()
        self._on_written = on_written
        self._connection = LastingConnection(url, role="inbox", patience_seconds=self._limits.away_seconds)
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0  # of the bodies that wait or are being written
        self._writing: asyncio.Task[None] | None = None
        self._written_since: float | None = None
        self._away_until = 0.0

    @property
    def waiting_count(self) -> int:
        """How many bodies wait for the statement that is under way."""
        return len(self._waiting)

    @property
    def has_room(self) -> bool:
        """Say whether one more body may wait."""
        return len(self._waiting) < self._limits.most_bodies and self._bytes < self._limits.most_bytes

    @property
    def is_away(self) -> bool:
        """Say whether Postgres was found away a moment ago, or takes longer over a statement than anybody waits."""
        now = time.monotonic()
        is_stuck = self._written_since is not None and now - self._written_since > self._limits.patience_seconds
        return is_stuck or now < self._away_until

    async def store(self, body: bytes) -> None:
        """Store a body; it is committed when this returns. The same bytes are kept once, however often they come.

        Raises InboxFullError when too much waits already and ServiceAwayError when Postgres does not answer in time;
        the body may then be stored all the same.
        """
        if self.is_away:
            raise _away()
        if not self.has_room:
            raise InboxFullError("Too many webhook bodies wait to be stored; the platform sends this one again.")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(body, done))
        self._bytes += len(body)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        try:
            async with asyncio.timeout(self._limits.patience_seconds):
                await done
        except TimeoutError:
            raise _away() from None

    async def close(self) -> None:
        """Store what still waits, and close the connection."""
        if self._writing is not None:
            await self._writing
        await self._connection.close()

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                await self._write(self._take())
        finally:
            self._writing = None

    def _take(self) -> list[_Waiting]:
        taken = [self._waiting.popleft()]
        size = len(taken[0].body)
        while self._waiting and len(taken) < _MOST_PER_STATEMENT:
            size += len(self._waiting[0].body)
            if size > _MOST_BYTES_PER_STATEMENT:
                break
            taken.append(self._waiting.popleft())
        return taken

    async def _write(self, taken: list[_Waiting]) -> None:
        self._written_since = time.monotonic()
        try:
            async with asyncio.timeout(_STATEMENT_SECONDS):
                row = await self._connection.row(query("receipts/store_many"), {"bodies": [one.body for one in taken]})
        except Exception as error:  # noqa: BLE001  # whatever it was, nothing may be called stored
            await self._give_up(taken, error)
            return
        finally:
            seconds, self._written_since = time.monotonic() - self._written_since, None
            self._bytes -= sum(len(one.body) for one in taken)
        for one in taken:
            if not one.done.done():  # who waited may have lost patience
                one.done.set_result(None)
        self._on_written(Written(len(taken), row["new_count"], seconds))

    async def _give_up(self, taken: list[_Waiting], error: Exception) -> None:
        """Tell all who wait, and begin anew on another connection: this one may lead to a server that only reads."""
        logger.warning("bodies could not be stored", extra={"error": type(error).__name__, "bodies": len(taken)})
        self._away_until = time.monotonic() + _PAUSE_SECONDS
        behind, self._waiting = list(self._waiting), deque()
        self._bytes -= sum(len(one.body) for one in behind)
        for one in (*taken, *behind):
            if not one.done.done():
                one.done.set_exception(_away())
        await self._connection.close()


def _away() -> ServiceAwayError:
    return ServiceAwayError("Postgres does not answer, so the body was not stored; the platform sends it again.")


@dataclass(frozen=True)
class Standing:
    """How the inbox stood at a look: rows that wait to be applied, seconds of silence, and whether it matters."""

    waiting_count: int
    silent_seconds: float | None
    is_sending: bool


class InboxWatch:
    """Looks at the inbox every two seconds, over a connection of its own, so that asking it costs nothing."""

    def __init__(self, url: str) -> None:
        self._connection = LastingConnection(url, role="inbox watch", patience_seconds=0)
        self._looked_at: float | None = None
        self.standing: Standing | None = None

    @property
    def is_answered(self) -> bool:
        """Say whether the database answered the last look, which was a moment ago."""
        return self._looked_at is not None and time.monotonic() - self._looked_at < 2 * _LOOK_SECONDS

    async def run(self) -> None:
        """Look until cancelled."""
        try:
            while True:
                await self.look()
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            await self._connection.close()

    async def look(self) -> None:
        """Look once; what was seen stays when the database does not answer."""
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                row = await self._connection.row(query("receipts/watch"), {"most": _MOST_COUNTED})
        except Exception as error:  # noqa: BLE001  # a look that fails is what the watch is there to tell
            self._looked_at = None
            logger.warning("the inbox could not be looked at", extra={"error": type(error).__name__})
            await self._connection.close()
            return
        self.standing = Standing(row["waiting_count"], row["silent_seconds"], row["is_sending"])
        self._looked_at = time.monotonic()
