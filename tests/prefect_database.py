"""The database of a Prefect server on SQLite: saved once everything is deployed, and copied for the next server."""

import fcntl
import shutil
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path

NAME = "prefect.db"


def copy_database(source: Path, folder: Path) -> None:
    """Store a copy of a database in a folder that is to be the home of a server."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, folder / NAME)


def save_database(folder: Path, target: Path) -> None:
    """Store the database of a running server in a file."""
    with closing(sqlite3.connect(folder / NAME)) as source, closing(sqlite3.connect(f"{target}.new")) as copy:
        source.backup(copy)
    Path(f"{target}.new").rename(target)


@contextmanager
def locked(path: Path):
    """Lock a file against the other processes of the tests."""
    with Path(f"{path}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield  # the end of the process unlocks it too
