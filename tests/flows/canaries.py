"""Looking for secrets wherever a run may have left them: files, workbooks, databases, the list of processes."""

import sqlite3
import zipfile
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

# A place, as it is named in a failure, and the bytes that stand there.
Place = tuple[str, bytes]


def found(secrets: Mapping[str, str], places: Iterable[Place]) -> list[tuple[str, str]]:
    """Return which secret stands where, as it is, quoted for an address, or as a header of basic authentication."""
    needles = [(name, form) for name, secret in secrets.items() for form in _forms(secret)]
    return sorted({(name, place) for place, content in places for name, form in needles if form in content})


def _forms(secret: str) -> set[bytes]:
    return {secret.encode(), quote(secret, safe="").encode(), b64encode(secret.encode())}


def files(*folders: Path) -> Iterator[Place]:
    """Every file as it is; those that are packed, as workbooks are, unpacked too; databases table by table too."""
    for path in (path for folder in folders for path in folder.rglob("*") if path.is_file()):
        yield str(path), path.read_bytes()
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                yield from ((f"{path}: {name}", packed.read(name)) for name in packed.namelist())
        if path.suffix == ".db":
            yield from _tables_of_sqlite(path)


def _tables_of_sqlite(path: Path) -> Iterator[Place]:
    """Rows, since a value that is longer than a page stands in pieces in the file."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        database.text_factory = bytes
        names = [name.decode() for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            for row in database.execute(f'SELECT * FROM "{name}"'):  # a name of its own tables
                values = (value if isinstance(value, bytes) else str(value).encode() for value in row)
                yield f"{path}: table {name}", b"\x1f".join(values)


def tables(url: str) -> Iterator[Place]:
    """Every table of a Postgres database, all its schemas, as COPY writes it; what is packed is Postgres's matter."""
    statement = (
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    with psycopg.connect(url) as connection:
        for name in connection.execute(statement).fetchall():
            copy = sql.SQL("COPY (SELECT * FROM {}) TO STDOUT (FORMAT binary)").format(sql.Identifier(*name))
            with connection.cursor().copy(copy) as rows:
                yield f"table {'.'.join(name)}", b"".join(map(bytes, rows))


def command_lines() -> Iterator[Place]:
    """What others on the machine can read of the processes that this one has started."""
    for process in psutil.Process().children(recursive=True):
        try:
            yield f"process {process.name()}", " ".join(process.cmdline()).encode()
        except psutil.Error:
            continue
