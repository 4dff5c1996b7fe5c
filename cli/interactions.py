"""`windowcast interactions`: what people did, which opens their windows."""

from pathlib import Path

import click

from cli.output import print_json, print_json_list, print_table, say
from cli.session import json_option, session
from domain.errors import InputRefusedError

_MOST_SHOWN = 20
_LONGEST_SHOWN = 40


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
