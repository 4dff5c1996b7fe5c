"""The two files for Postgres: the rows and their problems, in the text format of COPY (copy_format.py).

Each line of the rows file is `row_number, typed_user_id, user_id, cells`; `cells` is the literal of a text[].
"""

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import compress
from pathlib import Path
from typing import Final, Self, TextIO

from clients.spreadsheet.clean_cells import (
    LONGEST_CELL,
    UNUSUAL,
    WARNED_OF,
    CleanCell,
    clean_cell,
    header_text,
    typed_id,
)
from clients.spreadsheet.copy_format import ELEMENT, copy_array, copy_text
from clients.spreadsheet.limits import HiddenRows, ReadLimits, too_large
from clients.spreadsheet.plain_rows import copy_lines, joined, odd_places, part_of, row_at, texts_of
from clients.spreadsheet.row_shapes import RowBatch
from clients.spreadsheet.row_trace import CarefulRow, TraceWriter
from clients.spreadsheet.sheet_rows import CellFinding, SheetRow
from domain.cell_address import column_letters
from domain.recipients_file import EXAMPLE_USER_ID, outcome_column

ROWS_FILE: Final = "rows.copy"
PROBLEMS_FILE: Final = "problems.copy"
_BLANK_ROWS_KEPT: Final = 100
_BUFFER_BYTES: Final = 1024 * 1024
_BATCH_CHARACTERS: Final = 8_000_000


class RecipientsWriter:
    """Take the rows of a file in order and write both files into `folder`. Use it as a context manager.

    Row 1 is the header. The id is in the first column that is not one of ours; ours are left out. The value of a cell
    with a finding is not written. A row is blank if no cell of it shows anything. Every row that is not blank is told
    to `trace`, if there is one.
    """

    def __init__(
        self, folder: Path, *, hidden_rows: HiddenRows, limits: ReadLimits, trace: TraceWriter | None = None
    ) -> None:
        self._folder = folder
        self._hidden_rows = hidden_rows
        self._limits = limits
        self._names: list[str] = []
        self._kept: list[int] = [0]
        self._is_simple = True
        self._pick: Callable[[list[str | None]], list[str | None]] | None = None
        self._growths: list[int] = []
        self._filled: set[int] = set()
        self._last_number = 1
        self._character_count = 0
        self.trace = trace
        self.row_count = 0
        self.example_row_count = 0
        self.problem_count = 0
        self.hidden_count = 0
        self.first_hidden: int | None = None
        self.blank_rows: list[int] = []
        self.invisible_count = 0

    def __enter__(self) -> Self:
        self._rows = _open(self._folder / ROWS_FILE)
        self._problems = _open(self._folder / PROBLEMS_FILE)
        return self

    def __exit__(self, *_exception: object) -> None:
        self._rows.close()
        self._problems.close()

    @property
    def columns(self) -> list[int]:
        """The columns that are read, from 0: those with a header or with values, without ours; the id first."""
        return [self._kept[0], *(column for column in self._kept[1:] if self._name(column) or column in self._filled)]

    @property
    def header(self) -> list[str]:
        """The header of each of `columns`; empty where there is none."""
        return [self._name(column) for column in self.columns]

    @property
    def last_row(self) -> int:
        """The number of the last row that is not blank."""
        return self._last_number

    def take(self, row: SheetRow) -> None:
        """Write one row; rows come in order of their numbers."""
        if row.number == 1:
            self._take_header(row)
        elif row.findings or row.is_hidden or not self._is_simple or not self._write_plain(row):
            self._take_carefully(row)
        if self.trace:
            self.trace.flush_if_long()

    def take_batch(self, batch: RowBatch) -> None:
        """Write many rows at once; they come after all that were taken before."""
        if batch.numbers[0] == 1:
            self._take_header(row_at(batch, 0))
            batch = part_of(batch, slice(1, None))
        if self._is_simple and self._names and not any(map(any, batch.columns[len(self._names) :])):
            self._write_batch(batch)
        else:
            for place in range(len(batch.numbers)):
                self.take(row_at(batch, place))

    def finish(self) -> None:
        """Complete both files and the trace; every row then has one cell for each of `columns` but the id."""
        if self.trace:
            self.trace.end()
        self._rows.flush()
        self._problems.flush()
        if self._growths or self.columns != self._kept:
            self._rows.close()
            self._reshape()

    def _take_header(self, row: SheetRow) -> None:
        cells = [header_text(value) for value in row.values]
        while cells and not cells[-1]:
            cells.pop()
        ours = {column for column, name in enumerate(cells) if outcome_column(name)}
        if len(cells) - len(ours) > self._limits.columns:
            raise too_large(f"it has more than {self._limits.columns} columns")
        kept = [column for column in range(len(cells)) if column not in ours]
        self._names = cells
        self._kept = kept or [len(cells)]
        self._is_simple = all(cells[column] for column in kept[1:])
        if kept and kept != list(range(len(cells))):
            self._pick = lambda values: [values[column] for column in kept]
        if self.trace:
            self.trace.read_columns(self._kept, ignored=sorted(ours))

    def _write_batch(self, batch: RowBatch) -> None:
        """Write rows column by column; those with a cell that needs a closer look go one by one, in their order."""
        numbers, given = batch
        count = len(numbers)
        columns = [texts_of(given[column]) if column < len(given) else [""] * count for column in self._kept]
        character_count = sum(sum(map(len, texts)) for texts in columns)
        if character_count > _BATCH_CHARACTERS and count > 1:
            # One long text that many cells point to is small in the file: laid out all at once, it is not.
            self._write_batch(part_of(batch, slice(count // 2)))
            self._write_batch(part_of(batch, slice(count // 2, None)))
            return
        joined_columns = joined(columns)
        odd = odd_places(columns, joined_columns)
        if odd:
            left_out = set(odd)
            is_plain = [place not in left_out for place in range(count)]
            numbers = list(compress(numbers, is_plain))
            columns = [list(compress(column, is_plain)) for column in columns]
            joined_columns = joined(columns)
            character_count = sum(sum(map(len, texts)) for texts in columns)
        if self.trace:
            self.trace.flush()
        self._count_characters(character_count)
        self._write_lines(batch, odd, copy_lines(numbers, columns))
        if self.trace:
            self.trace.write_batch(numbers, joined_columns)

    def _write_lines(self, batch: RowBatch, odd: list[int], plain: str) -> None:
        """Write the lines of the plain rows, and in their places the odd ones."""
        lines = plain.splitlines(keepends=True) if odd else [plain]
        count, first = len(batch.numbers), 0
        for before, place in enumerate([*odd, count]):
            if place > first:
                self._step_over(batch.numbers[first:place])
                self.row_count += place - first
                self._rows.writelines(lines[first - before : place - before])
            if place < count:
                self._take_carefully(row_at(batch, place))
            first = place + 1

    def _write_plain(self, row: SheetRow) -> bool:
        """Write a row of plain values, the common case, in as few steps as there are; False if it is not one."""
        values = row.values
        missing = len(self._names) - len(values)
        if missing < 0 or not self._names:
            return False
        if missing:
            values = values + [None] * missing
        if self._pick:
            values = self._pick(values)
        texts = [value or "" for value in values]
        user_id, joined = texts[0], "\n".join(texts)
        if (
            not user_id.isdigit()
            or UNUSUAL.search(joined)
            or len(joined) > LONGEST_CELL
            or joined.count("\n") != len(texts) - 1
            or " \n" in joined
            or "\n " in joined
            or joined[-1] == " "
        ):
            return False
        self._count_characters(len(joined))
        self._step_to(row.number)
        self.row_count += 1
        if self.trace:
            self.trace.add([row.number], [[text] for text in texts])
        cells = joined[len(user_id) + 1 :].replace("\n", '","')
        cells = f'"{cells}"' if len(texts) > 1 else ""
        if "" in texts:
            cells = ",".join(f'"{text}"' if text else "NULL" for text in texts[1:])
        self._rows.write(f"{row.number}\t{user_id}\t{user_id}\t{{{cells}}}\n")
        return True

    def _take_carefully(self, row: SheetRow) -> None:
        findings = row.findings or {}
        self._count_characters(sum(len(value) for value in row.values if value))
        self._widen(row, findings)
        cells = [self._clean(row, column, findings) for column in self._kept]
        if not any(cell.text or cell.finding for cell in cells):
            return
        self._step_to(row.number)
        user_id = cells[0].text
        has_findings = any(cell.finding for cell in cells)
        if self.trace:
            self.trace.add_careful(CarefulRow(row.number, None if cells[0].finding else user_id or "", has_findings))
        if user_id == EXAMPLE_USER_ID:
            self.example_row_count += 1
        elif not (row.is_hidden and self._pass_over_hidden(row.number)):
            self._write(row, cells)

    def _write(self, row: SheetRow, cells: list[CleanCell]) -> None:
        self.row_count += 1
        self._filled.update(column for column, cell in zip(self._kept, cells, strict=True) if cell.text or cell.finding)
        self.invisible_count += sum(1 for cell in cells[1:] if cell.text and WARNED_OF.search(cell.text))
        typed = typed_id(_value(row, self._kept[0]))
        user_id = None if cells[0].finding else cells[0].text
        values = [None if cell.finding else cell.text for cell in cells[1:]]
        self._rows.write(f"{row.number}\t{copy_text(typed)}\t{copy_text(user_id)}\t{copy_array(values)}\n")
        for column, cell in zip(self._kept, cells, strict=True):
            if cell.finding:
                self._write_problem(row.number, self._name(column) or f"column {column_letters(column)}", cell.finding)

    def _write_problem(self, number: int, column: str, found: CellFinding) -> None:
        self.problem_count += 1
        facts = json.dumps(found.facts, ensure_ascii=False)
        self._problems.write(f"{number}\t{copy_text(column)}\t{found.finding}\t{copy_text(facts)}\n")

    def _clean(self, row: SheetRow, column: int, findings: Mapping[int, CellFinding]) -> CleanCell:
        return clean_cell(_value(row, column), findings.get(column), is_id=column == self._kept[0])

    def _pass_over_hidden(self, number: int) -> bool:
        self.hidden_count += 1
        self.first_hidden = self.first_hidden or number
        return self._hidden_rows == "skip"

    def _widen(self, row: SheetRow, findings: Mapping[int, CellFinding]) -> None:
        """Take in columns right of the header where this row holds something: the header check must see them."""
        beyond = [column for column in range(len(self._names), len(row.values)) if column not in self._kept]
        beyond += [column for column in findings if column >= len(self._names) and column not in self._kept]
        used = [column for column in beyond if self._clean(row, column, findings) != CleanCell(None)]
        if not used:
            return
        if max(used) >= self._limits.columns:
            where = f"{column_letters(max(used))}{row.number}"
            raise too_large(f"cell {where} is beyond the {self._limits.columns} columns that are read")
        self._is_simple = False
        self._growths.append(row.number)
        self._kept += range(max([len(self._names) - 1, *self._kept]) + 1, max(used) + 1)

    def _step_over(self, numbers: Sequence[int]) -> None:
        """Move on to the last of some rows that are not blank, as `_step_to` does to one."""
        if numbers[0] != self._last_number + 1 or numbers[-1] - numbers[0] + 1 != len(numbers):
            for number in numbers:
                self._note_blank_rows(number)
                self._last_number = number
        self._last_number = numbers[-1]
        if self.row_count + len(numbers) > self._limits.rows:
            raise too_large(f"it has more than {self._limits.rows:,} recipients")

    def _step_to(self, number: int) -> None:
        """Move on to a row that is not blank, and note the blank ones passed."""
        self._note_blank_rows(number)
        self._last_number = number
        if self.row_count >= self._limits.rows:
            raise too_large(f"it has more than {self._limits.rows:,} recipients")

    def _note_blank_rows(self, number: int) -> None:
        room = _BLANK_ROWS_KEPT - len(self.blank_rows)
        if number != self._last_number + 1 and room > 0:
            self.blank_rows.extend(range(self._last_number + 1, min(number, self._last_number + 1 + room)))

    def _count_characters(self, count: int) -> None:
        self._character_count += count
        if self._character_count > self._limits.characters:
            raise too_large(f"its cells have more than {self._limits.characters:,} characters together")

    def _name(self, column: int) -> str:
        return self._names[column] if column < len(self._names) else ""

    def _reshape(self) -> None:
        """Write the rows file again with one cell for each column that turned out to be used."""
        wanted = [self._kept.index(column) - 1 for column in self.columns[1:]]
        before = self._folder / f"{ROWS_FILE}.narrow"
        (self._folder / ROWS_FILE).rename(before)
        with before.open(encoding="utf-8", newline="\n") as old, _open(self._folder / ROWS_FILE) as new:
            for line in old:
                start, _, cells = line.rpartition("\t")
                elements = ELEMENT.findall(cells)
                elements += ["NULL"] * (len(self._kept) - 1 - len(elements))
                new.write(f"{start}\t{{{','.join(elements[each] for each in wanted)}}}\n")
        before.unlink()


def _open(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", newline="\n", buffering=_BUFFER_BYTES)


def _value(row: SheetRow, column: int) -> str | None:
    return row.values[column] if column < len(row.values) else None
