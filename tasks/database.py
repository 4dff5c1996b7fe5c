"""The schema: brought up to date, compared with what the code expects, and checked against the promises."""

from typing import Any, Final

from clients.postgres import Connection
from domain.errors import ConfigurationError
from domain.states import CAMPAIGN_MOVES, MOVES
from sql import Migration, migrations, promises, query

# Any number will do; it must only be the same everywhere, so that two migrations never run at once.
_MIGRATION_LOCK = 7_204_519_366

_CLOCK_BODY = "SELECT clock_timestamp()"
_OLDEST_POSTGRES = 150_000

# With any of these off, an acceptance may be lost that was committed: its message would be sent a second time.
DURABILITY: Final = ("fsync", "synchronous_commit", "full_page_writes")


def migrate(connection: Connection) -> list[str]:
    """Apply the migrations that are missing, under a lock, and return their names.

    Raises ConfigurationError when an applied migration differs from its file, the database is newer than this code, or
    Postgres is older than 15.
    """
    if connection.info.server_version < _OLDEST_POSTGRES:
        raise ConfigurationError(
            f"Postgres {connection.info.server_version // 10_000} is too old: version 15 or newer is needed."
        )
    connection.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
    try:
        connection.execute(query("database/create_migration_table"))
        missing = _missing_migrations(connection)
        for migration in missing:
            _apply(connection, migration)
        _write_moves(connection)
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", [_MIGRATION_LOCK])
    return [f"{migration.number:04} {migration.name}" for migration in missing]


def ensure_schema(connection: Connection, *, embedded: bool) -> None:
    """Set up an empty database, bring the embedded one up to date, and refuse to work on another one that is behind.

    Raises ConfigurationError naming the command that brings it up to date.
    """
    if embedded or not _has_schema(connection):
        migrate(connection)
        return
    missing = _missing_migrations(connection)
    if missing:
        raise ConfigurationError(
            f"The database lacks {len(missing)} migrations (first: {missing[0].name}); run `windowcast db migrate`."
        )


def broken_promises(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Return, for each promise about tables that does not hold, the first rows that break it. Empty: all hold."""
    broken: dict[str, list[dict[str, Any]]] = {}
    for name, statement in promises().items():
        rows = connection.execute(statement).fetchmany(20)
        if rows:
            broken[name] = rows
    return broken


def clock_is_real(connection: Connection) -> bool:
    """Say whether `windowcast.clock()` is the server's own clock, not one that a test or simulation installed."""
    row = connection.execute(query("database/clock_body")).fetchone()
    return row is not None and row["body"].strip() == _CLOCK_BODY


def unfit_for_sending(connection: Connection) -> str | None:
    """Say what of the database makes it wrong to send to a real platform; None: nothing."""
    if not clock_is_real(connection):
        return "The database has a clock that a test installed (windowcast.clock())"
    facts = connection.execute(query("database/facts")).fetchone() or {}
    lax = [name for name in DURABILITY if facts.get(name) == "off"]
    if lax:
        return f"The database may lose what it has committed ({', '.join(lax)} off), and with it who was sent to"
    return None


def database_facts(connection: Connection) -> dict[str, Any]:
    """Return what `doctor` says about the database: version, migrations, durability settings, clock."""
    row = connection.execute(query("database/facts")).fetchone()
    if row is None:
        raise LookupError("a SELECT without FROM returned no row")
    return {
        **row,
        "missing_migrations": [migration.name for migration in _missing_migrations(connection)],
        "clock_is_real": clock_is_real(connection),
    }


def _has_schema(connection: Connection) -> bool:
    row = connection.execute("SELECT to_regclass('windowcast.migration') IS NOT NULL AS found").fetchone()
    # The table alone, with nothing in it, is what another first command has just made, or one that died there.
    return bool(row and row["found"] and connection.execute(query("database/list_migrations")).fetchone())


def _missing_migrations(connection: Connection) -> list[Migration]:
    applied = {row["number"]: row for row in connection.execute(query("database/list_migrations"))}
    known = migrations()
    for migration in known:
        row = applied.get(migration.number)
        if row is not None and (row["name"], row["sha256"]) != (migration.name, migration.sha256):
            raise ConfigurationError(_other_schema(connection, f"{migration.number:04} {row['name']}"))
    newest = max(applied, default=0)
    if newest > known[-1].number:
        raise ConfigurationError(
            f"The database is at migration {newest}, newer than this Windowcast ({known[-1].number}); install the "
            "newer Windowcast."
        )
    return [migration for migration in known if migration.number not in applied]


def _other_schema(connection: Connection, name: str) -> str:
    place = connection.info
    return (
        f"The database {place.dbname} at {place.host} was created by another, unreleased commit of Windowcast (its "
        f"migration {name} differs from the file) and cannot be migrated. Create a new one: name an empty database in "
        "WINDOWCAST_DATABASE_URL or, for the embedded server, run `windowcast db stop` and rename that folder. If only "
        "the file of the migration was edited, restore it."
    )


def _apply(connection: Connection, migration: Migration) -> None:
    with connection.transaction():
        connection.execute("SET LOCAL search_path TO windowcast")
        connection.execute(migration.statements)
        connection.execute(
            query("database/record_migration"),
            {"number": migration.number, "name": migration.name, "sha256": migration.sha256},
        )


def _write_moves(connection: Connection) -> None:
    tables: tuple[tuple[str, dict[Any, frozenset[Any]]], ...] = (("message", MOVES), ("campaign", CAMPAIGN_MOVES))
    for noun, moves in tables:
        pairs = [(source, target) for source, targets in moves.items() for target in targets]
        connection.execute(
            query(f"moves/replace_{noun}_moves"),
            {"from_states": [str(source) for source, _ in pairs], "to_states": [str(target) for _, target in pairs]},
        )
