"""Workbooks that hide, merge, choose between sheets, or are not put together as they should be."""

import struct
import zipfile

import openpyxl
import pytest
import xlsxwriter

from clients.spreadsheet import ReadFile, ReadLimits, UnreadableFile
from domain.cell_address import column_letters
from domain.problem import Finding

ROWS = [["user_id", "name"], ["12345", "Ann"], ["12346", "Bob"], ["12347", "Cid"]]


def findings(result):
    assert isinstance(result, UnreadableFile), result
    assert all(problem.text for problem in result.problems)
    return [problem.finding for problem in result.problems]


def save(path, change, rows=ROWS):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    change(book)
    book.save(path)
    return path


# Hidden and merged.


def hide_rows(book):
    book.active.row_dimensions[2].hidden = True
    book.active.row_dimensions[4].hidden = True
    book.active.row_dimensions[9].hidden = True


def test_hidden_rows_stop_the_reading_until_someone_decides(tmp_path, read):
    result = read(save(tmp_path / "book.xlsx", hide_rows))

    assert findings(result) == [Finding.HIDDEN_ROWS]
    assert result.problems[0].facts == {"count": 2, "first": 2}


@pytest.mark.parametrize(("hidden_rows", "numbers"), [("include", ["2", "3", "4"]), ("skip", ["3"])])
def test_hidden_rows_are_read_or_left_out_as_asked(tmp_path, read, rows_of, hidden_rows, numbers):
    result = read(save(tmp_path / "book.xlsx", hide_rows), hidden_rows=hidden_rows)

    assert [row[0] for row in rows_of(result)] == numbers
    assert (result.row_count, result.blank_rows) == (len(numbers), ())
    assert len(result.remarks) == 1


def test_a_hidden_example_row_is_no_hidden_row(tmp_path, read):
    path = save(
        tmp_path / "book.xlsx",
        lambda book: setattr(book.active.row_dimensions[2], "hidden", True),
        [ROWS[0], ["EXAMPLE", "x"], ROWS[1]],
    )

    assert read(path).row_count == 1


def test_rows_hidden_by_a_filter_are_hidden_rows(tmp_path, read):
    with xlsxwriter.Workbook(tmp_path / "book.xlsx") as book:
        page = book.add_worksheet()
        for number, row in enumerate(ROWS):
            page.write_row(number, 0, row)
        page.autofilter("A1:B4")
        page.filter_column("B", "x == Ann")
        page.set_row(2, options={"hidden": True})

    assert findings(read(tmp_path / "book.xlsx")) == [Finding.HIDDEN_ROWS]


def test_a_hidden_column_with_values_refuses_the_file(tmp_path, read):
    path = save(tmp_path / "book.xlsx", lambda book: setattr(book.active.column_dimensions["B"], "hidden", True))

    result = read(path)

    assert findings(result) == [Finding.HIDDEN_COLUMNS]
    assert result.problems[0].facts == {"columns": "B"}


def test_hidden_columns_right_of_the_data_do_not_matter(xlsx, read):
    path = xlsx(ROWS, before='<cols><col min="3" max="16384" hidden="1" width="0"/></cols>')

    assert read(path).row_count == 3


@pytest.mark.parametrize(
    ("merged", "is_refused"),
    [("A2:A3", True), ("B3:C3", True), ("A1:B1", True), ("D2:E3", False), ("A10:B12", False), ("A2:A2", False)],
)
def test_merged_cells_matter_where_values_are_read(xlsx, read, merged, is_refused):
    result = read(xlsx(ROWS, after=f'<mergeCells count="1"><mergeCell ref="{merged}"/></mergeCells>'))

    assert isinstance(result, UnreadableFile) == is_refused
    if is_refused:
        assert findings(result) == [Finding.MERGED_CELLS]
        assert result.problems[0].facts == {"cells": merged}


def test_fifty_thousand_merged_cells_are_refused(xlsx, read):
    merged = "".join(f'<mergeCell ref="J{row}:K{row}"/>' for row in range(1, 50_001))

    result = read(xlsx(ROWS, after=f"<mergeCells>{merged}</mergeCells>"))

    assert findings(result) == [Finding.MERGED_CELLS]
    assert result.problems[0].facts == {"cells": "J1:K1 and 49,999 more ranges"}


def test_everything_that_hides_something_is_told_at_once(tmp_path, read):
    def change(book):
        hide_rows(book)
        book.active.column_dimensions["B"].hidden = True
        book.active.merge_cells("A3:A4")

    assert findings(read(save(tmp_path / "book.xlsx", change))) == [
        Finding.HIDDEN_ROWS,
        Finding.HIDDEN_COLUMNS,
        Finding.MERGED_CELLS,
    ]


HIDDEN = [' hidden="1"', ' hidden="true"', " hidden='1'", ' spans="1:1" hidden="&#49;"', ' ht="1"\nhidden = " 1 "']


@pytest.mark.parametrize("attribute", HIDDEN)
def test_a_row_is_hidden_in_whichever_words_the_file_says_so(xlsx, read, attribute):
    rows = "".join(
        f'<row r="{number}"{attribute if number == 4 else ""}><c r="A{number}"><v>1234{number}</v></c></row>'
        for number in range(1, 7)
    )

    result = read(xlsx(rows))

    assert findings(result) == [Finding.HIDDEN_ROWS]
    assert result.problems[0].facts == {"count": 1, "first": 4}


def test_a_row_that_is_said_not_to_be_hidden_is_read(xlsx, read):
    assert read(xlsx('<row r="2" hidden="0"><c r="A2"><v>12345</v></c></row>')).row_count == 1


# Which sheet.


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


# Put together in other ways.

PLAIN = '<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2"><v>12345</v></c></row>'
TEXT = ["<si><t>user_id</t></si>"]


def test_a_false_dimension_is_not_believed(xlsx, read):
    for claimed in ("A1:A1", "A1:XFD1048576", "Z9:Z9"):
        assert read(xlsx(ROWS, before=f'<dimension ref="{claimed}"/>')).row_count == 3


def test_rows_and_cells_without_numbers_are_counted(xlsx, read, rows_of):
    rows = "<row><c t='s'><v>0</v></c><c t='s'><v>0</v></c></row><row/><row><c><v>12345</v></c><c><v>7</v></c></row>"

    result = read(xlsx(rows, texts=TEXT))

    assert rows_of(result) == [("3", "12345", "12345", '{"7"}')]


def prefixed(xml):
    for tag in ("worksheet", "sheetData", "row", "c", "v"):
        xml = (
            xml.replace(f"<{tag}>", f"<x:{tag}>").replace(f"<{tag} ", f"<x:{tag} ").replace(f"</{tag}>", f"</x:{tag}>")
        )
    return xml.replace("xmlns=", "xmlns:x=")


VARIANTS = {
    "prefixes": prefixed,
    "comments": lambda xml: xml.replace("<row", "<!-- </row> --><row"),
    "instructions": lambda xml: xml.replace("<row", "<?go </row>?><row"),
    "new lines": lambda xml: xml.replace("<row", "\n  <row").replace("<c ", "\n <c ").replace("</row>", "\n</row>"),
    "carriage returns": lambda xml: xml.replace("<row", "\r\n<row"),
    "single quotes": lambda xml: xml.replace('"', "'"),
    "extensions": lambda xml: xml.replace("</row>", "<extLst><ext><v>9</v><row/></ext></extLst></row>"),
    "empty rows after": lambda xml: xml.replace("</sheetData>", '<row r="7" ht="9"/>\n<row r="8"/></sheetData>'),
    "other attributes": lambda xml: xml.replace("<c ", '<c cm="1" ').replace("<row ", '<row a="1>0" '),
    "byte order mark": lambda xml: f"\ufeff{xml}",
}


@pytest.mark.parametrize("case", VARIANTS)
def test_the_same_sheet_in_other_words_gives_the_same_rows(xlsx, read, rows_of, sheet, case):
    content = VARIANTS[case](sheet(PLAIN))

    result = read(xlsx("", parts={"xl/worksheets/sheet1.xml": content}, texts=TEXT))

    assert isinstance(result, ReadFile), result
    assert (result.header, rows_of(result)) == (("user_id",), [("2", "12345", "12345", "{}")])


@pytest.mark.parametrize("empty", ["<sheetData/>", "<sheetData />", '<sheetData a="1"/>', "<sheetData></sheetData>"])
def test_a_sheet_without_rows_holds_no_recipients(xlsx, read, sheet, empty):
    content = sheet("").replace("<sheetData></sheetData>", empty)

    assert findings(read(xlsx("", parts={"xl/worksheets/sheet1.xml": content}))) == [Finding.NO_RECIPIENTS]


def test_a_row_with_very_many_empty_cells_is_read(xlsx, read):
    cells = "".join(f'<c r="{column_letters(column)}2" s="1"/>' for column in range(1, 9_000))

    assert read(xlsx(f'<row r="2"><c r="A2"><v>12345</v></c>{cells}</row>')).row_count == 1


def test_utf_16_parts_are_read_or_refused_in_words(xlsx, read, sheet):
    content = sheet(PLAIN).replace("UTF-8", "UTF-16").encode("utf-16")

    result = read(xlsx("", parts={"xl/worksheets/sheet1.xml": content}, texts=TEXT))

    assert isinstance(result, ReadFile) or findings(result) == [Finding.READERS_DISAGREE]


def test_texts_that_refer_to_odd_items_are_found(xlsx, read, rows_of):
    texts = ["<si><t>user_id</t></si>", "<si/>", "<si><t/></si>", "<si><t>A</t><phoneticPr/></si>", "<si/>"]
    cells = "".join(f'<c r="{letter}2" t="s"><v>{number}</v></c>' for number, letter in enumerate("BCDE", start=1))
    rows = f'<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2"><v>12345</v></c>{cells}</row>'

    result = read(xlsx(rows, texts=texts))

    assert (result.header, rows_of(result)[0][3]) == (("user_id", ""), '{"A"}')


# Damage.

ROW_1 = '<row r="1"><c r="A1"><v>1</v></c></row>'
ROW_2 = '<row r="2"><c r="A2"><v>2</v></c></row>'
DAMAGED_SHEETS = {
    "rows out of order": f"{ROW_2}{ROW_1}",
    "a row twice": f"{ROW_1}{ROW_2}{ROW_2}",
    "a row without digits": '<row r="x"><c><v>1</v></c></row>',
    "rows before the table": f"</sheetData>{ROW_1}<sheetData>{ROW_2}",
    "rows behind the table": f"{ROW_1}</sheetData>{ROW_2}<sheetData>",
    "rows behind the table, by the parser": f"<!-- x -->{ROW_1}</sheetData>{ROW_2}<sheetData>",
    "row zero": '<row r="0"><c r="A0"><v>1</v></c></row>',
}


@pytest.mark.parametrize("case", DAMAGED_SHEETS)
def test_a_sheet_that_contradicts_itself_is_damaged(xlsx, read, case):
    assert findings(read(xlsx(DAMAGED_SHEETS[case]))) == [Finding.DAMAGED]


XML = '<?xml version="1.0"?>'
DAMAGED_PARTS = {
    "broken XML": {"xl/worksheets/sheet1.xml": "<worksheet><sheetData><row></worksheet>"},
    "cut XML": {"xl/worksheets/sheet1.xml": "<worksheet><sheetData>"},
    "no rows element": {"xl/worksheets/sheet1.xml": "<worksheet></worksheet>"},
    "a broken part nobody reads": {"xl/other.xml": "<a><b></a>"},
    "no sheet": {"xl/worksheets/sheet1.xml": None},
    "no workbook": {"xl/workbook.xml": None},
    "no table of contents": {"[Content_Types].xml": None, "xl/x": "x"},
    "no relations": {"xl/_rels/workbook.xml.rels": None},
    "a document type": {"xl/worksheets/sheet1.xml": f"{XML}<!DOCTYPE a [<!ENTITY b 'c'>]><worksheet/>"},
    "an external entity": {"xl/styles.xml": f'{XML}<!DOCTYPE a SYSTEM "file:///etc/passwd"><styleSheet/>'},
    "an unreadable encoding": {"xl/styles.xml": '<?xml version="1.0" encoding="x-none"?><styleSheet/>'},
    "bytes that are no text": {"xl/worksheets/sheet1.xml": b"<worksheet><sheetData>\xff</sheetData></worksheet>"},
}


@pytest.mark.parametrize("case", DAMAGED_PARTS)
def test_a_workbook_with_broken_parts_is_refused_in_words(xlsx, read, case):
    result = read(xlsx(ROWS, parts=DAMAGED_PARTS[case]))

    assert findings(result)[0] in {Finding.DAMAGED, Finding.NOT_A_SPREADSHEET}


@pytest.mark.parametrize("comment", ["", "<!-- by the parser -->"])
@pytest.mark.parametrize("place", ["before", "after"])
def test_a_row_outside_of_the_table_of_rows_is_not_lost_without_a_word(xlsx, read, place, comment):
    row = '<row r="9"><c r="A9"><v>12349</v></c></row>'

    assert findings(read(xlsx(ROWS, **{place: f"{comment}{row}"}))) == [Finding.DAMAGED]


def test_the_anchor_of_a_drawing_is_no_row(xlsx, read):
    anchor = '<controls><from xmlns:d="x"><d:col>1</d:col><d:row>7</d:row></from></controls>'

    assert read(xlsx(ROWS, after=anchor)).row_count == 3


def test_two_sheets_of_one_name_are_damaged(xlsx, read, workbook_with):
    parts = workbook_with('<sheet name="A" sheetId="1" r:id="rId1"/><sheet name="a" sheetId="2" r:id="rId1"/>')

    assert findings(read(xlsx(ROWS, parts=parts))) == [Finding.DAMAGED]


def test_a_million_nested_entities_never_expand(xlsx, read):
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'{XML}<!DOCTYPE l [<!ENTITY l0 "ha">{laughs}]><sst><si><t>&l9;</t></si></sst>'

    assert findings(read(xlsx(ROWS, parts={"xl/sharedStrings.xml": bomb}))) == [Finding.DAMAGED]


def rewritten(path, change):
    with zipfile.ZipFile(path) as old:
        content = [(info, old.read(info)) for info in old.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for info, body in content:
            new.writestr(info, body)
        change(new)
    return path


@pytest.mark.parametrize("name", ["../evil.xml", "/etc/passwd", "xl\\..\\x.xml", "XL/Workbook.xml", "C:x.xml"])
def test_forbidden_names_of_parts_are_refused(xlsx, read, name):
    path = rewritten(xlsx(ROWS), lambda archive: archive.writestr(name, "<a/>"))

    assert findings(read(path)) == [Finding.DAMAGED]


def test_a_part_that_is_there_twice_is_refused(xlsx, read):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = rewritten(xlsx(ROWS), lambda archive: archive.writestr("xl/workbook.xml", "<a/>"))

    assert findings(read(path)) == [Finding.DAMAGED]


def test_too_many_parts_are_refused(xlsx, read):
    path = rewritten(xlsx(ROWS), lambda archive: [archive.writestr(f"x/{number}", "") for number in range(2001)])

    assert findings(read(path)) == [Finding.TOO_LARGE]


def test_a_part_packed_in_an_odd_way_is_refused(xlsx, read):
    path = rewritten(xlsx(ROWS), lambda archive: archive.writestr("x.bin", "x", zipfile.ZIP_BZIP2))

    assert findings(read(path)) == [Finding.DAMAGED]


def test_an_encrypted_part_is_named_as_such(xlsx, read):
    path = xlsx(ROWS)
    content = bytearray(path.read_bytes())
    first = content.index(b"PK\x01\x02")
    content[first + 8] |= 1
    path.write_bytes(content)

    assert findings(read(path)) == [Finding.ENCRYPTED]


@pytest.mark.parametrize("size", [10, 10_000_000])
def test_a_part_that_lies_about_its_size_is_refused(xlsx, read, size):
    path = xlsx(ROWS)
    content = bytearray(path.read_bytes())
    first = content.index(b"PK\x01\x02")
    content[first + 24 : first + 28] = struct.pack("<L", size)
    path.write_bytes(content)

    assert findings(read(path)) == [Finding.DAMAGED]


def test_a_wrong_checksum_is_noticed(xlsx, read):
    path = xlsx(ROWS)
    content = bytearray(path.read_bytes())
    first = content.index(b"PK\x01\x02")
    content[first + 16] ^= 0xFF
    path.write_bytes(content)

    assert findings(read(path)) == [Finding.DAMAGED]


def test_bytes_before_or_after_the_workbook_are_refused(xlsx, read):
    whole = xlsx(ROWS).read_bytes()
    path = xlsx(ROWS)

    for content in (whole + b"more", whole + whole, b"PK\x03\x04" + whole, whole[:-10], whole[: len(whole) // 2]):
        path.write_bytes(content)

        assert findings(read(path)) == [Finding.DAMAGED]

    path.write_bytes(b"junk" + whole)
    assert findings(read(path)) == [Finding.NOT_A_SPREADSHEET]


def test_every_cut_of_a_workbook_is_one_clear_answer(xlsx, read):
    path = xlsx(ROWS)
    whole = path.read_bytes()

    for length in range(1, len(whole), 97):
        path.write_bytes(whole[:length])

        assert findings(read(path))[0] in {Finding.DAMAGED, Finding.NOT_A_SPREADSHEET}


# Limits.


def test_a_bomb_is_refused_before_it_is_unpacked(xlsx, read):
    path = xlsx(ROWS, parts={"xl/bomb.xml": b"<a>" + b" " * 40_000_000 + b"</a>"})

    assert findings(read(path)) == [Finding.TOO_LARGE]
    assert findings(read(path, limits=ReadLimits(unpacked_bytes=30_000_000))) == [Finding.TOO_LARGE]


FAR = {
    "row": '<row r="1048577"><c r="A1048577"><v>1</v></c></row>',
    "column": '<row r="2"><c r="GS2"><v>1</v></c></row>',
    "header": '<row r="1"><c r="GS1"><v>1</v></c></row>',
    "column beyond any sheet": '<row r="2"><c r="XFE2"><v>1</v></c></row>',
    "both": '<row r="1"><c r="A1"><v>1</v></c></row><row r="1000000"><c r="CV1000000"><v>1</v></c></row>',
}


@pytest.mark.parametrize("case", FAR)
def test_cells_far_away_are_refused_before_a_reader_lays_them_out(xlsx, read, case):
    assert findings(read(xlsx(FAR[case]))) == [Finding.TOO_LARGE]


def test_far_cells_with_nothing_but_a_style_do_not_matter(xlsx, read):
    rows = f'{PLAIN}<row r="1048576"><c r="XFD1048576" s="1"/></row>'

    assert read(xlsx(rows, texts=TEXT)).row_count == 1


def test_one_long_text_used_by_many_cells_is_counted_for_each(xlsx, read):
    texts = [*TEXT, f"<si><t>{'x' * 30_000}</t></si>"]
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>1</v></c></row>' for n in range(2, 50))
    path = xlsx(PLAIN.split("</row>", maxsplit=1)[0] + "</row>" + rows, texts=texts)

    assert findings(read(path, limits=ReadLimits(characters=1_000_000))) == [Finding.TOO_LARGE]
    assert findings(read(path, limits=ReadLimits(characters=20_000))) == [Finding.TOO_LARGE]
    assert read(path).row_count == 48


def test_more_recipients_than_allowed_are_refused(xlsx, read):
    path = xlsx(ROWS)

    assert read(path, limits=ReadLimits(rows=3)).row_count == 3
    assert findings(read(path, limits=ReadLimits(rows=2))) == [Finding.TOO_LARGE]


def test_an_honest_file_that_packs_well_is_no_bomb(xlsx, read):
    rows = "".join(f'<row r="{n}"><c r="A{n}" s="1"/><c r="B{n}" s="1"/></row>' for n in range(3, 30_000))

    assert read(xlsx(PLAIN + rows, texts=TEXT)).row_count == 1
