"""`windowcast suppressions`: people who asked for no more messages."""

from pathlib import Path

import click

from cli.output import print_json, print_table, utc
from cli.session import json_option, session
from domain.errors import NotFoundError, UsageError


@click.group()
def suppressions() -> None:
    """Keep, list and take back opt-outs."""


@suppressions.command()
@click.argument("account")
@click.option("--user", "users", multiple=True, metavar="ID", help="A person's id; may be given more than once.")
@click.option("--file", "file", type=click.Path(path_type=Path), help="A text file with one id a line.")
@json_option
def add(account: str, *, users: tuple[str, ...], file: Path | None, as_json: bool) -> None:
    """Keep opt-outs; they hold from the next claim on."""
    from tasks.accounts import find_account
    from tasks.suppressions import add_suppressions

    ids = [*users, *_ids_of(file)]
    if not ids:
        raise UsageError("Say who opted out: --user ID, or --file with one id a line.")
    with session() as opened:
        new = add_suppressions(
            opened.connection, find_account(opened.connection, account), user_ids=ids, source="by command"
        )
    if as_json:
        print_json({"added": new, "known": len(set(ids)) - new})
    else:
        click.echo(f"{new} opt-outs were added, {len(set(ids)) - new} were known.")


@suppressions.command()
@click.argument("account")
@click.option("--user", "users", multiple=True, required=True, metavar="ID")
@json_option
def remove(account: str, *, users: tuple[str, ...], as_json: bool) -> None:
    """Take opt-outs back."""
    from tasks.accounts import find_account
    from tasks.suppressions import remove_suppressions

    with session() as opened:
        removed = remove_suppressions(opened.connection, find_account(opened.connection, account), user_ids=users)
    if as_json:
        print_json({"removed": removed})
    else:
        click.echo(f"{removed} opt-outs were taken back.")


@suppressions.command("list")
@click.argument("account")
@json_option
def list_(account: str, *, as_json: bool) -> None:
    """List the people of an account who are left in peace, newest first."""
    from tasks.accounts import find_account
    from tasks.suppressions import list_suppressions

    with session() as opened:
        found = list_suppressions(opened.connection, find_account(opened.connection, account))
    if as_json:
        print_json([{**row, "added_at": utc(row["added_at"]), "until": utc(row["until"])} for row in found])
    else:
        print_table(
            ("user_id", "why", "source", "added", "until"),
            [
                (row["user_id"], row["kind"], row["source"], row["added_at"], row["until"] or "for good")
                for row in found
            ],
            empty="Nobody has opted out, and nobody is left in peace for a while.",
        )


def _ids_of(file: Path | None) -> list[str]:
    if file is None:
        return []
    if not file.is_file():
        raise NotFoundError(f"There is no file {file}; check its name and folder.")
    return [line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
