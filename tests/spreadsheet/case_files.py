"""How the files of cases.py are made: by hand, by openpyxl or XlsxWriter, and then changed or broken."""

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import xlsxwriter

from domain.cell_address import column_letters
from spreadsheet.workbook_parts import parts_with_sheets, sheet_xml, write_workbook

LONG_ID = "12345678901234567"
ROWS = [["user_id", "name"], ["12345", "Ann"], ["12346", "Bob"], ["12347", "Cid"]]
READ = (("12345", "Ann"), ("12346", "Bob"), ("12347", "Cid"))
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
XML = '<?xml version="1.0"?>'
COMMAS = "The columns are separated by commas."

Make = Callable[[Path], Path]


def by_hand(rows: Any = ROWS, *, change: Callable[[bytes], bytes] | None = None, **options: Any) -> Make:
    """A workbook of hand-written parts; `change` is then done to its bytes."""

    def make(folder: Path) -> Path:
        path = write_workbook(folder / "list.xlsx", rows() if callable(rows) else rows, **options)
        if change:
            path.write_bytes(change(path.read_bytes()))
        return path

    return make


def by_excel(change: Callable[[Any], object] = lambda _book: None, rows: Any = ROWS) -> Make:
    """A workbook as a library for Excel files writes it, `change`d before it is saved."""

    def make(folder: Path) -> Path:
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        change(book)
        book.save(folder / "list.xlsx")
        return folder / "list.xlsx"

    return make


def by_xlsxwriter(fill: Callable[[Any], object], **options: Any) -> Make:
    def make(folder: Path) -> Path:
        with xlsxwriter.Workbook(folder / "list.xlsx", options) as book:
            fill(book)
        return folder / "list.xlsx"

    return make


def of_bytes(content: str | bytes | Callable[[], bytes], name: str = "list.csv") -> Make:
    def make(folder: Path) -> Path:
        body = content() if callable(content) else content
        (folder / name).write_bytes(body.encode() if isinstance(body, str) else body)
        return folder / name

    return make


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "<a/>")
    return buffer.getvalue()


def with_member(*names: str) -> Make:
    """A good workbook with further members."""

    def make(folder: Path) -> Path:
        path = write_workbook(folder / "list.xlsx", ROWS)
        with zipfile.ZipFile(path, "a") as archive:
            for name in names:
                archive.writestr(name, "<a/>")
        return path

    return make


def stated(field_at: int, value: bytes) -> Callable[[bytes], bytes]:
    """Write `value` over a field of the first entry of a zip's table of contents."""

    def change(content: bytes) -> bytes:
        at = content.index(b"PK\x01\x02") + field_at
        return content[:at] + value + content[at + len(value) :]

    return change


def cells(*written: str, texts: list[str] | None = None, **options: Any) -> Make:
    """The header, and one row below it of these cells, written as XML."""
    header = '<row r="1">' + text("A1", "user_id") + text("B1", "name") + "</row>"
    return by_hand(f'{header}<row r="2">{"".join(written)}</row>', texts=texts, **options)


def text(address: str, shown: str) -> str:
    return f'<c r="{address}" t="inlineStr"><is><t xml:space="preserve">{shown}</t></is></c>'


def number(address: str, literal: str, style: str = "") -> str:
    return f'<c r="{address}"{style}><v>{literal}</v></c>'


def hide_rows(book: Any) -> None:
    book.active.row_dimensions[2].hidden = True
    book.active.row_dimensions[4].hidden = True


def hide_column(book: Any) -> None:
    book.active.column_dimensions["B"].hidden = True


def add_sheet(name: str, rows: Any, state: str = "visible", place: int | None = None) -> Callable[[Any], None]:
    def change(book: Any) -> None:
        page = book.create_sheet(name, place)
        page.sheet_state = state
        for row in rows:
            page.append(row)
        book.active = book.sheetnames.index("Sheet")

    return change


def chart_first(book: Any) -> None:
    picture = book.add_chartsheet("Picture")
    page = book.add_worksheet("People")
    for place, row in enumerate(ROWS):
        page.write_row(place, 0, row)
    chart = book.add_chart({"type": "line"})
    chart.add_series({"values": "=People!$A$1:$A$2"})
    picture.set_chart(chart)


def merges(*ranges: str) -> str:
    return "<mergeCells>" + "".join(f'<mergeCell ref="{each}"/>' for each in ranges) + "</mergeCells>"


def formulas(book: Any) -> None:
    page = book.add_worksheet()
    page.write_row(0, 0, ROWS[0])
    page.write_formula(1, 0, '="123"&"45"', None, "12345")
    page.write_formula(1, 1, "=1.1*3", None, 3.3000000000000003)


def dates_of_1904(book: Any) -> None:
    page = book.add_worksheet()
    page.write_row(0, 0, ROWS[0])
    page.write(1, 0, "12345")
    page.write_datetime(1, 1, dt.datetime.fromisoformat("2026-01-31"), book.add_format({"num_format": "d mmm yyyy"}))


def strict(folder: Path) -> Path:
    plain = by_excel()(folder).rename(folder / "plain.xlsx")
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(folder / "list.xlsx", "w") as new:
        for name in old.namelist():
            body = old.read(name).replace(
                b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
                b"http://purl.oclc.org/ooxml/spreadsheetml/main",
            )
            body = body.replace(
                b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
                b"http://purl.oclc.org/ooxml/officeDocument/relationships",
            )
            new.writestr(name, body)
    return folder / "list.xlsx"


def prefixed(folder: Path) -> Path:
    xml = sheet_xml(ROWS_XML)
    for tag in ("worksheet", "sheetData", "row", "c", "v", "is", "t"):
        for start in ("<", "</"):
            for end in (">", " "):
                xml = xml.replace(f"{start}{tag}{end}", f"{start}x:{tag}{end}")
    parts = {"xl/worksheets/sheet1.xml": xml.replace("xmlns=", "xmlns:x=")}
    return write_workbook(folder / "list.xlsx", "", parts=parts)


def utf_16_part(folder: Path) -> Path:
    parts = {"xl/worksheets/sheet1.xml": sheet_xml(ROWS_XML).replace("UTF-8", "UTF-16").encode("utf-16")}
    return write_workbook(folder / "list.xlsx", "", parts=parts)


def only_sheet(attributes: str) -> dict[str, str | bytes | None]:
    return parts_with_sheets(f'<sheet {attributes} sheetId="1" r:id="rId1"/>')


ROWS_XML = "".join(
    f'<row r="{place}">{text(f"A{place}", row[0])}{text(f"B{place}", row[1])}</row>'
    for place, row in enumerate(ROWS, start=1)
)
WITHOUT_NUMBERS = "".join(
    f"<row><c t='inlineStr'><is><t>{row[0]}</t></is></c><c t='inlineStr'><is><t>{row[1]}</t></is></c></row>"
    for row in ROWS
)
ROW = [f'<row r="{place}">{number(f"A{place}", f"1234{place}")}</row>' for place in range(10)]
AMPLIFIED = "".join(f'<c r="{column_letters(place)}2" t="s"><v>0</v></c>' for place in range(16_300))
ONE_ROW = (("12345", "Ann"),)


def row_2(value: str | None, user_id: str | None = "12345") -> tuple[tuple[str | None, ...], ...]:
    return ((user_id, value),)
