"""What is true: one statement per file, found by name; and the migrations, in order."""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent


@cache
def query(name: str) -> bytes:
    """Return the statement in `sql/{name}.sql`, ready for psycopg.

    Raises FileNotFoundError when there is no such file, which is a bug: names are literals.
    """
    return (ROOT / f"{name}.sql").read_bytes()


@dataclass(frozen=True)
class Migration:
    """One numbered change of the schema; `sha256` tells whether it was changed after it was applied."""

    number: int
    name: str
    statements: bytes
    sha256: str


def migrations() -> list[Migration]:
    """Return all migrations in the order of their numbers."""
    return [_read_migration(path) for path in sorted((ROOT / "migrations").glob("*.sql"))]


def promises() -> dict[str, bytes]:
    """Return the promises that speak of tables: name to a query that must return no rows."""
    return {path.stem: path.read_bytes() for path in sorted((ROOT / "promises").glob("*.sql"))}


def _read_migration(path: Path) -> Migration:
    match = re.fullmatch(r"(\d{4})_(\w+)", path.stem)
    if match is None:
        raise ValueError(f"{path.name} is no migration: its name must be NNNN_words.sql")
    statements = path.read_bytes()
    return Migration(int(match[1]), match[2], statements, hashlib.sha256(statements).hexdigest())
