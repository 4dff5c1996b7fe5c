"""The limits of a workbook: bombs, far cells, long texts, too many recipients."""

import pytest

from clients.spreadsheet import ReadLimits
from domain.problem import Finding
from spreadsheet.small_workbooks import PLAIN, ROWS, TEXT, findings


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
