"""`windowcast interactions`: what people did, which opens their windows."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.output import print_json, print_json_list, print_table, say, utc
from cli.session import json_option, moment, session
from domain.errors import InputRefusedError

if TYPE_CHECKING:
    from tasks.backfill import BackfillReport

_MOST_SHOWN = 20
_LONGEST_SHOWN = 40
_CLEARED = "\r\033[K"
_UNSEEN = (
    "Conversations show messages alone: people who only tapped a button, reacted, commented or came by a link are not "
    "found there, and count as if they had not written."
)


@click.group()
def interactions() -> None:
    """Load and list what people did, which opens their windows."""


@interactions.command("list")
@click.option("--account", required=True, help="The account's name or platform id.")
@click.option("--user", "user_id", metavar="ID", help="Of this person alone.")
@click.option("--most", type=click.IntRange(1, 1_000_000), default=100, show_default=True, help="So many at most.")
@json_option
def list_(*, account: str, user_id: str | None, most: int, as_json: bool) -> None:
    """List what came in, newest first, by the events' own times."""
    from tasks.accounts import find_account
    from tasks.interactions import list_interactions

    with session() as opened:
        found = list_interactions(
            opened.connection, find_account(opened.connection, account), user_id=user_id, most=most
        )
    if as_json:
        print_json_list(found)
        return
    print_table(
        ("person", "what", "when", "event"),
        [(row["user_id"], row["kind"], row["occurred_at"], _shortened(row["event_id"])) for row in found],
        empty="Nothing has come in.",
    )


def _shortened(event_id: str) -> str:
    return event_id if len(event_id) <= _LONGEST_SHOWN else event_id[: _LONGEST_SHOWN - 1] + "…"


@interactions.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--time-zone", help="The zone of times without an offset, such as Europe/Berlin.")
@json_option
def import_(file: Path, *, time_zone: str | None, as_json: bool) -> int:
    """Load a csv, xlsx or parquet file of interactions; loading it twice is harmless."""
    from tasks.interactions import import_interactions
    from tasks.windows import timing_of

    with session() as opened:
        report = import_interactions(
            opened.connection,
            file,
            timing=timing_of(opened.settings),
            time_zone=time_zone,
            default_time_zone=opened.settings.time_zone,
        )
    if as_json:
        print_json(
            {
                "rows": report.row_count,
                "added": report.new_count,
                "known": report.known_count,
                "bad": report.bad_count,
                "problems": [{"row_number": number, "text": text} for number, text in report.problems],
            }
        )
    else:
        click.echo(
            f"{report.new_count} interactions were added, {report.known_count} were known, "
            f"{report.bad_count} rows are bad."
        )
        for number, text in report.problems[:_MOST_SHOWN]:
            say(f"  row {number}: {text}")
        if report.bad_count > _MOST_SHOWN:
            say(f"  … and {report.bad_count - _MOST_SHOWN} more; --json lists them.")
    return InputRefusedError.exit_code if report.bad_count else 0


@interactions.command()
@click.argument("account")
@click.option("--since", help="Stop at conversations that nobody has written in since this time; ISO 8601.")
@click.option("--time-zone", help="The zone of --since without an offset, such as Europe/Berlin.")
@click.option("--restart", is_flag=True, help="Begin anew instead of going on where an earlier run ended.")
@json_option
def backfill(account: str, *, since: str | None, time_zone: str | None, restart: bool, as_json: bool) -> None:
    """Read an account's conversations on the platform, the newest first, for what its people wrote last.

    At most two calls a second, shared with the look-ups of unknown messages and with every other process. What is read
    is kept at once: stopped or killed, the same command goes on; run again later, it reads what is new.
    """
    from tasks.accounts import find_account
    from tasks.backfill import backfill as read_history
    from tasks.running import stop_on_signals

    with session() as opened:
        found = find_account(opened.connection, account)
        since_at = moment(since, time_zone=time_zone, settings=opened.settings)

        async def read() -> "BackfillReport":
            async with stop_on_signals() as stop:
                return await read_history(
                    opened.url,
                    found,
                    chosen=opened.settings,
                    since=since_at,
                    restarts=restart,
                    stop=stop,
                    tell=_show_progress if sys.stderr.isatty() else None,
                )

        report = asyncio.run(read())
    if sys.stderr.isatty():
        click.echo(_CLEARED, nl=False, err=True)
    if as_json:
        print_json(_backfill_json(found.name, report))
        return
    newest = "none" if report.newest_at is None else f"{report.newest_at:%Y-%m-%d %H:%M:%S} UTC"
    click.echo(
        f"{report.conversations} conversations were read: {report.people} with a message of their person ({report.new} "
        f"were not known), newest {newest}; {report.silent} without one; {report.skipped} skipped, since the platform "
        "does not show them."
    )
    say(_UNSEEN)


def _show_progress(report: "BackfillReport") -> None:
    line = f"{report.conversations} conversations read, {report.people} people, {report.calls} calls"
    click.echo(f"{_CLEARED}{line}", nl=False, err=True)


def _backfill_json(name: str, report: "BackfillReport") -> dict[str, object]:
    return {
        "account": name,
        "conversations": report.conversations,
        "people": report.people,
        "added": report.new,
        "silent": report.silent,
        "skipped": report.skipped,
        "newest_at": utc(report.newest_at),
        "calls": report.calls,
        "not_seen": _UNSEEN,
    }
