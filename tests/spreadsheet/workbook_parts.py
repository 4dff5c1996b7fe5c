"""Workbooks written by hand, part by part, and the rows that a reading gave."""

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

from clients.spreadsheet import ReadFile

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
KINDS = "application/vnd.openxmlformats-officedocument.spreadsheetml"


_ESCAPES = {"\\n": "\n", "\\r": "\r", "\\t": "\t", "\\\\": "\\"}
_ELEMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|(NULL)', re.DOTALL)


def write_workbook(
    path: Path,
    rows: str | list[list[str]],
    *,
    parts: Mapping[str, str | bytes | None] | None = None,
    texts: list[str] | None = None,
    before: str = "",
    after: str = "",
) -> Path:
    """Write a workbook by hand: `rows` is the XML inside sheetData, or a list of rows of inline texts.

    `parts` adds or replaces whole parts; None leaves one out. `before` and `after` stand around the rows.
    """
    content: dict[str, str | bytes | None] = {
        **_descriptive_parts(),
        "xl/worksheets/sheet1.xml": sheet_xml(rows if isinstance(rows, str) else inline_rows(rows), before, after),
        "xl/sharedStrings.xml": f'{DECLARATION}<sst xmlns="{MAIN}">{"".join(texts or [])}</sst>',
        **(parts or {}),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, body in content.items():
            if body is not None:
                archive.writestr(part, body)
    return path


def parts_with_sheets(sheets: str, properties: str = "") -> dict[str, str | bytes | None]:
    """Write the parts of a workbook with these `sheet` elements; the sheet with r:id rIdN is sheetN.xml."""
    numbers = sorted(set(re.findall(r'r:id="rId(\d+)"', sheets)))
    targets = "".join(_relation(f"rId{number}", "worksheet", f"worksheets/sheet{number}.xml") for number in numbers)
    return {
        "xl/workbook.xml": workbook_xml(sheets, properties),
        "xl/_rels/workbook.xml.rels": relations_xml(targets + _common_relations()),
    }


def values_in(result: ReadFile) -> list[tuple[int, str | None, list[str | None]]]:
    """Give (row number, user id, cells) of each row that was read, as Postgres will hold them."""
    lines = result.rows_file.read_text("utf-8").split("\n")[:-1]
    rows = [[_unescaped(field) for field in line.split("\t")] for line in lines]
    return [(int(number), user_id, _elements(cells)) for number, _, user_id, cells in rows]


def _unescaped(field: str) -> str | None:
    return None if field == r"\N" else re.sub(r"\\.", lambda found: _ESCAPES[found[0]], field)


def _elements(literal: str) -> list[str | None]:
    return [
        None if null else re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
        for text, null in _ELEMENT.findall(literal[1:-1])
    ]


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
