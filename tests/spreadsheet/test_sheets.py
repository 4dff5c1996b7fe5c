"""Which sheet of a workbook holds the recipients."""

import xlsxwriter

from domain.problem import Finding
from spreadsheet.small_workbooks import ROWS, findings, save


def add_sheet(name, rows=(), state="visible"):
    def change(book):
        page = book.create_sheet(name)
        page.sheet_state = state
        for row in rows:
            page.append(row)

    return change


def test_the_only_visible_sheet_is_read(tmp_path, read):
    def change(book):
        add_sheet("Hidden", [["user_id"], ["99999"]], "hidden")(book)
        add_sheet("Deep", [["user_id"], ["99999"]], "veryHidden")(book)
        book.move_sheet("Deep", -2)
        book.active = book.sheetnames.index("Sheet")

    result = read(save(tmp_path / "book.xlsx", change))

    assert (result.sheet, result.row_count) == ("Sheet", 3)
    assert result.remarks == ("The sheet Sheet was read: it is the only visible sheet.",)


def test_empty_sheets_are_passed_over(tmp_path, read):
    result = read(save(tmp_path / "book.xlsx", add_sheet("Sheet2")))

    assert (result.sheet, len(result.remarks)) == ("Sheet", 1)


def test_the_one_sheet_that_begins_with_user_id_is_read(tmp_path, read):
    result = read(save(tmp_path / "book.xlsx", add_sheet("Help", [["How to fill the sheet"]])))

    assert (result.sheet, len(result.remarks)) == ("Sheet", 1)


def test_several_sheets_of_recipients_need_a_name(tmp_path, read):
    path = save(tmp_path / "book.xlsx", add_sheet("May", [["user_id"], ["99999"]]))

    result = read(path)
    named = read(path, sheet=" may")

    assert findings(result) == [Finding.SEVERAL_SHEETS]
    assert result.problems[0].facts == {"sheets": "Sheet, May"}
    assert (named.sheet, named.row_count) == ("May", 1)


def test_a_name_that_no_sheet_has_is_answered_with_the_names(tmp_path, read):
    result = read(save(tmp_path / "book.xlsx", add_sheet("May", state="hidden")), sheet="June")

    assert findings(result) == [Finding.NO_SUCH_SHEET]
    assert result.problems[0].facts == {"sheet": "June", "sheets": "Sheet, May (hidden)"}


def test_a_hidden_sheet_is_read_when_named(tmp_path, read):
    path = save(tmp_path / "book.xlsx", add_sheet("May", [["user_id"], ["99999"]], "hidden"))

    assert read(path, sheet="May").remarks == ("The sheet May is hidden; it was read as asked.",)


def test_several_empty_sheets_hold_no_recipients(tmp_path, read):
    assert findings(read(save(tmp_path / "book.xlsx", add_sheet("Sheet2"), []))) == [Finding.NO_RECIPIENTS]


def test_a_chart_in_front_is_no_sheet_of_recipients(tmp_path, read):
    with xlsxwriter.Workbook(tmp_path / "book.xlsx") as book:
        chart = book.add_chart({"type": "line"})
        picture = book.add_chartsheet("Picture")
        page = book.add_worksheet("People")
        page.write_column(0, 0, ["user_id", "12345"])
        chart.add_series({"values": "=People!$A$1:$A$2"})
        picture.set_chart(chart)

    assert read(tmp_path / "book.xlsx").sheet == "People"


def test_a_lone_hidden_sheet_must_be_named(xlsx, read, workbook_with):
    parts = workbook_with('<sheet name="Data" sheetId="1" state="hidden" r:id="rId1"/>')

    result = read(xlsx(ROWS, parts=parts))

    assert findings(result) == [Finding.ONLY_HIDDEN_SHEETS]
    assert result.problems[0].facts == {"sheets": "Data"}


def test_names_of_sheets_and_headers_are_only_text(xlsx, read, workbook_with):
    name = "'; DROP TABLE x; --&lt;b&gt;"
    parts = workbook_with(f'<sheet name="{name}" sheetId="1" r:id="rId1"/>')

    result = read(xlsx([["user_id", "../../&lt;script&gt;"], ["12345", "x"]], parts=parts))

    assert (result.sheet, result.header[1]) == ("'; DROP TABLE x; --<b>", "../../<script>")
