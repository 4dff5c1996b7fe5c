"""The message list as a file: .xlsx and .csv for people, .parquet for analysis; streamed, whatever its length."""

import csv
import datetime as dt
import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from domain.errors import InputRefusedError, UsageError
from domain.reasons import Reason, explain
from domain.recipients_file import OUTCOME_COLUMNS
from domain.states import MessageState
from reports.cell_text import fit_for_excel, harmless, storable
from reports.whole_file import written_whole

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

ROW_NUMBER_COLUMN: Final = "row_number"
OUTCOME_TIME_COLUMNS: Final = tuple(name for name in OUTCOME_COLUMNS if name.endswith("_at"))

MAX_XLSX_ROWS: Final = 1_048_575  # Excel's 1,048,576, less the header
_EXACT_DIGITS: Final = 15  # what a number in a spreadsheet keeps
_FIRST_EXCEL_YEAR: Final = 1900
_PARQUET_BATCH_ROWS: Final = 20_000
_WIDTH: Final = 24


class Suffix(StrEnum):
    """The kinds of file, by the end of their name."""

    XLSX = ".xlsx"
    CSV = ".csv"
    PARQUET = ".parquet"


@dataclass(frozen=True)
class _Formats:
    """How cells look: each kind has its own, since a cell without one would take that of its column, which is text."""

    header: "Format"
    text: "Format"
    number: "Format"
    time: "Format"


@dataclass(frozen=True)
class MessageLine:
    """One row of the submitted file, its cells as typed (`values`, in the header's order), and what became of it."""

    row_number: int
    values: tuple[str | None, ...]
    state: MessageState
    reason: Reason | None = None
    window_closes_at: dt.datetime | None = None
    sent_at: dt.datetime | None = None
    delivered_at: dt.datetime | None = None
    read_at: dt.datetime | None = None
    message_id: str | None = None
    sent_by: str | None = None  # the right: `window` or `private reply`


def export_result(
    path: Path, user_columns: Sequence[str], *, lines: Iterable[MessageLine], with_row_numbers: bool = False
) -> int:
    """Write the submitted rows with their outcomes beside them and return how many there were.

    The user's columns come first, as in the template's header. To mend and submit again there is the annotated workbook
    (`tasks.workbooks`): here a value that looks like a formula has an apostrophe, which would be sent. Raises as
    export_message_list.
    """
    first = (ROW_NUMBER_COLUMN,) if with_row_numbers else ()
    rows = ((*((line.row_number,) if with_row_numbers else ()), *line.values, *_outcome_cells(line)) for line in lines)
    return export_message_list(path, (*first, *user_columns, *OUTCOME_COLUMNS), rows=rows, number_columns=first)


def export_message_list(
    path: Path,
    columns: Sequence[str],
    *,
    rows: Iterable[Sequence[object]],
    time_columns: Collection[str] = OUTCOME_TIME_COLUMNS,
    number_columns: Collection[str] = (),
) -> int:
    """Write the rows under these columns to an .xlsx, .csv or .parquet file and return how many there were.

    Times have to know their zone and are written in UTC. Texts are written as texts: in .xlsx and .csv one that could
    be taken for a formula gets an apostrophe before it. `time_columns` and `number_columns` (whole numbers) give the
    types of a .parquet file, whose other columns are texts. Nothing is left at `path` unless it is whole.

    Raises UsageError for another suffix, NotFoundError without the folder, InputRefusedError for more rows than an
    .xlsx file holds, and ValueError for a row of another length or a time without a zone.
    """
    suffix = _suffix_of(path)
    with written_whole(path) as unfinished:
        match suffix:
            case Suffix.XLSX:
                return _write_xlsx(unfinished, columns, rows)
            case Suffix.CSV:
                return _write_csv(unfinished, columns, rows)
            case Suffix.PARQUET:
                return _write_parquet(unfinished, columns, rows, times=time_columns, numbers=number_columns)


def _suffix_of(path: Path) -> Suffix:
    try:
        return Suffix(path.suffix.lower())
    except ValueError:
        raise UsageError(f"{path.name} should end in {', '.join(Suffix)}: that says what kind of file it is.") from None


def _outcome_cells(line: MessageLine) -> tuple[object, ...]:
    reason = None if line.reason is None else explain(line.reason, closes_at=line.window_closes_at)
    return (line.state, reason, line.sent_at, line.delivered_at, line.read_at, line.message_id, line.sent_by)


def _in_utc(moment: dt.datetime) -> dt.datetime:
    if moment.tzinfo is None:
        raise ValueError("A time without a zone cannot be exported.")
    return moment.astimezone(dt.UTC)


def _checked(row: Sequence[object], columns: Sequence[str]) -> Sequence[object]:
    if len(row) != len(columns):
        raise ValueError(f"A row has {len(row)} cells under {len(columns)} columns.")
    return row


def _is_number(value: object) -> bool:
    """Tell whether a spreadsheet keeps this number exactly; others are written as texts."""
    if isinstance(value, int) and not isinstance(value, bool):
        return abs(value) < 10**_EXACT_DIGITS
    return isinstance(value, float) and math.isfinite(value)


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    count = 0
    # With a byte order mark, without which Excel takes UTF-8 for something else.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([harmless(storable(name)) for name in columns])
        for count, row in enumerate(rows, start=1):  # noqa: B007 - the last count is the answer
            writer.writerow([_csv_cell(value) for value in _checked(row, columns)])
    return count


def _csv_cell(value: object) -> object:
    if value is None or _is_number(value):
        return value
    if isinstance(value, dt.datetime):
        return _in_utc(value).isoformat()
    return harmless(storable(str(value)))


def _write_xlsx(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    import xlsxwriter

    count = 0
    # constant_memory: one row at a time, each text beside its cell.
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet("Messages")
        formats = _formats(workbook)
        _begin_sheet(sheet, columns, formats=formats)
        for count, row in enumerate(rows, start=1):
            if count > MAX_XLSX_ROWS:
                raise _too_many_rows()
            for column, value in enumerate(_checked(row, columns)):
                _write_cell(sheet, count, column, value, formats=formats)
        sheet.autofilter(0, 0, count, len(columns) - 1)
    return count


def _formats(workbook: "Workbook") -> _Formats:
    return _Formats(
        header=workbook.add_format({"bold": True, "num_format": "@"}),
        text=workbook.add_format({"num_format": "@"}),
        number=workbook.add_format({"align": "right"}),
        # Excel knows no zones: the format says which one it is.
        time=workbook.add_format({"num_format": 'yyyy-mm-dd hh:mm:ss "UTC"', "align": "right"}),
    )


def _begin_sheet(sheet: "Worksheet", columns: Sequence[str], *, formats: _Formats) -> None:
    # Whole columns are text, so that an id typed into the file later keeps its digits.
    sheet.set_column(0, len(columns) - 1, _WIDTH, formats.text)
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    for column, name in enumerate(columns):
        sheet.write_string(0, column, fit_for_excel(harmless(name)), formats.header)


def _write_cell(sheet: "Worksheet", row: int, column: int, value: object, *, formats: _Formats) -> None:
    if value is None or value == "":
        return
    if _is_number(value):
        sheet.write_number(row, column, value, formats.number)
    elif isinstance(value, dt.datetime) and (moment := _in_utc(value)).year >= _FIRST_EXCEL_YEAR:
        sheet.write_datetime(row, column, moment.replace(tzinfo=None), formats.time)
    else:
        sheet.write_string(row, column, fit_for_excel(harmless(str(value))), formats.text)


def _too_many_rows() -> InputRefusedError:
    return InputRefusedError(
        f"An .xlsx file holds {MAX_XLSX_ROWS:,} rows below its header, and there are more; export to a name that ends "
        "in .csv or .parquet."
    )


def _write_parquet(
    path: Path,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    times: Collection[str],
    numbers: Collection[str],
) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = [_parquet_type(name, times=times, numbers=numbers) for name in columns]
    schema = pa.schema([pa.field(storable(name), kind) for name, kind in zip(columns, types, strict=True)])
    count = 0
    with pq.ParquetWriter(path, schema) as writer:
        for batch in _batches(rows):
            cells = zip(*(_checked(row, columns) for row in batch), strict=True)
            arrays = [_parquet_array(column, kind) for column, kind in zip(cells, types, strict=True)]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
            count += len(batch)
    return count


def _batches(rows: Iterable[Sequence[object]]) -> Iterator[list[Sequence[object]]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, _PARQUET_BATCH_ROWS)):
        yield batch


def _parquet_type(name: str, *, times: Collection[str], numbers: Collection[str]) -> Any:
    import pyarrow as pa

    if name in times:
        return pa.timestamp("us", tz="UTC")
    return pa.int64() if name in numbers else pa.string()


def _parquet_array(column: Sequence[object], kind: Any) -> Any:
    import pyarrow as pa

    if kind == pa.string():
        return pa.array([_parquet_text(value) for value in column], kind)
    return pa.array([_in_utc(value) if isinstance(value, dt.datetime) else value for value in column], kind)


def _parquet_text(value: object) -> str | None:
    if isinstance(value, dt.datetime):
        return _in_utc(value).isoformat()
    return None if value is None else storable(str(value))
