"""The XML of one sheet with our columns and marks put in: everything else in it passes byte for byte."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from xml.sax.saxutils import escape

from domain.cell_address import column_index, column_letters
from domain.recipients_file import COLUMNS_BEFORE_SENDING, OUTCOME_COLUMNS, outcome_column
from reports.annotated_styles import StyleBook
from reports.cell_text import fit_for_excel, harmless
from reports.sheet_survey import RANGE, SheetSurvey, number_of, right_edge_of
from reports.xml_editor import XmlEditor, with_attribute

LAST_COLUMN: Final = 16_383  # Excel's last one, XFD, counted from 0
# Of our columns, about so many characters.
WIDTHS: Final = {"windowcast_state": 18, "windowcast_reason": 72}
USUAL_WIDTH: Final = 26

_SPANS: Final = re.compile(rb"""\s+spans\s*=\s*(?:"[^"]*"|'[^']*')""")
# What Excel would read as an escaped character (ECMA-376 part 1, 22.9.2.19).
_LOOKS_ESCAPED: Final = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_TRUE: Final = ("1", "true")


@dataclass(frozen=True, slots=True)
class NotedRow:
    """What is to be said of one row of the user's sheet.

    `outcome` has a text, or None, for each of the outcome columns that are wanted, in their order. `bad_columns` are
    the names in the header of the cells to mark (`column D` for one without a name). `values` are the user's own cells,
    for a workbook that is written anew.
    """

    row_number: int
    outcome: tuple[str | None, ...]
    bad_columns: tuple[str, ...] = ()
    is_bad: bool = False
    values: tuple[str | None, ...] = ()


class NoRoomError(Exception):
    """The sheet has no room for further columns."""


@dataclass(frozen=True)
class OurColumns:
    """Where our columns stand: column to the place of its name in OUTCOME_COLUMNS; `new` are those to be added."""

    places: Mapping[int, int]
    new: tuple[int, ...]
    wanted_count: int


def place_columns(
    names: Mapping[int, str], survey: SheetSurvey, *, has_outcomes: bool, right_edge: int = -1
) -> OurColumns:
    """Choose the columns for ours: those that are there already, and for the others the next ones on the right.

    `names` is the header; `right_edge` is the last column that something else, such as a table, takes. Raises
    NoRoomError when Excel has no such column any more.
    """
    wanted = OUTCOME_COLUMNS if has_outcomes else COLUMNS_BEFORE_SENDING
    there = {column: own for column, name in names.items() if (own := outcome_column(name))}
    places = {column: OUTCOME_COLUMNS.index(own) for column, own in there.items()}
    missing = [name for name in wanted if name not in there.values()]
    first = max(survey.last_filled, right_edge, *there, -1) + 1
    if missing and first + len(missing) - 1 > LAST_COLUMN:
        raise NoRoomError
    new = tuple(range(first, first + len(missing)))
    places |= {column: OUTCOME_COLUMNS.index(name) for column, name in zip(new, missing, strict=True)}
    return OurColumns(dict(sorted(places.items())), new, len(wanted))


def annotate_sheet(
    blocks: Iterable[bytes],
    rows: Iterable[NotedRow],
    *,
    survey: SheetSurvey,
    ours: OurColumns,
    names: Mapping[int, str],
    bad_header_cells: Iterable[str],
    styles: StyleBook,
) -> Iterator[bytes]:
    """Give out the sheet with the rows' notes in our columns, and the bad cells marked.

    `blocks` is the XML in UTF-8, `rows` come in the order of the sheet, `names` is the header by column, and
    `bad_header_cells` are addresses such as B1. The styles it needs are added to `styles`.
    """
    annotator = _Annotator(survey, ours, rows=rows, styles=styles)
    annotator.know_columns(names, bad_header_cells)
    return annotator.run(blocks)


def text_cell(prefix: str, address: str, style: int, text: str) -> bytes:
    """Write a cell that holds a text beside it, which no spreadsheet takes for a formula."""
    return (
        f'<{prefix}c r="{address}" s="{style}" t="inlineStr"><{prefix}is>{_text(prefix, text)}</{prefix}is></{prefix}c>'
    ).encode()


@lru_cache(maxsize=4_096)
def _text(prefix: str, text: str) -> str:
    space = ' xml:space="preserve"' if text != text.strip() else ""
    shown = escape(_LOOKS_ESCAPED.sub("_x005F_", fit_for_excel(text))).replace("\r", "&#13;")
    return f"<{prefix}t{space}>{shown}</{prefix}t>"


class _Annotator(XmlEditor):
    """Change a sheet as it passes: its dimension, its columns, and in each row our cells and the marks."""

    def __init__(self, survey: SheetSurvey, ours: OurColumns, *, rows: Iterable[NotedRow], styles: StyleBook) -> None:
        super().__init__()
        self._survey = survey
        self._ours = ours
        self._styles = styles
        self._rows = iter(rows)
        self._next = next(self._rows, None)
        self._is_crowded = bool(ours.places) and survey.last_cell >= min(ours.places)
        self._columns_by_name: dict[str, int] = {}
        self._bad_header: set[int] = set()
        self._number = 0
        self._column = -1
        self._row_style: int | None = None
        self._at_end = b""
        self._pending: list[tuple[int, bytes, bool]] = []  # column, cell, whether it is ours
        self._is_inside = False
        self._is_careful = False
        self._columns_start: int | None = None
        self._columns: list[tuple[int, bytes]] = []
        self._has_columns = False
        self._held: tuple[int, bytes] | None = None
        self._has_formula = False
        prefix = survey.prefix
        self._prefix = prefix
        self._c, self._row, self._f = f"{prefix}c", f"{prefix}row", f"{prefix}f"
        self._cols, self._data = f"{prefix}cols", f"{prefix}sheetData"
        self._others: dict[str, Callable[[dict[str, str]], None]] = {
            f"{prefix}dimension": self._widen_dimension,
            self._cols: self._begin_columns,
            f"{prefix}col": self._take_column,
            self._data: self._begin_rows,
        }
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end

    def know_columns(self, names: Mapping[int, str], bad_header_cells: Iterable[str]) -> None:
        """Take the header: which column a name means, and which cells of row 1 are to be marked."""
        for column, name in names.items():
            if column not in self._ours.places:
                self._columns_by_name.setdefault(name, column)
        self._bad_header = {right_edge_of(address) for address in bad_header_cells} - {-1}

    # The parser's calls.

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == self._c:
            if self._is_careful:
                self._begin_cell(attributes)
        elif tag == self._row:
            if self._is_inside:
                self._begin_row(attributes)
        elif tag == self._f:
            self._has_formula = True
        elif tag in self._others:
            self._others[tag](attributes)

    def _end(self, tag: str) -> None:
        if tag == self._c:
            if self._held:
                self._end_own_cell()
        elif tag == self._row:
            if self._is_inside:
                self._end_row()
        elif tag == self._cols:
            self._end_columns()
        elif tag == self._data:
            self._is_inside = False

    # What stands before the rows.

    def _widen_dimension(self, attributes: dict[str, str]) -> None:
        match = RANGE.fullmatch(attributes.get("ref", ""))
        if match is None or not self._ours.places:
            return
        right = max(column_index(match[1]), column_index(match[3] or "A"), *self._ours.places)
        wide = f"{match[1]}1:{column_letters(right)}{max(int(match[4] or match[2]), self._survey.last_row)}"
        tag = self.tag_at(self.offset)
        self.replace(self.offset, self.offset + len(tag), with_attribute(tag, "ref", wide))

    def _begin_columns(self, _attributes: dict[str, str]) -> None:
        self._columns_start = self.offset
        self._has_columns = True

    def _take_column(self, attributes: dict[str, str]) -> None:
        """Keep the description of columns, cut around those that get one of ours."""
        if self._columns_start is None:
            return
        tag = self.tag_at(self.offset)
        self._columns += _without(tag, number_of(attributes, "min"), number_of(attributes, "max"), self._described)

    @property
    def _described(self) -> tuple[int, ...]:
        # Columns that came back keep the width that their user gave them.
        return self._ours.new

    def _end_columns(self) -> None:
        if self._columns_start is None:
            return
        start_tag = self.tag_at(self._columns_start)
        is_empty = start_tag.endswith(b"/>")
        end = self._columns_start + len(start_tag) if is_empty else self.offset + len(self.tag_at(self.offset))
        self.replace(self._columns_start, end, self._columns_xml())
        self._columns_start = None

    def _columns_xml(self) -> bytes:
        every = self._columns + [(column + 1, self._column_xml(column)) for column in self._ours.new]
        described = b"".join(tag for _, tag in sorted(every))
        name = f"{self._prefix}cols"
        return f"<{name}>".encode() + described + f"</{name}>".encode() if described else b""

    def _column_xml(self, column: int) -> bytes:
        width = WIDTHS.get(OUTCOME_COLUMNS[self._ours.places[column]], USUAL_WIDTH)
        number = column + 1
        return f'<{self._prefix}col min="{number}" max="{number}" width="{width}" customWidth="1"/>'.encode()

    def _begin_rows(self, _attributes: dict[str, str]) -> None:
        self._is_inside = True
        if not self._has_columns:
            self.replace(self.offset, self.offset, self._columns_xml())

    # The rows.

    def _begin_row(self, attributes: Mapping[str, str]) -> None:
        given = attributes.get("r")
        number = int(given) if given else self._number + 1
        if self._number == 0 and number > 1:
            self._insert_header()
        self._number, self._column, self._has_formula = number, -1, False
        note = self._note_of(number)
        marked = self._bad_header if number == 1 else self._bad_columns(note)
        self._is_careful = bool(marked) or self._is_crowded or self._styles.has_marks
        is_formatted = attributes.get("customFormat") in _TRUE
        self._row_style = number_of(attributes, "s") if is_formatted else None
        cells = self._header_cells() if number == 1 else self._own_cells(note)
        if self._is_careful:
            self._pending = sorted([(column, cell, True) for column, cell in cells] + self._blanks(marked))
        else:
            self._at_end = b"".join(cell for _, cell in cells)
            # Nothing is looked at in such a row but its end: half of all calls of the parser are saved.
            self.parser.StartElementHandler = None
        self._change_row_tag(has_spans="spans" in attributes)

    def _change_row_tag(self, *, has_spans: bool) -> None:
        """Take the hint about the columns used out of a row's tag, which is wrong now; fill a row without cells."""
        offset = self.offset
        tag = self.tag_at(offset)
        changed = _SPANS.sub(b"", tag) if has_spans else tag
        if tag.endswith(b"/>"):
            self._at_end = self._at_end or b"".join(cell for _, cell, _ in self._pending)
            self._pending = []
            if self._at_end:
                changed = changed[:-2].rstrip() + b">" + self._at_end + f"</{self._row}>".encode()
                self._at_end = b""
        if changed != tag:
            self.replace(offset, offset + len(tag), changed)

    def _note_of(self, number: int) -> NotedRow | None:
        while self._next is not None and self._next.row_number < number:
            self._next = next(self._rows, None)
        if self._next is None or self._next.row_number != number:
            return None
        found, self._next = self._next, next(self._rows, None)
        return found

    def _bad_columns(self, note: NotedRow | None) -> set[int]:
        if note is None or not note.bad_columns:
            return set()
        return {self._column_named(name) for name in note.bad_columns} - {-1}

    def _column_named(self, name: str) -> int:
        """Find a column by the name in the header, or by its letters if it has none; -1 if it is not there."""
        if name in self._columns_by_name:
            return self._columns_by_name[name]
        return right_edge_of(f"{name.removeprefix('column ')}1") if name.startswith("column ") else -1

    def _own_cells(self, note: NotedRow | None) -> list[tuple[int, bytes]]:
        """Write our cells of one row; an empty one takes away what stood there."""
        cells = []
        for column, place in self._ours.places.items():
            text = note.outcome[place] if note and place < len(note.outcome) else None
            style = self._styles.marked_text if note and note.is_bad and place == 1 else self._styles.text
            address = f"{column_letters(column)}{self._number}"
            cells.append((column, text_cell(self._prefix, address, style, harmless(text)) if text else b""))
        return cells

    def _header_cells(self) -> list[tuple[int, bytes]]:
        """Write our names beside the user's, looking as those do; a name that came back stays as it was."""
        header = self._survey.header
        likeness = [cell.style for column, cell in sorted(header.items()) if column < min(self._ours.new, default=0)]
        style = likeness[-1] if likeness else self._styles.text
        return [
            (
                column,
                text_cell(
                    self._prefix, f"{column_letters(column)}1", style, OUTCOME_COLUMNS[self._ours.places[column]]
                ),
            )
            for column in self._ours.new
        ]

    def _insert_header(self) -> None:
        cells = b"".join(cell for _, cell in self._header_cells())
        row = f'<{self._row} r="1">'.encode() + cells + f"</{self._row}>".encode()
        self.replace(self.offset, self.offset, row)

    def _blanks(self, marked: Iterable[int]) -> list[tuple[int, bytes, bool]]:
        """Write the bad cells as they are where the sheet has none: empty, in the style of their row or column."""
        blanks = []
        for column in marked:
            style = self._styles.marked(self._style_of_blank(column))
            cell = f'<{self._c} r="{column_letters(column)}{self._number}" s="{style}"/>'.encode()
            blanks.append((column, cell, False))
        return blanks

    def _style_of_blank(self, column: int) -> int:
        if self._row_style is not None:
            return self._row_style
        spans = self._survey.column_styles
        return next((style for first, last, style in spans if first <= column <= last), 0)

    def _begin_cell(self, attributes: Mapping[str, str]) -> None:
        address = attributes.get("r")
        self._column = column_index(address.rstrip("0123456789")) if address else self._column + 1
        self._has_formula = False
        style = number_of(attributes, "s")
        self._insert_pending(before=self._column)
        if not self._pending or self._pending[0][0] != self._column:
            self._restyle(style, self._styles.cleared(style))
            return
        _, cell, is_ours = self._pending.pop(0)
        if is_ours:
            self._held = (self.offset, cell)
        else:
            self._restyle(style, self._styles.marked(style))

    def _restyle(self, before: int, after: int) -> None:
        if before != after:
            tag = self.tag_at(self.offset)
            self.replace(self.offset, self.offset + len(tag), with_attribute(tag, "s", str(after), after="r"))

    def _insert_pending(self, *, before: int) -> None:
        """Put the cells that belong left of the column `before` where the parser is."""
        while self._pending and self._pending[0][0] < before:
            cell = self._pending.pop(0)[1]
            if cell:
                self.replace(self.offset, self.offset, cell)

    def _end_own_cell(self) -> None:
        """Put our cell in the place of the one that was there, unless somebody has made it a formula: that stays."""
        assert self._held is not None, "called only while a cell is held"
        start, cell = self._held
        self._held = None
        if self._has_formula:
            return
        tag = self.tag_at(start)
        is_empty = tag.endswith(b"/>")
        end = start + len(tag) if is_empty else self.offset + len(self.tag_at(self.offset))
        self.replace(start, end, cell)

    def _end_row(self) -> None:
        offset = self.offset
        self.parser.StartElementHandler = self._begin
        self._insert_pending(before=LAST_COLUMN + 1)
        if self._at_end:
            self.replace(offset, offset, self._at_end)
            self._at_end = b""
        self.release(offset)


def _without(tag: bytes, first: int, last: int, columns: Sequence[int]) -> list[tuple[int, bytes]]:
    """Cut columns (from 0) out of the description of the columns `first` to `last` (from 1); return what is left."""
    taken = [column + 1 for column in columns if first <= column + 1 <= last]
    if not taken:
        return [(first, tag)]
    parts = [(first, min(taken) - 1), (max(taken) + 1, last)]
    return [
        (left, with_attribute(with_attribute(tag, "min", str(left)), "max", str(right)))
        for left, right in parts
        if left <= right
    ]
