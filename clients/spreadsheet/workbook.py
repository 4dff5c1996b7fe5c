"""The descriptive parts of a workbook: its sheets, which number formats are dates, and where its texts are."""

import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from xml.parsers import expat

from clients.spreadsheet.limits import damaged, refused
from clients.spreadsheet.number_text import BUILT_IN_FORMATS, DateFormat, read_format_code
from clients.spreadsheet.package import Package, Part
from domain.problem import Finding

_MAIN_CONTENT: Final = "spreadsheetml.sheet.main+xml"
_TRUE: Final = frozenset({"1", "true"})

StartElement = Callable[[str, dict[str, str]], None]


@dataclass(frozen=True)
class Sheet:
    """One worksheet: its name as its tab shows it, its part, and whether its tab is to be seen."""

    name: str
    part: Part
    is_visible: bool


@dataclass(frozen=True)
class Workbook:
    """What is needed to read the cells of a sheet. `date_formats[style]` is None for plain numbers."""

    sheets: tuple[Sheet, ...]
    date_formats: tuple[DateFormat | None, ...]
    is_1904: bool
    texts_part: Part | None


def read_workbook(package: Package) -> Workbook:
    """Read the descriptive parts; raise UnreadableError where they contradict each other or are another format's."""
    _check_content_type(package)
    main = _main_part(package)
    related = _read_relations(package, main.name)
    found = _read_sheet_list(package, main)
    sheets = tuple(sheet for entry in found.entries if (sheet := _worksheet(package, related, entry)))
    if not sheets:
        raise damaged("it has no sheet with cells")
    styles = _related_part(package, related, "styles")
    return Workbook(
        sheets=sheets,
        date_formats=_read_date_formats(package, styles) if styles else (),
        is_1904=found.is_1904,
        texts_part=_related_part(package, related, "sharedStrings"),
    )


def local_name(tag: str) -> str:
    """Drop the prefix of a tag or attribute: readers of other programs' files must not care which one is used."""
    return tag.rpartition(":")[2]


def local_attributes(attributes: dict[str, str]) -> dict[str, str]:
    """Drop the prefixes of all attributes."""
    return {local_name(name): value for name, value in attributes.items()}


def is_true(value: str | None) -> bool:
    """Read an XML boolean, which some programs write as 1 and others as true."""
    return value is not None and value.strip().lower() in _TRUE


def walk(content: bytes, on_start: StartElement) -> None:
    """Call `on_start(local name, attributes)` for every element of a part that was checked before."""
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, attributes: on_start(local_name(tag), attributes)
    parser.Parse(content, True)


@dataclass(frozen=True)
class _Relation:
    kind: str
    target: str


@dataclass(frozen=True)
class _Entry:
    name: str
    relation_id: str
    is_visible: bool


class _SheetList:
    def __init__(self) -> None:
        self.entries: list[_Entry] = []
        self.is_1904 = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "workbookPr":
            self.is_1904 = is_true(attributes.get("date1904"))
        elif tag == "sheet":
            named = local_attributes(attributes)
            is_visible = named.get("state", "visible") == "visible"
            self.entries.append(_Entry(named.get("name", ""), named.get("id", ""), is_visible))


class _Formats:
    def __init__(self) -> None:
        self.codes: dict[int, str] = {}
        self.format_ids: list[int] = []
        self._is_in_cell_formats = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "numFmt" and attributes.get("numFmtId", "").isdecimal():
            # The formats of conditional formatting repeat numbers; the first one of a number is the cell's.
            self.codes.setdefault(int(attributes["numFmtId"]), attributes.get("formatCode", ""))
        elif tag in {"cellXfs", "cellStyleXfs", "cellStyles", "dxfs"}:
            self._is_in_cell_formats = tag == "cellXfs"
        elif tag == "xf" and self._is_in_cell_formats:
            number = attributes.get("numFmtId", "0")
            self.format_ids.append(int(number) if number.isdecimal() else 0)


def _check_content_type(package: Package) -> None:
    types: list[str] = []
    part = package.part("[Content_Types].xml")
    if part is None:
        raise damaged("its table of contents is missing")
    walk(package.read_small(part), lambda _tag, attributes: types.append(attributes.get("ContentType", "")))
    if any("macroEnabled" in kind for kind in types):
        raise refused(Finding.MACROS)
    if any(kind.endswith("template.main+xml") for kind in types):
        raise refused(Finding.UNSUPPORTED_FORMAT, actual="an Excel template (.xltx)")
    if not any(kind.endswith(_MAIN_CONTENT) for kind in types):
        raise damaged("the workbook in it is missing")


def _main_part(package: Package) -> Part:
    for relation in _read_relations(package, "").values():
        part = package.part(relation.target) if relation.kind == "officeDocument" else None
        if part:
            return part
    part = package.part("xl/workbook.xml")
    if part is None:
        raise damaged("the workbook in it is missing")
    return part


def _read_relations(package: Package, owner: str) -> dict[str, _Relation]:
    """Read which parts the part `owner` points to, by relation id; targets outside the file are left out."""
    folder, name = posixpath.split(owner)
    part = package.part(posixpath.join(folder, "_rels", f"{name}.rels"))
    relations: dict[str, _Relation] = {}

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "")))
            kind = attributes.get("Type", "").rpartition("/")[2]
            relations[attributes.get("Id", "")] = _Relation(kind, target)

    if part:
        walk(package.read_small(part), start)
    return relations


def _read_sheet_list(package: Package, main: Part) -> _SheetList:
    found = _SheetList()
    walk(package.read_small(main), found.start)
    names = [entry.name.casefold() for entry in found.entries]
    if len(set(names)) != len(names):
        raise damaged("two of its sheets have the same name")
    return found


def _worksheet(package: Package, related: dict[str, _Relation], entry: _Entry) -> Sheet | None:
    """Find the part of a sheet with cells; None for charts, dialogs and macro sheets, which have no cells."""
    relation = related.get(entry.relation_id)
    if relation is not None and relation.kind != "worksheet":
        return None
    part = package.part(relation.target) if relation else None
    if part is None:
        raise damaged("one of its sheets is missing")
    return Sheet(entry.name, part, entry.is_visible)


def _related_part(package: Package, related: dict[str, _Relation], kind: str) -> Part | None:
    for relation in related.values():
        if relation.kind == kind:
            return package.part(relation.target)
    return None


def _read_date_formats(package: Package, styles: Part) -> tuple[DateFormat | None, ...]:
    formats = _Formats()
    walk(package.read_small(styles), formats.start)
    shown: dict[int, DateFormat | None] = {**BUILT_IN_FORMATS}
    shown.update({number: read_format_code(code) for number, code in formats.codes.items()})
    return tuple(shown.get(number) for number in formats.format_ids)
