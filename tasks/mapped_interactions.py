"""A team's own table of interactions: looked at, read into each person's newest opener, and read again while we send.

It stands in for our own evidence: from the newest openers on, everything is the same, whichever table told of them.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from clients.postgres import Connection, connect, is_of_the_server
from clients.settings import Settings
from domain.errors import CampaignError, ConfigurationError
from domain.mapped_table import MappedTable, read_mapping
from domain.window import FUTURE_TOLERANCE, OPENERS, WINDOW
from sql import query
from tasks.erased import sift_loaded
from tasks.interactions import account_ids, open_windows
from tasks.windows import read_clock, timing_of

logger = logging.getLogger("windowcast.mapped")

# While a campaign is sent, what could open a window is read again so often, by one of all the processes.
EVERY_SECONDS: Final = 60.0
_LAST_READ_SECONDS: Final = 10.0
# What is older than a window opens none, however late it was written down.
_RECENT: Final = WINDOW + timedelta(hours=1)

_WHOLE_NUMBERS: Final = frozenset({"smallint", "integer", "bigint"})


def read_all(connection: Connection, chosen: Settings) -> int:
    """Read the whole mapped table, so that every person's newest opener is known; return how many people moved.

    Without a mapping there is nothing to do: returns 0. Raises ConfigurationError when the table cannot be used.
    """
    return _read(connection, chosen, every_seconds=0.0, is_recent=False)


def read_recent(connection: Connection, chosen: Settings, *, every_seconds: float = EVERY_SECONDS) -> int:
    """Read what in the mapped table could open a window now, unless it was read a moment ago, as `read_all` does."""
    return _read(connection, chosen, every_seconds=every_seconds, is_recent=True)


def try_to_read(connection: Connection, chosen: Settings, *, every_seconds: float = EVERY_SECONDS) -> int:
    """Read as `read_recent` does; a table that cannot be used is logged, since whoever asks has more to do."""
    try:
        return read_recent(connection, chosen, every_seconds=every_seconds)
    except (CampaignError, psycopg.Error) as error:
        words = str(error) if isinstance(error, CampaignError) else type(error).__name__
        logger.warning("the mapped interactions were not read: %s", words)
        return 0


def mapping_of(chosen: Settings) -> MappedTable | None:
    """Return the table that the settings name, None without one. Raises ConfigurationError."""
    return read_mapping(
        chosen.interactions_table,
        columns=chosen.interactions_columns,
        kinds=chosen.interactions_kinds,
        default_kind=chosen.interactions_kind,
    )


def find_misfit(connection: Connection, chosen: Settings) -> list[str]:
    """Say in one sentence what keeps the mapped table from being used and what to do; nothing when all is well."""
    try:
        mapped = mapping_of(chosen)
        if mapped is not None:
            _check(connection, mapped)
    except ConfigurationError as error:
        return [str(error)]
    return []


@asynccontextmanager
async def kept_read(url: str, *, chosen: Settings, every_seconds: float = EVERY_SECONDS) -> AsyncIterator[None]:
    """Read the mapped table again and again while the block sends; without a mapping do nothing.

    On a connection and a thread of its own, so that no slot waits for it. A read that fails is logged and tried again.
    """
    if chosen.interactions_table is None:
        yield
        return
    over = asyncio.Event()
    reading = asyncio.create_task(_keep_reading(url, chosen=chosen, every_seconds=every_seconds, over=over))
    try:
        yield
    finally:
        over.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(reading, timeout=_LAST_READ_SECONDS)


async def _keep_reading(url: str, *, chosen: Settings, every_seconds: float, over: asyncio.Event) -> None:
    while not over.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), timeout=every_seconds)
            return
        await asyncio.to_thread(_read_once, url, chosen, every_seconds)


def _read_once(url: str, chosen: Settings, every_seconds: float) -> None:
    # A little less than the time between two looks, or one of them would find that it is not over yet.
    with suppress(CampaignError), connect(url) as connection:
        try_to_read(connection, chosen, every_seconds=0.9 * every_seconds)


def _read(connection: Connection, chosen: Settings, *, every_seconds: float, is_recent: bool) -> int:
    mapped = mapping_of(chosen)
    if mapped is None:
        return 0
    _check(connection, mapped)
    with connection.transaction():
        if connection.execute(query("mapped/take_turn"), {"every_seconds": every_seconds}).fetchone() is None:
            return 0
        since = read_clock(connection) - _RECENT if is_recent else None
        connection.execute(query("staging/take_memory"))
        connection.execute(_view_of(mapped))
        connection.execute(query("interactions/create_loading_table"))
        connection.execute(query("mapped/note_ahead"), {"tolerance_seconds": FUTURE_TOLERANCE.total_seconds()})
        connection.execute(query("mapped/load"), _parameters(connection, mapped, since=since))
        connection.execute(query("mapped/drop_view"))
        connection.execute(query("interactions/analyze_loading_table"))
        sift_loaded(connection)
        return open_windows(connection, timing=timing_of(chosen))


def _parameters(connection: Connection, mapped: MappedTable, *, since: datetime | None) -> dict[str, Any]:
    accounts = account_ids(connection)
    return {
        "since": since,
        "tolerance_seconds": FUTURE_TOLERANCE.total_seconds(),
        "accounts": list(accounts),
        "account_ids": list(accounts.values()),
        "written_kinds": list(mapped.known_kinds),
        "kinds": [kind.value for kind in mapped.known_kinds.values()],
        "default_kind": mapped.default_kind,
        "openers": [kind.value for kind in sorted(OPENERS)],
    }


def _view_of(mapped: MappedTable) -> Composed:
    """Make the one statement that holds names from the settings: all others read this view, for this transaction."""
    columns = {name: Identifier(column) for name, column in mapped.columns.items()}
    return SQL(
        "CREATE TEMPORARY VIEW mapped_interaction AS SELECT {account}::text AS account, {user_id}::text AS user_id, "
        "{kind}::text AS kind, {occurred_at} AS occurred_at FROM {table}"
    ).format(
        table=Identifier(mapped.schema, mapped.name),
        account=columns["account"],
        user_id=columns["user_id"],
        kind=columns.get("kind", SQL("NULL")),
        occurred_at=columns["occurred_at"],
    )


# what may be wrong with it


def _check(connection: Connection, mapped: MappedTable) -> None:
    types = _types(connection, mapped)
    missing = [column for column in mapped.columns.values() if column not in types]
    if missing:
        raise ConfigurationError(
            f"{mapped.words} has no column {', '.join(missing)} (it has: {', '.join(types)}); correct "
            "WINDOWCAST_INTERACTIONS_COLUMNS."
        )
    for name, column in mapped.columns.items():
        type_name, category = types[column]
        if not _is_usable(name, type_name, category):
            raise ConfigurationError(
                f"The column {column} of {mapped.words}, which is to be the {name}, is of the type {type_name}; "
                f"{_WANTED[name]}, or name a view that makes it so."
            )


def _types(connection: Connection, mapped: MappedTable) -> dict[str, tuple[str, str]]:
    """Return the name and the category of the type of each column."""
    statement = SQL("SELECT * FROM {} LIMIT 0").format(Identifier(mapped.schema, mapped.name))
    try:
        described = connection.execute(statement).description or []
    except psycopg.Error as error:
        if is_of_the_server(error):
            raise
        raise ConfigurationError(_unreadable(mapped, error, user=connection.info.user)) from error
    codes = {column.name: column.type_code for column in described}
    rows = connection.execute(query("mapped/name_types"), {"type_codes": list(codes.values())})
    known = {row["type_code"]: (row["name"], row["category"]) for row in rows}
    return {name: known[code] for name, code in codes.items()}


def _unreadable(mapped: MappedTable, error: psycopg.Error, *, user: str) -> str:
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return f"{user} may not read {mapped.words}; GRANT SELECT on it, and USAGE on its schema, to {user}."
    if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.InvalidSchemaName):
        return (
            f"WINDOWCAST_INTERACTIONS_TABLE names {mapped.words}, and the database has no table or view of that name; "
            "correct it, or make the view."
        )
    return f"{mapped.words} cannot be read ({type(error).__name__}); see that a SELECT from it works."


_WANTED: Final = {
    "account": "it must be text or a whole number",
    "user_id": "it must be text or a whole number, since others lose digits",
    "kind": "it must be text or an enum",
    "occurred_at": "it must be a timestamp with time zone, the time of the event itself",
}


def _is_usable(name: str, type_name: str, category: str) -> bool:
    match name:
        case "occurred_at":
            return type_name == "timestamp with time zone"
        case "kind":
            return category in {"S", "E"}
        case _:
            return category == "S" or type_name in _WHOLE_NUMBERS
