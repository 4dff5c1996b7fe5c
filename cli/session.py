"""What nearly every command needs: the settings, the database with its schema, and the names people give."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import click

from domain.errors import CampaignError, NotFoundError

if TYPE_CHECKING:
    from clients.postgres import Connection
    from clients.settings import Settings

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON value and nothing else on stdout.")


@dataclass(frozen=True)
class Session:
    """The settings, the URL of the database, and one open connection to it."""

    settings: "Settings"
    url: str
    connection: "Connection"


@contextlib.contextmanager
def session() -> Iterator[Session]:
    """Open the database of this installation: the embedded one is started, an empty one is set up."""
    from clients.settings import settings
    from tasks.running import open_database

    with open_database() as (connection, url):
        yield Session(settings(), url, connection)


def refresh_form(opened: Session) -> None:
    """Offer in the Prefect server's submit form what has just been added, if a server is named.

    Where that cannot be done now, it is said: the sweep does it within five minutes.
    """
    from cli.output import say
    from clients.prefect_server import has_server
    from tasks import submit_form

    if not has_server():
        return
    try:
        submit_form.refresh_form(opened.connection, chosen=opened.settings)
    except CampaignError as error:
        say(f"The submit form of the Prefect server does not offer it yet: {error}")


def campaign_id(text: str) -> UUID:
    """Return the id that a person typed. Raises NotFoundError when it can be no campaign's."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFoundError(f"There is no campaign {text}; `windowcast campaigns list` shows their ids.") from None


def moment(text: str | None, *, time_zone: str | None, settings: "Settings") -> datetime | None:
    """Return the moment that an option's text means, in UTC."""
    from domain.times import parse_moment

    if text is None:
        return None
    return parse_moment(text, time_zone=time_zone, default_time_zone=settings.time_zone)


@contextlib.contextmanager
def told_of_runs(done: str, then: str) -> Iterator[None]:
    """Say what became of a campaign where the server could not be told: its own row counts, whatever the server has."""
    try:
        yield
    except CampaignError as error:
        raise type(error)(f"The campaign is {done}; {then}. {error}") from error
