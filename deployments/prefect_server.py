"""`python -m deployments.prefect_server start ...`: Prefect's server; its transactions on SQLite begin as writers.

Prefect lets a transaction read before it writes. On SQLite such a one fails at once when another has written meanwhile:
an event is lost after five tries, a run's state is refused. What is left of the failure is a cursor in a cycle; when
Python's garbage collection meets it while its connection waits for the lock, it waits too, on the thread of the event
loop, and nothing is answered for a minute (seen with py-spy, Prefect 3.8.8; a server on Postgres has neither). A
transaction that takes the lock when it begins waits for its turn instead, and cannot fail so.
"""

import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from deployments.prefect_tables import create_tables

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from prefect.server.database.configurations import AioSqliteConfiguration
    from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction


def begin_as_writers() -> None:
    """Let every transaction of this process on Prefect's SQLite take the lock of writers when it begins."""
    from prefect.server.database import configurations

    prefects = configurations.AioSqliteConfiguration.begin_transaction

    @asynccontextmanager
    async def begin_transaction(
        self: "AioSqliteConfiguration",
        session: "AsyncSession",
        with_for_update: bool = False,  # noqa: ARG001, FBT001, FBT002  # Prefect's signature
    ) -> "AsyncGenerator[AsyncSessionTransaction, None]":
        async with prefects(self, session, with_for_update=True) as transaction:
            yield transaction

    configurations.AioSqliteConfiguration.begin_transaction = begin_transaction  # type: ignore[method-assign]


def create_own_tables() -> None:
    """Create the tables of a new database in Prefect's home; any other database is left to Prefect's migrations."""
    from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL, PREFECT_HOME

    database = PREFECT_HOME.value() / "prefect.db"
    if PREFECT_API_DATABASE_CONNECTION_URL.value() == f"sqlite+aiosqlite:///{database}":
        create_tables(database)


if __name__ == "__main__":
    from prefect.cli import app

    begin_as_writers()
    create_own_tables()
    sys.argv = ["prefect", "server", *sys.argv[1:]]
    app()
