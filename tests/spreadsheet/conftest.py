"""Fixtures: files as people send them, made here, and the reading of them without a child process."""

import json
import re
import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from clients.spreadsheet import ReadFile, UnreadableFile
from clients.spreadsheet.child import UPLOAD_FILE, read_upload
from clients.spreadsheet.limits import ReadingJob
from clients.spreadsheet.recipients import result_of

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
KINDS = "application/vnd.openxmlformats-officedocument.spreadsheetml"


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., ReadFile | UnreadableFile]:
    """Read a file in this process, as the child does."""

    def _read(path: Path, **job: Any) -> ReadFile | UnreadableFile:
        folder = tmp_path / "reading"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        shutil.copy(path, folder / UPLOAD_FILE)
        answer = json.loads(json.dumps(read_upload(folder, ReadingJob(path.suffix.lower(), **job))))
        return result_of(answer, folder, sha256="", byte_count=path.stat().st_size, seconds={})

    return _read


@pytest.fixture
def rows_of() -> Callable[[ReadFile], list[tuple[str, ...]]]:
    """Give the fields of each line of the rows file, as they stand there."""
    return lambda result: [tuple(line.split("\t")) for line in result.rows_file.read_text("utf-8").split("\n")[:-1]]


@pytest.fixture
def problems_of() -> Callable[[ReadFile], list[tuple[int, str, str, dict[str, Any]]]]:
    """Give (row number, column, finding, facts) of each line of the problems file."""

    def _problems_of(result: ReadFile) -> list[tuple[int, str, str, dict[str, Any]]]:
        lines = result.problems_file.read_text("utf-8").split("\n")[:-1]
        fields = [line.split("\t") for line in lines]
        return [(int(row), column, found, json.loads(facts)) for row, column, found, facts in fields]

    return _problems_of


@pytest.fixture
def csv(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Write a csv file."""

    def _csv(content: str | bytes) -> Path:
        path = tmp_path / "recipients.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return _csv


@pytest.fixture
def xlsx(tmp_path: Path) -> Callable[..., Path]:
    """Write a workbook by hand: `rows` is the XML inside sheetData, or a list of rows of inline texts.

    `parts` adds or replaces whole parts; None leaves one out. `before` and `after` stand around the rows.
    """

    def _xlsx(
        rows: str | list[list[str]],
        *,
        parts: Mapping[str, str | bytes | None] | None = None,
        texts: list[str] | None = None,
        before: str = "",
        after: str = "",
        name: str = "recipients.xlsx",
    ) -> Path:
        content: dict[str, str | bytes | None] = {
            **_descriptive_parts(),
            "xl/worksheets/sheet1.xml": sheet_xml(rows if isinstance(rows, str) else inline_rows(rows), before, after),
            "xl/sharedStrings.xml": f'{DECLARATION}<sst xmlns="{MAIN}">{"".join(texts or [])}</sst>',
            **(parts or {}),
        }
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for part, body in content.items():
                if body is not None:
                    archive.writestr(part, body)
        return path

    return _xlsx


@pytest.fixture
def sheet() -> Callable[..., str]:
    """Write the XML of a sheet."""
    return lambda rows, before="", after="": sheet_xml(
        rows if isinstance(rows, str) else inline_rows(rows), before, after
    )


@pytest.fixture
def workbook_with() -> Callable[[str], dict[str, str | bytes | None]]:
    """Write the parts of a workbook with these `sheet` elements; the sheet with r:id rIdN is sheetN.xml."""

    def _workbook_with(sheets: str, properties: str = "") -> dict[str, str | bytes | None]:
        numbers = sorted(set(re.findall(r'r:id="rId(\d+)"', sheets)))
        targets = "".join(_relation(f"rId{number}", "worksheet", f"worksheets/sheet{number}.xml") for number in numbers)
        return {
            "xl/workbook.xml": workbook_xml(sheets, properties),
            "xl/_rels/workbook.xml.rels": relations_xml(targets + _common_relations()),
        }

    return _workbook_with


def sheet_xml(rows: str, before: str = "", after: str = "") -> str:
    start = f'{DECLARATION}<worksheet xmlns="{MAIN}" xmlns:r="{OFFICE}">'
    return f"{start}{before}<sheetData>{rows}</sheetData>{after}</worksheet>"


def inline_rows(rows: list[list[str]]) -> str:
    return "".join(_inline_row(number, row) for number, row in enumerate(rows, start=1))


def _inline_row(number: int, row: list[str]) -> str:
    cells = "".join(
        f'<c r="{"ABCDEFGH"[column]}{number}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
        for column, text in enumerate(row)
        if text
    )
    return f'<row r="{number}">{cells}</row>'


def workbook_xml(sheets: str, properties: str = "") -> str:
    return f'{DECLARATION}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{properties}<sheets>{sheets}</sheets></workbook>'


def relations_xml(relations: str) -> str:
    return (
        f'{DECLARATION}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f"{relations}</Relationships>"
    )


def _relation(identity: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{identity}" Type="{OFFICE}/{kind}" Target="{target}"/>'


def _common_relations() -> str:
    return _relation("rIdStyles", "styles", "styles.xml") + _relation("rIdTexts", "sharedStrings", "sharedStrings.xml")


def _descriptive_parts() -> dict[str, str | bytes | None]:
    return {
        "[Content_Types].xml": (
            f'{DECLARATION}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{KINDS}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{KINDS}.worksheet+xml"/></Types>'
        ),
        "_rels/.rels": relations_xml(_relation("rId1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": workbook_xml('<sheet name="Recipients" sheetId="1" r:id="rId1"/>'),
        "xl/_rels/workbook.xml.rels": relations_xml(
            _relation("rId1", "worksheet", "worksheets/sheet1.xml") + _common_relations()
        ),
        "xl/styles.xml": (
            f'{DECLARATION}<styleSheet xmlns="{MAIN}"><numFmts count="3">'
            '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/>'
            '<numFmt numFmtId="165" formatCode="[h]:mm"/>'
            '<numFmt numFmtId="166" formatCode="#,##0.00&quot; days&quot;"/></numFmts>'
            '<cellXfs count="7"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="20"/>'
            '<xf numFmtId="165"/><xf numFmtId="166"/><xf numFmtId="9"/></cellXfs></styleSheet>'
        ),
    }
