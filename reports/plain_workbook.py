"""A workbook of our own for rows that came as .csv, or in a workbook that has no place for our columns."""

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Final

from domain.cell_address import column_letters
from domain.errors import InputRefusedError
from domain.recipients_file import COLUMNS_BEFORE_SENDING, OUTCOME_COLUMNS
from reports.annotated_sheet import USUAL_WIDTH, WIDTHS, NotedRow, text_cell
from reports.annotated_styles import StyleBook
from reports.annotated_workbook import described, write_sheet
from reports.cell_text import fit_for_excel, harmless
from reports.whole_file import written_whole

_LAST_ROW: Final = 1_048_576
_LAST_COLUMN: Final = 16_383
_SHEET: Final = "xl/worksheets/sheet1.xml"
_STYLES: Final = "xl/styles.xml"
_NO_ROWS: Final = b"</sheetData>"
_ROWS_IN_BLOCK: Final = 1_000


def write_plain_workbook(
    target: Path,
    header: Mapping[int, str],
    *,
    rows: Iterable[NotedRow],
    bad_header_cells: Iterable[str] = (),
    has_outcomes: bool = False,
) -> None:
    """Write rows with their values and what is to be said of them to a new .xlsx file, bad cells marked.

    `header` has the user's names by column, from 0; a row's values stand in the same order. Rows keep their numbers and
    columns their letters, so that sentences that name a cell are right here too. A value that a spreadsheet could take
    for a formula keeps every character and is quoted in the way of the format (`quotePrefix`), so that it reads back as
    it was. XlsxWriter makes the workbook around the rows; the rows are written as they come, whatever their number.
    Raises InputRefusedError for more than a sheet holds, and NotFoundError without the folder of `target`.
    """
    names = OUTCOME_COLUMNS if has_outcomes else COLUMNS_BEFORE_SENDING
    first_own = max(header, default=-1) + 1
    if first_own + len(names) - 1 > _LAST_COLUMN:
        raise InputRefusedError("The file has so many columns that a sheet has no room for ours beside them.")
    frame = _frame(header, names, first_own)
    with written_whole(target) as unfinished, closing(zipfile.ZipFile(BytesIO(frame))) as old:
        styles = StyleBook(old.read(_STYLES))
        writer = _RowWriter(header, first_own, styles)
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                if name == _SHEET:
                    blocks = writer.sheet(old.read(name), rows, frozenset(bad_header_cells))
                    write_sheet(new, described(old.getinfo(name)), blocks)
                elif name != _STYLES:
                    new.writestr(name, old.read(name))
            new.writestr(_STYLES, styles.part())


def _frame(header: Mapping[int, str], names: Iterable[str], first_own: int) -> bytes:
    """Make the workbook around the rows: its header, its widths, and how it is shown and printed."""
    import xlsxwriter

    content = BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet("Recipients")
        text = workbook.add_format({"num_format": "@"})
        bold = workbook.add_format({"num_format": "@", "bold": True, "bg_color": "#DCE6F1", "bottom": 1})
        # Whole columns are text, so that an id typed into the file later keeps its digits.
        sheet.set_column(0, max(first_own - 1, 0), USUAL_WIDTH, text)
        sheet.freeze_panes(1, 0)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        for column, name in header.items():
            # The header is compared with the template's, letter by letter, so it is written as it is.
            sheet.write_string(0, column, fit_for_excel(name), bold)
        for column, name in enumerate(names, start=first_own):
            sheet.set_column(column, column, WIDTHS.get(name, USUAL_WIDTH))
            sheet.write_string(0, column, name, bold)
    return content.getvalue()


class _RowWriter:
    """Write rows as XML, in the styles that the workbook around them gets."""

    def __init__(self, header: Mapping[int, str], first_own: int, styles: StyleBook) -> None:
        self._columns = sorted(header)
        self._letters = [column_letters(column) for column in self._columns]
        self._place_of = {name: place for place, name in reversed(list(enumerate(header.values())))}
        self._first_own = first_own
        self._styles = styles
        self._quoted = {styles.text: styles.quoted(styles.text), styles.marked_text: styles.quoted(styles.marked_text)}

    def sheet(self, frame: bytes, rows: Iterable[NotedRow], bad_header_cells: frozenset[str]) -> Iterator[bytes]:
        """Give out the sheet with the rows below its header."""
        before, after = self._with_marked_header(frame, bad_header_cells).split(_NO_ROWS)
        yield before
        block: list[bytes] = []
        for row in rows:
            block.append(self._row(row))
            if len(block) == _ROWS_IN_BLOCK:
                yield b"".join(block)
                block.clear()
        yield b"".join((*block, _NO_ROWS, after))

    def _with_marked_header(self, frame: bytes, bad_header_cells: frozenset[str]) -> bytes:
        for address in bad_header_cells:
            start = f'<c r="{address}" s="'.encode()
            before, found, after = frame.partition(start)
            if found:
                style, _, rest = after.partition(b'"')
                frame = before + start + str(self._styles.marked(int(style))).encode() + b'"' + rest
        return frame

    def _row(self, row: NotedRow) -> bytes:
        number = row.row_number
        if number > _LAST_ROW:
            raise InputRefusedError(
                f"The file has a row {number:,}, and a sheet of Excel ends at row {_LAST_ROW:,}; `windowcast messages "
                "CAMPAIGN --export FILE.csv` writes all rows."
            )
        bad = {self._place_named(name) for name in row.bad_columns}
        cells = [f'<row r="{number}">'.encode()]
        for place, value in enumerate(row.values[: len(self._columns)]):
            if value is not None or place in bad:
                cells.append(self._value(f"{self._letters[place]}{number}", value, is_bad=place in bad))
        for place, text in enumerate(row.outcome):
            if text:
                style = self._styles.marked_text if row.is_bad and place == 1 else self._styles.text
                cells.append(text_cell("", f"{column_letters(self._first_own + place)}{number}", style, harmless(text)))
        cells.append(b"</row>")
        return b"".join(cells)

    def _value(self, address: str, value: str | None, *, is_bad: bool) -> bytes:
        style = self._styles.marked_text if is_bad else self._styles.text
        if value is None:
            return f'<c r="{address}" s="{style}"/>'.encode()
        is_formula_like = harmless(value) is not value
        return text_cell("", address, self._quoted[style] if is_formula_like else style, value)

    def _place_named(self, name: str) -> int:
        if name in self._place_of:
            return self._place_of[name]
        letters = name.removeprefix("column ")
        return self._letters.index(letters) if letters in self._letters else -1
