"""`windowcast campaigns`: campaigns as rows that anybody may look at, and whoever may send carries on with."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from cli.approvals import approve, reject, show_approval
from cli.output import is_terminal, print_json, print_table, say
from cli.session import Session, campaign_id, json_option, moment, session, told_of_runs
from cli.shown import (
    campaign_details_json,
    campaign_json,
    campaign_remaining,
    campaign_run,
    show_counts,
    show_funnel,
    sweep_json,
)
from domain.errors import NobodyEligibleError, UsageError
from domain.reasons import SENTENCES, Reason

if TYPE_CHECKING:
    from tasks.retries import RetryPlan
    from tasks.running import RunEnd


@click.group()
def campaigns() -> None:
    """List, show, approve, run, pause, resume, move, cancel, retry and sweep campaigns; get workbooks and reports."""


campaigns.add_command(approve)
campaigns.add_command(reject)


@campaigns.command("list")
@click.option("--most", type=click.IntRange(1), default=100, show_default=True, help="How many of the newest.")
@json_option
def list_(*, most: int, as_json: bool) -> None:
    """List campaigns, newest first."""
    from tasks.campaigns import count_messages, list_campaigns

    with session() as opened:
        found = list_campaigns(opened.connection, most=most)
        counts = count_messages(opened.connection, [row["campaign_id"] for row in found])
    if as_json:
        print_json([campaign_json(row, counts[row["campaign_id"]]) for row in found])
        return
    print_table(
        ("campaign", "name", "account", "state", "timed for", "rows"),
        [
            (
                row["campaign_id"],
                row["name"],
                row["account"],
                row["state"],
                row["scheduled_at"] or "at once",
                counts[row["campaign_id"]].rows,
            )
            for row in found
        ],
        empty="There are no campaigns yet; `windowcast submit` makes one.",
    )


@campaigns.command()
@click.argument("campaign")
@json_option
def show(campaign: str, *, as_json: bool) -> None:
    """Show a campaign with its messages by state and reason."""
    with session() as opened:
        _show(opened, campaign_id(campaign), as_json=as_json)


@campaigns.command()
@click.argument("campaign")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where to write the page (.html).")
@json_option
def validation(campaign: str, *, out: Path, as_json: bool) -> None:
    """Write the validation report of a campaign's list, a page for any browser."""
    from reports.validation_page import write_validation_page
    from tasks.validation_report import gather_report

    if out.suffix.lower() not in {".html", ".htm"}:
        raise UsageError(f"--out {out} should end in .html, which is what a page is.")
    with session() as opened:
        report = gather_report(opened.connection, campaign_id(campaign))
    write_validation_page(out, report)
    if as_json:
        print_json({"file": str(out), "verdict": report.verdict, "problems": report.problem_count})
    else:
        click.echo(f"The page is {out}: {report.verdict}, {report.problem_count:,} problems. Open it in a browser.")


@campaigns.command()
@click.argument("campaign")
@click.option("--wait", is_flag=True, help="Wait for the campaign's time.")
@json_option
def run(campaign: str, *, wait: bool, as_json: bool) -> int:
    """Start a campaign here, or carry on with it. Any number may run at once."""
    from tasks.campaigns import get_campaign
    from tasks.running import unfinished

    with session() as opened:
        found = campaign_id(campaign)
        get_campaign(opened.connection, found)
        end = asyncio.run(_run(opened, found, waits=wait))
        problem = unfinished(opened.url, found, end=end)
        if problem is None:
            _show(opened, found, as_json=as_json)
            return 0
        if as_json:
            details = campaign_details_json(
                opened.connection, get_campaign(opened.connection, found), settings=opened.settings
            )
            print_json({**details, "error": {"code": problem.code, "text": str(problem)}})
            return problem.exit_code
        raise problem


@campaigns.command()
@click.argument("campaign")
@json_option
def pause(campaign: str, *, as_json: bool) -> None:
    """Stop a campaign at its next claim."""
    from tasks.campaigns import pause_campaign

    with session() as opened:
        found = campaign_id(campaign)
        pause_campaign(opened.connection, found)
        _show(opened, found, as_json=as_json)


@campaigns.command()
@click.argument("campaign")
@click.option(
    "--accept-old-interactions", is_flag=True, help="Judge windows by what is known, however old the newest is."
)
@json_option
def resume(campaign: str, *, accept_old_interactions: bool, as_json: bool) -> None:
    """Let a paused campaign go on; `campaigns run` sends it here."""
    from tasks.campaigns import resume_campaign

    with session() as opened:
        found = campaign_id(campaign)
        resume_campaign(opened.connection, found, accepts_old_interactions=accept_old_interactions)
        _show(opened, found, as_json=as_json)


@campaigns.command()
@click.argument("campaign")
@click.option("--at", required=True, metavar="TIME", help="When to send instead (ISO 8601).")
@click.option("--time-zone", metavar="ZONE", help="The zone of a time without an offset, such as Europe/Berlin.")
@json_option
def reschedule(campaign: str, *, at: str, time_zone: str | None, as_json: bool) -> None:
    """Move a timed campaign that has not started, and its run on the Prefect server, to another time."""
    from clients.prefect_server import has_server
    from tasks.timed_runs import move_run, reschedule_campaign

    with session() as opened:
        found = campaign_id(campaign)
        wanted = moment(at, time_zone=time_zone, settings=opened.settings)
        assert wanted is not None
        old = reschedule_campaign(opened.connection, found, at=wanted, chosen=opened.settings)
        if has_server():
            with told_of_runs("moved", "its new run is made by the sweep, every five minutes, or by moving it again"):
                move_run(opened.connection, found, old=old, chosen=opened.settings)
        _show(opened, found, as_json=as_json)


@campaigns.command()
@click.argument("campaign")
@json_option
def cancel(campaign: str, *, as_json: bool) -> None:
    """Cancel a campaign and its waiting run on the Prefect server; messages under way end as they end."""
    from clients.prefect_server import has_server
    from tasks.campaigns import cancel_campaign
    from tasks.timed_runs import cancel_runs

    with session() as opened:
        found = campaign_id(campaign)
        cancel_campaign(opened.connection, found)
        if has_server():
            with told_of_runs("cancelled", "its run sends nothing when it comes"):
                cancel_runs(opened.connection, found)
        _show(opened, found, as_json=as_json)


@campaigns.command()
@json_option
def sweep(*, as_json: bool) -> int:
    """Put right what dead senders left, close what is over, and say what a person should look at."""
    from tasks.mapped_interactions import try_to_read
    from tasks.sweep import sweep as sweep_once
    from tasks.windows import timing_of

    with session() as opened:
        try_to_read(opened.connection, opened.settings)
        report = sweep_once(opened.connection, timing=timing_of(opened.settings))
    if as_json:
        print_json(sweep_json(report))
        return 0
    click.echo(
        f"Rescued {report.rescued}, settled {report.settled}, echoes {report.echoes}, recovered {report.recovered}, "
        f"closed {len(report.closed)} campaigns."
    )
    for finding in report.findings:
        click.echo(f"{finding.text} See {finding.runbook}")
    for found in report.to_continue:
        click.echo(f"`windowcast campaigns run {found}` lets it go on.")
    return 0


@campaigns.command("retry-failed")
@click.argument("campaign")
@click.option(
    "--reason",
    required=True,
    type=click.Choice([reason.value for reason in Reason]),
    metavar="REASON",
    help="Why they failed: message_refused, other_app_in_control, outside_window, person_unavailable, person_unknown.",
)
@click.option("--because", default="no reason was given", help="Why now; it is kept with your name.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def retry_failed(campaign: str, *, reason: str, because: str, yes: bool, as_json: bool) -> int:
    """Make messages ready again that the platform refused for one reason.

    Windows and opt-outs are looked at again: who cannot be reached stays failed. Unknown messages are never touched.
    `campaigns run` then sends them.
    """
    from cli.messages import author_here
    from tasks.decisions import Author
    from tasks.retries import plan_retry
    from tasks.retries import retry_failed as retry
    from tasks.windows import timing_of

    with session() as opened:
        found, timing, why = campaign_id(campaign), timing_of(opened.settings), Reason(reason)
        plan = plan_retry(opened.connection, found, reason=why, timing=timing)
        if plan.ready and not yes:
            _ask_retry(plan, as_json=as_json)
        if plan.ready:
            author = Author(author_here(), because)
            plan = retry(opened.connection, found, reason=why, author=author, timing=timing)
    if as_json:
        print_json(_retry_json(found, plan))
    else:
        _show_retry(found, plan)
    return NobodyEligibleError.exit_code if plan.failed and not plan.ready else 0


def _ask_retry(plan: "RetryPlan", *, as_json: bool) -> None:
    if as_json or not is_terminal():
        raise UsageError("Without a terminal nobody can be asked: add --yes to send these messages again.")
    _show_plan(plan)
    click.confirm("Send these again?", abort=True, err=True)


def _show_plan(plan: "RetryPlan") -> None:
    click.echo(f"Failed as {plan.reason}: {plan.failed}. Of these people can be reached now: {plan.ready}.")
    for obstacle, count in sorted(plan.staying.items(), key=lambda one: -one[1]):
        click.echo(f"  Stay failed: {count}. {SENTENCES[obstacle]}")
    if plan.warning and plan.ready:
        click.echo(plan.warning)


def _show_retry(found: UUID, plan: "RetryPlan") -> None:
    if not plan.ready:
        _show_plan(plan)
        return
    click.echo(f"Ready again: {plan.ready}; `windowcast campaigns run {found}` sends them.")


def _retry_json(found: UUID, plan: "RetryPlan") -> dict[str, object]:
    return {
        "campaign_id": str(found),
        "reason": plan.reason,
        "failed": plan.failed,
        "ready": plan.ready,
        "staying": {str(obstacle): count for obstacle, count in plan.staying.items()},
        "warning": plan.warning if plan.ready else None,
    }


@campaigns.command()
@click.argument("campaign")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The .xlsx file to write.")
@json_option
def workbook(campaign: str, *, out: Path, as_json: bool) -> None:
    """Write the submitted workbook with what became of each row beside it; before sending, with its problems."""
    from tasks.campaigns import count_messages
    from tasks.workbooks import write_workbook

    with session() as opened:
        found = campaign_id(campaign)
        missing = write_workbook(opened.connection, found, path=out)
        rows = count_messages(opened.connection, [found])[found].rows
    if as_json:
        print_json({"file": str(out), "rows": rows, "missing": list(missing)})
    else:
        click.echo(f"{rows} rows are in {out}.")
        for sentence in missing:
            say(sentence)


async def _run(opened: Session, found: UUID, *, waits: bool) -> "RunEnd":
    from tasks.running import run_campaign, stop_on_signals
    from tasks.runs import recorded_run

    async with stop_on_signals() as stop, recorded_run(found, flow="campaigns run"):
        return await run_campaign(opened.url, found, chosen=opened.settings, stop=stop, waits=waits)


def _show(opened: Session, found: UUID, *, as_json: bool) -> None:
    from tasks.campaigns import count_messages, get_campaign
    from tasks.history import read_funnel

    campaign = get_campaign(opened.connection, found)
    if as_json:
        print_json(campaign_details_json(opened.connection, campaign, settings=opened.settings))
        return
    timed = "" if campaign["scheduled_at"] is None else f", timed for {campaign['scheduled_at']:%Y-%m-%d %H:%M:%S} UTC"
    click.echo(f"Campaign {campaign['name']} ({found}) of {campaign['account']} is {campaign['state']}{timed}.")
    if campaign["refusal"]:
        click.echo(campaign["refusal"])
    if campaign["held_count"]:
        click.echo(
            f"{campaign['held_count']} people have no open window; until "
            f"{campaign['hold_until']:%Y-%m-%d %H:%M} UTC they get the message when they write."
        )
    if campaign["recovered_count"]:
        click.echo(f"{campaign['recovered_count']} people wrote while they were waited for, and were recovered.")
    if campaign["asks_approval"]:
        show_approval(opened, found)
    if (run_page := campaign_run(campaign)) is not None:
        click.echo(f"Its run: {run_page}")
    if campaign["pause_reason"]:
        click.echo(f"It is paused: {campaign['pause_reason']}.")
    if campaign["lost_by_delay"]:
        click.echo(f"Its late start cost {campaign['lost_by_delay']:,} people: their windows had closed by then.")
    remaining = campaign_remaining(opened.connection, campaign, settings=opened.settings)
    if remaining is not None:
        click.echo(f"Left: {remaining.sentence}.")
    show_counts(count_messages(opened.connection, [found])[found])
    show_funnel(read_funnel(opened.connection, found))
