"""`windowcast notify`: where people are told what happens, set up and tried."""

import asyncio
import os
import re
from typing import Final

import click

from cli.output import print_json
from cli.session import json_option
from clients.prefect_server import has_server
from domain.errors import CampaignError, UsageError

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@click.group()
def notify() -> None:
    """Set up and try where people are told: Slack, Microsoft Teams, e-mail. Nobody is told unless a setting says so."""


@notify.command("set-up")
@click.argument("kind", type=click.Choice(["slack", "teams", "email"]))
@click.option(
    "--address-in",
    "variable",
    required=True,
    metavar="VARIABLE",
    help="The environment variable that holds the secret address; the Prefect server keeps it encrypted.",
)
@click.option("--name", default="windowcast", show_default=True, help="What the block is called, as ops.")
@json_option
def set_up(kind: str, *, variable: str, name: str, as_json: bool) -> None:
    """Make the notification block of a place on the Prefect server, or give it another address."""
    from clients.notification_blocks import save_block
    from clients.prefect_server import open_server

    _check_server()
    if not _NAME.fullmatch(name):
        raise UsageError(f"--name {name} can be no block's name: use small letters, digits and dashes, as in ops-team.")
    with open_server():
        place = save_block(kind, name, address=_address_in(variable))
    if as_json:
        print_json({"block": place})
        return
    click.echo(f"The block is {place}. Workers tell people there when their environment has it:")
    click.echo(f"WINDOWCAST_NOTIFY_BLOCKS={place}")


@notify.command()
@json_option
def test(*, as_json: bool) -> int:
    """Tell a trial sentence in every place that WINDOWCAST_NOTIFY_BLOCKS names."""
    from clients.settings import settings
    from tasks.news import places_of

    _check_server()
    places = places_of(settings())
    if not places:
        raise UsageError("WINDOWCAST_NOTIFY_BLOCKS names no block; `windowcast notify set-up` makes one and names it.")
    failures = dict(zip(places, asyncio.run(_try(places)), strict=True))
    worst = max((error.exit_code for error in failures.values() if error is not None), default=0)
    if as_json:
        print_json(
            [
                {"block": place, "told": error is None, "error": error and str(error)}
                for place, error in failures.items()
            ]
        )
        return worst
    for place, error in failures.items():
        click.echo(f"{place}: told." if error is None else str(error))
    return worst


async def _try(places: list[str]) -> list[CampaignError | None]:
    return list(await asyncio.gather(*map(_try_one, places)))


async def _try_one(place: str) -> CampaignError | None:
    from clients.notification_blocks import tell

    try:
        await tell(place, subject="Windowcast: a trial", body="This is where Windowcast tells what happens.")
    except CampaignError as error:
        return error
    return None


def _address_in(variable: str) -> str:
    """Return what a variable of the environment holds. Raises UsageError, without repeating what may be a secret."""
    if not _VARIABLE.fullmatch(variable):
        raise UsageError(
            "--address-in names an environment variable and never holds the address itself, which others could read "
            "in the list of processes: put it into one, as SLACK_ADDRESS, and name that."
        )
    address = os.environ.get(variable)
    if not address:
        raise UsageError(f"The environment variable {variable} is empty; put the secret address into it.")
    return address


def _check_server() -> None:
    if not has_server():
        raise UsageError("Blocks are kept by a Prefect server: set PREFECT_API_URL, or start one with `windowcast up`.")
