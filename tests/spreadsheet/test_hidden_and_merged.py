"""What a workbook hides or merges: rows, columns, cells, and who decides."""

import pytest
import xlsxwriter

from clients.spreadsheet import UnreadableFile
from domain.problem import Finding
from spreadsheet.small_workbooks import ROWS, findings, save


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
