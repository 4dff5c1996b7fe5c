"""What has to be known of a sheet before it is changed: its header, how far it reaches, and its columns."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from domain.cell_address import column_index

RANGE: Final = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Z]{1,3})\$?([0-9]{1,7}))?")


@dataclass(frozen=True)
class HeaderCell:
    """A cell of row 1: its text, or the number of its text among the workbook's shared ones, and its style."""

    text: str
    is_shared: bool
    style: int


@dataclass
class SheetSurvey:
    """What has to be known of a sheet before it is changed; columns are counted from 0, -1 is none."""

    prefix: str = ""
    header: dict[int, HeaderCell] = field(default_factory=dict)
    last_filled: int = -1  # the last column that holds something: a value, or a part of a merged cell
    last_cell: int = -1  # the last column with a cell at all, also an empty one that has a style
    last_row: int = 0
    column_styles: list[tuple[int, int, int]] = field(default_factory=list)  # first, last, style


def survey_sheet(blocks: Iterable[bytes]) -> SheetSurvey:
    """Read a sheet (XML in UTF-8) once, from its beginning to its end."""
    return _Surveyor().read(blocks)


def right_edge_of(address: str) -> int:
    """Return the last column of a range such as A1:C9; -1 if it is none."""
    match = RANGE.fullmatch(address)
    return max(column_index(match[1]), column_index(match[3] or "A")) if match else -1


def number_of(attributes: Mapping[str, str], name: str) -> int:
    """Return a whole number in an attribute; 0 if there is none."""
    given = attributes.get(name, "0")
    return int(given) if given.isdecimal() else 0


class _Surveyor:
    """Walk through a sheet once; the handlers are as short as they can be, since they meet every cell."""

    def __init__(self) -> None:
        self.found = SheetSurvey()
        self._names: dict[str, str] = {}
        self._is_inside = False
        self._column = -1
        self._cell: Mapping[str, str] = {}
        self._texts: list[str] = []
        self._is_phonetic = False
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._begin_root

    def read(self, blocks: Iterable[bytes]) -> SheetSurvey:
        for block in blocks:
            self._parser.Parse(block, False)
        self._parser.Parse(b"", True)
        return self.found

    def _begin_root(self, tag: str, _attributes: Mapping[str, str]) -> None:
        prefix = tag[: len(tag) - len(tag.rpartition(":")[2])]
        self.found.prefix = prefix
        words = ("c", "v", "f", "is", "row", "sheetData", "col", "mergeCell", "autoFilter")
        self._names = {f"{prefix}{word}": word for word in words}
        self._parser.StartElementHandler = self._begin

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        name = self._names.get(tag)
        if name == "c":
            address = attributes.get("r")
            self._column = column_index(address.rstrip("0123456789")) if address else self._column + 1
            self.found.last_cell = max(self.found.last_cell, self._column)
        elif name in {"v", "f", "is"} and self._is_inside:
            self.found.last_filled = max(self.found.last_filled, self._column)
        elif name == "row":
            self._begin_row(attributes)
        elif name == "sheetData":
            self._is_inside = True
            self._parser.EndElementHandler = self._end
        elif name == "col" and not self._is_inside:
            span = number_of(attributes, "min") - 1, number_of(attributes, "max") - 1, number_of(attributes, "style")
            self.found.column_styles.append(span)
        elif name in {"mergeCell", "autoFilter"}:
            self.found.last_filled = max(self.found.last_filled, right_edge_of(attributes.get("ref", "")))

    def _begin_row(self, attributes: Mapping[str, str]) -> None:
        given = attributes.get("r")
        self.found.last_row = int(given) if given else self.found.last_row + 1
        self._column = -1
        if self.found.last_row == 1:
            self._parser.StartElementHandler = self._begin_in_header
            self._parser.CharacterDataHandler = self._characters
            self._parser.EndElementHandler = self._end_in_header

    def _begin_in_header(self, tag: str, attributes: dict[str, str]) -> None:
        self._begin(tag, attributes)
        word = tag.rpartition(":")[2]
        if word == "c":
            self._cell, self._texts = attributes, []
        self._is_phonetic = self._is_phonetic or word == "rPh"
        self._takes_text = word in {"v", "t"} and not self._is_phonetic

    _takes_text = False

    def _characters(self, text: str) -> None:
        if self._takes_text:
            self._texts.append(text)

    def _end_in_header(self, tag: str) -> None:
        self._takes_text = False
        word = tag.rpartition(":")[2]
        if word == "c":
            text = "".join(self._texts)
            is_shared = self._cell.get("t") == "s"
            self.found.header[self._column] = HeaderCell(text, is_shared, number_of(self._cell, "s"))
        elif word == "rPh":
            self._is_phonetic = False
        elif word == "row":
            self._parser.StartElementHandler = self._begin
            self._parser.CharacterDataHandler = None
            self._parser.EndElementHandler = self._end

    def _end(self, tag: str) -> None:
        if self._names.get(tag) == "sheetData":
            self._is_inside = False
            self._parser.EndElementHandler = None
