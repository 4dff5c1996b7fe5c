"""Workbooks that are put together in other ways, and sound."""

import pytest

from clients.spreadsheet import ReadFile
from domain.cell_address import column_letters
from domain.problem import Finding
from spreadsheet.small_workbooks import PLAIN, ROWS, TEXT, findings


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


@pytest.mark.parametrize("number", ["²", "", "-1", "\uff12", "1e3"])
def test_a_format_number_that_is_none_is_passed_over(xlsx, read, rows_of, number):
    styles = (
        f'<styleSheet><numFmts><numFmt numFmtId="{number}" formatCode="yyyy"/></numFmts>'
        f'<cellXfs><xf numFmtId="0"/><xf numFmtId="{number}"/></cellXfs></styleSheet>'
    )

    result = read(xlsx('<row r="2"><c r="A2" s="1"><v>12345</v></c></row>', parts={"xl/styles.xml": styles}))

    assert isinstance(result, ReadFile) or findings(result) == [Finding.READERS_DISAGREE]


def test_texts_that_refer_to_odd_items_are_found(xlsx, read, rows_of):
    texts = ["<si><t>user_id</t></si>", "<si/>", "<si><t/></si>", "<si><t>A</t><phoneticPr/></si>", "<si/>"]
    cells = "".join(f'<c r="{letter}2" t="s"><v>{number}</v></c>' for number, letter in enumerate("BCDE", start=1))
    rows = f'<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2"><v>12345</v></c>{cells}</row>'

    result = read(xlsx(rows, texts=texts))

    assert (result.header, rows_of(result)[0][3]) == (("user_id", ""), '{"A"}')
