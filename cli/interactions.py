"""`windowcast interactions`: what people did, which opens their windows."""

from pathlib import Path

import click

from cli.output import print_json, say
from cli.session import json_option, session
from domain.errors import InputRefusedError

_MOST_SHOWN = 20


@click.group()
def interactions() -> None:
    """Load what people did, which opens their windows."""


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
