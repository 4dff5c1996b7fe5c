"""A connection to Postgres that comes back: for senders, which outlive a restart of the server."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any, Final, TypeVar

import psycopg

from clients.postgres import AsyncConnection, away, connect_async, is_of_the_server

logger = logging.getLogger("windowcast.postgres")

_T = TypeVar("_T")
_FIRST_DELAY_SECONDS: Final = 0.1
_MOST_DELAY_SECONDS: Final = 2.0


class LastingConnection:
    """One asynchronous connection, opened when first used and again after it was lost."""

    def __init__(self, url: str, *, role: str, patience_seconds: float) -> None:
        self._url = url
        self._role = role
        self._patience_seconds = patience_seconds
        self._stack: AsyncExitStack | None = None
        self._connection: AsyncConnection | None = None
        self._opening = asyncio.Lock()

    async def ready(self) -> None:
        """See that there is a connection, waiting for one as long as the patience lasts.

        Raises ServiceAwayError when none can be had in time.
        """
        await self._persist(_same)

    async def rows(self, statement: bytes, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Run a statement that may safely run twice, waiting for Postgres as long as the patience lasts.

        Raises ServiceAwayError when it does not come back in time.
        """
        return await self._persist(lambda connection: _fetch(connection, statement, parameters))

    async def row(self, statement: bytes, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Run a statement that may safely run twice and returns one row."""
        rows = await self.rows(statement, parameters)
        if not rows:
            raise LookupError("a statement that always returns a row returned none")
        return rows[0]

    async def rows_once(self, statement: bytes, parameters: Mapping[str, Any]) -> list[dict[str, Any]] | None:
        """Run a statement that must not run twice. None: the connection was lost, and it may or may not have run.

        Raises ServiceAwayError when no connection can be had at all, in which case it has not run.
        """
        connection = await self._persist(_same)
        try:
            return await _fetch(connection, statement, parameters)
        except psycopg.Error as error:
            if not is_of_the_server(error):
                raise
            await self.close()
            return None

    async def close(self) -> None:
        """Close the connection, if there is one; a later statement opens it again."""
        stack, self._stack, self._connection = self._stack, None, None
        if stack is not None:
            try:
                await stack.aclose()
            except psycopg.Error:
                logger.debug("a connection that was lost could not be closed", exc_info=True)

    async def _persist(self, do: Callable[[AsyncConnection], Awaitable[_T]]) -> _T:
        give_up_at = time.monotonic() + self._patience_seconds
        delay = _FIRST_DELAY_SECONDS
        is_told = False
        while True:
            try:
                return await do(await self._open())
            except psycopg.Error as error:
                if not is_of_the_server(error):
                    raise
                await self.close()
                if time.monotonic() + delay > give_up_at:
                    raise away(error) from error
                if not is_told:
                    is_told = True
                    logger.warning("Postgres is away; waiting for it", extra={"role": self._role})
                await asyncio.sleep(delay * random.uniform(0.5, 1.5))  # noqa: S311  # jitter, no secret
                delay = min(_MOST_DELAY_SECONDS, delay * 2)

    async def _open(self) -> AsyncConnection:
        async with self._opening:
            if self._connection is None or self._connection.closed:
                stack = AsyncExitStack()
                self._connection = await stack.enter_async_context(connect_async(self._url, role=self._role))
                self._stack = stack
            return self._connection


async def _fetch(connection: AsyncConnection, statement: bytes, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    cursor = await connection.execute(statement, parameters)
    return [] if cursor.description is None else await cursor.fetchall()


async def _same(connection: AsyncConnection) -> AsyncConnection:
    return connection
