"""The cases S1 to S55: files as people really send them, each made here, with what must become of it.

`docs/spreadsheet-cases.md` is written from this table; test_cases_table.py tries every example and compares the page.
"""

import datetime as dt
import io
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
import xlsxwriter

from domain.cell_address import column_letters
from domain.problem import Finding
from spreadsheet.workbook_parts import parts_with_sheets, sheet_xml, write_workbook

LONG_ID = "12345678901234567"
ROWS = [["user_id", "name"], ["12345", "Ann"], ["12346", "Bob"], ["12347", "Cid"]]
READ = (("12345", "Ann"), ("12346", "Bob"), ("12347", "Cid"))
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
XML = '<?xml version="1.0"?>'
COMMAS = "The columns are separated by commas."


@dataclass(frozen=True)
class Example:
    """One file. It is read, giving `values` (id and name of each row), or it has the problem `finding`.

    `row` is the row of the problem, None: the whole file is refused. `remarks` are told for a file that is read.
    `plans`: the header or the rows are at fault, which shows only when the file is submitted for the template.
    """

    case: str
    what: str
    make: Callable[[Path], Path]
    finding: Finding | None = None
    row: int | None = None
    values: tuple[tuple[str | None, ...], ...] = READ
    remarks: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    plans: bool = False

    @property
    def sentence(self) -> str:
        """The very sentence that the marketer gets."""
        return SENTENCES[self.what] if self.finding else " ".join(self.remarks)


# How files are made.

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


EXAMPLES: tuple[Example, ...] = (
    Example("S1", "A zip bomb: a part that unpacks to 400 times its size",
            by_hand(parts={"xl/bomb.xml": b"<a>" + b" " * 40_000_000 + b"</a>"}), Finding.TOO_LARGE),
    Example("S1", "A zip bomb: parts of more than a gigabyte",
            by_hand(change=stated(24, struct.pack("<L", 2**31))), Finding.TOO_LARGE),
    Example("S2", "One text of 17 million characters",
            cells(text("A2", "12345"), '<c r="B2" t="s"><v>0</v></c>', texts=[f"<si><t>{'x' * 17_000_000}</t></si>"]),
            Finding.TOO_LARGE),
    Example("S3", "One long text that 16,300 cells point to",
            by_hand(f'<row r="2">{AMPLIFIED}</row>', texts=[f"<si><t>{'x' * 32_767}</t></si>"]), Finding.TOO_LARGE),
    Example("S4", "A part that is larger than the file says", by_hand(change=stated(24, struct.pack("<L", 10))),
            Finding.DAMAGED),
    Example("S5", "Entities that would expand a million times",
            by_hand(parts={"xl/sharedStrings.xml": f'{XML}<!DOCTYPE l [<!ENTITY a "ha">]><sst>&a;</sst>'}),
            Finding.DAMAGED),
    Example("S5", "An entity that names a file of this machine",
            by_hand(parts={"xl/styles.xml": f'{XML}<!DOCTYPE a SYSTEM "file:///etc/passwd"><styleSheet/>'}),
            Finding.DAMAGED),
    Example("S6", "A value far to the right", by_hand(f'{ROW[1]}<row r="2">{number("GS2", "1")}</row>'),
            Finding.TOO_LARGE),
    Example("S6", "A value far down and another far to the right",
            by_hand(f'<row r="2">{number("CV2", "1")}</row><row r="1000000">{number("A1000000", "12345")}</row>'),
            Finding.TOO_LARGE),
    Example("S7", "A sheet that claims a million rows and has four",
            by_hand(before='<dimension ref="A1:XFD1048576"/>')),
    Example("S8", "A sheet that claims one cell and has eight", by_hand(before='<dimension ref="A1:A1"/>')),
    Example("S9", "Rows and cells without their numbers", by_hand(WITHOUT_NUMBERS)),
    Example("S10", "Rows out of order", by_hand(f"{ROW[1]}{ROW[3]}{ROW[2]}"), Finding.DAMAGED),
    Example("S10", "The same row twice", by_hand(f"{ROW[1]}{ROW[2]}{ROW[2]}"), Finding.DAMAGED),
    Example("S10", "The same cell twice", cells(text("A2", "12345"), text("A2", "12346")), Finding.DAMAGED),
    Example("S11", "An OpenDocument file", of_bytes(lambda: zipped("mimetype", "content.xml"), "list.ods"),
            Finding.UNSUPPORTED_FORMAT),
    Example("S12", "50,000 merged ranges", by_hand(after=merges(*(f"J{row}:K{row}" for row in range(1, 50_001)))),
            Finding.MERGED_CELLS),
    Example("S13", "Thousands of parts", with_member(*(f"x/{place}" for place in range(2_001))), Finding.TOO_LARGE),
    Example("S13", "A part that is named like a file outside", with_member("../evil.xml"), Finding.DAMAGED),
    Example("S13", "A part that is there twice", with_member("XL/Workbook.xml"), Finding.DAMAGED),
    Example("S14", "An old .xls workbook", of_bytes(OLD_OFFICE + "Workbook".encode("utf-16-le"), "list.xls"),
            Finding.UNSUPPORTED_FORMAT),
    Example("S15", "A checksum that is wrong", by_hand(change=stated(16, b"abcd")), Finding.DAMAGED),
    Example("S16", "XML that is broken", by_hand(parts={"xl/worksheets/sheet1.xml": "<worksheet><row></worksheet>"}),
            Finding.DAMAGED),
    Example("S16", "A sheet that is missing", by_hand(parts={"xl/worksheets/sheet1.xml": None}), Finding.DAMAGED),
    Example("S17", "A workbook with a password",
            of_bytes(OLD_OFFICE + "EncryptedPackage".encode("utf-16-le"), "list.xlsx"), Finding.ENCRYPTED),
    Example("S18", "A protected sheet", by_excel(lambda book: book.active.protection.enable())),
    Example("S19", "A workbook with macros",
            of_bytes(lambda: zipped("[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin"), "list.xlsm"),
            Finding.MACROS),
    Example("S19", "A sheet of old macros",
            of_bytes(lambda: zipped("[Content_Types].xml", "xl/macrosheets/sheet1.xml"), "list.xlsx"), Finding.MACROS),
    Example("S20", "A formula that would start a program: its value is read, the formula never",
            cells(text("A2", "12345"), """<c r="B2" t="str"><f>cmd|'/c calc'!A0</f><v>Ann</v></c>"""), values=ONE_ROW),
    Example("S21", "A picture named .xlsx", of_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50), "list.xlsx"),
            Finding.NOT_A_SPREADSHEET),
    Example("S21", "A web page named .xls", of_bytes("<table><tr><td>user_id", "list.xls"), Finding.NOT_A_SPREADSHEET),
    Example("S21", "A text file named .xlsx", of_bytes("user_id,name\n12345,Ann\n", "list.xlsx"),
            Finding.NOT_A_SPREADSHEET),
    Example("S22", "A file of no bytes", of_bytes(b"", "list.xlsx"), Finding.EMPTY_FILE),
    Example("S22", "Half a file", by_hand(change=lambda content: content[: len(content) // 2]), Finding.DAMAGED),
    Example("S22", "A header and nothing below it", by_excel(rows=ROWS[:1]), Finding.NO_RECIPIENTS),
    Example("S23", "Other bytes before the workbook", by_hand(change=lambda content: b"junk" + content),
            Finding.NOT_A_SPREADSHEET),
    Example("S23", "Other bytes behind the workbook", by_hand(change=lambda content: content + b"more"),
            Finding.DAMAGED),
    Example("S24", "A hidden sheet before the visible one", by_excel(add_sheet("Old", ROWS[:2], "hidden", 0)),
            remarks=("The sheet Sheet was read: it is the only visible sheet.",)),
    Example("S24", "Two sheets of recipients", by_excel(add_sheet("May", ROWS)), Finding.SEVERAL_SHEETS),
    Example("S24", "Two sheets of recipients, one of them named with --sheet", by_excel(add_sheet("May", ROWS[:2])),
            options={"sheet": "May"}, values=ONE_ROW),
    Example("S24", "A sheet named with --sheet that is not there", by_excel(), Finding.NO_SUCH_SHEET,
            options={"sheet": "June"}),
    Example("S24", "A workbook of which all sheets are hidden",
            by_hand(parts=only_sheet('name="List" state="hidden"')), Finding.ONLY_HIDDEN_SHEETS),
    Example("S25", "A chart before the sheet", by_xlsxwriter(chart_first)),
    Example("S26", "Hidden or filtered rows", by_excel(hide_rows), Finding.HIDDEN_ROWS),
    Example("S26", "Hidden rows with --hidden-rows include", by_excel(hide_rows), options={"hidden_rows": "include"},
            remarks=("Hidden rows read as well: 2.",)),
    Example("S26", "Hidden rows with --hidden-rows skip", by_excel(hide_rows), options={"hidden_rows": "skip"},
            values=(READ[1],), remarks=("Hidden rows left out: 2.",)),
    Example("S26", "A hidden column", by_excel(hide_column), Finding.HIDDEN_COLUMNS),
    Example("S27", "Merged cells among the rows", by_hand(after=merges("A2:A3")), Finding.MERGED_CELLS),
    Example("S28", "The same column twice", by_excel(rows=[["user_id", "name", "name"], ["12345", "Ann", "Eve"]]),
            Finding.HEADER_COLUMN_DOUBLED, row=1, plans=True),
    Example("S28", "The same column twice, once in capitals",
            by_excel(rows=[["user_id", "name", "Name "], ["12345", "Ann", "Eve"]]),
            Finding.HEADER_COLUMN_DOUBLED, row=1, plans=True),
    Example("S29", "No header", by_excel(rows=ROWS[1:]), Finding.NO_HEADER, row=1, plans=True),
    Example("S29", "A title above the header", by_excel(rows=[["Our customers in May"], [], *ROWS]),
            Finding.NO_HEADER, row=1, remarks=("Blank rows between the others were passed over: 2.",), plans=True),
    Example("S29", "A second line of the header", by_excel(rows=[ROWS[0], ["(id)", "(first name)"], *ROWS[1:]]),
            Finding.ID_BAD_SHAPE, row=2, plans=True),
    Example("S30", "Blank rows between and styled ones below",
            by_excel(lambda book: setattr(book.active["A900"], "number_format", "0"),
                     [*ROWS[:2], [], *ROWS[2:]]),
            remarks=("Blank rows between the others were passed over: 3.",), plans=True),
    Example("S31", "An id stored as a number of 15 digits", cells(number("A2", "123456789012345"), text("B2", "Ann")),
            values=(("123456789012345", "Ann"),)),
    Example("S32", "An id stored as a number of 17 digits", cells(number("A2", LONG_ID), text("B2", "Ann")),
            Finding.ID_STORED_AS_NUMBER, row=2),
    Example("S32", "An id that a spreadsheet has shortened", of_bytes("user_id,name\n1.23E+16,Ann\n"),
            Finding.ID_STORED_AS_NUMBER, row=2),
    Example("S33", "Leading zeros", by_excel(rows=[ROWS[0], ["0012345", "007"]]), values=(("0012345", "007"),)),
    Example("S34", "A date of a workbook that counts from 1904", by_xlsxwriter(dates_of_1904, date_1904=True),
            values=row_2("2026-01-31")),
    Example("S34", "The day that never was, 29 February 1900", cells(text("A2", "12345"), number("B2", "60", ' s="1"')),
            values=row_2("1900-02-29")),
    Example("S34", "A date typed as text stays as it was typed", of_bytes("user_id,name\n12345,03/04/2026\n"),
            values=row_2("03/04/2026"), remarks=(COMMAS,)),
    Example("S35", "Formulas with their values", by_xlsxwriter(formulas), values=row_2("3.3")),
    Example("S35", "A formula without its value", cells(text("A2", "12345"), '<c r="B2"><f>C1</f></c>'),
            Finding.CELL_FORMULA_WITHOUT_VALUE, row=2),
    Example("S36", "An error in a cell", cells(text("A2", "12345"), '<c r="B2" t="e"><v>#N/A</v></c>'),
            Finding.CELL_ERROR, row=2),
    Example("S37", "A text in two styles, with a hint for its pronunciation",
            cells(text("A2", "12345"), '<c r="B2" t="s"><v>0</v></c>', texts=[
                "<si><r><t>An</t></r><r><rPr><b/></rPr><t><![CDATA[n]]></t></r><rPh sb='0' eb='1'><t>x</t></rPh></si>"
            ]), values=ONE_ROW),
    Example("S38", "A cell that points to a text that is not there",
            cells(text("A2", "12345"), '<c r="B2" t="s"><v>7</v></c>'), Finding.DAMAGED),
    Example("S39", "Characters that are written as codes",
            cells(text("A2", "_x0031_2345"), text("B2", "A&amp;B_x000D_&#10;C")), values=row_2("A&B\nC")),
    Example("S40", "Invisible characters in an id", by_excel(rows=[ROWS[0], ["\u200b12345\u00a0\u202a6 \n", "Ann"]]),
            values=(("123456", "Ann"),)),
    Example("S40", "A no-break space in a text", by_excel(rows=[ROWS[0], ["12345", "10\u00a0€"]]),
            values=row_2("10\u00a0€"),
            remarks=("Characters that cannot be seen, such as no-break spaces, were kept in the texts; "
                     "cells that hold them: 1.",)),
    Example("S41", "An id in wide digits",
            by_excel(rows=[ROWS[0], ["\uff11\uff12\uff13\uff14\uff15", "Ann"]]), Finding.ID_BAD_SHAPE, row=2,
            plans=True),
    Example("S41", "An id with a minus", by_excel(rows=[ROWS[0], ["\u221212345", "Ann"]]), Finding.ID_BAD_SHAPE, row=2,
            plans=True),
    Example("S42", "Accents in two ways, emoji, joiners, Vietnamese",
            by_excel(rows=[ROWS[0], ["12345", "e\u0301 é 👨‍👩‍👧 Nguyễn"]]), values=row_2("e\u0301 é 👨‍👩‍👧 Nguyễn")),
    Example("S43", "A character of code zero", cells(text("A2", "12345"), text("B2", "a_x0000_b")),
            Finding.CELL_CONTROL_CHARACTER, row=2),
    Example("S43", "Half a character", cells(text("A2", "12345"), text("B2", "_xD83D_")),
            Finding.CELL_CONTROL_CHARACTER, row=2),
    Example("S44", "A cell of 40,000 characters", cells(text("A2", "12345"), text("B2", "x" * 40_000)),
            Finding.CELL_TOO_LONG, row=2),
    Example("S44", "A message that is longer than the platform takes",
            cells(text("A2", "12345"), text("B2", "x" * 2_500)), Finding.MESSAGE_TOO_LONG, row=2, plans=True),
    Example("S45", "A row below the last one of any sheet",
            by_hand(f'<row r="1048577">{number("A1048577", "1")}</row>'),
            Finding.TOO_LARGE),
    Example("S45", "More recipients than fit on a sheet",
            of_bytes(lambda: b"user_id\n" + b"12345\n" * 1_048_576), Finding.TOO_LARGE),
    Example("S45", "A header of 201 columns", of_bytes("user_id" + ",a" * 200 + "\n12345\n"), Finding.TOO_LARGE),
    Example("S46", "The same person twice, with the same values", by_excel(rows=[*ROWS, ROWS[1]]), Finding.DUPLICATE,
            row=5, plans=True),
    Example("S46", "The same person twice, with other values", by_excel(rows=[*ROWS, ["12345", "Eve"]]),
            Finding.CONFLICTING_DUPLICATE, row=2, plans=True),
    Example("S47", "A workbook of the strict kind", strict),
    Example("S47", "A binary workbook", of_bytes(lambda: zipped("[Content_Types].xml", "xl/workbook.bin"), "list.xlsb"),
            Finding.UNSUPPORTED_FORMAT),
    Example("S47", "A Numbers document", of_bytes(lambda: zipped("Index/Document.iwa"), "list.numbers"),
            Finding.UNSUPPORTED_FORMAT),
    Example("S48", "XML with prefixes", prefixed),
    Example("S48", "A sheet in UTF-16", utf_16_part, Finding.READERS_DISAGREE),
    Example("S49", "A csv file in UTF-8 with its mark",
            of_bytes("\ufeffuser_id,name\n12345,Zoë 😀\n"), values=row_2("Zoë 😀"), remarks=(COMMAS,)),
    Example("S49", "A csv file in UTF-16 with its mark", of_bytes("user_id\tname\n12345\tZoë\n".encode("utf-16")),
            values=row_2("Zoë"), remarks=("The columns are separated by tabs.", "The text was read as UTF-16.")),
    Example("S49", "A csv file in the encoding of Windows", of_bytes("user_id,name\n12345,Zoë\n".encode("cp1252")),
            Finding.BAD_ENCODING),
    Example("S49", "The same file with --encoding cp1252", of_bytes("user_id,name\n12345,Zoë €\n".encode("cp1252")),
            options={"encoding": "cp1252"}, values=row_2("Zoë €"),
            remarks=(COMMAS, "The text was read as cp1252 (Windows).")),
    Example("S50", "A csv file whose first line names the separator",
            of_bytes("sep=;\r\nuser_id;name\r\n12345;a,b\r\n"),
            values=row_2("a,b"), remarks=("The columns are separated by semicolons.",)),
    Example("S50", "Quotes, and line ends inside of them", of_bytes('user_id,name\r\n12345,"a ""b""\r\nc"\r\n'),
            values=row_2('a "b"\nc'), remarks=(COMMAS,)),
    Example("S50", "Line ends of old Macs", of_bytes("user_id,name\r12345,Ann\r"), values=ONE_ROW, remarks=(COMMAS,)),
    Example("S50", "Another separator", of_bytes("sep=|\nuser_id|name\n"), Finding.BAD_CSV_LINE),
    Example("S51", "A quote that is never closed", of_bytes('user_id,name\n12345,Ann\n12346,"Bob\n12347,Cid\n'),
            Finding.BAD_CSV_LINE),
    Example("S51", "A line with a field too many", of_bytes("user_id,name\n12345,Ann,Eve\n12346,Bob\n"),
            Finding.BAD_CSV_LINE),
    Example("S52", "Words that others take for nothing",
            of_bytes("user_id,name\n12345,NA\n12346,null\n12347,nan\n12348,TRUE\n12349,1-2\n"),
            values=(("12345", "NA"), ("12346", "null"), ("12347", "nan"), ("12348", "TRUE"), ("12349", "1-2")),
            remarks=(COMMAS,)),
    Example("S53", "A text that begins like a formula", by_hand([ROWS[0], ["12345", "=HYPERLINK(1)"]]),
            values=row_2("=HYPERLINK(1)")),
    Example("S54", "A value that is missing", by_excel(rows=[ROWS[0], ["12345", " "]]), Finding.VALUE_MISSING, row=2,
            plans=True),
    Example("S54", "A column that is missing", by_excel(rows=[["user_id"], ["12345"]]),
            Finding.HEADER_COLUMN_MISSING, row=1, plans=True),
    Example("S54", "A header that was changed", by_excel(rows=[["user_id", "nam"], ["12345", "Ann"]]),
            Finding.HEADER_CELL_CHANGED, row=1, plans=True),
    Example("S54", "A column too many", by_excel(rows=[["user_id", "name", "city"], ["12345", "Ann", "Rome"]]),
            Finding.HEADER_COLUMN_UNEXPECTED, row=1, plans=True),
    Example("S54", "Columns in another order", by_excel(rows=[["name", "user_id"], ["Ann", "12345"]]),
            Finding.HEADER_ORDER, row=1, plans=True),
    Example("S54", "Columns that Windowcast itself has added",
            by_excel(rows=[[*ROWS[0], "windowcast_state"], ["12345", "Ann", "invalid"]]), values=ONE_ROW),
    Example("S55", "SQL and HTML in a header",
            by_excel(rows=[["user_id", "'); DROP TABLE x; --<b>"], ["12345", "Ann"]]),
            Finding.HEADER_COLUMN_MISSING, row=1, plans=True),
    Example("S55", "SQL, HTML and a path in the name of a sheet",
            by_hand(parts=only_sheet('name="../\'; DROP TABLE x; &lt;b&gt;"'))),
)  # fmt: skip

# What the marketer gets for each example that is not read.
SENTENCES: dict[str, str] = {
    "A zip bomb: a part that unpacks to 400 times its size": (
        "The file is too large: it unpacks to more than 200 times its size; copy the rows of the list alone "
        "into a fresh workbook, or split the list into several campaigns."
    ),
    "A zip bomb: parts of more than a gigabyte": (
        "The file is too large: it unpacks to more than 1,024 MB; copy the rows of the list alone into a "
        "fresh workbook, or split the list into several campaigns."
    ),
    "One text of 17 million characters": (
        "The file is too large: it unpacks to more than 200 times its size; copy the rows of the list alone "
        "into a fresh workbook, or split the list into several campaigns."
    ),
    "One long text that 16,300 cells point to": (
        "The file is too large: its cells have more than 500,000,000 characters together; copy the rows of "
        "the list alone into a fresh workbook, or split the list into several campaigns."
    ),
    "A part that is larger than the file says": (
        "The file is damaged (its part [Content_Types].xml cannot be unpacked); open it in Excel or "
        "LibreOffice, save it again as .xlsx, and send that."
    ),
    "Entities that would expand a million times": (
        "The file is damaged (it contains a document type, which no spreadsheet does); open it in Excel or "
        "LibreOffice, save it again as .xlsx, and send that."
    ),
    "An entity that names a file of this machine": (
        "The file is damaged (it contains a document type, which no spreadsheet does); open it in Excel or "
        "LibreOffice, save it again as .xlsx, and send that."
    ),
    "A value far to the right": (
        "The file is too large: cell GS2 is beyond the 200 columns that are read; copy the rows of the list "
        "alone into a fresh workbook, or split the list into several campaigns."
    ),
    "A value far down and another far to the right": (
        "The file is too large: its rows and columns span more than 50,000,000 cells; copy the rows of the "
        "list alone into a fresh workbook, or split the list into several campaigns."
    ),
    "Rows out of order": (
        "The file is damaged (row 2 stands twice, or after row 3); open it in Excel or LibreOffice, save it "
        "again as .xlsx, and send that."
    ),
    "The same row twice": (
        "The file is damaged (row 2 stands twice, or after row 2); open it in Excel or LibreOffice, save it "
        "again as .xlsx, and send that."
    ),
    "The same cell twice": (
        "The file is damaged (the cells of row 2 are out of order, or one is there twice); open it in Excel "
        "or LibreOffice, save it again as .xlsx, and send that."
    ),
    "An OpenDocument file": (
        "The file is an OpenDocument file (.ods), which is not read here; save it as .xlsx or .csv and send that."
    ),
    "50,000 merged ranges": (
        "The cells J1:K1 and 49,999 more ranges are merged, so only one of them has a value; unmerge them and"
        " fill every row."
    ),
    "Thousands of parts": (
        "The file is too large: it has more than 2,000 parts; copy the rows of the list alone into a fresh "
        "workbook, or split the list into several campaigns."
    ),
    "A part that is named like a file outside": (
        "The file is damaged (a part of it has a forbidden name); open it in Excel or LibreOffice, save it "
        "again as .xlsx, and send that."
    ),
    "A part that is there twice": (
        "The file is damaged (a part of it is there twice); open it in Excel or LibreOffice, save it again as"
        " .xlsx, and send that."
    ),
    "An old .xls workbook": (
        "The file is an old Excel workbook (.xls), which is not read here; save it as .xlsx or .csv and send that."
    ),
    "A checksum that is wrong": (
        "The file is damaged (its part [Content_Types].xml cannot be unpacked); open it in Excel or "
        "LibreOffice, save it again as .xlsx, and send that."
    ),
    "XML that is broken": (
        "The file is damaged (its part xl/worksheets/sheet1.xml is broken); open it in Excel or LibreOffice, "
        "save it again as .xlsx, and send that."
    ),
    "A sheet that is missing": (
        "The file is damaged (one of its sheets is missing); open it in Excel or LibreOffice, save it again "
        "as .xlsx, and send that."
    ),
    "A workbook with a password": (
        "The file is protected by a password; remove the password (File, Info, Protect Workbook) and send it again."
    ),
    "A workbook with macros": (
        "The workbook holds macros, which are never run here; save it as .xlsx without macros and send that."
    ),
    "A sheet of old macros": (
        "The workbook holds macros, which are never run here; save it as .xlsx without macros and send that."
    ),
    "A picture named .xlsx": (
        "The file is a picture, though its name ends in .xlsx; save the sheet as .xlsx or .csv and send that."
    ),
    "A web page named .xls": (
        "The file is a web page, though its name ends in .xls; save the sheet as .xlsx or .csv and send that."
    ),
    "A text file named .xlsx": (
        "The file is a text file, though its name ends in .xlsx; save the sheet as .xlsx or .csv and send that."
    ),
    "A file of no bytes": "The file is empty; send the workbook with its rows.",
    "Half a file": (
        "The file is damaged (its end is missing or broken); open it in Excel or LibreOffice, save it again "
        "as .xlsx, and send that."
    ),
    "A header and nothing below it": (
        "No recipients were found below the header; add one row for each person and send the file again."
    ),
    "Other bytes before the workbook": (
        "The file is neither a workbook nor text, though its name ends in .xlsx; save the sheet as .xlsx or "
        ".csv and send that."
    ),
    "Other bytes behind the workbook": (
        "The file is damaged (other bytes follow the end of the workbook); open it in Excel or LibreOffice, "
        "save it again as .xlsx, and send that."
    ),
    "Two sheets of recipients": ("Several sheets could hold the recipients (Sheet, May); say which with --sheet NAME."),
    "A sheet named with --sheet that is not there": (
        "There is no sheet named June; the workbook has Sheet. Say one of them with --sheet NAME."
    ),
    "A workbook of which all sheets are hidden": (
        "All sheets of the workbook are hidden (List); show the one with the recipients and send the file "
        "again, or name it with --sheet NAME."
    ),
    "Hidden or filtered rows": (
        "Rows that are hidden or filtered away: 2 (the first is row 2); say --hidden-rows include to send to "
        "them too or --hidden-rows skip to leave them out, or show them and send the file again."
    ),
    "A hidden column": ("Columns that are hidden hold values: B; show them or delete them, and send the file again."),
    "Merged cells among the rows": (
        "The cells A2:A3 are merged, so only one of them has a value; unmerge them and fill every row."
    ),
    "The same column twice": (
        "The column name stands in the header twice, in cells B1 and C1; keep one of them, or get a fresh "
        "workbook with `windowcast templates workbook spring --language en --version 1 --output spring.xlsx`."
    ),
    "The same column twice, once in capitals": (
        "The column Name stands in the header twice, in cells B1 and C1; keep one of them, or get a fresh "
        "workbook with `windowcast templates workbook spring --language en --version 1 --output spring.xlsx`."
    ),
    "No header": (
        "Row 1 should hold the header user_id, name, but the file begins with row 1: 12345, Ann; row 2: "
        "12346, Bob; row 3: 12347, Cid; write the header into row 1, or get a fresh workbook with `windowcast "
        "templates workbook spring --language en --version 1 --output spring.xlsx` and paste the rows into "
        "it."
    ),
    "A title above the header": (
        "Row 1 should hold the header user_id, name, but the file begins with row 1: Our customers in May; "
        "row 3: user_id, name; row 4: 12345, Ann; row 5: 12346, Bob; the header stands in row 3: delete what "
        "is above it, or get a fresh workbook with `windowcast templates workbook spring --language en "
        "--version 1 --output spring.xlsx` and paste the rows into it."
    ),
    "A second line of the header": (
        "The user_id (id) is not 5 to 20 digits; format the user_id column as text and paste the ids again "
        "from their source."
    ),
    "An id stored as a number of 17 digits": (
        "The user_id is stored as a number of more than 15 digits (12345678901234567), of which a spreadsheet"
        " loses the last ones; format the user_id column as text and paste the ids again from their source."
    ),
    "An id that a spreadsheet has shortened": (
        "The user_id is stored as a number of more than 15 digits (1.23E+16), of which a spreadsheet loses "
        "the last ones; format the user_id column as text and paste the ids again from their source."
    ),
    "A formula without its value": (
        "The cell under name is a formula whose value was never stored; open the file in Excel once, save it,"
        " and send it again."
    ),
    "An error in a cell": "The cell under name shows the error #N/A; mend the formula or type the value.",
    "A cell that points to a text that is not there": (
        "The file is damaged (cell B2 points to a text that is not there); open it in Excel or LibreOffice, "
        "save it again as .xlsx, and send that."
    ),
    "An id in wide digits": (
        "The user_id \uff11\uff12\uff13\uff14\uff15 is not 5 to 20 digits; "
        "format the user_id column as text and paste the ids again "
        "from their source."
    ),
    "An id with a minus": (
        "The user_id \u221212345 is not 5 to 20 digits; format the user_id column as text and paste the ids again "
        "from their source."
    ),
    "A character of code zero": (
        "The cell under name holds a character that cannot be sent (U+0000); type the text again."
    ),
    "Half a character": ("The cell under name holds a character that cannot be sent (U+D83D); type the text again."),
    "A cell of 40,000 characters": (
        "The cell under name holds 40000 characters, and a sheet's cell takes 32,767; shorten it."
    ),
    "A message that is longer than the platform takes": (
        "With these values the message has 2507 characters, and at most 1999 may be sent; shorten the values."
    ),
    "A row below the last one of any sheet": (
        "The file is too large: it has a row 1,048,577, and a sheet ends at row 1,048,576; copy the rows of "
        "the list alone into a fresh workbook, or split the list into several campaigns."
    ),
    "More recipients than fit on a sheet": (
        "The file is too large: it has more than 1,048,575 recipients; copy the rows of the list alone into a"
        " fresh workbook, or split the list into several campaigns."
    ),
    "A header of 201 columns": (
        "The file is too large: it has more than 200 columns; copy the rows of the list alone into a fresh "
        "workbook, or split the list into several campaigns."
    ),
    "The same person twice, with the same values": (
        "The same person is on row 2 already with the same values; only that row is sent."
    ),
    "The same person twice, with other values": (
        "The same person is on rows 2, 5 with different values; keep the right one and delete the others."
    ),
    "A binary workbook": (
        "The file is a binary Excel workbook (.xlsb), which is not read here; save it as .xlsx or .csv and send that."
    ),
    "A Numbers document": (
        "The file is an Apple Numbers document (.numbers), which is not read here; save it as .xlsx or .csv "
        "and send that."
    ),
    "A sheet in UTF-16": (
        "Two readers do not agree on what the file holds (row 2 has other values, or is seen by one of them "
        "only); open it in Excel or LibreOffice, save it again as .xlsx, and send that."
    ),
    "A csv file in the encoding of Windows": (
        "Line 2 of the file is not UTF-8 text; save it as 'CSV UTF-8' or as .xlsx and send that, or, if Excel"
        " on Windows saved it as plain CSV, say --encoding cp1252."
    ),
    "Another separator": (
        "Line 1 of the file names a separator other than comma, semicolon and tab; mend that line, or save "
        "the sheet as .xlsx, and send it again."
    ),
    "A quote that is never closed": (
        "Line 3 of the file opens a quote that is never closed; mend that line, or save the sheet as .xlsx, "
        "and send it again."
    ),
    "A line with a field too many": (
        "Line 2 of the file has 3 fields (separated by commas), and the header has 2; mend that line, or save"
        " the sheet as .xlsx, and send it again."
    ),
    "A value that is missing": "The cell under name is empty; the template needs a value there.",
    "A column that is missing": (
        "The column name is missing from the header; add it as column B, or get a fresh workbook with "
        "`windowcast templates workbook spring --language en --version 1 --output spring.xlsx`."
    ),
    "A header that was changed": (
        "Cell B1 should be name but is nam; write name there, or get a fresh workbook with `windowcast "
        "templates workbook spring --language en --version 1 --output spring.xlsx`."
    ),
    "A column too many": (
        "Cell C1 names a column city that the template does not have; delete that column, or get a fresh "
        "workbook with `windowcast templates workbook spring --language en --version 1 --output spring.xlsx`."
    ),
    "Columns in another order": (
        "Cell A1 should be user_id but is name: the columns are in another order than in the template's "
        "workbook; put them back as user_id, name, or get a fresh workbook with `windowcast templates "
        "workbook spring --language en --version 1 --output spring.xlsx`."
    ),
    "SQL and HTML in a header": (
        "The column name is missing from the header; add it as column B, or get a fresh workbook with "
        "`windowcast templates workbook spring --language en --version 1 --output spring.xlsx`."
    ),
}
