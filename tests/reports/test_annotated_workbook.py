"""The user's own workbook back: our columns and marks are in it, and everything else is as it was."""

import re
import zipfile

import openpyxl
import pytest
import python_calamine
import xlsxwriter

from annotated_books import BAD, GOOD, SHEET, STYLES, annotate, bad, good, inline, part, table, with_rows
from domain.errors import NotFoundError
from domain.recipients_file import COLUMNS_BEFORE_SENDING
from reports.annotated_sheet import NotedRow
from reports.annotated_styles import MARK_COLOUR
from reports.annotated_workbook import CannotAnnotateError, annotate_workbook


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


def test_nothing_is_left_where_no_folder_is_or_where_the_rows_fail(rich, tmp_path):
    def failing():
        yield good(2)
        raise ConnectionResetError

    with pytest.raises(NotFoundError):
        annotate_workbook(rich, tmp_path / "no" / "a.xlsx", sheet="Recipients", rows=[good(2)])
    with pytest.raises(ConnectionResetError):
        annotate_workbook(rich, tmp_path / "a.xlsx", sheet="Recipients", rows=failing())

    assert sorted(path.name for path in tmp_path.iterdir()) == ["rich.xlsx"]


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
