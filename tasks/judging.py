"""From staged rows to messages: every row becomes one, and the list is accepted or refused."""

from dataclasses import replace
from uuid import UUID

from uuid_utils.compat import uuid7

from clients.postgres import Connection
from clients.spreadsheet import ReadFile, UnreadableFile
from domain.errors import InputRefusedError
from domain.problem import FINDINGS, Finding, ProblemCode
from domain.reasons import Reason
from domain.retention import FileLoss
from domain.states import CampaignState, MessageState
from sql import query
from tasks.campaigns import get_campaign, lock_campaign
from tasks.erased import hide_staged
from tasks.recipients import ReadList, remarks_on
from tasks.submission import Target
from tasks.uploads import keep_content

# Problems of these kinds are reasons of messages too; the others concern the file as a whole.
_ROW_CODES = frozenset(code for code in ProblemCode if code.value in {reason.value for reason in Reason})

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
        refusal = fill_message_list(connection, campaign_id, target=target, given=given, can_judge=can_judge)
        connection.execute(query("staging/clear"), {"campaign_id": campaign_id})
        state = state_after(refusal)
        connection.execute(query("campaigns/move"), {"campaign_id": campaign_id, "state": state, "why": refusal})
    return state


def fill_message_list(
    connection: Connection, campaign_id: UUID, *, target: Target, given: ReadList, can_judge: bool
) -> str | None:
    """Insert a message for every staged row, in the open transaction; return why the list is refused, if it is.

    Raises InputRefusedError when rows and messages do not add up (P8).
    """
    counts = count_findings(connection, campaign_id)
    if hide_staged(connection, campaign_id, account_id=target.account.account_id):
        given = replace(given, content=None, holds_erased=True)
    refusal = _refusal(counts, accepts_valid=_accepts_valid(connection, campaign_id))
    if given.file is not None:
        _keep_upload(connection, campaign_id, given, file=given.file)
    if can_judge:
        made = _insert_judged(connection, campaign_id, target=target, is_refused=refusal is not None)
    else:
        made = _insert_unread(connection, campaign_id, target=target)
    _check_conservation(given, made)
    return refusal


def state_after(refusal: str | None) -> CampaignState:
    """Return the state of a campaign whose rows have become messages."""
    return CampaignState.VALIDATED if refusal is None else CampaignState.REFUSED


def count_findings(connection: Connection, campaign_id: UUID) -> dict[Finding, int]:
    """Return how many problems of each finding a campaign has."""
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
            "file_loss": FileLoss.ERASURE if given.holds_erased else None,
        },
    )
    if given.content is not None and read is not None:
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
