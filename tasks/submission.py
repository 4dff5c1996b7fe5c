"""From a submission to a judged campaign: the list is read, staged, checked, and every row becomes a message."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from clients.postgres import Connection
from clients.sources import fetch
from clients.spreadsheet import UPLOAD_FILE, ReadFile, ReadLimits, UnreadableFile, read_recipients
from domain.account import Account
from domain.errors import AlreadySubmittedError, InputRefusedError, NotFoundError, UsageError
from domain.problem import FINDINGS, Finding, Problem, ProblemCode
from domain.reasons import Reason
from domain.recipients_file import INVISIBLE_CHARACTERS, LONGEST_USER_ID, SHORTEST_USER_ID, USER_ID_COLUMN
from domain.states import CampaignState, MessageState
from domain.submission import Submission, sha256_of_ids
from domain.template import TEXT_LIMITS, Template, literal_and_counts
from sql import query
from tasks.accounts import find_account
from tasks.campaigns import get_campaign, lock_campaign
from tasks.templates import find_template
from tasks.uploads import keep_content
from tasks.value_rules import find_by_rules
from tasks.windows import read_clock
from validations.header import FoundRow, header_problems


@dataclass(frozen=True)
class Target:
    """What a submission names, found in the database."""

    account: Account
    template: Template


@dataclass(frozen=True)
class ReadList:
    """The recipients as they were given: a file that was read, one that could not be, or ids.

    `content` is the copy that was read, whose bytes are kept with the campaign; None keeps none.
    """

    sha256: str
    file: ReadFile | UnreadableFile | None = None
    file_name: str = ""
    content: Path | None = None
    user_ids: tuple[str, ...] = ()


# Problems of these kinds are reasons of messages too; the others concern the file as a whole.
_ROW_CODES = frozenset(code for code in ProblemCode if code.value in {reason.value for reason in Reason})

_MOST_BLANKS_SHOWN = 20

# What each finding of a row makes of its row. Where a row has several, the one that stands first wins.
_VERDICTS: tuple[tuple[Finding, MessageState, Reason], ...] = tuple(
    sorted(
        (
            (finding, MessageState.DUPLICATE if code is ProblemCode.DUPLICATE else MessageState.INVALID, Reason(code))
            for finding, (code, _) in FINDINGS.items()
            if code in _ROW_CODES
        ),
        key=lambda verdict: (verdict[1] is MessageState.DUPLICATE, verdict[2] is Reason.CONFLICTING_DUPLICATE),
    )
)


def find_target(connection: Connection, submission: Submission) -> Target:
    """Find the account and the template of a submission, and see that they fit together.

    Raises NotFoundError or UsageError naming what does not.
    """
    account = find_account(connection, submission.account)
    template = find_template(connection, submission.template, language=submission.language, version=submission.version)
    if template.channel is not account.channel:
        raise UsageError(
            f"The template {template.code} is for {template.channel}, and the account {account.name} sends on "
            f"{account.channel}; choose a template of that channel."
        )
    if submission.user_ids and template.variables:
        raise UsageError(
            f"The template {template.code} has variables ({', '.join(template.variables)}), whose values --to cannot "
            "give; fill its workbook and send that with --file."
        )
    return Target(account, template)


def check_times(connection: Connection, submission: Submission, *, tolerance: timedelta = timedelta(0)) -> None:
    """Refuse times that cannot be meant: one in the past, or a latest time before the send time.

    A send time that passed less than `tolerance` ago is meant: it passed on the way here, and sending starts at once.
    """
    now = read_clock(connection)
    for option, moment, earliest in (
        ("--at", submission.scheduled_at, now - tolerance),
        ("--not-after", submission.not_after, now),
        ("--hold-until", submission.hold_until, now),
    ):
        if moment is not None and moment <= earliest:
            raise UsageError(
                f"{option} {moment.isoformat(timespec='seconds')} is in the past (it is "
                f"{now.isoformat(timespec='seconds')} now); choose a time to come."
            )
    if submission.scheduled_at and submission.not_after and submission.not_after <= submission.scheduled_at:
        raise UsageError("--not-after is before --at, so nothing could be sent; choose a later --not-after.")
    if submission.hold_until is None:
        return
    if submission.scheduled_at and submission.hold_until <= submission.scheduled_at:
        raise UsageError("--hold-until is before --at, so nobody could be waited for; choose a later --hold-until.")
    if submission.not_after and submission.hold_until > submission.not_after:
        raise UsageError(
            "--hold-until is after --not-after, when nothing may be sent any more; choose an earlier --hold-until."
        )


def bring_file(submission: Submission, *, folder: Path) -> Submission:
    """Fetch the file of a submission into `folder` if it lies elsewhere; the submission then names the copy.

    Its `file_name` is then the address without query. Raises NotFoundError when there is no such file, UsageError for
    an address that may not be used, and ServiceAwayError when the place it lies at does not answer.
    """
    match submission.file:
        case None:
            return submission
        case Path() as path:
            if not path.is_file():
                raise NotFoundError(f"There is no file {path}; check its name and folder.")
            return replace(submission, file_name=submission.file_name or path.name)
        case address:
            fetched = fetch(address, folder, most_bytes=ReadLimits().file_bytes)
            return replace(submission, file=fetched.path, file_name=fetched.shown)


def read_list(submission: Submission, *, folder: Path) -> ReadList:
    """Read the recipients of a submission; a file in a child process with limits, into `folder`.

    Raises what `bring_file` raises. A file that cannot be read is no error but part of the answer.
    """
    brought = bring_file(submission, folder=folder)
    if not isinstance(brought.file, Path):
        return ReadList(sha256=sha256_of_ids(submission.user_ids), user_ids=submission.user_ids)
    read = read_recipients(
        brought.file,
        folder=folder,
        sheet=submission.sheet,
        hidden_rows=submission.hidden_rows,  # type: ignore[arg-type]  # the command line allows these words only
        encoding=submission.encoding,
    )
    content = folder / UPLOAD_FILE if isinstance(read, ReadFile) else None
    return ReadList(sha256=read.sha256, file=read, file_name=brought.file_name or brought.file.name, content=content)


def remarks_on(given: ReadList) -> tuple[str, ...]:
    """Return what was assumed while the list was read, in sentences."""
    if not isinstance(given.file, ReadFile):
        return ()
    return (*given.file.remarks, *_remark_on_blanks(given.file.blank_rows))


def _remark_on_blanks(rows: tuple[int, ...]) -> tuple[str, ...]:
    if not rows:
        return ()
    shown = ", ".join(str(row) for row in rows[:_MOST_BLANKS_SHOWN])
    return (
        f"Blank rows between the others were passed over: {shown}{', …' if len(rows) > _MOST_BLANKS_SHOWN else ''}.",
    )


def find_earlier(
    connection: Connection, submission: Submission, *, target: Target, sha256: str
) -> dict[str, Any] | None:
    """Return the campaign that this submission would repeat within 24 hours, if there is one."""
    return connection.execute(
        query("campaigns/find_same"),
        {
            "account_id": target.account.account_id,
            "template_id": target.template.template_id,
            "list_sha256": sha256,
            "scheduled_at": submission.scheduled_at,
        },
    ).fetchone()


def find_same_file(
    connection: Connection, *, target: Target, sha256: str, before: Mapping[str, Any] | None = None
) -> dict[str, Any] | None:
    """Return the newest campaign that the same bytes were sent by to the same template and account, however long ago.

    Any version of the template counts. With `before`, a campaign, only campaigns made before it do. The keys are
    `campaign_id`, `name` and `created_at`.
    """
    return connection.execute(
        query("campaigns/find_same_file"),
        {
            "account_id": target.account.account_id,
            "template_code": target.template.code,
            "template_language": target.template.language,
            "list_sha256": sha256,
            "campaign_id": before and before["campaign_id"],
            "created_at": before and before["created_at"],
        },
    ).fetchone()


def open_campaign(
    connection: Connection, submission: Submission, *, target: Target, sha256: str, checks_earlier: bool = True
) -> UUID:
    """Make the campaign of a submission, as a draft, or find the one it has made before; return its id.

    Raises AlreadySubmittedError, naming the earlier campaign, when the same list was submitted within 24 hours and the
    submission does not say `again`.
    """
    with connection.transaction():
        connection.execute(
            query("campaigns/lock_list"), {"list_sha256": sha256, "account_id": target.account.account_id}
        )
        known = find_campaign_of(connection, submission.submission_id)
        if known is not None:
            return known
        earlier = find_earlier(connection, submission, target=target, sha256=sha256)
        if earlier is not None and checks_earlier and not submission.again:
            raise AlreadySubmittedError(
                "The same list was submitted for this account, template and time already, as the campaign "
                f"{earlier['name']} ({earlier['campaign_id']}, {earlier['state']}); nothing was sent twice. If these "
                "people are meant to get it a second time, add --again."
            )
        campaign_id: UUID = uuid7()
        connection.execute(
            query("campaigns/create"),
            {
                "campaign_id": campaign_id,
                "name": submission.name or f"{target.template.code} {target.template.language} {str(campaign_id)[-6:]}",
                "account_id": target.account.account_id,
                "template_id": target.template.template_id,
                "submission_id": submission.submission_id,
                "list_sha256": sha256,
                "accepts_valid": submission.accepts_valid,
                "scheduled_at": submission.scheduled_at,
                "not_after": submission.not_after,
                "hold_until": submission.hold_until,
                "weight": submission.weight,
                "accepts_old_interactions": submission.accepts_old_interactions,
                "resends_unknown": submission.resends_unknown,
            },
        )
    return campaign_id


def find_campaign_of(connection: Connection, submission_id: UUID) -> UUID | None:
    """Return the id of the campaign that a submission has made, if it has."""
    row = connection.execute(query("campaigns/get"), {"campaign_id": None, "submission_id": submission_id}).fetchone()
    return row["campaign_id"] if row else None


def stage_list(connection: Connection, campaign_id: UUID, *, target: Target, given: ReadList) -> bool:
    """Stage the rows of a list and keep what is wrong with the file, its header and its cells.

    Returns whether the rows can be judged; not so when the file or its header is no good. May be repeated.
    """
    with connection.transaction():
        connection.execute(query("staging/clear"), {"campaign_id": campaign_id})
        connection.execute(query("problems/clear"), {"campaign_id": campaign_id})
        connection.execute(query("staging/name_campaign"), {"campaign_id": str(campaign_id)})
        problems: list[Problem] = []
        match given.file:
            case UnreadableFile():
                problems += given.file.problems
            case ReadFile():
                _copy(connection, "staging/copy_rows", given.file.rows_file)
                problems += _problems_of_header(connection, campaign_id, file=given.file, template=target.template)
                if not problems:
                    _copy(connection, "staging/copy_problems", given.file.problems_file)
            case None:
                _copy_ids(connection, given.user_ids)
        for problem in problems:
            _keep_problem(connection, campaign_id, problem)
    return not problems


def find_row_problems(connection: Connection, campaign_id: UUID, *, template: Template) -> None:
    """Find all that is wrong with the staged rows and keep it as problems: what every template asks, then its rules."""
    literal, counts = literal_and_counts(template.content.text, template.variables)
    limit = TEXT_LIMITS[template.channel]
    with connection.transaction():
        connection.execute(query("staging/take_memory"))
        connection.execute(
            query("problems/find_in_rows"),
            {
                "campaign_id": campaign_id,
                "shortest_user_id": SHORTEST_USER_ID,
                "longest_user_id": LONGEST_USER_ID,
                "user_id_column": USER_ID_COLUMN,
                "variables": list(template.variables),
                "variable_total": len(template.variables),
                "variable_counts": counts,
                "variable_most": max(counts, default=0),
                "literal_length": limit.length(literal),
                "limit_unit": limit.unit,
                "limit_most": limit.most,
            },
        )
    find_by_rules(connection, campaign_id, template=template)


def make_messages(
    connection: Connection, campaign_id: UUID, *, target: Target, given: ReadList, can_judge: bool
) -> CampaignState:
    """Turn every staged row into a message and the draft into a validated or refused campaign, in one transaction.

    Returns the campaign's state; one that is no draft any more (another run of its submission was faster, or it was
    cancelled) stays as it is. Raises InputRefusedError, changing nothing, when rows and messages do not add up (P8).
    """
    with connection.transaction():
        standing = lock_campaign(connection, campaign_id)
        if standing is not CampaignState.DRAFT:
            return standing
        counts = _count_findings(connection, campaign_id)
        refusal = _refusal(counts, accepts_valid=_accepts_valid(connection, campaign_id))
        if given.file is not None:
            _keep_upload(connection, campaign_id, given, file=given.file)
        if can_judge:
            made = _insert_judged(connection, campaign_id, target=target, is_refused=refusal is not None)
        else:
            made = _insert_unread(connection, campaign_id, target=target)
        _check_conservation(given, made)
        connection.execute(query("staging/clear"), {"campaign_id": campaign_id})
        state = CampaignState.VALIDATED if refusal is None else CampaignState.REFUSED
        connection.execute(query("campaigns/move"), {"campaign_id": campaign_id, "state": state, "why": refusal})
    return state


def list_problems(connection: Connection, campaign_id: UUID, *, most: int | None = None) -> list[Problem]:
    """Return the problems of a campaign, the file's first and then by row; all of them unless `most` is given."""
    rows = connection.execute(query("problems/list"), {"campaign_id": campaign_id, "most": most})
    return [Problem(Finding(row["finding"]), row["row_number"], row["column_name"], row["facts"]) for row in rows]


def _problems_of_header(
    connection: Connection, campaign_id: UUID, *, file: ReadFile, template: Template
) -> list[Problem]:
    """Compare the header with the template's; a file with the right one and no row is a problem too."""
    if file.header == template.columns:
        return [] if file.row_count else [Problem(Finding.NO_RECIPIENTS)]
    first_rows = connection.execute(query("staging/list_first"), {"campaign_id": campaign_id})
    return header_problems(
        file.header,
        cells=file.header_cells,
        expected=template.columns,
        workbook_command=template.workbook_command,
        first_rows=[FoundRow(row["row_number"], tuple(row["texts"])) for row in first_rows],
    )


def _copy(connection: Connection, statement: str, path: Path) -> None:
    with connection.cursor() as cursor, cursor.copy(query(statement)) as copy, path.open("rb") as rows:
        while block := rows.read(1 << 18):
            copy.write(block)


def _copy_ids(connection: Connection, user_ids: tuple[str, ...]) -> None:
    """Stage ids given by hand as rows 1, 2, 3, ... with the same cleaning as in a file."""
    remove = str.maketrans("", "", INVISIBLE_CHARACTERS)
    with connection.cursor() as cursor, cursor.copy(query("staging/copy_rows")) as copy:
        for row_number, typed in enumerate(user_ids, start=1):
            copy.write_row((row_number, typed, typed.translate(remove).strip() or None, []))


def _keep_problem(connection: Connection, campaign_id: UUID, problem: Problem) -> None:
    connection.execute(
        query("problems/add"),
        {
            "campaign_id": campaign_id,
            "row_number": problem.row_number,
            "column_name": problem.column,
            "finding": problem.finding,
            "facts": json.dumps(dict(problem.facts)),
        },
    )


def _count_findings(connection: Connection, campaign_id: UUID) -> dict[Finding, int]:
    rows = connection.execute(query("problems/count"), {"campaign_id": campaign_id})
    return {Finding(row["finding"]): row["problem_count"] for row in rows}


def _refusal(counts: dict[Finding, int], *, accepts_valid: bool) -> str | None:
    """Say in a sentence why the list is refused, or None when it is not."""
    codes = {finding: FINDINGS[finding][0] for finding in counts}
    of_file = [finding for finding, code in codes.items() if code not in _ROW_CODES or code is ProblemCode.BAD_HEADER]
    if of_file:
        return "The file cannot be used as it is; its problems say what to change."
    bad = sum(count for finding, count in counts.items() if codes[finding] is not ProblemCode.DUPLICATE)
    if bad and not accepts_valid:
        found = "1 problem was" if bad == 1 else f"{bad} problems were"
        return (
            f"{found} found in the rows, so nothing was sent; mend the rows and submit the file again, or "
            "add --accept-valid to send the good rows."
        )
    return None


def _accepts_valid(connection: Connection, campaign_id: UUID) -> bool:
    return bool(get_campaign(connection, campaign_id)["accepts_valid"])


def _keep_upload(
    connection: Connection, campaign_id: UUID, given: ReadList, *, file: ReadFile | UnreadableFile
) -> None:
    """Keep what is known of the file, also of one that could not be read, and the bytes of one that could."""
    read = file if isinstance(file, ReadFile) else None
    upload_id = uuid7()
    connection.execute(
        query("uploads/add"),
        {
            "upload_id": upload_id,
            "campaign_id": campaign_id,
            "file_name": given.file_name,
            "byte_count": file.byte_count,
            "sha256": file.sha256,
            "sheet": read.sheet if read else None,
            "header": list(read.header) if read else [],
            "header_cells": list(read.header_cells) if read else [],
            "row_count": read.row_count if read else 0,
            "remarks": list(remarks_on(given)),
        },
    )
    if given.content is not None:
        keep_content(connection, upload_id, content=given.content)


def _insert_judged(connection: Connection, campaign_id: UUID, *, target: Target, is_refused: bool) -> int:
    rows = connection.execute(
        query("messages/insert_from_staging"),
        {
            "campaign_id": campaign_id,
            "account_id": target.account.account_id,
            "findings": [finding for finding, _, _ in _VERDICTS],
            "states": [state for _, state, _ in _VERDICTS],
            "reasons": [reason for _, _, reason in _VERDICTS],
            "good_state": MessageState.CANCELLED if is_refused else MessageState.READY,
            "good_reason": Reason.FILE_REFUSED if is_refused else None,
        },
    )
    return sum(row["message_count"] for row in rows)


def _insert_unread(connection: Connection, campaign_id: UUID, *, target: Target) -> int:
    row = connection.execute(
        query("messages/insert_unread"), {"campaign_id": campaign_id, "account_id": target.account.account_id}
    ).fetchone()
    return int(row["message_count"]) if row else 0


def _check_conservation(given: ReadList, made: int) -> None:
    """P8: every non-empty row of the sheet is a message, or the transaction ends and nothing was changed."""
    match given.file:
        case ReadFile():
            expected = given.file.row_count
        case UnreadableFile():
            expected = 0
        case None:
            expected = len(given.user_ids)
    if made != expected:
        raise InputRefusedError(
            f"The list has {expected} rows, but {made} messages came of them; nothing was kept. This is a fault of "
            "Windowcast: please report it with the file's first rows."
        )
