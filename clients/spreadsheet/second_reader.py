"""The second reader: another program's reading of the same sheet must find the same rows with the same ids.

Its values are never used. It lays all cells of the sheet out in memory, so it runs in a child process of its own.
"""

from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clients.spreadsheet.clean_cells import clean_id
from clients.spreadsheet.limits import UnreadableError, refused
from clients.spreadsheet.number_text import is_long, number_text
from clients.spreadsheet.row_trace import SEPARATOR, CarefulRow, TracedRows, read_trace
from clients.spreadsheet.shared_texts import unescape_code_units
from domain.problem import Finding
from domain.recipients_file import INVISIBLE_CHARACTERS

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

_ROWS_AT_ONCE: Final = 1_000
_BLANKS: Final = f"{INVISIBLE_CHARACTERS} \t\r\n"

Cells = Sequence[object]


def compare_with_second_reader(path: Path, trace: Path, *, sheet: str | None = None) -> None:
    """Read the workbook at `path` and compare it with `trace`, which may still be growing.

    `sheet` is the sheet that will be read, if it was named. Raises UnreadableError at the first row that differs. Rows
    are compared by number and id, and all their texts. A row with findings may be missing from the second reading.
    """
    book = _open(path)
    guess = _guess_sheet(book, sheet)
    table = _load(book, guess) if guess else None
    name, traced = read_trace(trace)
    compare_rows(table if table and name == guess else _load(book, name), traced)


def compare_rows(table: "CalamineSheet", traced: Iterator[TracedRows]) -> None:
    """Compare a sheet as the second reader sees it with the rows of the first; raise UnreadableError if they differ."""
    comparison = _Comparison(table.iter_rows(), offset=table.start[1] if table.start else 0)
    for rows in traced:
        comparison.take(rows)
    comparison.finish()


def _open(path: Path) -> "CalamineWorkbook":
    import python_calamine

    try:
        return python_calamine.load_workbook(str(path))
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise _differ("one of them cannot read it at all") from error


def _guess_sheet(book: "CalamineWorkbook", wanted: str | None) -> str | None:
    """Name the sheet that will be read where that is clear, so that its loading need not wait for the first reader."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    if wanted is not None:
        return wanted if wanted in book.sheet_names else None
    visible = [
        each.name
        for each in book.sheets_metadata
        if each.visible == SheetVisibleEnum.Visible and each.typ == SheetTypeEnum.WorkSheet
    ]
    return visible[0] if len(visible) == 1 else None


def _load(book: "CalamineWorkbook", sheet: str) -> "CalamineSheet":
    import python_calamine

    try:
        return book.get_sheet_by_name(sheet)
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise _differ("one of them cannot read it at all") from error


class _Comparison:
    """Walk through the rows of both readings side by side.

    The second reader's rows begin at row 1, whatever stands there, but its columns at the first one that is used, the
    `offset`.
    """

    def __init__(self, rows: Iterator[Cells], *, offset: int) -> None:
        self._rows = rows
        self._offset = offset
        self._number = 0
        self._ignored: frozenset[int] = frozenset()

    def take(self, traced: TracedRows) -> None:
        """Compare the next rows of the first reading with those of the second."""
        self._ignored = frozenset(column - self._offset for column in traced.ignored)
        places = [column - self._offset for column in traced.columns]
        careful = {row.number: row for row in traced.careful}
        if not careful:
            self._compare_told(traced, _columns(self._rows_at(traced.numbers), places))
            return
        numbers = sorted([*traced.numbers, *careful])
        cells = dict(zip(numbers, self._rows_at(numbers), strict=True))
        self._compare_told(traced, _columns([cells[number] for number in traced.numbers], places))
        for number, row in careful.items():
            self._compare_careful(row, _cell(cells[number], places[0]), cells[number])

    def finish(self) -> None:
        """Check that nothing is left of the second reading."""
        while rows := self._next(_ROWS_AT_ONCE):
            self._check_blank(rows)

    def _next(self, count: int) -> list[Cells]:
        """Give the next rows of the second reading, fewer at its end: the header's and blank ones too."""
        import python_calamine

        try:
            rows = list(islice(self._rows, count))
        except (python_calamine.CalamineError, ValueError) as error:
            raise _differ("one of them cannot read it at all") from error
        return rows

    def _rows_at(self, numbers: Sequence[int]) -> list[Cells]:
        """Give the second reader's cells of some rows; the rows before and between them must be blank."""
        found: list[Cells] = []
        if numbers and numbers[-1] - numbers[0] + 1 == len(numbers):
            self._skip_to(numbers[0])
            found += self._next(len(numbers))
            self._number += len(found)
        for number in numbers[len(found) :]:
            self._skip_to(number)
            found += self._next(1) or [()]
            self._number += 1
        return found

    def _skip_to(self, number: int) -> None:
        while self._number < number - 1 and (rows := self._next(min(number - 1 - self._number, _ROWS_AT_ONCE))):
            self._check_blank(rows)
        self._number = number - 1

    def _check_blank(self, rows: Sequence[Cells]) -> None:
        """Refuse a row that only the second reader sees; the header, row 1, is left to other checks."""
        for cells in rows:
            self._number += 1
            if self._number > 1 and any(cell != "" and _shows(cell) for cell in self._looked_at(cells)):
                raise _differ(f"row {self._number} has other values, or is seen by one of them only")

    def _looked_at(self, cells: Cells) -> Iterator[object]:
        return (cell for place, cell in enumerate(cells) if place not in self._ignored)

    def _compare_told(self, traced: TracedRows, columns: Sequence[Sequence[object]]) -> None:
        """Compare rows that are told in full: all cells of a row of texts, else the id alone."""
        if all(map(_is_joined, columns, traced.joined)):
            return
        texts = zip(*(joined.split(SEPARATOR) for joined in traced.joined), strict=True)
        for number, ours, theirs in zip(traced.numbers, texts, zip(*columns, strict=True), strict=True):
            if not _is_same_row(theirs, ours):
                raise _differ(f"row {number} has other values, or is seen by one of them only")

    def _compare_careful(self, row: CarefulRow, first: object, cells: Cells) -> None:
        """Let the second reader see nothing in a row with a finding, but never another id or a row more."""
        is_same = row.user_id is None or first == row.user_id or _is_same_id(first, row.user_id)
        if is_same and cells:
            return
        if any(cell != "" and _shows(cell) for cell in self._looked_at(cells)):
            raise _differ(f"row {row.number} has other values, or is seen by one of them only")
        if not row.has_finding:
            raise _differ(f"row {row.number} is seen by one of them only")


def _columns(rows: Sequence[Cells], places: Sequence[int]) -> list[Sequence[object]]:
    """Turn rows into columns, all at once where the rows are of one width, as those of a sheet are."""
    if len(set(map(len, rows))) > 1:
        return [[_cell(row, place) for row in rows] for place in places]
    columns = list(zip(*rows, strict=True))
    return [columns[place] if 0 <= place < len(columns) else [""] * len(rows) for place in places]


def _cell(row: Cells, place: int) -> object:
    return row[place] if 0 <= place < len(row) else ""


def _is_joined(cells: Sequence[object], joined: str) -> bool:
    """Compare a whole column at once; a number or a date among its cells makes it another one."""
    try:
        return SEPARATOR.join(cells) == joined  # type: ignore[arg-type]  # see the docstring: TypeError
    except TypeError:
        return False


def _is_same_row(cells: Sequence[object], texts: Sequence[str]) -> bool:
    """Compare a row; numbers and dates are shown by each reader in its own way, and leave the id to compare."""
    if not all(isinstance(cell, str) for cell in cells):
        return _is_same_id(cells[0], texts[0])
    # The second reader leaves escaped halves of one character (`_xD83D__xDE00_`) as they are.
    return all(
        cell == text or ("_x" in str(cell) and unescape_code_units(str(cell)) == text)
        for cell, text in zip(cells, texts, strict=True)
    )


def _shows(cell: object) -> bool:
    return not isinstance(cell, str) or cell.strip(_BLANKS) != ""


def _is_same_id(cell: object, user_id: str) -> bool:
    match cell:
        case str():
            return clean_id(cell) == user_id
        case bool():
            return user_id == ("TRUE" if cell else "FALSE")
        case int() | float():
            return is_long(cell) or number_text(float(cell)) == user_id
        case date() | time() | timedelta():
            # Which formats are dates is a matter of taste between readers, and no date is an id.
            return True
        case _:
            return False


def _differ(what: str) -> UnreadableError:
    return refused(Finding.READERS_DISAGREE, what=what)
