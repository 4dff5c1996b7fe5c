"""`windowcast recurring`, and what `submit --every` does: lists that are submitted again and again."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from cli.output import print_json, print_table, utc
from cli.session import Session, json_option, session
from clients.prefect_server import has_server
from domain.errors import NotFoundError, UsageError
from domain.submission import Submission, shown_address

if TYPE_CHECKING:
    from tasks.recurring import Recurring


@click.group()
def recurring() -> None:
    """List and stop what `submit --every` submits again and again."""


@recurring.command("list")
@click.option("--all", "with_stopped", is_flag=True, help="Those that were stopped too.")
@json_option
def list_(*, with_stopped: bool, as_json: bool) -> None:
    """List what is submitted again and again, newest first."""
    from tasks.recurring import list_recurring, next_times

    with session() as opened:
        found = list_recurring(opened.connection, with_stopped=with_stopped)
        if as_json:
            print_json([_json(opened, one) for one in found])
            return
        rows = [(one, next(iter(next_times(opened.connection, one, most=1)), None)) for one in found]
    print_table(
        ("recurring", "name", "when", "zone", "next"),
        [(one.recurring_id, one.name, one.cron, one.time_zone, at or "stopped") for one, at in rows],
        empty="Nothing is submitted again and again; `windowcast submit --every` begins it.",
    )


@recurring.command()
@click.argument("recurring_id", metavar="RECURRING")
@json_option
def stop(recurring_id: str, *, as_json: bool) -> None:
    """Submit a list no more. Campaigns that were made of it stay as they are."""
    from tasks.recurring import cancel_recurring_runs, stop_recurring

    try:
        found = UUID(recurring_id)
    except ValueError:
        raise NotFoundError(f"{recurring_id} is no id; `windowcast recurring list` shows them.") from None
    with session() as opened:
        stop_recurring(opened.connection, found)
    if has_server():
        cancel_recurring_runs(found)
    if as_json:
        print_json({"recurring_id": recurring_id, "stopped": True})
    else:
        click.echo("It is submitted no more.")


def begin(opened: Session, submission: Submission, *, cron: str, time_zone: str | None, as_json: bool) -> int:
    """Keep a list that is to be submitted at every time of a cron expression, and make its first runs."""
    from tasks.recurring import add_recurring, make_runs_ahead, next_times
    from tasks.submission import find_target

    zone = time_zone or opened.settings.time_zone
    _check(submission, zone=zone)
    assert zone is not None
    find_target(opened.connection, submission)
    name = submission.name or f"{submission.template} {submission.language}"
    kept = add_recurring(opened.connection, name=name, cron=cron, time_zone=zone, words=_words(submission))
    make_runs_ahead(opened.connection, chosen=opened.settings)
    if as_json:
        print_json(_json(opened, kept))
        return 0
    click.echo(f"{name} ({kept.recurring_id}) is submitted at '{cron}' in {zone}, each time with its file read anew.")
    for at in next_times(opened.connection, kept):
        click.echo(f"  {at:%Y-%m-%d %H:%M} UTC")
    return 0


def _check(submission: Submission, *, zone: str | None) -> None:
    if not has_server():
        raise UsageError("--every needs a Prefect server: set PREFECT_API_URL, or start one with `windowcast up`.")
    if submission.file is None:
        raise UsageError("--every reads a file anew each time: name it with --file, and not people with --to.")
    if isinstance(submission.file, str) and submission.file != shown_address(submission.file):
        raise UsageError(
            f"The address {shown_address(submission.file)} holds a user, a query (?...) or a mark (#...), which may be "
            "secret and would be kept; use one without."
        )
    if submission.scheduled_at or submission.not_after or submission.hold_until:
        raise UsageError("--every says when: --at, --not-after and --hold-until are single times; leave them out.")
    if zone is None:
        raise UsageError("--every needs the zone it is meant in: --time-zone Europe/Berlin, or WINDOWCAST_TIME_ZONE.")


def _words(submission: Submission) -> dict[str, Any]:
    """Return what is submitted each time, as parameters of the flow; what has its usual value is left out."""
    words = {
        "account": submission.account,
        "template": submission.template,
        "language": submission.language,
        "version": submission.version,
        "file": str(submission.file),
        "weight": submission.weight,
        "shares": submission.shares,
        "accept_valid": submission.accepts_valid,
        "sheet": submission.sheet,
        "hidden_rows": submission.hidden_rows,
        "encoding": submission.encoding,
        "accept_old_interactions": submission.accepts_old_interactions,
        "resend_unknown": submission.resends_unknown,
        "by": submission.submitted_by,
    }
    return {name: value for name, value in words.items() if value is not None}


def _json(opened: Session, one: "Recurring") -> dict[str, Any]:
    from tasks.recurring import next_times

    return {
        "recurring_id": str(one.recurring_id),
        "name": one.name,
        "cron": one.cron,
        "time_zone": one.time_zone,
        "next": [utc(at) for at in next_times(opened.connection, one)],
        "stopped_at": utc(one.stopped_at),
    }
