"""The XML of other programs' workbooks, however it is written: ours finds its rows, and adds what they lack."""

import re

import openpyxl
import pytest
import python_calamine
import xlsxwriter

from annotated_books import BAD, GOOD, STYLES, annotate, bad, edited, good, inline, part, table, with_rows
from domain.recipients_file import COLUMNS_BEFORE_SENDING
from reports.annotated_sheet import NotedRow
from reports.annotated_styles import MARK_COLOUR
from reports.annotated_workbook import CannotAnnotateError

NAMES = ("user_id", "name")
ROWS = {
    "plain": f'<row r="1">{inline("A1", NAMES[0])}{inline("B1", NAMES[1])}</row>'
    f'<row r="3" hidden="1">{inline("A3", "123456")}</row>',
    "single quotes and blanks in tags": f"<row\n r = '1' spans='1:2' >{inline('A1', NAMES[0])}{inline('B1', NAMES[1])}"
    f"</row ><row r='3'><c\tr='A3' t='str' ><v>123456</v></c ></row>",
    "comments and character data": f'<!-- </row> --><row r="1">{inline("A1", "<![CDATA[user_id]]>")}'
    f'{inline("B1", NAMES[1])}</row><!-- <row r="9"> --><row r="3">{inline("A3", "123456")}</row>',
    "an empty row": f'<row r="1">{inline("A1", NAMES[0])}{inline("B1", NAMES[1])}</row><row r="2" ht="30"/>'
    f'<row r="3">{inline("A3", "123456")}</row>',
    "empty cells with a style right of all": f'<row r="1">{inline("A1", NAMES[0])}{inline("B1", NAMES[1])}'
    f'<c r="C1" s="1"/><c r="XFD1" s="1"/></row><row r="3">{inline("A3", "123456")}<c r="C3" s="1"></c>'
    '<c r="D3" s="1"/></row>',
}


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS.keys())
def test_rows_are_found_however_their_xml_is_written(rich, tmp_path, rows):
    source = with_rows(rich, tmp_path / "hand.xlsx", rows)

    result = annotate(source, bad(3, "name"))

    sheet = openpyxl.load_workbook(result)["Recipients"]
    assert [sheet.cell(1, column).value for column in range(1, 5)] == [*NAMES, *COLUMNS_BEFORE_SENDING]
    assert [sheet.cell(3, column).value for column in range(1, 5)] == ["123456", None, *BAD]
    assert sheet["B3"].fill.fgColor.rgb == MARK_COLOUR
    places = re.findall(r"""<c\s+r\s*=\s*["']([A-Z]+)3["']""", part(result))
    assert len(places) == len(set(places))
    assert sheet.row_dimensions[3].hidden == ("hidden" in rows)


def test_rows_and_cells_without_numbers_are_counted(rich, tmp_path):
    bare = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in row) + "</row>"
        for row in (NAMES, ("123456", "Ann"), ("1", "Ben"))
    )
    source = with_rows(rich, tmp_path / "bare.xlsx", bare)

    result = annotate(source, good(2), bad(3, "user_id"))

    rows = table(result)
    assert rows == [[*NAMES, *COLUMNS_BEFORE_SENDING], ["123456", "Ann", *GOOD], ["1", "Ben", *BAD]]
    assert openpyxl.load_workbook(result)["Recipients"]["A3"].fill.fgColor.rgb == MARK_COLOUR


@pytest.mark.parametrize("namespace", ["main", "strict"])
def test_a_sheet_whose_tags_have_a_prefix_gets_ours_with_it(rich, tmp_path, namespace):
    rows = f'<x:row r="1">{inline("A1", NAMES[0], prefix="x:")}{inline("B1", NAMES[1], prefix="x:")}</x:row>'
    rows += f'<x:row r="2">{inline("A2", "123456", prefix="x:")}</x:row>'
    source = with_rows(rich, tmp_path / "prefix.xlsx", rows, prefix="x:", namespace=namespace)

    result = annotate(source, bad(2, "name"))

    read = python_calamine.load_workbook(str(result)).get_sheet_by_index(0).to_python()
    assert read == [[*NAMES, *COLUMNS_BEFORE_SENDING], ["123456", "", *BAD]]
    assert set(re.findall(r"<(?!\?|/)(\w+:)?", part(result))) == {"x:"}


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "utf-8-sig"])
def test_a_sheet_in_another_encoding_is_read_and_written_in_utf_8(rich, tmp_path, encoding):
    name = "utf-8" if encoding == "utf-8-sig" else encoding
    rows = f'<row r="1">{inline("A1", "user_id")}{inline("B1", "námé")}</row><row r="2">{inline("A2", "1")}</row>'
    content = (
        f'<?xml version="1.0" encoding="{name}"?><worksheet '
        f'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>'
    ).encode(encoding)
    source = edited(rich, tmp_path / "encoded.xlsx", content=content)

    result = annotate(source, NotedRow(2, ("invalid", "Not 5 to 20 digits: \u2603."), ("námé",), is_bad=True))

    sheet = openpyxl.load_workbook(result)["Recipients"]
    assert [cell.value for cell in sheet[1]] == ["user_id", "námé", *COLUMNS_BEFORE_SENDING]
    assert sheet["D2"].value == "Not 5 to 20 digits: \u2603."
    assert sheet["B2"].fill.fgColor.rgb == MARK_COLOUR


@pytest.mark.parametrize(
    "styles",
    [
        '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"><alignment/></xf></cellXfs>',
        '<fonts count="1"><font/></fonts><fills count="1"><fill><patternFill/></fill></fills><borders/>'
        '<cellXfs count="1"><xf numFmtId="0" fillId="0"/></cellXfs><dxfs><dxf><fill/></dxf></dxfs>',
        '<fills count="0"/><cellXfs/>',
        "",
        "<extLst><ext><fills><fill/></fills><xf/></ext></extLst>",
    ],
    ids=["no fills", "one fill", "empty sections", "nothing", "extensions"],
)
def test_styles_of_simple_programs_get_what_they_lack(rich, tmp_path, styles):
    content = f'<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{styles}</styleSheet>'
    rows = f'<row r="1">{inline("A1", "user_id")}</row><row r="2">{inline("A2", "1")}</row>'
    source = edited(
        with_rows(rich, tmp_path / "rows.xlsx", rows), tmp_path / "s.xlsx", part=STYLES, content=content.encode()
    )

    result = part(annotate(source, bad(2, "user_id")), STYLES)

    fills = re.search(r"<fills count=\"(\d+)\">(.*?)</fills>", result)
    formats = re.search(r"<cellXfs count=\"(\d+)\">(.*?)</cellXfs>", result)
    assert len(re.findall("<fill>", fills[2])) == int(fills[1]) == 3
    assert len(re.findall("<xf ", formats[2])) == int(formats[1])
    assert result.index("<fills") < result.index("<cellXfs")
    assert f'rgb="{MARK_COLOUR}"' in fills[2]
    assert 'fillId="2"' in formats[2]


def test_a_workbook_without_styles_is_refused(rich, tmp_path):
    source = edited(rich, tmp_path / "bare.xlsx", part=STYLES, content=lambda _: None)

    with pytest.raises(CannotAnnotateError):
        annotate(source, good(2))


def test_a_sheet_of_many_blocks_is_changed_in_the_right_places(tmp_path):
    path = tmp_path / "long.xlsx"
    count = 30_000
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Recipients")
        sheet.write_row(0, 0, ["user_id", "name"])
        for row in range(1, count + 1):
            sheet.write_row(row, 0, [f"id {row}", "x" * 50])

    result = annotate(path, *(NotedRow(row, ("ready", f"Row {row}.")) for row in range(2, count + 2)))

    rows = python_calamine.load_workbook(str(result)).get_sheet_by_name("Recipients").to_python()
    assert len(rows) == count + 1
    assert rows[1:] == [[f"id {row - 1}", "x" * 50, "ready", f"Row {row}."] for row in range(2, count + 2)]
