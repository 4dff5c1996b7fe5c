"""`windowcast report`: who can be reached, night by night; and what became of campaigns and their runs."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.output import print_json, print_table, say
from cli.session import json_option, moment, session
from domain.errors import InputRefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from domain.eligibility import EligibilityReport
    from reports.history import History

_MOST_SHOWN_PROBLEMS = 20
_SHOWN_COLUMNS = (
    "name", "account", "state", "created_at", "row_count", "eligible_count", "sent_count", "delivered_count",
    "read_count", "failed_count", "unknown_count", "expired_count",
)  # fmt: skip


@click.group()
def report() -> None:
    """Show who can be reached, and what became of campaigns and their runs."""


@report.command()
@click.option("--account", metavar="NAME", help="Of one account; without it of all.")
@click.option("--date", "night", metavar="YYYY-MM-DD", help="A night that was kept, shown again as it was.")
@click.option("--segment", metavar="FILE|VIEW", help="Only these people: a .csv, .xlsx or .txt of ids, or schema.view.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FOLDER", help="Write the page and the workbook here.")
@json_option
def eligibility(*, account: str | None, night: str | None, segment: str | None, out: Path | None, as_json: bool) -> int:
    """Count who can be reached now, and keep it as this night's report, once.

    A night is a day in WINDOWCAST_TIME_ZONE (else UTC).
    """
    from tasks.eligibility_report import read_night
    from tasks.night import measure_night
    from tasks.report_files import write_report_files

    if night is not None and segment is not None:
        raise UsageError("A night is kept for whole accounts: give --date or --segment, not both.")
    with session() as opened:
        zone = opened.settings.time_zone
        if night is not None:
            found = read_night(opened.connection, _night(night), account=account, zone=zone)
        else:
            found = measure_night(opened.connection, opened.settings, account=account, segment=segment)
    files = [] if out is None else write_report_files(found, out)
    if as_json:
        print_json(_eligibility_json(found, files))
    else:
        _show_eligibility(found, files)
    return InputRefusedError.exit_code if found.segment is not None and found.segment.bad_count else 0


@report.command()
@click.option("--since", metavar="TIME", help="Campaigns submitted since then; without it those of the last 30 days.")
@click.option("--account", metavar="NAME", help="Of one account; without it of all.")
@click.option("--time-zone", help="The zone of a time without an offset, such as Europe/Berlin.")
@click.option("--out", type=click.Path(path_type=Path), help="Write it: .html, .xlsx, .csv or .parquet.")
@json_option
def history(*, since: str | None, account: str | None, time_zone: str | None, out: Path | None, as_json: bool) -> None:
    """Show what became of campaigns and of their runs."""
    from tasks.history import read_history, write_history

    with session() as opened:
        found = read_history(
            opened.connection,
            since=moment(since, time_zone=time_zone, settings=opened.settings),
            account=account,
            zone=opened.settings.time_zone,
        )
    if out is not None:
        write_history(out, found)
    if as_json:
        print_json([_history_json(found, row) for row in found.campaigns])
    else:
        _show_history(found, out)


def _history_json(found: "History", campaign: "Mapping[str, Any]") -> dict[str, Any]:
    def of_campaign(rows: "Sequence[Mapping[str, Any]]") -> list[dict[str, Any]]:
        return [_plain_row(row) for row in rows if row["campaign_id"] == campaign["campaign_id"]]

    return {**_plain_row(campaign), "runs": of_campaign(found.runs), "failures": of_campaign(found.failures)}


def _plain_row(row: "Mapping[str, Any]") -> dict[str, Any]:
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in row.items()}


def _show_history(found: "History", out: Path | None) -> None:
    from reports.history import words_of

    print_table(
        tuple(words_of(name).lower() for name in _SHOWN_COLUMNS),
        [[row[name] for name in _SHOWN_COLUMNS] for row in found.campaigns],
        empty=f"No campaign was submitted since {found.since:%Y-%m-%d %H:%M} UTC.",
    )
    print_table(
        ("run began", "campaign", "by", "ended with", "seconds", "Prefect's run"),
        [
            (
                row["started_at"],
                row["campaign"],
                row["flow"],
                row["ended_with"] or "not ended",
                None if row["seconds"] is None else f"{row['seconds']:.1f}",
                row["flow_run_id"],
            )
            for row in found.runs
        ],
        empty="No run of theirs is recorded.",
    )
    if out is not None:
        click.echo(f"Written: {out}")


def _night(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--date {text} is no day; write it as 2026-11-24.") from None


def _eligibility_json(found: "EligibilityReport", files: list[Path]) -> dict[str, Any]:
    from pydantic import TypeAdapter

    from domain.eligibility import EligibilityReport

    plain: dict[str, Any] = TypeAdapter(EligibilityReport).dump_python(found, mode="json")
    nights = {str(which): kept for which, kept in plain.pop("trends").items()}
    for one in plain["accounts"]:
        one["account_id"] = str(one["account_id"])
        one["nights"] = nights.get(one["account_id"], [])
    segment = plain["segment"]
    if segment is not None:
        segment["problems"] = [{"row_number": number, "text": text} for number, text in segment["problems"]]
    return {**plain, "files": [str(path) for path in files]}


def _show_eligibility(found: "EligibilityReport", files: list[Path]) -> None:
    from reports.eligibility_words import sentences, standing, title

    measured = f"{found.measured_at.astimezone(found.local):%Y-%m-%d %H:%M}"
    click.echo(f"{title(found)} (counted {measured}, times of {found.zone}). {standing(found)}")
    if found.unmeasured:
        say(f"Not measured in this night: {', '.join(found.unmeasured)}.")
    print_table(
        ("account", "open now", "in 1 h", "in 3 h", "in 6 h", "in 12 h", "in 24 h", "newly open", "lost", "known"),
        [
            (one.account, one.open_now, *one.closing.values(), one.newly_open, one.lost, one.known)
            for one in found.accounts
        ],
        empty="There are no accounts yet; `windowcast accounts add` makes one.",
    )
    for one in found.accounts:
        click.echo(f"{one.account}:")
        for sentence in sentences(one, found.local):
            click.echo(f"  {sentence}")
        for campaign in one.campaigns:
            when = f"{campaign.at.astimezone(found.local):%Y-%m-%d %H:%M}"
            bar = f" ({campaign.remark})" if campaign.remark else ""
            click.echo(f"  {campaign.name}, {when}{bar}: reaches {campaign.reached:,} of {campaign.eligible_now:,}.")
    if found.segment is not None:
        _say_problems(found)
    for path in files:
        click.echo(f"Written: {path}")


def _say_problems(found: "EligibilityReport") -> None:
    assert found.segment is not None
    for number, text in found.segment.problems[:_MOST_SHOWN_PROBLEMS]:
        say(f"  row {number}: {text}")
    if found.segment.bad_count > _MOST_SHOWN_PROBLEMS:
        say(f"  … and {found.segment.bad_count - _MOST_SHOWN_PROBLEMS:,} more; --json lists the first thousand.")
