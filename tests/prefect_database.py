"""Prefect's database on SQLite, migrated once for each environment of packages and copied for each server."""

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path

NAME = "prefect.db"


def migrated() -> Path:
    """Return a database with all migrations of the installed Prefect and no rows.

    The migrations take longer than the start of a server, so the file stays beside the packages that wrote it.
    """
    path = Path(sys.prefix) / f".prefect-{version('prefect')}.db"
    with locked(path):
        if not path.exists():
            _migrate(path)
    return path


def _migrate(path: Path) -> None:
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "PREFECT_HOME": home, "DO_NOT_TRACK": "1"}
        upgrade = [sys.executable, "-m", "prefect", "--no-prompt", "server", "database", "upgrade", "-y"]
        subprocess.run(upgrade, env=environment, stdout=subprocess.DEVNULL, check=True)
        shutil.copy(Path(home) / NAME, f"{path}.new")
    Path(f"{path}.new").rename(path)


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
