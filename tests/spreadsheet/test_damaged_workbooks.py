"""Workbooks that are damaged, or made to do harm: one clear answer each."""

import struct
import zipfile

import pytest

from domain.problem import Finding
from spreadsheet.small_workbooks import ROWS, findings

ROW_1 = '<row r="1"><c r="A1"><v>1</v></c></row>'

ROW_2 = '<row r="2"><c r="A2"><v>2</v></c></row>'

DAMAGED_SHEETS = {
    "rows out of order": f"{ROW_2}{ROW_1}",
    "a row twice": f"{ROW_1}{ROW_2}{ROW_2}",
    "a row without digits": '<row r="x"><c><v>1</v></c></row>',
    "rows before the table": f"</sheetData>{ROW_1}<sheetData>{ROW_2}",
    "rows behind the table": f"{ROW_1}</sheetData>{ROW_2}<sheetData>",
    "rows behind the table, by the parser": f"<!-- x -->{ROW_1}</sheetData>{ROW_2}<sheetData>",
    "a text of its own that is a number": ROW_1 + '<row r="2"><c r="A2" t="inlineStr"><v>12345</v></c></row>',
    "the number of a text that is one": ROW_1 + '<row r="2"><c r="A2" t="s"><is><t>0</t></is></c></row>',
    "a text of its own that is a number, by the parser": (
        f'<!-- x -->{ROW_1}<row r="2"><c r="A2" t="inlineStr"><v>12345</v></c></row>'
    ),
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
