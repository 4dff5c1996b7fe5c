"""`windowcast people`: what is known of a person, erased at their wish."""

from typing import TYPE_CHECKING

import click

from cli.output import is_terminal, print_json, print_table, say, utc
from cli.session import json_option, session
from domain.errors import UsageError

if TYPE_CHECKING:
    from tasks.erasure import ErasureReport


@click.group()
def people() -> None:
    """Erase what is known of a person; list the requests that the platform passed on."""


@people.command()
@click.argument("person", metavar="ID")
@click.option("--account", help="The account that the id belongs to; all that know it unless said.")
@click.option("--yes", is_flag=True, help="Do not ask; needed without a terminal.")
@json_option
def erase(person: str, *, account: str | None, yes: bool, as_json: bool) -> None:
    """Erase all that is known of a person by this id; a keyed hash stays, so that they get nothing again.

    Needs WINDOWCAST_ERASURE_KEY. Run it again if it was cut short.
    """
    from tasks.accounts import find_account
    from tasks.erased import erasure_key
    from tasks.erasure import erase_person

    erasure_key()
    if not yes:
        _confirm(as_json=as_json)
    with session() as opened:
        chosen = None if account is None else find_account(opened.connection, account)
        report = erase_person(opened.connection, person, account=chosen)
    if as_json:
        print_json(_report_json(report))
    else:
        _show(report)


@people.command()
@json_option
def requests(*, as_json: bool) -> None:
    """List the requests for deletion that the platform passed on, newest first; the maintenance handles them."""
    from tasks.deletion_requests import list_requests

    with session() as opened:
        found = list_requests(opened.connection)
    if as_json:
        times = ("requested_at", "handled_at")
        print_json([{**row, **{name: utc(row[name]) for name in times}} for row in found])
        return
    print_table(
        ("code", "state", "requested", "handled"),
        [(row["code"], row["state"], row["requested_at"], row["handled_at"]) for row in found],
        empty="Nobody has asked the platform for the deletion of their data.",
    )


def _confirm(*, as_json: bool) -> None:
    if as_json or not is_terminal():
        raise UsageError("Without a terminal nobody can be asked: add --yes to erase this person.")
    click.confirm(
        "Erase everything that is known of this person? It cannot be taken back.",
        abort=True,
        err=True,
    )


def _show(report: "ErasureReport") -> None:
    click.echo(
        f"Erased on {', '.join(report.accounts)}: {report.messages} messages without id and values now, of which "
        f"{report.set_aside} waited to be sent; {report.interactions} interactions, {report.files} files and parts of "
        f"{report.bodies} webhook bodies are deleted."
    )
    say(
        "Not reached from here: backups, files that were exported, the parameters of Prefect runs that named the id, "
        "and what the platform itself keeps (docs/data-protection.md)."
    )


def _report_json(report: "ErasureReport") -> dict[str, object]:
    return {
        "accounts": report.accounts,
        "messages": report.messages,
        "set_aside": report.set_aside,
        "interactions": report.interactions,
        "files": report.files,
        "webhook_bodies": report.bodies,
    }
