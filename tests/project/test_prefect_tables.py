"""A Prefect server on SQLite begins with the tables that its own migrations would create."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from deployments.prefect_tables import FILE, create_tables, migrated_tables


def test_the_file_has_the_tables_of_the_locked_version():
    known, wanted = (_lines(sql) for sql in (FILE.read_text(encoding="utf-8"), migrated_tables()))

    assert known == wanted, "write it again: python -m deployments.prefect_tables"


def test_of_servers_that_start_at_once_one_creates_the_tables_and_a_database_that_exists_stays(tmp_path):
    database = tmp_path / "home" / "prefect.db"

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(create_tables, [database] * 8))
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("DROP TABLE agent")
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    create_tables(database)

    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == tables
        assert tables > (100,)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def _lines(sql: str) -> list[str]:
    """Return the lines of all statements: the constraints of a table have another order each time."""
    return sorted(line.rstrip(", ") for line in sql.splitlines())
