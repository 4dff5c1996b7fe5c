"""A workbook: which of its sheets holds the recipients, its rows, and the checks that only a workbook needs."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clients.spreadsheet.clean_cells import clean_id
from clients.spreadsheet.copy_files import RecipientsWriter
from clients.spreadsheet.limits import ReadingJob, UnreadableError, damaged, refused, too_large
from clients.spreadsheet.package import Package, open_package
from clients.spreadsheet.parsed_rows import SheetSurroundings
from clients.spreadsheet.plain_rows import row_at
from clients.spreadsheet.row_shapes import RowBatch
from clients.spreadsheet.shared_texts import read_shared_texts
from clients.spreadsheet.sheet_rows import CellReading, SheetRow, SheetScan
from clients.spreadsheet.workbook import Sheet, Workbook, read_workbook
from domain.cell_address import column_letters, range_corners
from domain.problem import Finding, Problem
from domain.recipients_file import USER_ID_COLUMN

_NAMES_SHOWN: Final = 20
_MOST_MERGED: Final = 1_000


@dataclass(frozen=True)
class SheetReading:
    """What a workbook gives beside the files: the sheet, what was assumed, and how long each part took."""

    sheet: str | None
    remarks: tuple[str, ...]
    seconds: dict[str, float]


def read_xlsx(path: Path, writer: RecipientsWriter, job: ReadingJob) -> SheetReading:
    """Check the workbook at `path`, write its rows with `writer`, and tell them to a second reader by its trace.

    Raises UnreadableError with every problem of the file that can be told at once.
    """
    started = time.perf_counter()
    package = open_package(path, extension=job.extension, limits=job.limits)
    workbook = read_workbook(package)
    reading = _cell_reading(package, workbook, job)
    checked = time.perf_counter()
    sheet, remarks = _choose_sheet(package, workbook, reading, job)
    if writer.trace:
        writer.trace.begin(sheet.name)
    surroundings = _write_rows(SheetScan(package, sheet.part, reading, job.limits), writer)
    package.prove_all_but({sheet.part.name, *([workbook.texts_part.name] if workbook.texts_part else [])})
    _check_surroundings(writer, surroundings, job)
    _check_span(writer, job)
    read = time.perf_counter()
    if job.encoding is not None:
        remarks += ("A workbook has no encoding of its own; the one given was not needed.",)
    if writer.hidden_count:
        remarks += (_hidden_remark(writer.hidden_count, job),)
    seconds = {"check": checked - started, "read": read - checked}
    return SheetReading(sheet.name, remarks, seconds)


def _cell_reading(package: Package, workbook: Workbook, job: ReadingJob) -> CellReading:
    part = workbook.texts_part
    texts = read_shared_texts(package, part, job.limits) if part else []
    return CellReading(texts, workbook.date_formats, workbook.is_1904)


def _write_rows(scan: SheetScan, writer: RecipientsWriter) -> SheetSurroundings:
    for rows in scan.rows():
        if isinstance(rows, RowBatch):
            writer.take_batch(rows)
        else:
            writer.take(rows)
    writer.finish()
    return scan.surroundings


def _choose_sheet(
    package: Package, workbook: Workbook, reading: CellReading, job: ReadingJob
) -> tuple[Sheet, tuple[str, ...]]:
    """Take the sheet asked for, else the only visible one with rows, else the only one that begins with user_id."""
    if job.sheet is not None:
        return _named_sheet(workbook, job.sheet)
    visible = [sheet for sheet in workbook.sheets if sheet.is_visible]
    if len(visible) == 1:
        return visible[0], _remark_on_choice(visible[0], workbook, "the only visible sheet")
    first_rows = {sheet.name: _first_row(SheetScan(package, sheet.part, reading, job.limits)) for sheet in visible}
    filled = [sheet for sheet in visible if first_rows[sheet.name]]
    if len(filled) == 1:
        return filled[0], _remark_on_choice(filled[0], workbook, "the only visible sheet with rows")
    headed = [sheet for sheet in filled if _has_our_header(first_rows[sheet.name])]
    if len(headed) == 1:
        return headed[0], _remark_on_choice(
            headed[0], workbook, f"the only visible sheet that begins with {USER_ID_COLUMN}"
        )
    if visible and not filled:
        raise refused(Finding.NO_RECIPIENTS)
    if not visible:
        raise refused(Finding.ONLY_HIDDEN_SHEETS, sheets=_names_of(workbook.sheets))
    raise refused(Finding.SEVERAL_SHEETS, sheets=_listed(headed or filled))


def _named_sheet(workbook: Workbook, wanted: str) -> tuple[Sheet, tuple[str, ...]]:
    for sheet in workbook.sheets:
        if sheet.name.strip().casefold() == wanted.strip().casefold():
            return sheet, () if sheet.is_visible else (f"The sheet {sheet.name} is hidden; it was read as asked.",)
    raise refused(Finding.NO_SUCH_SHEET, sheet=wanted, sheets=_listed(list(workbook.sheets)))


def _first_row(scan: SheetScan) -> SheetRow | None:
    first = next(scan.rows(), None)
    return row_at(first, 0) if isinstance(first, RowBatch) else first


def _has_our_header(row: SheetRow | None) -> bool:
    first = row.values[0] if row and row.number == 1 and row.values else None
    return first is not None and clean_id(first).casefold() == USER_ID_COLUMN


def _remark_on_choice(sheet: Sheet, workbook: Workbook, reason: str) -> tuple[str, ...]:
    return () if len(workbook.sheets) == 1 else (f"The sheet {sheet.name} was read: it is {reason}.",)


def _names_of(sheets: tuple[Sheet, ...]) -> str:
    return ", ".join(sheet.name for sheet in sheets[:_NAMES_SHOWN])


def _listed(sheets: list[Sheet]) -> str:
    shown = [sheet.name if sheet.is_visible else f"{sheet.name} (hidden)" for sheet in sheets[:_NAMES_SHOWN]]
    left = len(sheets) - len(shown)
    return ", ".join(shown) + (f" and {left} more" if left else "")


def _check_surroundings(writer: RecipientsWriter, surroundings: SheetSurroundings, job: ReadingJob) -> None:
    """Collect what hides rows, columns or values from the eye; raise UnreadableError if there is anything."""
    problems: list[Problem] = []
    if writer.hidden_count and job.hidden_rows == "ask":
        problems.append(
            Problem(Finding.HIDDEN_ROWS, facts={"count": writer.hidden_count, "first": writer.first_hidden})
        )
    hidden = [column for column in writer.columns if _is_inside(column, surroundings.hidden_columns)]
    if hidden:
        names = ", ".join(column_letters(column) for column in hidden[:_NAMES_SHOWN])
        problems.append(Problem(Finding.HIDDEN_COLUMNS, facts={"columns": names}))
    merged = _merged_in_data(writer, surroundings.merged)
    if merged:
        problems.append(Problem(Finding.MERGED_CELLS, facts={"cells": _first_of(merged)}))
    if problems:
        raise UnreadableError(*problems)


def _is_inside(column: int, ranges: list[tuple[int, int]]) -> bool:
    return any(first <= column <= last for first, last in ranges)


def _merged_in_data(writer: RecipientsWriter, merged: list[str]) -> list[str]:
    """Give the merged ranges that touch a cell which is read. A thousand others are more than any honest sheet has."""
    if len(merged) > _MOST_MERGED:
        return merged
    return [address for address in merged if _touches(writer, address)]


def _touches(writer: RecipientsWriter, address: str) -> bool:
    corners = range_corners(address)
    if corners is None:
        raise damaged("its merged cells have no address")
    top, left, bottom, right = corners
    is_one_cell = (top, left) == (bottom, right)
    return not is_one_cell and top <= writer.last_row and any(left <= column <= right for column in writer.columns)


def _first_of(addresses: list[str]) -> str:
    left = len(addresses) - 1
    return addresses[0] + (f" and {left:,} more ranges" if left else "")


def _check_span(writer: RecipientsWriter, job: ReadingJob) -> None:
    """Refuse cells so far apart that laying them out would fill the memory."""
    if writer.last_row * (max(writer.columns) + 1) > job.limits.cells:
        raise too_large(f"its rows and columns span more than {job.limits.cells:,} cells")


def _hidden_remark(count: int, job: ReadingJob) -> str:
    return f"Hidden rows {'left out' if job.hidden_rows == 'skip' else 'read as well'}: {count:,}."
