"""The rows of a worksheet as the XML parser tells of them, and what stands beside the rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from clients.spreadsheet.limits import damaged
from clients.spreadsheet.shared_texts import TextCollector
from clients.spreadsheet.workbook import is_true, local_name


@dataclass
class SheetSurroundings:
    """What stands in the sheet beside its rows: hidden columns (ranges, from 0) and merged cells."""

    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Take the start of an element, by its local name."""
        if tag == "col" and is_true(attributes.get("hidden")):
            first, last = attributes.get("min", ""), attributes.get("max", "")
            if not (first.isdecimal() and last.isdecimal()):
                raise damaged("its columns are not numbered")
            self.hidden_columns.append((int(first) - 1, int(last) - 1))
        elif tag == "row" and "r" in attributes:
            # Without a number it is the anchor of a drawing. With one it is a row that would be lost without a word.
            raise damaged(f"its row {attributes['r'][:7]} stands outside the table of rows")
        elif tag == "mergeCell":
            self.merged.append(attributes.get("ref", ""))


@dataclass
class RawCell:
    """A cell as its element gives it."""

    attributes: dict[str, str]
    value: str | None = None
    has_formula: bool = False
    is_inline: bool = False


class RowCollector:
    """Collect rows from parser events. Elements of extensions inside a row or cell are passed over."""

    def __init__(self, surroundings: SheetSurroundings | None = None) -> None:
        self._surroundings = surroundings
        self._done: list[tuple[dict[str, str], list[RawCell]]] = []
        self._path: list[str] = []
        self._row: dict[str, str] = {}
        self._cells: list[RawCell] = []
        self._value: list[str] = []
        self._inline = TextCollector()

    def parser(self) -> expat.XMLParserType:
        """Make a parser whose events come here."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        return parser

    def take(self) -> list[tuple[dict[str, str], list[RawCell]]]:
        """Give the rows completed since the last call."""
        done, self._done = self._done, []
        return done

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = local_name(tag)
        parent = self._path[-1] if self._path else ""
        self._path.append(name)
        if name == "row" and parent == "sheetData":
            self._row, self._cells = attributes, []
        elif name == "c" and parent == "row":
            self._cells.append(RawCell(attributes))
        elif name in {"v", "f"} and parent == "c":
            self._value = []
            self._cells[-1].has_formula |= name == "f"
        elif "is" in self._path:
            self._inline.start(name)
        elif self._surroundings and "sheetData" not in self._path:
            self._surroundings.start(name, attributes)

    def _characters(self, text: str) -> None:
        if self._path[-1] == "v":
            self._value.append(text)
        elif "is" in self._path:
            self._inline.characters(text)

    def _set_value(self, value: str) -> None:
        if self._cells[-1].value:
            raise damaged("a cell of it has two values")
        self._cells[-1].value = value

    def _end(self, tag: str) -> None:
        name = local_name(tag)
        self._path.pop()
        parent = self._path[-1] if self._path else ""
        if name == "v" and parent == "c":
            self._set_value("".join(self._value))
        elif name == "is" and parent == "c":
            self._set_value(self._inline.take())
            self._cells[-1].is_inline = True
        elif name == "row" and parent == "sheetData":
            self._done.append((self._row, self._cells))
        elif "is" in self._path:
            self._inline.end(name)
