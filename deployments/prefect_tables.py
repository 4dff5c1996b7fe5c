"""The tables of a Prefect server on SQLite: created from prefect_tables.sql, not by a hundred migrations one by one.

`python -m deployments.prefect_tables` writes that file by Prefect's own migrations, and a test compares them. A file of
an older Prefect does no harm: the server's migrations go on from there.
"""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

FILE: Final = Path(__file__).with_name("prefect_tables.sql")

_WAIT_SECONDS: Final = 60.0
_STATEMENTS: Final = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type = 'index', rowid"


def create_tables(database: Path) -> None:
    """Create all tables of a new database in one transaction; a database that exists stays as it is."""
    if database.exists() and database.stat().st_size:
        return
    database.parent.mkdir(parents=True, exist_ok=True)
    # Of two servers that start at once the later one finds the tables of the other; its own transaction is rolled back.
    with closing(sqlite3.connect(database, timeout=_WAIT_SECONDS)) as connection, suppress(sqlite3.OperationalError):
        connection.executescript(FILE.read_text(encoding="utf-8"))


def migrated_tables() -> str:
    """Return the tables as Prefect's migrations create them, as SQL."""
    with TemporaryDirectory() as home:
        subprocess.run(
            [sys.executable, "-m", "prefect", "server", "database", "upgrade", "--yes"],
            env={**os.environ, "PREFECT_HOME": home},
            check=True,
            capture_output=True,
        )
        with closing(sqlite3.connect(Path(home) / "prefect.db")) as connection:
            created = connection.execute(_STATEMENTS).fetchall()
            ((revision,),) = connection.execute("SELECT version_num FROM alembic_version")
    rows = f"INSERT INTO alembic_version VALUES ('{revision}')"  # noqa: S608  # Prefect's own, written to a file
    # IMMEDIATE takes the lock of writers at the beginning, where it can be waited for.
    return ";\n".join(["BEGIN IMMEDIATE", *(statement for (statement,) in created), rows, "COMMIT", ""])


if __name__ == "__main__":
    FILE.write_text(migrated_tables(), encoding="utf-8")
