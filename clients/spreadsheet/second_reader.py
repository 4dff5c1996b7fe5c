"""The second reader: another program's reading of the same sheet must find the same rows with the same ids.

Its values are never used. It runs after the sheet's bounds are known, because it lays all cells out in memory.
"""

from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta
from pathlib import Path
from typing import Final

from clients.spreadsheet.copy_files import RowTrace, clean_id
from clients.spreadsheet.limits import UnreadableError, refused
from clients.spreadsheet.number_text import is_long, number_text
from clients.spreadsheet.shared_texts import unescape_code_units
from domain.problem import Finding
from domain.recipients_file import INVISIBLE_CHARACTERS

_BLANKS: Final = f"{INVISIBLE_CHARACTERS} \t\r\n"


def compare_with_second_reader(path: Path, sheet: str, columns: Sequence[int], trace: RowTrace) -> None:
    """Read the sheet again and compare it with `trace`; raise UnreadableError at the first row that differs.

    `columns` are the columns to look at, from 0, the id first. Rows are compared by number and id; a row of texts
    alone is compared in all its cells. A row with findings may be missing from the second reading.
    """
    comparison = _Comparison(trace)
    for number, cells in _read_again(path, sheet, columns):
        comparison.take(number, cells)
    comparison.finish()


def _read_again(path: Path, sheet: str, columns: Sequence[int]) -> Iterator[tuple[int, Sequence[object]]]:
    """Give the number and the wanted cells of each row, the header's and blank ones too."""
    import python_calamine

    try:
        table = python_calamine.load_workbook(str(path)).get_sheet_by_name(sheet)
        # Its rows begin at row 1, whatever stands there, but its columns at the first one that is used.
        places = [column - (table.start[1] if table.start else 0) for column in columns]
        rows = table.iter_rows()
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise _differ("one of them cannot read it at all") from error
    if places == list(range(table.width)):
        yield from enumerate(rows, start=1)
        return
    for number, cells in enumerate(rows, start=1):
        yield number, [cells[place] if 0 <= place < len(cells) else "" for place in places]


class _Comparison:
    """Walk through the rows of both readings side by side."""

    def __init__(self, trace: RowTrace) -> None:
        self._trace = trace
        self._position = 0
        self._next_number = trace.numbers[0] if trace.numbers else 0

    def take(self, number: int, cells: Sequence[object]) -> None:
        """Compare one row of the second reading with the next of the first; the header is left to other checks."""
        if number == self._next_number and self._is_same(cells):
            self._step()
        elif number > 1 and any(cell != "" and _shows(cell) for cell in cells):
            raise _differ(f"row {number} has other values, or is seen by one of them only")
        elif number == self._next_number:
            self._pass_over()

    def finish(self) -> None:
        """Check that nothing of the first reading is left."""
        while self._next_number:
            self._pass_over()

    def _is_same(self, cells: Sequence[object]) -> bool:
        user_id, digest = self._trace.ids[self._position], self._trace.digests[self._position]
        if digest:
            try:
                joined = "\n".join(cells)  # type: ignore[arg-type]  # numbers and dates: TypeError
            except TypeError:
                joined = None
            if joined is not None:
                # The second reader leaves escaped halves of one character (`_xD83D__xDE00_`) as they are.
                return hash(joined) == digest or ("_x" in joined and hash(unescape_code_units(joined)) == digest)
        first = cells[0]
        return user_id is None or first == user_id or _is_same_id(first, user_id)

    def _pass_over(self) -> None:
        """Go on without this row, which the second reader does not see: right only if it has nothing but findings."""
        if self._next_number not in self._trace.uncertain:
            raise _differ(f"row {self._next_number} is seen by one of them only")
        self._step()

    def _step(self) -> None:
        self._position += 1
        numbers = self._trace.numbers
        self._next_number = numbers[self._position] if self._position < len(numbers) else 0


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
