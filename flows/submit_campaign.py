"""From a workbook to an admitted campaign: read, check, judge, foretell, then send now or at its time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import UUID

from prefect import flow, task
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from clients.settings import settings
from domain.errors import UsageError
from domain.states import CampaignState
from domain.submission import Submission, file_or_address, shown_address
from flows.send_campaign import send_campaign
from reports.validation_page import validation_markdown
from tasks.intake import admit, check_list, find_progress, take_list
from tasks.judging import make_messages
from tasks.running import open_database
from tasks.staging import list_problems
from tasks.submission import find_target
from tasks.validation_report import gather_report
from tasks.windows import guards_of, timing_of

_MOST_PROBLEMS_SHOWN: Final = 100
# From these states an earlier try of the same submission goes on; from any other one it is over.
_GOES_ON: Final = (CampaignState.VALIDATED, CampaignState.SCHEDULED, CampaignState.SENDING)


@flow(name="submit-campaign", flow_run_name="submit {template} to {account}", validate_parameters=True)
async def submit_campaign(
    *,
    account: str,
    template: str,
    language: str,
    version: int | None = None,
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
    submission_id: UUID | None = None,
    send: bool = True,
) -> str:
    """Check a list of recipients and send it, now or at its time.

    Args:
        account: Name of the sending account.
        template: Code of the template.
        language: Language of the template.
        version: Version of the template; the newest if empty.
        file: The filled workbook (.xlsx or .csv): a path on the worker's machine, or an address without a query.
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
        submission_id: Makes a repeated submit find its campaign; the run's own id if empty.
        send: Send an immediate campaign in this run.

    Returns the campaign's id. A list that is refused is no failure of the run: its campaign says why.
    """
    submission = Submission(
        submission_id=submission_id or UUID(str(flow_run.id)),
        account=account,
        template=template,
        language=language,
        version=version,
        file=None if file is None else _named_file(file),
        file_name=file_name,
        user_ids=tuple(user_ids or ()),
        name=name,
        scheduled_at=at,
        not_after=not_after,
        hold_until=hold_until,
        weight=weight,
        accepts_valid=accept_valid,
        again=again,
        sheet=sheet,
        hidden_rows=hidden_rows,
        encoding=encoding,
        accepts_old_interactions=accept_old_interactions,
        resends_unknown=resend_unknown,
    )
    return await _submit_and_send(submission, send=send)


async def _submit_and_send(submission: Submission, *, send: bool) -> str:
    """Take the list in, or find what an earlier try has made of it, and go on from there."""
    campaign_id, state = already_made(submission)
    if campaign_id is None or state is CampaignState.DRAFT:
        campaign_id, state = take_in(submission)
    await show_validation(campaign_id)
    if state is CampaignState.REFUSED:
        await show_problems(campaign_id)
    if state not in _GOES_ON:
        return str(campaign_id)
    admit_campaign(submission, campaign_id)
    if send and submission.scheduled_at is None:
        await send_campaign(campaign_id)
    return str(campaign_id)


@task(task_run_name="look for an earlier try", cache_policy=NO_CACHE)
def already_made(submission: Submission) -> tuple[UUID | None, CampaignState | None]:
    """Return the campaign that this submission has made before, if it has, and how far it came."""
    with open_database() as (connection, _):
        return find_progress(connection, submission)


@task(task_run_name="read and check the list", cache_policy=NO_CACHE)
def take_in(submission: Submission) -> tuple[UUID, CampaignState]:
    """Read the list, check it by SQL and by its suite, and make every row a message."""
    with open_database() as (connection, url), _own_folder() as folder:
        target = find_target(connection, submission)
        campaign_id, given = take_list(
            connection, submission, target=target, folder=folder, guards=guards_of(settings())
        )
        can_judge = check_list(connection, campaign_id, target=target, given=given, suite_url=url)
        return campaign_id, make_messages(connection, campaign_id, target=target, given=given, can_judge=can_judge)


@task(task_run_name="admit the campaign", cache_policy=NO_CACHE)
def admit_campaign(submission: Submission, campaign_id: UUID) -> None:
    """See that somebody can be reached at the send time, and let the campaign start then."""
    with open_database() as (connection, _):
        target = find_target(connection, submission)
        admit(connection, campaign_id, target=target, timing=timing_of(settings()), guards=guards_of(settings()))


@task(task_run_name="show the problems", cache_policy=NO_CACHE)
async def show_problems(campaign_id: UUID) -> None:
    """Put the first problems of a refused list where its people look: rows and sentences, no names and no ids."""
    with open_database() as (connection, _):
        problems = list_problems(connection, campaign_id, most=_MOST_PROBLEMS_SHOWN)
    rows = [{"row": one.row_number, "column": one.column, "problem": one.code.value} for one in problems]
    description = (
        "The list was refused. To get it back as a workbook with the bad cells marked: "
        f"`windowcast campaigns workbook {campaign_id} --out FILE.xlsx`"
    )
    await acreate_table_artifact(key=f"problems-{campaign_id}", table=rows, description=description)


@task(task_run_name="show the validation report", cache_policy=NO_CACHE)
async def show_validation(campaign_id: UUID) -> None:
    """Say how every rule of the list fared, and how to get the whole report as a page."""
    with open_database() as (connection, _):
        report = gather_report(connection, campaign_id)
    await acreate_markdown_artifact(
        key=f"validation-{campaign_id}", markdown=validation_markdown(report), description="The validation report."
    )


def _named_file(text: str) -> Path | str:
    """Take what a run's parameter names. Raises UsageError for an address with a query, which Prefect would keep."""
    named = file_or_address(text)
    if isinstance(named, str) and named != shown_address(named):
        raise UsageError(
            f"The address {shown_address(named)} holds a user, a query (?...) or a mark (#...), which may be "
            "secret, and the parameters of a run are kept and shown; use `windowcast submit`, or an address without."
        )
    return named


@contextmanager
def _own_folder() -> Iterator[Path]:
    """Make a folder for one reading, where uploads under way lie, and remove it."""
    uploads = settings().home / "uploads"
    uploads.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=uploads) as folder:
        yield Path(folder)
