"""The installation that `windowcast up` keeps running: one for each home, and where its parts are."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from clients.settings import settings
from domain.errors import ConfigurationError, UsageError

_LOCK: Final = "up.lock"
_RECORD: Final = "up.json"


@dataclass(frozen=True)
class Installation:
    """Where the parts of a running installation are; `database_url` has no password in it."""

    pid: int
    prefect_url: str
    prefect_api_url: str
    receiver_url: str | None
    sandbox_url: str | None
    database_url: str
    database_is_embedded: bool
    database_needs_password: bool


@contextlib.contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Be the one installation of this home while the block lasts; the end of the process, however it comes, ends that.

    Raises UsageError when another one runs.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            known = _read(home)
            where = "it is just starting" if known is None else f"process {known.pid}, {known.prefect_url}"
            raise UsageError(
                f"`windowcast up` runs already for {home} ({where}): use that one, stop it first, or set "
                "WINDOWCAST_HOME to another folder."
            ) from None
        (home / _RECORD).unlink(missing_ok=True)
        try:
            yield
        finally:
            (home / _RECORD).unlink(missing_ok=True)


def announce(home: Path, installation: Installation) -> None:
    """Let the other commands of this home find the installation."""
    text = json.dumps(asdict(installation), indent=1)
    new = home / f"{_RECORD}.new"
    new.write_text(text, encoding="utf-8")
    new.replace(home / _RECORD)


def find_running(home: Path) -> Installation | None:
    """Return the installation that runs for this home, if one does and is ready."""
    try:
        with (home / _LOCK).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(home)
    except OSError:
        return None
    return None


def join_running() -> Installation | None:
    """Let this process use the installation that runs for its home, wherever the environment does not say otherwise.

    Raises ConfigurationError when that one uses another database, which must then be named here too.
    """
    chosen = settings()
    running = find_running(chosen.home)
    if running is None:
        return None
    if chosen.database_url is None and not running.database_is_embedded:
        if running.database_needs_password:
            raise ConfigurationError(
                f"`windowcast up` (process {running.pid}) uses the database {running.database_url}: set "
                "WINDOWCAST_DATABASE_URL to it here too, with its password."
            )
        os.environ["WINDOWCAST_DATABASE_URL"] = running.database_url
    if not os.environ.get("PREFECT_API_URL"):
        os.environ["PREFECT_API_URL"] = running.prefect_api_url
    if running.sandbox_url is not None and not os.environ.get("WINDOWCAST_GRAPH_URL"):
        os.environ["WINDOWCAST_GRAPH_URL"] = running.sandbox_url
    settings.cache_clear()
    return running


def _read(home: Path) -> Installation | None:
    try:
        return Installation(**json.loads((home / _RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
