"""The Postgres database of the Prefect server that `windowcast up` starts: checked, and named as Prefect wants it."""

from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from domain.errors import ConfigurationError

_SETTING: Final = "WINDOWCAST_PREFECT_DATABASE_URL"
# What of a connection's parameters the server's driver calls otherwise.
_OTHER_NAMES: Final = {"sslmode": "ssl"}


def check_database(url: str, *, ours: str | None) -> None:
    """Raise ConfigurationError unless the server can keep its tables there: it answers, is not ours, has pg_trgm.

    `ours` is the database of Windowcast; None for the embedded one, which lacks pg_trgm.
    """
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
            found = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'").fetchone()
    except psycopg.Error as error:
        # The driver's words may hold the address with its password.
        raise ConfigurationError(
            f"The database of the Prefect server ({_SETTING}) cannot be opened ({type(error).__name__}); see that it "
            "runs and that its name, user and password are right."
        ) from None
    if ours is not None and _place(url) == _place(ours):
        raise ConfigurationError(
            f"{_SETTING} names the database that Windowcast itself uses; the Prefect server needs another one."
        )
    if found is None:
        raise ConfigurationError(
            f"The Postgres of {_SETTING} lacks the extension pg_trgm, which the Prefect server needs (Debian has it in "
            "postgresql-contrib); install it there, or leave the setting out: then the server uses SQLite."
        )


def server_url(url: str) -> str:
    """Return a database as the Prefect server names it: an address for its driver, made of any of libpq's forms."""
    from sqlalchemy import URL

    known = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    user, password, database = (known.pop(name, None) for name in ("user", "password", "dbname"))
    more = {_OTHER_NAMES.get(name, name): value for name, value in known.items()}
    made = URL.create("postgresql+asyncpg", username=user, password=password, database=database, query=more)
    return made.render_as_string(hide_password=False)


def _place(url: str) -> tuple[str, str, str]:
    known = conninfo_to_dict(url)
    database = known.get("dbname") or known.get("user") or ""
    return str(known.get("host") or "localhost"), str(known.get("port") or 5432), str(database)
