"""`windowcast submit`: a list of recipients sent, now or at a time."""

import os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import UUID, uuid4

import click

from cli.annotated import check_annotated
from cli.output import is_terminal
from cli.session import Session, session
from cli.shown import show_counts, show_findings, show_forecast, show_held
from cli.submission_options import submission_of, submission_options
from cli.submitted import show_result
from cli.verdict import say_earlier
from domain.errors import CampaignError, UsageError
from domain.states import CampaignState
from domain.submission import Submission

# What a flow of this process does towards its server, set before Prefect is imported; the environment comes first.
_CLIENT_SETTINGS: Final = {
    "DO_NOT_TRACK": "1",
    # A server takes a run for dead that is silent for two and a half of these (deployments/automations.py).
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
}


@click.command()
@submission_options
@click.option("--wait", is_flag=True, help="Without a Prefect server: wait here for the time given with --at.")
@click.option("--yes", is_flag=True, help="Do not ask; needed without a terminal.")
@click.option("--every", metavar="CRON", help="Submit it at every such time, as '30 9 * * MON', the file read anew.")
def submit(*, as_json: bool, wait: bool, yes: bool, annotated: Path | None, every: str | None, **given: Any) -> int:
    """Check a list and send it, now or at a time."""
    from cli import recurring
    from clients.prefect_server import has_server
    from tasks.recipients import bring_file

    with session() as opened, TemporaryDirectory() as folder:
        submission = replace(submission_of(opened, **given), submission_id=uuid4())
        if every is not None:
            return recurring.begin(opened, submission, cron=every, time_zone=given["time_zone"], as_json=as_json)
        check_annotated(annotated, submission)
        if submission.scheduled_at is not None and not wait and not has_server():
            raise UsageError(
                "A timed campaign needs a Prefect server (PREFECT_API_URL), or --wait to wait for its time here."
            )
        _check_words(opened, submission, yes=yes, as_json=as_json)
        submission = bring_file(submission, folder=Path(folder))
        if not yes:
            _confirm(opened, submission)
        error = _submit(opened, submission, waits=wait, shows_progress=not as_json)
        return show_result(opened, submission, error=error, as_json=as_json, annotated=annotated)


def _check_words(opened: Session, submission: Submission, *, yes: bool, as_json: bool) -> None:
    """See that names and times are right, and that somebody can be asked, before a file is fetched."""
    from tasks.submission import check_times, find_target

    find_target(opened.connection, submission)
    check_times(opened.connection, submission)
    if not yes and (as_json or not is_terminal()):
        raise UsageError("Without a terminal nobody can be asked: add --yes to send, or use `windowcast check` first.")


def _confirm(opened: Session, submission: Submission) -> None:
    """Have a person agree to the plan, before anything is stored."""
    from tasks.intake import plan_submission
    from tasks.mapped_interactions import read_all
    from tasks.windows import guards_of, timing_of

    read_all(opened.connection, opened.settings)
    with TemporaryDirectory() as folder:
        plan = plan_submission(
            opened.connection,
            submission,
            folder=Path(folder),
            timing=timing_of(opened.settings),
            guards=guards_of(opened.settings),
            on_problems=show_findings,
            on_forecast=show_forecast,
        )
    if plan.too_old is not None:
        raise plan.too_old
    show_counts(plan.counts)
    show_held(plan)
    say_earlier(plan, submission)
    click.confirm("Send it?", abort=True, err=True)


def _submit(opened: Session, submission: Submission, *, waits: bool, shows_progress: bool) -> CampaignError | None:
    """Submit on the Prefect server that is configured, or in this process without one; return what went wrong."""
    import asyncio

    from cli.progress import shown_progress
    from clients.prefect_server import check_server, has_server
    from tasks.submitting import submit_here

    is_on_server = has_server()
    if is_on_server:
        for name, value in _CLIENT_SETTINGS.items():
            os.environ.setdefault(name, value)
        check_server()  # a flow that cannot reach its server ends with a trace
    try:
        with shown_progress(opened.url, submission.submission_id, is_shown=shows_progress):
            if is_on_server:
                asyncio.run(_run_flows(opened, submission, waits=waits))
            else:
                submit_here(opened.connection, opened.url, submission, chosen=opened.settings)
    except CampaignError as error:
        return error
    return None


async def _run_flows(opened: Session, submission: Submission, *, waits: bool) -> None:
    """Run the flow `submit_campaign`, and for a timed one that is waited for `send_campaign` when its time has come."""
    from flows.send_campaign import send_campaign
    from flows.submit_campaign import submit_campaign
    from tasks.running import stop_on_signals, wait_for_start

    made = await submit_campaign(
        account=submission.account,
        template=submission.template,
        language=submission.language,
        version=submission.version,
        file=None if submission.file is None else str(submission.file),
        file_name=submission.file_name,
        user_ids=list(submission.user_ids),
        name=submission.name,
        at=submission.scheduled_at,
        not_after=submission.not_after,
        hold_until=submission.hold_until,
        weight=submission.weight,
        accept_valid=submission.accepts_valid,
        again=submission.again,
        sheet=submission.sheet,
        hidden_rows=submission.hidden_rows,
        encoding=submission.encoding,
        accept_old_interactions=submission.accepts_old_interactions,
        resend_unknown=submission.resends_unknown,
        private_replies=submission.private_replies,
        shares=submission.shares,
        submission_id=submission.submission_id,
        by=submission.submitted_by,
        send=submission.scheduled_at is None or not waits,
    )
    campaign_id = UUID(str(made))
    if submission.scheduled_at is None or not waits or not _is_scheduled(opened, campaign_id):
        return
    async with stop_on_signals() as stop:
        await wait_for_start(opened.url, campaign_id, stop=stop)
    if not stop.is_set():
        await send_campaign(campaign_id)


def _is_scheduled(opened: Session, campaign_id: UUID) -> bool:
    from tasks.campaigns import get_campaign

    return bool(get_campaign(opened.connection, campaign_id)["state"] == CampaignState.SCHEDULED)
