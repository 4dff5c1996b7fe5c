"""Files of interactions, read in batches: csv and parquet as columns at the speed of Arrow, workbooks row by row."""

import codecs
import csv
import io
import itertools
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from domain.errors import InputRefusedError, NotFoundError

COLUMNS: Final = ("account", "user_id", "kind", "occurred_at")
OPTIONAL: Final = ("event_id",)

Row = tuple[int, Mapping[str, Any]]

_BLOCK_BYTES: Final = 8 * 1024 * 1024
_BATCH_ROWS: Final = 65_536
# A workbook has its number 1 for the header; a csv or parquet file is counted as if it had, too.
_FIRST_ROW: Final = 2


@dataclass(frozen=True)
class Batch:
    """Rows of a file: those that fit its header as Arrow columns, the others as (row number, values by column).

    `number_of` gives the row number, as the file shows it, of a place in the columns.
    """

    columns: Mapping[str, Any]
    size: int
    number_of: Callable[[int], int]
    others: Sequence[Row] = ()

    def rows(self, places: Sequence[int]) -> Iterator[Row]:
        """Return the rows at these places as Python values."""
        import pyarrow as pa

        chosen = pa.array(places, pa.int64())
        values = {name: _values(column.take(chosen)) for name, column in self.columns.items()}
        for index, place in enumerate(places):
            yield self.number_of(place), {name: column[index] for name, column in values.items()}


def read_batches(path: Path) -> Iterator[Batch]:
    """Return the rows of a csv, xlsx or parquet file in its order.

    Raises NotFoundError without the file and InputRefusedError for a file that is none of these, lacks a column or
    cannot be read to its end.
    """
    if not path.is_file():
        raise NotFoundError(f"There is no file {path}; check its name and folder.")
    match path.suffix.lower():
        case ".csv":
            batches = _csv_batches(path)
        case ".xlsx":
            batches = _xlsx_batches(path)
        case ".parquet":
            batches = _parquet_batches(path)
        case _:
            raise InputRefusedError(
                f"{path.name} is no .csv, .xlsx or .parquet file; save the interactions as one of these."
            )
    return _guarded(batches, path)


def _guarded(batches: Iterator[Batch], path: Path) -> Iterator[Batch]:
    """Say in one sentence that a file cannot be read, whatever its reader stumbles over."""
    while True:
        try:
            batch = next(batches, None)
        except InputRefusedError:
            raise
        except (UnicodeDecodeError, csv.Error) as error:
            raise InputRefusedError(
                f"{path.name} is no UTF-8 csv that can be read ({error}); nothing was loaded."
            ) from error
        except Exception as error:
            raise InputRefusedError(
                f"{path.name} cannot be read as a {path.suffix} file ({type(error).__name__}); save it again."
            ) from error
        if batch is None:
            return
        yield batch


def _places(names: Sequence[Any], path: Path) -> dict[str, int]:
    """Return where in the header each column of ours stands. Raises InputRefusedError naming those that are missing."""
    header = [str(name or "").strip() for name in names]
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        found = ", ".join(filter(None, header)) or "none"
        raise InputRefusedError(
            f"{path.name} lacks the columns {', '.join(missing)} (it has: {found}); "
            f"nothing was loaded. Needed are {', '.join(COLUMNS)}, and event_id if there is one."
        )
    return {name: place for place, name in enumerate(header) if name in (*COLUMNS, *OPTIONAL)}


def _values(column: Any) -> list[Any]:
    import pyarrow as pa

    try:
        values: list[Any] = column.to_pylist()
    except (ValueError, OverflowError):
        # A time outside of Python's calendar: as text it is judged like any other word that is no time.
        values = column.cast(pa.string()).to_pylist()
    return values


# workbooks


def _xlsx_batches(path: Path) -> Iterator[Batch]:
    from python_calamine import CalamineWorkbook

    sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
    # Rows above the first filled one count too, so that the numbers are the ones the spreadsheet shows.
    lines = iter(sheet.to_python(skip_empty_area=False))
    places = _places(next(lines, []), path)
    rows = ((number, line) for number, line in enumerate(lines, start=_FIRST_ROW) if not _is_blank(line))
    while part := list(itertools.islice(rows, _BATCH_ROWS)):
        yield _row_batch([(number, _by_column(line, places)) for number, line in part])


def _row_batch(rows: list[Row]) -> Batch:
    return Batch({}, 0, lambda place: place, rows)


def _is_blank(line: Sequence[Any]) -> bool:
    return all(value in (None, "") for value in line)


def _by_column(line: Sequence[Any], places: Mapping[str, int]) -> dict[str, Any]:
    return {name: line[place] for name, place in places.items() if place < len(line)}


# parquet


def _parquet_batches(path: Path) -> Iterator[Batch]:
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as file:
        names = list(file.schema_arrow.names)
        places = _places(names, path)
        first = _FIRST_ROW
        for batch in file.iter_batches(batch_size=_BATCH_ROWS):
            columns = {name: batch.column(place) for name, place in places.items()}
            yield Batch(columns, batch.num_rows, first.__add__)
            first += batch.num_rows


# csv


def _csv_batches(path: Path) -> Iterator[Batch]:
    from pyarrow import csv as arrow_csv
    from pyarrow import string

    names, separator, begin = _csv_header(path)
    places = _places(names, path)
    misfits = _Misfits(separator, places)
    with path.open("rb") as file:
        file.seek(begin)
        text = _CheckedText(file)
        if text.is_empty:
            return
        columns = [str(place) for place in range(len(names))]
        reader = arrow_csv.open_csv(
            text,
            # With threads the numbers of rows that do not fit the header would not be known.
            read_options=arrow_csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES, column_names=columns),
            parse_options=arrow_csv.ParseOptions(
                delimiter=separator,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=misfits.take,
            ),
            # Nothing is anything but text: NA, null and 007 stay what they are.
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(columns, string()), strings_can_be_null=False, check_utf8=False
            ),
        )
        done = 0
        for batch in reader:
            read = {name: batch.column(place) for name, place in places.items()}
            yield Batch(read, batch.num_rows, misfits.numbers(done), misfits.take_rows())
            done += batch.num_rows
        yield _row_batch(misfits.take_rows())


def _csv_header(path: Path) -> tuple[list[str], str, int]:
    """Return the names in the header, the separator, and at which byte the rows begin."""
    with path.open("rb") as file:
        begin = len(codecs.BOM_UTF8) if file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8 else 0
    read: list[str] = []
    with path.open(encoding="utf-8-sig", newline="") as text:
        # Kept as they are read, since a name in quotes may span lines.
        lines = (read.append(line) or line for line in iter(text.readline, ""))  # type: ignore[func-returns-value]
        first = next(lines, "")
        separator = max(",;\t", key=first.count)
        names = next(csv.reader(itertools.chain([first], lines), delimiter=separator), [])
    return names, separator, begin + len("".join(read).encode())


class _CheckedText(io.RawIOBase):
    """The bytes of a file, each block of them seen to be UTF-8. Raises UnicodeDecodeError where they are not."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    @property
    def is_empty(self) -> bool:
        return not self._file.peek(1)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self._decoder.decode(block, final=not block)
        return block


class _Misfits:
    """Rows with more or fewer values than the header has names: Arrow leaves them out, and tells their numbers."""

    def __init__(self, separator: str, places: Mapping[str, int]) -> None:
        self._separator = separator
        self._places = places
        self._texts: list[tuple[int, str]] = []
        # For each misfit, how many rows that fit stand before it.
        self._fitting_before: list[int] = []

    def take(self, row: Any) -> str:
        """Keep a row that does not fit. Arrow calls this, so nothing may be raised here."""
        # Arrow counts records from 1, and the header was read before it began.
        number = row.number + _FIRST_ROW - 1
        self._texts.append((number, row.text))
        self._fitting_before.append(number - _FIRST_ROW - len(self._fitting_before))
        return "skip"

    def take_rows(self) -> list[Row]:
        """Return the rows since the last call. Raises csv.Error."""
        texts, self._texts = self._texts, []
        lines = ((number, next(csv.reader([text], delimiter=self._separator), [])) for number, text in texts)
        return [(number, _by_column(line, self._places)) for number, line in lines if not _is_blank(line)]

    def numbers(self, done: int) -> Callable[[int], int]:
        """Return how the places of a batch are numbered before which `done` fitting rows were read."""

        def number_of(place: int) -> int:
            return _FIRST_ROW + done + place + bisect_right(self._fitting_before, done + place)

        return number_of
