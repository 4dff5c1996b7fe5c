"""From a workbook to an admitted campaign: read, check, judge, foretell, then send now or at its time."""

import asyncio
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, NamedTuple
from uuid import UUID

from prefect import State, flow, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run
from prefect.states import Cancelled
from pydantic import Field

from clients.settings import settings
from domain.errors import UsageError
from domain.run_names import submit_name
from domain.server_run import MOST_SHARES
from domain.states import CampaignState
from domain.submission import Submission, file_or_address, shown_address
from domain.template_label import read_label
from domain.times import parse_moment
from flows.send_campaign import send_campaign
from flows.steps.approval import wait_for_approval
from flows.steps.beside import beside
from flows.steps.endings import PlainFailure, told_of
from flows.steps.server_runs import own_run_id
from flows.steps.sharing import usual_shares
from reports.validation_page import validation_markdown
from tasks.campaigns import get_campaign, keep_flow_run
from tasks.intake import find_progress, plan_submission
from tasks.judging import count_findings
from tasks.plan_shown import admitted_markdown, plan_markdown, plan_sentence
from tasks.recurring import is_stopped
from tasks.run_shown import problems_markdown
from tasks.running import open_database
from tasks.runs import recorded_run
from tasks.staging import list_problems
from tasks.submit_form import inbox_file as inbox_file_of
from tasks.submitting import admit_submission, ingest, upload_folder
from tasks.timed_runs import make_timed_run
from tasks.validation_report import gather_report
from tasks.windows import guards_of, timing_of

_MOST_PROBLEMS_SHOWN: Final = 100
# From these states an earlier try of the same submission goes on; from any other one it is over.
_GOES_ON: Final = (
    CampaignState.VALIDATED,
    CampaignState.AWAITING_APPROVAL,
    CampaignState.SCHEDULED,
    CampaignState.SENDING,
)


class _Template(NamedTuple):
    """A template by its words; the newest version where none is named."""

    code: str
    language: str
    version: int | None


def _run_name() -> str:
    """Call the run by what is submitted to whom, and for when."""
    given = flow_run.parameters
    label = read_label(given["template"])
    name = given.get("name") or (given["template"] if label is None else label.code)
    at = given.get("at")
    at = datetime.fromisoformat(at) if isinstance(at, str) else at
    zone = settings().time_zone
    timed = at if at is not None and at.tzinfo is not None else None  # one without a zone is refused, or meant in ours
    return submit_name(name, account=given["account"], at=timed, time_zone=zone)


@flow(name="submit-campaign", flow_run_name=_run_name, validate_parameters=True)
async def submit_campaign(
    *,
    account: str,
    template: str,
    language: str | None = None,
    version: int | None = None,
    inbox_file: str | None = None,
    file: str | None = None,
    file_name: str | None = None,
    user_ids: list[str] | None = None,
    name: str | None = None,
    at: datetime | None = None,
    not_after: datetime | None = None,
    hold_until: datetime | None = None,
    weight: float = 1,
    accept_valid: bool = False,
    again: bool = False,
    sheet: str | None = None,
    hidden_rows: str = "ask",
    encoding: str | None = None,
    accept_old_interactions: bool = False,
    resend_unknown: bool = False,
    dry_run: bool = False,
    private_replies: bool = False,
    shares: Annotated[int, Field(ge=1, le=MOST_SHARES)] | None = None,
    submission_id: UUID | None = None,
    recurring_id: UUID | None = None,
    send: bool = True,
    by: str | None = None,
) -> str | State[str]:
    """Check a list of recipients and send it, now or at its time.

    Args:
        account: Name of the sending account.
        template: Code of the template, or code, language and version as in `sale · en · 3`.
        language: Language of the template, where only its code is given.
        version: Version of the template; the newest if empty.
        inbox_file: Name of the filled workbook in the inbox folder.
        file: In place of it a path on the worker's machine, or an address without a query.
        file_name: What people call the file, where its path says something else.
        user_ids: The recipients, in place of a file, for a template without variables.
        name: Name of the campaign.
        at: When to send; at once if empty.
        not_after: The latest time at which a message of it may be sent.
        hold_until: Wait until then for people without an open window, and send to them when they write.
        weight: The campaign's share of the pace beside other campaigns of the account; 1 if nothing is said.
        accept_valid: Send the good rows of a file that has bad ones.
        again: Send the same list a second time on purpose.
        sheet: The sheet of the workbook, where several could hold the recipients.
        hidden_rows: ask, include or skip.
        encoding: Of a csv file that is not UTF-8: cp1252.
        accept_old_interactions: Judge windows by the interactions that are known, however old the newest is.
        resend_unknown: Send again what two look-ups prove absent; a small risk of a second copy remains.
        dry_run: Only show what would happen; nothing is sent or kept.
        private_replies: Answer the comments and posts of people without an open window privately, each once.
        shares: How many runs send it at once, on as many workers as are free; if empty, what the workers are set to.
        submission_id: Makes a repeated submit find its campaign; the run's own id if empty.
        recurring_id: Of which recurring submission this is an occurrence; a stopped one has none any more.
        send: Send an immediate campaign in this run, and have a timed one sent by a run of its own.
        by: Who submits it. A large campaign is approved by somebody else.

    Returns the campaign's id (of a dry run, what would happen in a sentence). A list that is refused is no failure of
    the run: its campaign says why. A large campaign waits for a second person, and with it the run of a server.
    """
    if recurring_id is not None and ended(recurring_id):
        return Cancelled(message="This is submitted no more: it was stopped.")
    chosen_template = _chosen_template(template, language=language, version=version)
    submission = Submission(
        submission_id=submission_id or UUID(str(flow_run.id)),
        account=account,
        template=chosen_template.code,
        language=chosen_template.language,
        version=chosen_template.version,
        file=_named_file(file, inbox_name=inbox_file),
        file_name=file_name,
        user_ids=tuple(user_ids or ()),
        name=name,
        scheduled_at=_moment(at),
        not_after=_moment(not_after),
        hold_until=_moment(hold_until),
        weight=weight,
        accepts_valid=accept_valid,
        again=again,
        sheet=sheet,
        hidden_rows=hidden_rows,
        encoding=encoding,
        accepts_old_interactions=accept_old_interactions,
        resends_unknown=resend_unknown,
        submitted_by=_submitter(by),
        private_replies=private_replies,
        shares=shares,
    )
    if dry_run:
        return await show_plan(submission)
    async with PlainFailure() as failed:
        return await _submit_and_send(submission, send=send)
    return failed.state


async def _submit_and_send(submission: Submission, *, send: bool) -> str | State[str]:
    begun = time.monotonic()
    campaign_id, state = already_made(submission)
    if campaign_id is None or state is CampaignState.DRAFT:
        campaign_id, state = take_in(submission)
    ago = time.monotonic() - begun
    keep_run(campaign_id)
    record = recorded_run(campaign_id, flow="submit-campaign", flow_run_id=flow_run.id, seconds_ago=ago)
    async with told_of(campaign_id), record:
        await show_validation(campaign_id)
        await show_problems(campaign_id)
        if state not in _GOES_ON:
            return str(campaign_id)
        if state is CampaignState.VALIDATED:
            state, sentences = admit_campaign(submission, campaign_id)
            async with beside(show_admitted(campaign_id, sentences)):
                return await _go_on(submission, campaign_id, state=state, send=send)
        return await _go_on(submission, campaign_id, state=state, send=send)


async def _go_on(submission: Submission, campaign_id: UUID, *, state: CampaignState, send: bool) -> str | State[str]:
    """Wait for a second person where one is asked, then send the campaign or have it sent at its time."""
    if state is CampaignState.AWAITING_APPROVAL:
        state = await wait_for_approval(campaign_id)
        if state is CampaignState.CANCELLED:
            return Cancelled(message="The campaign was rejected or cancelled; nothing of it is sent.")
        if state is CampaignState.AWAITING_APPROVAL:
            return str(campaign_id)
    if send and submission.scheduled_at is None:
        await send_campaign(campaign_id, shares=usual_shares(campaign_id))
    elif send:
        schedule_run(campaign_id)
    return str(campaign_id)


@task(task_run_name="see whether it was stopped", cache_policy=NO_CACHE)
def ended(recurring_id: UUID) -> bool:
    """Say whether a recurring submission was stopped."""
    with open_database() as (connection, _):
        return is_stopped(connection, recurring_id)


@task(task_run_name="look for an earlier try", cache_policy=NO_CACHE)
def already_made(submission: Submission) -> tuple[UUID | None, CampaignState | None]:
    """Return the campaign that this submission has made before, if it has, and how far it came."""
    with open_database() as (connection, _):
        return find_progress(connection, submission)


@task(task_run_name="read and check the list", cache_policy=NO_CACHE)
def take_in(submission: Submission) -> tuple[UUID, CampaignState]:
    """Read the list, check it by SQL and by its suite, and make every row a message."""
    with open_database() as (connection, url):
        return ingest(connection, url, submission, chosen=settings())


@task(task_run_name="admit the campaign", cache_policy=NO_CACHE)
def admit_campaign(submission: Submission, campaign_id: UUID) -> tuple[CampaignState, list[str]]:
    """See that somebody can be reached, and let the campaign start at its time or after an approval.

    Returns its state, and the plan in sentences.
    """
    with open_database() as (connection, _):
        return admit_submission(connection, submission, campaign_id, chosen=settings())


@task(task_run_name="show what is foretold", cache_policy=NO_CACHE)
async def show_admitted(campaign_id: UUID, sentences: list[str]) -> None:
    """Show the plan of a campaign that was admitted, its picture drawn in a thread, so that no send waits for it."""
    with open_database() as (connection, _):
        campaign = get_campaign(connection, campaign_id)
    zone = settings().time_zone
    plan = await asyncio.to_thread(admitted_markdown, sentences, campaign=campaign, time_zone=zone)
    await acreate_markdown_artifact(key=f"plan-{campaign_id}", markdown=plan, description="What was foretold.")


@task(task_run_name="schedule its run", cache_policy=NO_CACHE)
def schedule_run(campaign_id: UUID) -> None:
    """Have a run of `send-campaign` come at the campaign's time."""
    with open_database() as (connection, _):
        if get_campaign(connection, campaign_id)["state"] == CampaignState.SCHEDULED:
            make_timed_run(connection, campaign_id, chosen=settings())


@task(task_run_name="keep which run this is", cache_policy=NO_CACHE)
def keep_run(campaign_id: UUID) -> None:
    """Keep with the campaign that this run works on it, so that people find it."""
    run_id = own_run_id()
    if run_id is not None:
        with open_database() as (connection, _):
            keep_flow_run(connection, campaign_id, run_id)


@task(task_run_name="show the plan", cache_policy=NO_CACHE)
async def show_plan(submission: Submission) -> str:
    """Show what a submission would do: nothing of it is kept."""
    timing, guards = timing_of(settings()), guards_of(settings())
    with open_database() as (connection, _), upload_folder(settings()) as folder:
        plan = plan_submission(connection, submission, folder=folder, timing=timing, guards=guards)
    await acreate_markdown_artifact(
        key=f"plan-{submission.submission_id}",
        markdown=plan_markdown(plan, time_zone=settings().time_zone),
        description="What would happen.",
    )
    return plan_sentence(plan)


@task(task_run_name="show the problems", cache_policy=NO_CACHE)
async def show_problems(campaign_id: UUID) -> None:
    """Put the first problems of a list where its people look: rows and sentences, nothing that stands in a cell."""
    with open_database() as (connection, _):
        problems = list_problems(connection, campaign_id, most=_MOST_PROBLEMS_SHOWN)
        known = sum(count_findings(connection, campaign_id).values())
        campaign = get_campaign(connection, campaign_id)
    if problems:
        words = problems_markdown(problems, known=known, campaign=campaign)
        await acreate_markdown_artifact(
            key=f"problems-{campaign_id}", markdown=words, description="Problems of the list."
        )


@task(task_run_name="show the validation report", cache_policy=NO_CACHE)
async def show_validation(campaign_id: UUID) -> None:
    """Say how every rule of the list fared, and how to get the whole report as a page."""
    with open_database() as (connection, _):
        report = gather_report(connection, campaign_id)
    await acreate_markdown_artifact(
        key=f"validation-{campaign_id}", markdown=validation_markdown(report), description="The validation report."
    )


def _chosen_template(text: str, *, language: str | None, version: int | None) -> "_Template":
    """Take a template as the form names it, in one text, or as the command line does. Raises UsageError for neither."""
    label = read_label(text)
    if label is not None:
        return _Template(label.code, language or label.language, version or label.version)
    if language is None:
        raise UsageError(f"The template {text} has no language: choose it as `{text} · en · 1`, or give its language.")
    return _Template(text, language, version)


def _submitter(by: str | None) -> str | None:
    """Take who submits. Raises UsageError where nobody is named and another person may have to approve it."""
    name = (by or "").strip()
    if not name and settings().approval_above is not None and own_run_id() is not None:
        raise UsageError("Say who submits it (Your name, `by`): a large campaign is approved by somebody else.")
    return name or None


def _moment(at: datetime | None) -> datetime | None:
    """Take a time of the form; one without a zone is meant in the installation's, or refused."""
    if at is None or at.tzinfo is not None:
        return at
    return parse_moment(at.isoformat(), time_zone=None, default_time_zone=settings().time_zone)


def _named_file(text: str | None, *, inbox_name: str | None) -> Path | str | None:
    """Take what a run's parameters name. Raises UsageError for an address with a query, which Prefect would keep."""
    if text and inbox_name:
        raise UsageError("Give either a file from the inbox or an address, not both.")
    if inbox_name:
        return inbox_file_of(inbox_name, inbox=settings().inbox_folder)
    if not text:
        return None
    named = file_or_address(text)
    if isinstance(named, str) and named != shown_address(named):
        raise UsageError(
            f"The address {shown_address(named)} holds a user, a query (?...) or a mark (#...), which may be "
            "secret, and the parameters of a run are kept and shown; use `windowcast submit`, or an address without."
        )
    return named
