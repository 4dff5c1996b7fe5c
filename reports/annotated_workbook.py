"""The user's own workbook back: the same zip with one sheet and its styles changed, every other part byte for byte."""

import posixpath
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.parsers import expat

from domain.errors import InputRefusedError
from domain.recipients_file import INVISIBLE_CHARACTERS
from reports.annotated_sheet import (
    NoRoomError,
    NotedRow,
    annotate_sheet,
    place_columns,
)
from reports.annotated_styles import StyleBook
from reports.sheet_survey import SheetSurvey, right_edge_of, survey_sheet
from reports.whole_file import written_whole
from reports.xml_editor import as_utf8

_BLOCK_BYTES: Final = 1024 * 1024
# Of the packers' nine levels: half the time of the usual one, and a tenth more bytes.
_PACKING_LEVEL: Final = 3


class CannotAnnotateError(Exception):
    """The workbook has no place for our columns or our styles; a workbook of ours can hold its rows."""


@dataclass(frozen=True)
class _Parts:
    """Which members of the zip matter: the sheet, the styles, the shared texts (None: there are none), and tables."""

    sheet: zipfile.ZipInfo
    styles: zipfile.ZipInfo
    texts: zipfile.ZipInfo | None
    tables: tuple[zipfile.ZipInfo, ...]


def annotate_workbook(
    source: Path,
    target: Path,
    *,
    sheet: str,
    rows: Iterable[NotedRow],
    bad_header_cells: Iterable[str] = (),
    has_outcomes: bool = False,
) -> None:
    """Write the .xlsx file at `source` to `target` with our columns on the right of its recipients, bad cells marked.

    `source` must have been read before without a problem of the file: what is checked there is believed here. `rows`
    come in the order of the sheet; with `has_outcomes` all six outcome columns are written, else the first two. Both
    files are passed through in blocks. `target` is there whole or not at all. Raises CannotAnnotateError when the
    workbook has no styles or no room for the columns, InputRefusedError when the sheet becomes too large for Excel, and
    NotFoundError without the folder of `target`.
    """
    with zipfile.ZipFile(source) as old:
        parts = _find_parts(old, sheet)
        survey = survey_sheet(as_utf8(_blocks(old, parts.sheet)))
        names = _header_names(old, parts, survey)
        edge = max((_edge_of_table(old, table) for table in parts.tables), default=-1)
        try:
            ours = place_columns(names, survey, has_outcomes=has_outcomes, right_edge=edge)
        except NoRoomError as error:
            raise CannotAnnotateError from error
        styles = StyleBook(b"".join(as_utf8(_blocks(old, parts.styles))))
        changed = annotate_sheet(
            as_utf8(_blocks(old, parts.sheet)),
            rows,
            survey=survey,
            ours=ours,
            names=names,
            bad_header_cells=bad_header_cells,
            styles=styles,
        )
        with written_whole(target) as unfinished:
            _write(old, unfinished, parts=parts, sheet=changed, styles=styles)


def _write(old: zipfile.ZipFile, target: Path, *, parts: _Parts, sheet: Iterator[bytes], styles: StyleBook) -> None:
    """Write all members in their order but the styles, which are known when the sheet is written."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            if member is parts.sheet:
                write_sheet(new, described(member), sheet)
            elif member is not parts.styles:
                with old.open(member) as before, new.open(described(member), "w") as file:
                    shutil.copyfileobj(before, file, _BLOCK_BYTES)
        with new.open(described(parts.styles), "w") as file:
            file.write(styles.part())


def write_sheet(archive: zipfile.ZipFile, member: zipfile.ZipInfo, blocks: Iterable[bytes]) -> None:
    """Write a sheet as a member of a zip.

    Not announced as larger than 2 GiB, because Excel offers to repair every file in which one is. Raises
    InputRefusedError for a sheet that is.
    """
    try:
        with archive.open(member, "w") as file:
            file.writelines(blocks)
    except RuntimeError as error:
        raise InputRefusedError(
            "With a sentence beside each row the sheet would pass 2 GiB, which Excel does not open; `windowcast "
            "messages CAMPAIGN --export FILE.csv` writes all rows."
        ) from error


def described(member: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """Describe a member of another zip as it is described there, to be packed at our level."""
    copy = zipfile.ZipInfo(member.filename, member.date_time)
    copy.compress_type = member.compress_type
    copy.external_attr = member.external_attr
    copy.create_system = member.create_system
    copy._compresslevel = _PACKING_LEVEL  # type: ignore[attr-defined]  # noqa: SLF001  # ZipFile has no other way to say it of a stream
    return copy


def _blocks(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(member) as file:
        while block := file.read(_BLOCK_BYTES):
            yield block


# Where the parts are.


def _find_parts(archive: zipfile.ZipFile, sheet: str) -> _Parts:
    members = {f"/{member.filename.casefold()}": member for member in archive.infolist()}
    main = _related(archive, members, "", kind="officeDocument")
    main_name = main[0] if main else "/xl/workbook.xml"
    by_id = {identity: target for kind, identity, target in _relations(archive, members, main_name)}
    identity = _relation_of_sheet(archive, members[main_name.casefold()], sheet)
    styles = _related(archive, members, main_name, kind="styles")
    if identity not in by_id or not styles:
        raise CannotAnnotateError
    texts = _related(archive, members, main_name, kind="sharedStrings")
    tables = _related(archive, members, by_id[identity], kind="table")
    return _Parts(
        sheet=members[by_id[identity].casefold()],
        styles=members[styles[0].casefold()],
        texts=members[texts[0].casefold()] if texts else None,
        tables=tuple(members[table.casefold()] for table in tables),
    )


def _related(archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], owner: str, *, kind: str) -> list[str]:
    """Return the names of the parts of one kind that a part points to, those that are there."""
    found = _relations(archive, members, owner)
    return [target for each, _, target in found if each == kind and target.casefold() in members]


def _relations(
    archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], owner: str
) -> list[tuple[str, str, str]]:
    """Return (kind, id, name of the part) of all that a part points to inside the file; '' is the file itself."""
    folder, name = posixpath.split(owner or "/")
    part = members.get(posixpath.join(folder, "_rels", f"{name}.rels").casefold())
    found: list[tuple[str, str, str]] = []

    def begin(tag: str, attributes: dict[str, str]) -> None:
        if _word(tag) == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join(folder, attributes.get("Target", "")))
            found.append((attributes.get("Type", "").rpartition("/")[2], attributes.get("Id", ""), target))

    if part:
        _walk(archive, part, begin)
    return found


def _relation_of_sheet(archive: zipfile.ZipFile, main: zipfile.ZipInfo, sheet: str) -> str:
    found: dict[str, str] = {}

    def begin(tag: str, attributes: dict[str, str]) -> None:
        if _word(tag) == "sheet":
            named = {_word(name): value for name, value in attributes.items()}
            found.setdefault(named.get("name", ""), named.get("id", ""))

    _walk(archive, main, begin)
    return found.get(sheet, "")


def _edge_of_table(archive: zipfile.ZipFile, table: zipfile.ZipInfo) -> int:
    edges: list[int] = []
    _walk(archive, table, lambda _, attributes: edges.append(right_edge_of(attributes.get("ref", ""))))
    return edges[0]


def _walk(archive: zipfile.ZipFile, part: zipfile.ZipInfo, begin: Callable[[str, dict[str, str]], None]) -> None:
    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    parser.Parse(archive.read(part), True)


def _word(tag: str) -> str:
    return tag.rpartition(":")[2]


# What the header says.


def _header_names(archive: zipfile.ZipFile, parts: _Parts, survey: SheetSurvey) -> dict[int, str]:
    """Return the names in row 1 by column, without the characters around them that cannot be seen."""
    shared = {int(cell.text) for cell in survey.header.values() if cell.is_shared and cell.text.isdecimal()}
    texts = _SharedTexts(shared).read(_blocks(archive, parts.texts)) if parts.texts and shared else {}
    return {
        column: name
        for column, cell in survey.header.items()
        if (name := _shown(texts.get(int(cell.text), "") if cell.is_shared else cell.text))
    }


def _shown(text: str) -> str:
    return text.strip(f"{INVISIBLE_CHARACTERS} \t\r\n")


class _SharedTexts:
    """Read some of the shared texts of a workbook, by their numbers, and no further than the last of them."""

    def __init__(self, wanted: set[int]) -> None:
        self._wanted = wanted
        self._last = max(wanted, default=-1)
        self._found: dict[int, str] = {}
        self._number = -1
        self._pieces: list[str] = []
        self._path: list[str] = []
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def read(self, blocks: Iterator[bytes]) -> dict[int, str]:
        for block in blocks:
            self._parser.Parse(block, False)
            if self._number > self._last:
                break
        return self._found

    def _begin(self, tag: str, _attributes: dict[str, str]) -> None:
        word = _word(tag)
        self._path.append(word)
        if word == "si":
            self._number += 1
            self._pieces = []

    def _characters(self, text: str) -> None:
        if self._number in self._wanted and self._path[-1] == "t" and "rPh" not in self._path:
            self._pieces.append(text)

    def _end(self, tag: str) -> None:
        self._path.pop()
        if _word(tag) == "si" and self._number in self._wanted:
            self._found[self._number] = "".join(self._pieces)
