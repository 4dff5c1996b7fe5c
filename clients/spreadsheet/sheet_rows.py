"""The rows of a worksheet's XML, one by one, each cell as the text that the spreadsheet shows.

Three ways lead through the XML. Rows of texts and plain numbers as Excel, LibreOffice, Google and the usual libraries
write them are taken apart thousands at a time, by a pattern made of the forms that their cells were seen in
(row_shapes.py). A row that it does not cover is taken apart by a general pattern, which must cover it without a gap;
any other row goes to the XML parser. A sheet with comments, CDATA, prefixes, carriage returns or another encoding than
UTF-8 goes to the parser as a whole. The two latter ways end in `_Cell`s that one function turns into text; that the
first gives the same values is tested on the same sheets.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import lt
from typing import Final, NamedTuple
from xml.parsers import expat

from clients.spreadsheet.limits import MIB, ReadLimits, damaged, too_large
from clients.spreadsheet.number_text import (
    DateFormat,
    date_text,
    is_long,
    iso_text,
    long_number_text,
    number_text,
    parse_number,
)
from clients.spreadsheet.package import Package, Part, decoded, is_plain_block, is_quiet, parse_blocks, prove_piece
from clients.spreadsheet.parsed_rows import RawCell, RowCollector, SheetSurroundings
from clients.spreadsheet.row_shapes import CellForm, MissingTextError, RowBatch, RowShape
from clients.spreadsheet.shared_texts import unescape_code_units, unescape_xml
from clients.spreadsheet.workbook import is_true, local_name
from domain.cell_address import column_index, column_letters
from domain.problem import Finding

LAST_ROW: Final = 1_048_576
LAST_COLUMN: Final = 16_384
_MOST_SHAPES: Final = 1_000
# From so many rows on, of those that the shape does not cover yet, its forms are learnt at a time.
_ROWS_LEARNT: Final = (5, 100, 1_000)
_LONGEST_ROW_BYTES: Final = 64 * MIB
_PLAIN_CELL: Final = re.compile(
    r'<c r="([A-Z]{1,3})([0-9]{1,7})"(?: s="([0-9]{1,6})")?(?: t="([a-zA-Z]{1,9})")?'
    r'(?: ?/>|>(?:<v>([^<]*)</v>|<is><t(?: xml:space="preserve")?>([^<]*)</t></is>)?</c>)'
)
_GROUPS: Final = _PLAIN_CELL.groups + 1
_ROWS_START: Final = re.compile(rb"<sheetData(?:\s[^>]*?)?(/?)>")
_ROW_START: Final = re.compile(r'<row r="([1-9][0-9]{0,6})"([^>]*)>')
_EMPTY_ROWS: Final = re.compile(r"(?:<row [^>]*/>\s*)+")


@dataclass(frozen=True)
class CellFinding:
    """Why the value of a cell must not be used, and the facts of that finding's sentence."""

    finding: Finding
    facts: Mapping[str, object] = field(default_factory=dict)


class SheetRow(NamedTuple):
    """One row: values by column from 0 (None: empty), and what is wrong with some of them."""

    number: int
    is_hidden: bool
    values: list[str | None]
    findings: dict[int, CellFinding] | None


class _Cell(NamedTuple):
    column: int
    style: str | None
    kind: str | None
    value: str | None
    has_formula: bool


@dataclass(frozen=True)
class CellReading:
    """What turns a cell into text: the workbook's texts, its date formats by style, and its first day."""

    texts: list[str]
    date_formats: tuple[DateFormat | None, ...]
    is_1904: bool

    def format_of(self, style: str | None) -> DateFormat | None:
        """Give the date format of a style; None if it is no date. A cell without style has the first one."""
        number = int(style) if style and style.isdecimal() else 0
        return self.date_formats[number] if number < len(self.date_formats) else None

    def is_plain_style(self, style: str | None) -> bool:
        """Tell whether numbers of this style are shown as numbers."""
        return self.format_of(style) is None


class SheetScan:
    """Read one worksheet, once. After `rows` has ended, `surroundings` is complete."""

    def __init__(self, package: Package, part: Part, reading: CellReading, limits: ReadLimits) -> None:
        self._package = package
        self._part = part
        self._reading = reading
        self._limits = limits
        self._last_number = 0
        self._columns_seen: dict[tuple[str, ...], tuple[int, ...]] = {}
        self._shape = RowShape(reading.texts, reading.is_plain_style)
        self.surroundings = SheetSurroundings()

    def rows(self) -> Iterator[SheetRow | RowBatch]:
        """Give every row that has a cell, in order, alone or with others; raise UnreadableError at signs of damage."""
        blocks = self._package.blocks(self._part)
        if self._part.is_plain and self._starts_plainly():
            yield from self._plain_rows(blocks)
        else:
            yield from self._parsed_rows(blocks)

    def _starts_plainly(self) -> bool:
        first = next(self._package.blocks(self._part), b"")
        # Of a part that is not proven, what stands before the rows is known to be plain in its first block only.
        is_known = self._part.is_proven or _ROWS_START.search(first) is not None
        return is_known and re.search(rb"<worksheet[ >]", first) is not None

    # The quick way.

    def _plain_rows(self, blocks: Iterator[bytes]) -> Iterator[SheetRow | RowBatch]:
        before, rest = self._before_rows(blocks)
        is_inside = True
        while is_inside:
            block = next(blocks, b"")
            content = rest + block
            if not self._part.is_proven and not is_plain_block(content):
                # All rows before are proven, and the parser takes it from here.
                yield from self._parsed_rows(itertools.chain([before, b"<sheetData>", content], blocks))
                return
            content, mark, rest = content.rpartition(b"</row>")
            if len(rest) > _LONGEST_ROW_BYTES:
                raise too_large("one of its rows has more than 64 MB")
            yield from self._rows_of(content + mark)
            is_inside = bool(block) and b"</sheetData>" not in rest
        self._read_surroundings(before + b"<sheetData/>" + self._after_rows(rest, blocks))

    def _before_rows(self, blocks: Iterator[bytes]) -> tuple[bytes, bytes]:
        """Split the start of the sheet before its rows: (what stands before, what has been read of the rows)."""
        read = b""
        for block in blocks:
            read += block
            match = _ROWS_START.search(read)
            if match:
                return read[: match.start()], b"</sheetData>" + read[match.end() :] if match[1] else read[match.end() :]
            if len(read) > _LONGEST_ROW_BYTES:
                raise too_large("its columns take more than 64 MB")
        raise damaged("its rows are missing")

    def _after_rows(self, rest: bytes, blocks: Iterator[bytes]) -> bytes:
        """Give what stands after the rows; a row without end mark before that would be one that was not read."""
        inside, _, after = rest.partition(b"</sheetData>")
        if inside.strip() and not _EMPTY_ROWS.fullmatch(decoded(self._part.name, inside).strip()):
            raise damaged("a row has no end")
        return after + b"".join(blocks)

    def _read_surroundings(self, content: bytes) -> None:
        parser = expat.ParserCreate()
        parser.StartElementHandler = lambda tag, attributes: self.surroundings.start(local_name(tag), attributes)
        try:
            parser.Parse(content, True)
        except expat.ExpatError as error:
            raise damaged("what stands around its rows is broken") from error

    def _rows_of(self, content: bytes) -> Iterator[SheetRow | RowBatch]:
        text = decoded(self._part.name, content)
        pieces = self._split(text)
        stride = self._shape.width + 1
        between, *groups = (pieces[group::stride] for group in range(stride))
        gaps = [place for place, others in enumerate(between) if others] if any(between) else []
        # Rows without a gap are well-formed if their texts are: nothing else is left open by their pattern.
        if not self._part.is_proven and (gaps or not is_quiet("".join(self._shape.inline_texts(groups[1:])))):
            prove_piece(self._part.name, text)
        first = 0
        for gap in gaps:
            yield from self._shaped_rows([group[first:gap] for group in groups])
            yield from self._other_rows(between[gap] or "")
            first = gap
        yield from self._shaped_rows([group[first:] for group in groups])

    def _split(self, content: str) -> list[str | None]:
        """Take rows apart by the shape, having learnt the forms of those that it did not cover before."""
        pieces = self._shape.split(content)
        for most in _ROWS_LEARNT:
            others = filter(None, pieces[:: self._shape.width + 1])
            rows = list(itertools.islice(itertools.chain.from_iterable(each.split("</row>") for each in others), most))
            start = _ROW_START.match(rows[-1]) if rows else None
            cells = itertools.chain.from_iterable(map(self._forms_in, rows))
            if not self._shape.learn(cells, attributes=start[2] if start else ""):
                break
            pieces = self._shape.split(content)
        return pieces

    def _forms_in(self, row: str) -> Iterator[tuple[str, CellForm | None]]:
        cells = self._plain_cells(row) or []
        for letters, style, kind, value, inline in _cells_in(cells):
            is_text = kind == "s" or inline is not None
            form = CellForm(kind, None if is_text else style, inline is not None)
            yield letters, None if value is None and inline is None else form

    def _shaped_rows(self, groups: list[list[str | None]]) -> Iterator[RowBatch]:
        if not groups or not groups[0]:
            return
        numbers = list(map(int, groups[0]))  # type: ignore[arg-type]  # every row has a number
        self._check_numbers(numbers)
        try:
            batch = self._shape.batch(numbers, groups[1:])
        except MissingTextError as error:
            raise damaged(f"cell {error} points to a text that is not there") from error
        if batch.numbers:
            yield batch

    def _check_numbers(self, numbers: list[int]) -> None:
        is_rising = numbers[0] > self._last_number and all(map(lt, numbers, numbers[1:]))
        if is_rising and numbers[-1] <= LAST_ROW:
            self._last_number = numbers[-1]
            return
        for number in numbers:
            self._next_number(number)

    def _other_rows(self, rows: str) -> Iterator[SheetRow]:
        *whole, rest = rows.split("</row>")
        for row in whole:
            cells = self._plain_cells(row)
            yield from self._plain_row(row, cells) if cells else self._parse_rows(f"{row}</row>")
        if rest.strip():
            yield from self._parse_rows(rest)

    def _plain_cells(self, row: str) -> list[str] | None:
        """Take a row apart by the general pattern; None if it is not covered without a gap, or perhaps hidden."""
        start = _ROW_START.match(row)
        if start is None or start[2].endswith("/") or "hidden" in start[2]:
            return None
        pieces = _PLAIN_CELL.split(row[start.end() :])
        return None if any(pieces[::_GROUPS]) else pieces

    def _plain_row(self, row: str, pieces: list[str]) -> Iterator[SheetRow]:
        start = _ROW_START.match(row)
        assert start is not None, "the row has been taken apart behind its start"
        number_shown = start[1]
        number = self._next_number(int(number_shown))
        numbers = pieces[2::_GROUPS]
        if numbers.count(number_shown) != len(numbers):
            raise damaged(f"row {number} holds a cell of another row")
        columns = self._columns_of(tuple(pieces[1::_GROUPS]), number)
        values: list[str | None] = [None] * (columns[-1] + 1) if columns else []
        findings: dict[int, CellFinding] = {}
        is_empty = True
        for column, (_, style, kind, value, inline) in zip(columns, _cells_in(pieces), strict=True):
            if value is None and inline is None:
                continue
            is_empty = False
            text = unescape_xml(value or "") if inline is None else unescape_code_units(unescape_xml(inline))
            finding = self._set_value(values, _Cell(column, style, kind, text, has_formula=False), number)
            if finding:
                findings[column] = finding
        if not is_empty:
            yield SheetRow(number, is_hidden=False, values=values, findings=findings or None)

    def _columns_of(self, letters: tuple[str, ...], number: int) -> tuple[int, ...]:
        """Turn the column letters of a row into numbers; almost all rows of a sheet have the same ones."""
        known = self._columns_seen.get(letters)
        if known is None:
            known = tuple(column_index(each) for each in letters)
            if any(left >= right for left, right in itertools.pairwise(known)):
                raise damaged(f"the cells of row {number} are out of order, or one is there twice")
            if known and known[-1] >= LAST_COLUMN:
                raise too_large(f"row {number} has more than {LAST_COLUMN:,} columns")
            if len(self._columns_seen) < _MOST_SHAPES:
                self._columns_seen[letters] = known
        return known

    def _next_number(self, number: int) -> int:
        if number <= self._last_number:
            raise damaged(f"row {number} stands twice, or after row {self._last_number}")
        if number > LAST_ROW:
            raise too_large(f"it has a row {number:,}, and a sheet ends at row {LAST_ROW:,}")
        self._last_number = number
        return number

    # The parser's way.

    def _parse_rows(self, rows: str) -> Iterator[SheetRow]:
        """Read a piece of the sheet that must hold whole rows."""
        collector = RowCollector()
        parser = collector.parser()
        try:
            parser.Parse(f"<sheetData>{rows}</sheetData>", True)
        except expat.ExpatError as error:
            raise damaged(f"the rows after row {self._last_number} are broken") from error
        yield from self._finish_rows(collector)

    def _parsed_rows(self, blocks: Iterable[bytes]) -> Iterator[SheetRow]:
        collector = RowCollector(self.surroundings)
        for _ in parse_blocks(self._part.name, collector.parser(), blocks):
            yield from self._finish_rows(collector)

    def _finish_rows(self, collector: "RowCollector") -> Iterator[SheetRow]:
        for attributes, cells in collector.take():
            given = attributes.get("r")
            if given is not None and not (given.isascii() and given.isdecimal()):
                raise damaged("one of its rows has no number")
            number = self._next_number(int(given) if given else self._last_number + 1)
            row = self._finish_row(number, cells, is_hidden=is_true(attributes.get("hidden")))
            if row:
                yield row

    def _finish_row(self, number: int, raw_cells: list["RawCell"], *, is_hidden: bool) -> SheetRow | None:
        cells = self._placed(number, raw_cells)
        values: list[str | None] = [None] * (cells[-1].column + 1) if cells else []
        findings: dict[int, CellFinding] = {}
        is_empty = True
        for cell in cells:
            if cell.value is None and not cell.has_formula:
                continue
            is_empty = False
            finding = self._set_value(values, cell, number)
            if finding:
                findings[cell.column] = finding
        return None if is_empty else SheetRow(number, is_hidden, values, findings or None)

    def _placed(self, number: int, raw_cells: list["RawCell"]) -> list[_Cell]:
        """Give every cell its column; one without an address stands right of the one before it."""
        letters: list[str] = []
        cells: list[_Cell] = []
        for raw in raw_cells:
            address = raw.attributes.get("r")
            if address is None:
                letters.append(column_letters(cells[-1].column + 1 if cells else 0))
            else:
                match = re.fullmatch(r"([A-Z]{1,3})([0-9]{1,7})", address)
                if match is None or int(match[2]) != number:
                    raise damaged(f"row {number} holds a cell of another row")
                letters.append(match[1])
            style, kind = raw.attributes.get("s"), raw.attributes.get("t")
            cells.append(_Cell(column_index(letters[-1]), style, kind, raw.value, raw.has_formula))
        self._columns_of(tuple(letters), number)
        return cells

    # From a cell to its text.

    def _set_value(self, values: list[str | None], cell: _Cell, number: int) -> CellFinding | None:
        """Set the shown text of a cell; return what is wrong with it, if anything."""
        value = cell.value
        if cell.has_formula and (value is None or (value == "" and cell.kind != "str")):
            return CellFinding(Finding.CELL_FORMULA_WITHOUT_VALUE)
        if value is None or (value.strip() == "" and cell.kind not in {"s", "inlineStr", "str"}):
            return None
        match cell.kind:
            case "s":
                values[cell.column] = self._shared(value, cell, number)
            case "inlineStr":
                values[cell.column] = value
            case "str":
                values[cell.column] = unescape_code_units(value)
            case "b":
                values[cell.column] = "TRUE" if is_true(value) else "FALSE"
            case "e":
                values[cell.column] = value
                return CellFinding(Finding.CELL_ERROR, {"found": value[:100]})
            case "d":
                values[cell.column] = iso_text(value.strip(), self._reading.format_of(cell.style)) or value
            case None | "n":
                return self._set_number(values, cell, value.strip(), number)
            case _:
                raise damaged(f"cell {column_letters(cell.column)}{number} is of an unknown kind")
        return None

    def _set_number(self, values: list[str | None], cell: _Cell, literal: str, row_number: int) -> CellFinding | None:
        number = parse_number(literal)
        if number is None:
            raise damaged(f"cell {column_letters(cell.column)}{row_number} should hold a number and does not")
        if is_long(number):
            values[cell.column] = long_number_text(literal)
            return CellFinding(Finding.VALUE_STORED_AS_LONG_NUMBER, {"found": values[cell.column]})
        shown = self._reading.format_of(cell.style)
        text = date_text(number, shown, is_1904=self._reading.is_1904) if shown else None
        values[cell.column] = text or number_text(number)
        return None

    def _shared(self, value: str, cell: _Cell, number: int) -> str:
        index = value.strip()
        if not (index.isascii() and index.isdecimal()) or int(index) >= len(self._reading.texts):
            raise damaged(f"cell {column_letters(cell.column)}{number} points to a text that is not there")
        return self._reading.texts[int(index)]


def _cells_in(pieces: list[str]) -> Iterator[tuple[str, str | None, str | None, str | None, str | None]]:
    """Give (letters, style, kind, value, inline text) of each cell of a row that the general pattern took apart."""
    groups = [pieces[place::_GROUPS] for place in (1, 3, 4, 5, 6)]
    return zip(*groups, strict=True)
