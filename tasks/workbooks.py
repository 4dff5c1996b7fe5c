"""The submitted workbook given back with a state, a reason and marks beside each row."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import UUID, uuid4

from clients.postgres import Connection
from domain.errors import InputRefusedError, UsageError
from domain.problem import Finding, Problem, ProblemCode
from domain.reasons import Reason, describe
from domain.retention import FileLoss, emptied_sentence, loss_sentence
from domain.states import CampaignState, MessageState
from reports.annotated_sheet import NotedRow
from reports.annotated_workbook import CannotAnnotateError, annotate_workbook
from reports.plain_workbook import write_plain_workbook
from reports.sheet_survey import right_edge_of
from sql import query
from tasks.campaigns import get_campaign
from tasks.staging import list_problems
from tasks.templates import get_template
from tasks.uploads import read_content

_ROWS_PER_FETCH: Final = 5_000
_HEADER_ROW: Final = 1
# Of the header there is at most one problem for each of the 200 columns that are read, and they come first.
_MOST_HEADER_PROBLEMS: Final = 1_000


@dataclass(frozen=True)
class _Upload:
    """The file of a campaign: its sheet (None: it is no workbook), and its header by column from 0."""

    upload_id: UUID
    sheet: str | None
    header: Mapping[int, str]
    kept_bytes: int | None
    loss: FileLoss | None


def write_workbook(
    connection: Connection, campaign_id: UUID, *, path: Path, source: Path | None = None
) -> tuple[str, ...]:
    """Write the workbook of a campaign to `path`: the submitted one, with what is to be said of each row beside it.

    Before sending these are state and reason, with all problems of a row; afterwards the times and the platform's id as
    well. A .csv file, or a workbook without room for our columns, comes back as a plain workbook with the same columns.
    `source` is the submitted file where it is at hand; else the bytes that are kept are taken. Returns what is missing
    in it because it is no longer kept, in sentences. Raises UsageError for another ending than .xlsx and for a draft,
    InputRefusedError when the file could not be read, NotFoundError without the campaign or the folder.
    """
    if path.suffix.lower() != ".xlsx":
        raise UsageError(f"{path.name} should end in .xlsx: your list comes back as an Excel workbook.")
    campaign = get_campaign(connection, campaign_id)
    upload = _find_upload(connection, campaign_id)
    _see_that_there_are_rows(connection, campaign, upload)
    if upload is None or upload.sheet is None or (source is None and upload.kept_bytes is None):
        _write_plain(connection, campaign, upload, path=path)
        return _missing(campaign, upload)
    with TemporaryDirectory() as folder:
        file = source or _fetch(connection, upload, Path(folder) / "upload.xlsx")
        try:
            _write_own(connection, campaign, upload, source=file, path=path)
        except CannotAnnotateError:
            _write_plain(connection, campaign, upload, path=path)
            return _missing(campaign, None)
    return ()


def _missing(campaign: Mapping[str, Any], upload: _Upload | None) -> tuple[str, ...]:
    sentences = []
    if upload is not None and upload.loss is not None:
        sentences.append(loss_sentence(upload.loss))
    if campaign["texts_deleted_at"] is not None:
        sentences.append(emptied_sentence(campaign["texts_deleted_at"]))
    return tuple(sentences)


def _find_upload(connection: Connection, campaign_id: UUID) -> _Upload | None:
    row = connection.execute(query("uploads/find"), {"campaign_id": campaign_id}).fetchone()
    if row is None:
        return None
    columns = [right_edge_of(cell) for cell in row["header_cells"]] or range(len(row["header"]))
    return _Upload(
        upload_id=row["upload_id"],
        sheet=row["sheet"],
        header=dict(zip(columns, row["header"], strict=True)),
        kept_bytes=row["kept_bytes"],
        loss=None if row["file_loss"] is None else FileLoss(row["file_loss"]),
    )


def _see_that_there_are_rows(connection: Connection, campaign: Mapping[str, Any], upload: _Upload | None) -> None:
    if campaign["state"] == CampaignState.DRAFT:
        raise UsageError(f"The list of the campaign {campaign['name']} is still being read; try again in a moment.")
    if upload is not None and not upload.header:
        first = list_problems(connection, campaign["campaign_id"], most=1)
        why = f" {first[0].text}" if first else ""
        raise InputRefusedError(f"The file of the campaign {campaign['name']} has no row that could be read.{why}")


def _fetch(connection: Connection, upload: _Upload, file: Path) -> Path:
    with file.open("wb") as target:
        target.writelines(read_content(connection, upload.upload_id, byte_count=upload.kept_bytes or 0))
    return file


def _write_own(
    connection: Connection, campaign: Mapping[str, Any], upload: _Upload, *, source: Path, path: Path
) -> None:
    assert upload.sheet is not None, "only a workbook comes here"
    annotate_workbook(
        source,
        path,
        sheet=upload.sheet,
        rows=_noted_rows(connection, campaign),
        bad_header_cells=_bad_header_cells(connection, campaign),
        has_outcomes=_has_outcomes(campaign),
    )


def _write_plain(connection: Connection, campaign: Mapping[str, Any], upload: _Upload | None, *, path: Path) -> None:
    header = upload.header if upload else dict(enumerate(get_template(connection, campaign["template_id"]).columns))
    # Ids that were given by hand have the numbers 1, 2, 3, ..., and row 1 of a sheet is its header.
    shift = 0 if upload else 1
    write_plain_workbook(
        path,
        header,
        rows=_noted_rows(connection, campaign, shift=shift),
        bad_header_cells=_bad_header_cells(connection, campaign),
        has_outcomes=_has_outcomes(campaign),
    )


def _has_outcomes(campaign: Mapping[str, Any]) -> bool:
    return campaign["started_at"] is not None


def _bad_header_cells(connection: Connection, campaign: Mapping[str, Any]) -> list[str]:
    found = list_problems(connection, campaign["campaign_id"], most=_MOST_HEADER_PROBLEMS)
    return [str(each.facts["cell"]) for each in found if each.row_number == _HEADER_ROW and "cell" in each.facts]


def _noted_rows(connection: Connection, campaign: Mapping[str, Any], *, shift: int = 0) -> Iterator[NotedRow]:
    has_outcomes = _has_outcomes(campaign)
    with connection.transaction(), connection.cursor(name=f"rows_{uuid4().hex}") as cursor:
        cursor.itersize = _ROWS_PER_FETCH
        cursor.execute(query("messages/list_with_problems"), {"campaign_id": campaign["campaign_id"]})
        for row in cursor:
            yield _noted(row, shift=shift, has_outcomes=has_outcomes)


def _noted(row: Mapping[str, Any], *, shift: int, has_outcomes: bool) -> NotedRow:
    problems = [
        Problem(Finding(each["finding"]), row["row_number"], each["column"], each["facts"])
        for each in row["problems"] or ()
    ]
    outcome: tuple[str | None, ...] = (row["state"], _sentence(row, problems))
    if has_outcomes:
        times = map(_time_text, (row["sent_at"], row["delivered_at"], row["read_at"]))
        outcome += (*times, row["provider_message_id"], row["sent_by"])
    return NotedRow(
        row_number=row["row_number"] + shift,
        outcome=outcome,
        bad_columns=tuple(each.column for each in problems if each.column and each.code is not ProblemCode.DUPLICATE),
        is_bad=row["state"] == MessageState.INVALID,
        values=(row["typed_user_id"], *row["cells"]),
    )


def _sentence(row: Mapping[str, Any], problems: list[Problem]) -> str:
    if problems:
        return " ".join(problem.text for problem in problems)
    reason = None if row["reason"] is None else Reason(row["reason"])
    return describe(MessageState(row["state"]), reason, closes_at=row["closes_at"])


def _time_text(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
