"""The user's own workbook back: our columns and marks are in it, and everything else is as it was."""

import re
import zipfile
from datetime import date

import openpyxl
import pytest
import python_calamine
import xlsxwriter

from domain.errors import NotFoundError
from domain.recipients_file import COLUMNS_BEFORE_SENDING, OUTCOME_COLUMNS, outcome_column
from reports.annotated_sheet import NotedRow
from reports.annotated_styles import MARK_COLOUR
from reports.annotated_workbook import CannotAnnotateError, annotate_workbook

SHEET = "xl/worksheets/sheet1.xml"
STYLES = "xl/styles.xml"
GOOD = ("ready", "The row is good.")
BAD = ("invalid", "The cell name is empty.")


def good(row_number, **fields):
    return NotedRow(row_number, GOOD, **fields)


def bad(row_number, *columns):
    return NotedRow(row_number, BAD, bad_columns=columns, is_bad=True)


@pytest.fixture
def rich(tmp_path):
    """A workbook with all that people put into theirs; the cell B3 is missing."""
    path = tmp_path / "rich.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet, other = book.add_worksheet("Recipients"), book.add_worksheet("Notes")
        header = book.add_format({"bold": True, "bg_color": "#4472C4", "font_color": "white", "num_format": "@"})
        day = book.add_format({"num_format": "dd.mm.yyyy", "italic": True, "border": 2, "bg_color": "#FFFF00"})
        sheet.set_column(1, 1, 30, book.add_format({"font_color": "blue"}))
        sheet.set_column(2, 16_383, 11)
        sheet.write_row(0, 0, ["user_id", "name", "day", "price"], header)
        for row in range(1, 4):
            sheet.write_string(row, 0, f"2500000000000000{row}")
            sheet.write_number(row, 2, 45_000 + row, day)
            sheet.write_formula(row, 3, f"={row}*1.5", None, row * 1.5)
        sheet.write_string(1, 1, "Ann")
        sheet.write_string(3, 1, "Cem")
        sheet.set_row(3, 40)
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, 3, 3)
        sheet.protect("secret")
        sheet.data_validation("C2:C9", {"validate": "date", "criteria": ">", "value": date(2020, 1, 1)})
        sheet.conditional_format("D2:D9", {"type": "data_bar"})
        sheet.write_comment("B2", "a comment")
        other.merge_range("A1:C2", "merged", header)
        other.write_formula("A5", "=SUM(Recipients!D2:D4)")
    return path


def edited(path, target, *, part=SHEET, **changes):
    """Copy a workbook with one part changed: `content` is the new one, or a function of the old one."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == part:
                content = changes["content"](content) if callable(changes["content"]) else changes["content"]
            if content is not None:
                new.writestr(name, content)
    return target


def with_rows(path, target, rows, *, prefix="", before="", after="", namespace="main"):
    """Copy a workbook with the XML of its first sheet written by hand."""
    kind = {
        "main": "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        "strict": "http://purl.oclc.org/ooxml/spreadsheetml/main",
    }[namespace]
    declared = f'xmlns:{prefix[:-1]}="{kind}"' if prefix else f'xmlns="{kind}"'
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{prefix}worksheet {declared}>{before}<{prefix}sheetData>{rows}'
        f"</{prefix}sheetData>{after}</{prefix}worksheet>"
    )
    return edited(path, target, content=content.encode())


def annotate(source, *rows, **options):
    target = source.with_name(f"annotated-{source.name}")
    annotate_workbook(source, target, sheet="Recipients", rows=rows, **options)
    return target


def part(path, name=SHEET):
    with zipfile.ZipFile(path) as archive:
        return archive.read(name).decode("utf-8")


def table(path):
    """What openpyxl reads, and the check that calamine reads the same."""
    sheet = openpyxl.load_workbook(path).worksheets[0]
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    second = python_calamine.load_workbook(str(path)).get_sheet_by_index(0).to_python()
    assert [[cell if isinstance(cell, str) and cell else None for cell in row] for row in second] == [
        [cell if isinstance(cell, str) and not cell.startswith("=") else None for cell in row] for row in rows
    ]
    return rows


def inline(address, text, *, prefix="", style=""):
    return (
        f'<{prefix}c r="{address}"{style} t="inlineStr"><{prefix}is><{prefix}t>{text}</{prefix}t></{prefix}is>'
        f"</{prefix}c>"
    )


def test_our_columns_stand_right_of_the_users_in_the_look_of_their_header(rich):
    result = annotate(rich, good(2), bad(3, "name"), good(4))

    rows = table(result)
    assert rows[0] == ["user_id", "name", "day", "price", *COLUMNS_BEFORE_SENDING]
    assert [tuple(row[4:]) for row in rows[1:]] == [GOOD, BAD, GOOD]
    sheet = openpyxl.load_workbook(result)["Recipients"]
    assert sheet["E1"].font.bold
    assert sheet["E1"].fill.fgColor.rgb == "FF4472C4"


def test_every_other_part_is_the_same_to_the_byte_and_the_sheet_without_our_cells_too(rich):
    result = annotate(rich, good(2), bad(3, "name"), good(4))

    with zipfile.ZipFile(rich) as before, zipfile.ZipFile(result) as after:
        assert set(before.namelist()) == set(after.namelist())
        assert {name for name in before.namelist() if before.read(name) != after.read(name)} == {SHEET, STYLES}
    cut = re.sub(r'<c r="(?:[EF]\d+|B3)"[^/]*?(?:/>|>.*?</c>)', "", part(result))
    cut = re.sub(r"<cols>.*?</cols>|<dimension [^>]*>", "", cut)
    assert cut == re.sub(r"<cols>.*?</cols>|<dimension [^>]*>| spans=\"[^\"]*\"", "", part(rich))


def test_a_marked_cell_keeps_its_number_format_its_font_and_its_borders(rich):
    result = annotate(rich, bad(2, "day"), good(3), good(4))

    sheet = openpyxl.load_workbook(result)["Recipients"]
    marked, other = sheet["C2"], sheet["C3"]
    assert (marked.fill.fgColor.rgb, other.fill.fgColor.rgb) == (MARK_COLOUR, "FFFFFF00")
    assert marked.number_format == other.number_format == "dd.mm.yyyy"
    assert marked.font.italic
    assert marked.border.left.style == "medium"
    assert marked.value == openpyxl.load_workbook(rich)["Recipients"]["C2"].value


def test_a_cell_that_is_missing_is_marked_where_it_should_be_in_the_style_of_its_column(rich):
    result = annotate(rich, good(2), bad(3, "name"), good(4))

    cell = openpyxl.load_workbook(result)["Recipients"]["B3"]
    assert cell.fill.fgColor.rgb == MARK_COLOUR
    assert cell.font.color.rgb == "FF0000FF"
    assert re.findall(r'<c r="([A-F])3"', part(result)) == list("ABCDEF")


def test_the_widths_of_the_user_stay_and_ours_are_cut_out_of_a_width_for_all_columns(rich):
    result = annotate(rich, good(2))

    spans = re.findall(r'<col min="(\d+)" max="(\d+)" width="([\d.]+)"', part(result))
    assert [(int(first), int(last)) for first, last, _ in spans] == [(2, 2), (3, 4), (5, 5), (6, 6), (7, 16_384)]
    assert [width for first, _, width in spans if first in "57"] == ["18", "11.7109375"]
    assert '<dimension ref="A1:F4"/>' in part(result)


def test_bad_cells_of_the_header_are_marked_too(rich):
    result = annotate(rich, good(2), bad_header_cells=["B1"])

    sheet = openpyxl.load_workbook(result)["Recipients"]
    assert (sheet["B1"].fill.fgColor.rgb, sheet["C1"].fill.fgColor.rgb) == (MARK_COLOUR, "FF4472C4")


def test_a_workbook_that_comes_back_gets_our_columns_in_their_place_and_the_marks_of_today(rich):
    first = annotate(rich, bad(2, "day"), bad(3, "name"), good(4))
    mended = first.with_name("mended.xlsx")
    book = openpyxl.load_workbook(first)
    book["Recipients"]["E1"] = " Windowcast State\u00a0"
    book["Recipients"]["B3"] = "Ben"
    book.save(mended)

    second = annotate(mended, bad(2, "day"), good(3), good(4))

    rows = table(second)
    assert rows[0] == ["user_id", "name", "day", "price", " Windowcast State\u00a0", "windowcast_reason"]
    assert [tuple(row[4:]) for row in rows[1:]] == [BAD, GOOD, GOOD]
    sheet = openpyxl.load_workbook(second)["Recipients"]
    assert [sheet[cell].fill.fgColor.rgb for cell in ("C2", "B3", "F3")] == [MARK_COLOUR, "00000000", "00000000"]


def test_what_stood_in_our_columns_beside_other_rows_is_taken_away(rich):
    first = annotate(rich, bad(2, "day"), bad(3, "name"), good(4))

    second = annotate(first, good(2), good(4))

    assert [tuple(row[4:]) for row in table(second)[1:]] == [GOOD, (None, None), GOOD]


def test_after_sending_the_outcomes_join_the_columns_that_came_back(rich):
    first = annotate(rich, good(2), good(3), good(4))
    sent = ("sent", "The platform accepted the message.", "2026-11-23 10:00:00 UTC", None, None, "m_1")

    second = annotate(first, NotedRow(2, sent), good(3), good(4), has_outcomes=True)

    rows = table(second)
    assert rows[0][4:] == list(OUTCOME_COLUMNS)
    assert tuple(rows[1][4:]) == sent


def test_a_formula_that_somebody_wrote_into_our_column_stays(rich):
    first = annotate(rich, good(2), good(3), good(4))
    changed = first.with_name("changed.xlsx")
    book = openpyxl.load_workbook(first)
    book["Recipients"]["F3"] = "=UPPER(B3)"
    book.save(changed)

    second = annotate(changed, good(2), good(3), good(4))

    assert openpyxl.load_workbook(second)["Recipients"]["F3"].value == "=UPPER(B3)"


@pytest.mark.parametrize("text", ["=1+1", "+49 170", "-10%", "@SUM(A1)", "\uff1dcmd", "\t=1"])
def test_what_we_write_is_never_a_formula(rich, text):
    result = annotate(rich, NotedRow(2, ("ready", text)))

    cell = openpyxl.load_workbook(result)["Recipients"]["F2"]
    assert cell.data_type == "s"
    assert cell.value == f"'{text}"


def test_signs_that_xml_or_excel_would_read_otherwise_arrive_as_they_are(rich):
    text = 'a < b & "c" _x0041_ \u0007 \U0001f600 '

    result = annotate(rich, NotedRow(2, ("ready", text)))

    assert "_x005F_x0041_" in part(result)
    assert python_calamine.load_workbook(str(result)).get_sheet_by_name("Recipients").to_python()[1][5] == text.replace(
        "\u0007", "\ufffd"
    )


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


def test_a_header_that_was_moved_down_gets_ours_into_row_1(rich, tmp_path):
    source = with_rows(rich, tmp_path / "down.xlsx", f'<row r="2">{inline("A2", "a title")}</row>')

    result = annotate(source, NotedRow(2, BAD, is_bad=True))

    assert table(result) == [[None, *COLUMNS_BEFORE_SENDING], ["a title", *BAD]]


def test_our_columns_keep_clear_of_a_table_and_of_merged_cells(tmp_path):
    path = tmp_path / "table.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Recipients")
        sheet.write_row(0, 0, ["user_id", "name"])
        sheet.write_row(1, 0, ["123456", "Ann"])
        sheet.add_table(0, 3, 5, 5)
        sheet.merge_range("H7:I8", "")

    result = annotate(path, good(2))

    sheet = openpyxl.load_workbook(result)["Recipients"]
    assert [sheet.cell(1, column).value for column in (10, 11)] == list(COLUMNS_BEFORE_SENDING)
    assert part(result, "xl/tables/table1.xml") == part(path, "xl/tables/table1.xml")


def test_a_sheet_that_is_full_to_its_last_column_is_refused_before_anything_is_written(rich, tmp_path):
    rows = f'<row r="1">{inline("A1", "user_id")}{inline("XFC1", "note")}</row><row r="2">{inline("A2", "1")}</row>'
    source = with_rows(rich, tmp_path / "full.xlsx", rows)

    with pytest.raises(CannotAnnotateError):
        annotate(source, good(2))

    assert not (tmp_path / "annotated-full.xlsx").exists()


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


def test_nothing_is_left_where_no_folder_is_or_where_the_rows_fail(rich, tmp_path):
    def failing():
        yield good(2)
        raise ConnectionResetError

    with pytest.raises(NotFoundError):
        annotate_workbook(rich, tmp_path / "no" / "a.xlsx", sheet="Recipients", rows=[good(2)])
    with pytest.raises(ConnectionResetError):
        annotate_workbook(rich, tmp_path / "a.xlsx", sheet="Recipients", rows=failing())

    assert sorted(path.name for path in tmp_path.iterdir()) == ["rich.xlsx"]


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        ("windowcast_state", "windowcast_state"),
        ("  WINDOWCAST_Reason ", "windowcast_reason"),
        ("Windowcast\u00a0sent at", "windowcast_sent_at"),
        ("windowcast-\u200bmessage-id", "windowcast_message_id"),
        ("windowcast", None),
        ("state", None),
        ("windowcast_state_2", None),
        ("", None),
    ],
)
def test_our_columns_are_known_again_however_people_write_them(written, ours):
    assert outcome_column(written) == ours


def test_the_named_sheet_is_annotated_wherever_it_stands(tmp_path):
    path = tmp_path / "second.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("First").write_row(0, 0, ["user_id", "other"])
        sheet = book.add_worksheet("Recipients")
        sheet.write_row(0, 0, ["user_id", "name"])
        sheet.write_row(1, 0, ["123456", "Ann"])

    result = openpyxl.load_workbook(annotate(path, good(2)))

    assert [cell.value for cell in result["First"][1]] == ["user_id", "other"]
    assert [cell.value for cell in result["Recipients"][1]] == ["user_id", "name", *COLUMNS_BEFORE_SENDING]


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
