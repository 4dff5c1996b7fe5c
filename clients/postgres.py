"""Connections to Postgres: one search path, one way of saying that the server is away."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any, TypeAlias

import psycopg
from psycopg.rows import dict_row

from clients.settings import Settings
from domain.errors import ServiceAwayError

Connection: TypeAlias = psycopg.Connection[dict[str, Any]]
AsyncConnection: TypeAlias = psycopg.AsyncConnection[dict[str, Any]]

# Without the compiler of expressions: our statements are short, and it costs a claim a quarter more than it gives.
# How long a statement may take is a matter of the role that is connected (tasks/roles.py); nobody else is limited.
_OPTIONS = "-c search_path=windowcast -c idle_in_transaction_session_timeout=600000 -c jit=off"


# The few statements of a sender are planned once more when they are prepared, and never again: planned ten times, as
# is usual, the claims of a hundred accounts are more work to plan than to make. Their plans depend neither on values
# nor on how full a table was when the connection was opened: they look rows up by index, always.
_PLANNED_ONCE = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off"


def database_url(settings: Settings, *, keep: bool = False) -> str:
    """Return the URL of the database: the one that is set, or the embedded server's, started if need be.

    Raises ServiceAwayError when the embedded server does not start.
    """
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    from clients import embedded_postgres

    return embedded_postgres.start(settings.home, keep=keep)


@contextlib.contextmanager
def connect(url: str) -> Iterator[Connection]:
    """Open a connection (rows are dicts, no transaction of its own: use `connection.transaction()`), and close it.

    Raises ServiceAwayError when Postgres is away at the start or goes away inside the block.
    """
    try:
        with psycopg.connect(
            url,
            autocommit=True,
            row_factory=dict_row,
            options=_OPTIONS,
            application_name="windowcast",
            connect_timeout=10,
        ) as connection:
            yield connection
    except psycopg.Error as error:
        if not is_of_the_server(error):
            raise
        raise away(error) from error


@contextlib.asynccontextmanager
async def connect_async(url: str, *, role: str) -> AsyncIterator[AsyncConnection]:
    """Open an asynchronous connection in autocommit, named for its role in the server; psycopg's errors pass."""
    connection = await psycopg.AsyncConnection.connect(
        url,
        autocommit=True,
        row_factory=dict_row,
        options=f"{_OPTIONS} {_PLANNED_ONCE}",
        prepare_threshold=3,
        application_name=f"windowcast {role}",
        connect_timeout=10,
    )
    async with connection:
        yield connection


def is_of_the_server(error: psycopg.Error) -> bool:
    """Say whether an error is the server's trouble (it is away, full, or cannot write), and not a wrong statement.

    Class XX is what Postgres calls internal errors: a file that it cannot write, or the end that follows from it.
    """
    is_away = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return is_away or (error.sqlstate or "").startswith("XX")


def away(error: Exception) -> ServiceAwayError:
    """Say in one sentence that Postgres is away; the sentence never holds the URL, which may hold a password."""
    first_line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return ServiceAwayError(
        f"Postgres does not answer ({first_line}); nothing was lost: run the same command again when it is back."
    )
