"""`windowcast submit` and `windowcast check`: a list of recipients, sent or only judged."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID, uuid4

import click

from cli.output import is_terminal, print_json, say
from cli.session import Session, json_option, moment, session
from cli.shown import (
    campaign_details_json,
    plan_json,
    problem_json,
    same_file_json,
    say_remarks,
    say_same_file,
    show_counts,
    show_forecast,
    show_problems,
)
from domain.errors import CampaignError, InputRefusedError, NobodyEligibleError, NotFoundError, UsageError
from domain.states import CampaignState
from domain.submission import Submission, file_or_address

if TYPE_CHECKING:
    from tasks.intake import Plan

_F = TypeVar("_F", bound=Callable[..., Any])


def _submission_options(command: _F) -> _F:
    options = [
        click.option("--account", required=True, help="Name of the sending account."),
        click.option("--template", required=True, help="Code of the template."),
        click.option("--language", required=True, help="Language of the template."),
        click.option("--version", type=int, help="Version of the template; the newest unless given."),
        click.option(
            "--file",
            metavar="FILE",
            help="The filled workbook, .xlsx or .csv: a path, or an http(s), s3 or other address.",
        ),
        click.option("--to", multiple=True, metavar="ID", help="A recipient, in place of a file; may be repeated."),
        click.option("--at", metavar="TIME", help="When to send (ISO 8601); at once unless given."),
        click.option("--time-zone", metavar="ZONE", help="The zone of times without an offset, such as Europe/Berlin."),
        click.option("--not-after", metavar="TIME", help="The latest time at which a message may be sent."),
        click.option(
            "--hold-until",
            metavar="TIME",
            help="Wait until then for people without an open window, and send to them when they write.",
        ),
        click.option(
            "--weight",
            type=click.FloatRange(0, 100),
            default=1,
            show_default=True,
            help="The campaign's share of the pace beside other campaigns of the account.",
        ),
        click.option("--name", help="Name of the campaign."),
        click.option("--sheet", help="The sheet of the workbook, where several could hold the recipients."),
        click.option(
            "--hidden-rows",
            type=click.Choice(["ask", "include", "skip"]),
            default="ask",
            help="What to do with hidden rows; unless said, the file is refused and you are asked.",
        ),
        click.option(
            "--encoding",
            type=click.Choice(["utf-8", "cp1252"]),
            help="The encoding of a csv file that does not say its own; UTF-8 unless given.",
        ),
        click.option("--accept-valid", is_flag=True, help="Send the good rows of a file that has bad ones."),
        click.option(
            "--annotated",
            type=click.Path(path_type=Path),
            help="Write your list back to this .xlsx file: a state and a reason beside each row, bad cells marked.",
        ),
        click.option(
            "--resend-unknown",
            is_flag=True,
            help="Send again what two look-ups prove absent; a small risk of a second copy remains.",
        ),
        click.option("--again", is_flag=True, help="Send the same list a second time on purpose."),
        click.option(
            "--accept-old-interactions",
            is_flag=True,
            help="Judge windows by what is known, however old the account's newest interaction is.",
        ),
        json_option,
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@_submission_options
@click.option(
    "--wait", is_flag=True, hidden=True, help="Taken so that the words of a submit can be checked as they are."
)
@click.option("--yes", is_flag=True, hidden=True, help="The same.")
def check(*, as_json: bool, wait: bool, yes: bool, annotated: Path | None, **given: Any) -> int:  # noqa: ARG001  # a check asks and waits for nothing
    """Show exactly what submit would do: rows by reason, forecast, duration. Nothing is sent or kept."""
    from tasks.intake import nobody_sentence, plan_submission
    from tasks.windows import guards_of, timing_of

    with session() as opened, TemporaryDirectory() as folder:
        submission = _submission_of(opened, **given)
        _check_annotated(annotated, submission)
        plan = plan_submission(
            opened.connection,
            submission,
            folder=Path(folder),
            timing=timing_of(opened.settings),
            guards=guards_of(opened.settings),
            annotated=annotated,
        )
    written = annotated if plan.counts.rows else None
    error = _plan_error(plan.state, plan.refusal) or plan.too_old
    if error is None and plan.outlook.forecast.eligible_at_send == 0 and submission.hold_until is None:
        error = NobodyEligibleError(nobody_sentence(plan.outlook, is_timed=submission.scheduled_at is not None))
    if as_json:
        print_json({**plan_json(plan), "annotated": _path_text(written), **_error_json(error)})
    else:
        show_counts(plan.counts)
        show_forecast(plan)
        show_problems(plan.problems)
        say_remarks(plan.remarks)
        if error is not None:
            say(str(error))
    _say_where(annotated, written=written, has_bad_rows=_has_bad_rows(plan.counts), how="add --annotated FILE.xlsx")
    _say_earlier(plan, submission)
    return _exit_code(error, has_bad_rows=_has_bad_rows(plan.counts))


@click.command()
@_submission_options
@click.option("--wait", is_flag=True, help="Without a Prefect server: wait here for the time given with --at.")
@click.option("--yes", is_flag=True, help="Do not ask; needed without a terminal.")
def submit(*, as_json: bool, wait: bool, yes: bool, annotated: Path | None, **given: Any) -> int:
    """Check a list and send it, now or at a time."""
    from cli import temporary_prefect
    from tasks.submission import bring_file

    with session() as opened, TemporaryDirectory() as folder:
        submission = replace(_submission_of(opened, **given), submission_id=uuid4())
        _check_annotated(annotated, submission)
        if submission.scheduled_at is not None and not wait and not temporary_prefect.has_server():
            raise UsageError(
                "A timed campaign needs a Prefect server (PREFECT_API_URL), or --wait to wait for its time here."
            )
        _check_words(opened, submission, yes=yes, as_json=as_json)
        submission = bring_file(submission, folder=Path(folder))
        if not yes:
            _confirm(opened, submission)
        error = _run_flows(opened, submission, waits=wait, shows_progress=not as_json)
        return _show_result(opened, submission, error=error, as_json=as_json, annotated=annotated)


def _submission_of(opened: Session, **given: Any) -> Submission:
    if (given["file"] is None) == (not given["to"]):
        raise UsageError("Say who should get it: either --file WORKBOOK, or --to ID once for each person.")
    zone = given["time_zone"]
    return Submission(
        submission_id=uuid4(),
        account=given["account"],
        template=given["template"],
        language=given["language"],
        version=given["version"],
        file=None if given["file"] is None else _named_file(given["file"]),
        user_ids=tuple(given["to"]),
        name=given["name"],
        scheduled_at=moment(given["at"], time_zone=zone, settings=opened.settings),
        not_after=moment(given["not_after"], time_zone=zone, settings=opened.settings),
        hold_until=moment(given["hold_until"], time_zone=zone, settings=opened.settings),
        weight=given["weight"],
        accepts_valid=given["accept_valid"],
        again=given["again"],
        sheet=given["sheet"],
        hidden_rows=given["hidden_rows"],
        encoding=given["encoding"],
        accepts_old_interactions=given["accept_old_interactions"],
        resends_unknown=given["resend_unknown"],
    )


def _named_file(text: str) -> Path | str:
    """Make a path whole, because a flow may run in another folder; an address stays as it is."""
    named = file_or_address(text)
    return named.absolute() if isinstance(named, Path) else named


def _say_earlier(plan: "Plan", submission: Submission) -> None:
    if plan.earlier is not None and not submission.again:
        say(f"The same list was submitted already, as {plan.earlier['name']} ({plan.earlier['campaign_id']}).")
    elif plan.same_file is not None:
        say_same_file(plan.same_file)


def _check_words(opened: Session, submission: Submission, *, yes: bool, as_json: bool) -> None:
    """See that names and times are right, and that somebody can be asked, before a file is fetched."""
    from tasks.submission import check_times, find_target

    find_target(opened.connection, submission)
    check_times(opened.connection, submission)
    if not yes and (as_json or not is_terminal()):
        raise UsageError("Without a terminal nobody can be asked: add --yes to send, or use `windowcast check` first.")


def _confirm(opened: Session, submission: Submission) -> None:
    """Have a person agree to the plan, before Prefect starts."""
    from tasks.intake import plan_submission
    from tasks.windows import guards_of, timing_of

    with TemporaryDirectory() as folder:
        plan = plan_submission(
            opened.connection,
            submission,
            folder=Path(folder),
            timing=timing_of(opened.settings),
            guards=guards_of(opened.settings),
        )
    if plan.too_old is not None:
        raise plan.too_old
    show_counts(plan.counts)
    show_forecast(plan)
    show_problems(plan.problems)
    say_remarks(plan.remarks)
    _say_earlier(plan, submission)
    click.confirm("Send it?", abort=True, err=True)


def _run_flows(opened: Session, submission: Submission, *, waits: bool, shows_progress: bool) -> CampaignError | None:
    """Run the flow `submit_campaign`, and for a timed one that is waited for `send_campaign` when its time has come."""
    import asyncio

    from cli import temporary_prefect
    from cli.progress import shown_progress

    temporary_prefect.ensure_server(opened.settings.home)
    try:
        with shown_progress(opened.url, submission.submission_id, is_shown=shows_progress):
            asyncio.run(_submit_and_send(opened, submission, waits=waits))
    except CampaignError as error:
        return error
    return None


async def _submit_and_send(opened: Session, submission: Submission, *, waits: bool) -> None:
    from flows.send_campaign import send_campaign
    from flows.submit_campaign import submit_campaign
    from tasks.running import stop_on_signals, wait_for_start

    campaign_id = await submit_campaign(
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
        submission_id=submission.submission_id,
    )
    if submission.scheduled_at is None or not _is_scheduled(opened, UUID(campaign_id)):
        return
    if not waits:
        from cli.scheduling import schedule_run

        await schedule_run(UUID(campaign_id), at=submission.scheduled_at)
        return
    async with stop_on_signals() as stop:
        await wait_for_start(opened.url, UUID(campaign_id), stop=stop)
    if not stop.is_set():
        await send_campaign(UUID(campaign_id))


def _is_scheduled(opened: Session, campaign_id: UUID) -> bool:
    from tasks.campaigns import get_campaign

    return bool(get_campaign(opened.connection, campaign_id)["state"] == CampaignState.SCHEDULED)


def _show_result(
    opened: Session, submission: Submission, *, error: CampaignError | None, as_json: bool, annotated: Path | None
) -> int:
    from tasks.campaigns import count_messages, get_campaign
    from tasks.submission import find_campaign_of, find_same_file, find_target, list_problems

    campaign_id = find_campaign_of(opened.connection, submission.submission_id)
    if campaign_id is None:
        raise error or CampaignError("The submit made no campaign and gave no reason.")
    campaign = get_campaign(opened.connection, campaign_id)
    counts = count_messages(opened.connection, [campaign_id])[campaign_id]
    problems = list_problems(opened.connection, campaign_id)
    target = find_target(opened.connection, submission)
    same_file = find_same_file(opened.connection, target=target, sha256=campaign["list_sha256"], before=campaign)
    error = error or _plan_error(CampaignState(campaign["state"]), campaign["refusal"])
    written = _write_annotated(opened, campaign_id, annotated=annotated if counts.rows else None)
    if as_json:
        print_json(
            {
                **campaign_details_json(opened.connection, campaign, settings=opened.settings),
                "problems": [problem_json(problem) for problem in problems],
                "annotated": _path_text(written),
                "same_file": same_file_json(same_file),
                **_error_json(error),
            }
        )
    else:
        click.echo(f"Campaign {campaign['name']} ({campaign_id}) is {campaign['state']}.")
        show_counts(counts)
        show_problems(problems)
        say_remarks(campaign["remarks"] or ())
        if same_file is not None:
            say_same_file(same_file)
        if error is not None:
            say(str(error))
    how = f"`windowcast campaigns workbook {campaign_id} --out FILE.xlsx`"
    unwritten = None if counts.rows else annotated
    _say_where(unwritten, written=written, has_bad_rows=_has_bad_rows(counts), how=how)
    return _exit_code(error, has_bad_rows=_has_bad_rows(counts))


def _write_annotated(opened: Session, campaign_id: UUID, *, annotated: Path | None) -> Path | None:
    """Write the annotated workbook if one is asked for; a full disk must not hide what the submit has done."""
    from tasks.workbooks import write_workbook

    if annotated is None:
        return None
    try:
        write_workbook(opened.connection, campaign_id, path=annotated)
    except OSError as error:
        say(f"{annotated} cannot be written: {(error.strerror or 'the reason is not known').lower()}.")
        return None
    return annotated


def _check_annotated(annotated: Path | None, submission: Submission) -> None:
    """Refuse a place for the annotated workbook that cannot be meant, before anything is done."""
    if annotated is None:
        return
    if annotated.suffix.lower() != ".xlsx":
        raise UsageError(f"{annotated.name} should end in .xlsx: your list comes back as an Excel workbook.")
    if not annotated.absolute().parent.is_dir():
        raise NotFoundError(f"There is no folder {annotated.parent}; make it, or name another one.")
    if (
        isinstance(submission.file, Path)
        and annotated.exists()
        and submission.file.exists()
        and annotated.samefile(submission.file)
    ):
        raise UsageError(f"{annotated} is the list itself; name another file, so that yours stays as it is.")


def _say_where(annotated: Path | None, *, written: Path | None, has_bad_rows: bool, how: str) -> None:
    """Say where the annotated workbook is, why there is none, or how to get one."""
    if written is not None:
        say(f"Your list with a state and a reason beside each row is in {written}.")
    elif annotated is not None:
        say(f"There is nothing to write to {annotated}: no row of the file could be read.")
    elif has_bad_rows:
        say(f"To get your list back as a workbook with the bad cells marked: {how}; mend them there and submit that.")


def _path_text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _plan_error(state: CampaignState, refusal: str | None) -> CampaignError | None:
    if state is CampaignState.REFUSED:
        return InputRefusedError(refusal or "The list was refused.")
    return None


def _has_bad_rows(counts: Any) -> bool:
    from domain.states import MessageState

    return bool(counts.by_state[MessageState.INVALID])


def _error_json(error: CampaignError | None) -> dict[str, Any]:
    return {} if error is None else {"error": {"code": error.code, "text": str(error)}}


def _exit_code(error: CampaignError | None, *, has_bad_rows: bool) -> int:
    if error is not None:
        return error.exit_code
    return InputRefusedError.exit_code if has_bad_rows else 0
