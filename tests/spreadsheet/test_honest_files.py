"""Files as they should be: what is read from them, and from the programs that write them."""

import datetime as dt
import zipfile

import openpyxl
import pytest
import xlsxwriter

from clients.spreadsheet import ReadFile, UnreadableFile
from domain.problem import Finding

LONG_ID = "12345678901234567"


def by_openpyxl(path, rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def by_openpyxl_write_only(path, rows):
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet("Sheet")
    for row in rows:
        page.append(row)
    book.save(path)
    return path


def by_xlsxwriter(path, rows, **options):
    with xlsxwriter.Workbook(path, options) as book:
        page = book.add_worksheet("Sheet")
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    page.write_string(number, column, value)
                elif value is not None:
                    page.write(number, column, value)
    return path


def by_xlsxwriter_inline(path, rows):
    return by_xlsxwriter(path, rows, constant_memory=True)


def by_csv(path, rows):
    text = "\n".join(",".join("" if value is None else str(value) for value in row) for row in rows)
    path = path.with_suffix(".csv")
    path.write_text(f"{text}\n", encoding="utf-8")
    return path


WRITERS = [by_openpyxl, by_openpyxl_write_only, by_xlsxwriter, by_xlsxwriter_inline, by_csv]


@pytest.mark.parametrize("write", WRITERS)
def test_every_writer_gives_the_same_rows(tmp_path, read, rows_of, write):
    rows = [["user_id", "name", "points"], [LONG_ID, "Zoë & <Ann>", 7], [1001, None, 12.5], ["00123456", "x", 0.1]]

    result = read(write(tmp_path / "book.xlsx", rows))

    assert isinstance(result, ReadFile)
    assert result.header == ("user_id", "name", "points")
    assert result.header_cells == ("A1", "B1", "C1")
    assert (result.row_count, result.problem_count, result.blank_rows) == (3, 0, ())
    assert rows_of(result) == [
        ("2", LONG_ID, LONG_ID, '{"Zoë & <Ann>","7"}'),
        ("3", "1001", "1001", '{NULL,"12.5"}'),
        ("4", "00123456", "00123456", '{"x","0.1"}'),
    ]


def test_a_workbook_with_ids_alone_has_empty_cells(tmp_path, read, rows_of):
    result = read(by_openpyxl(tmp_path / "book.xlsx", [["user_id"], [LONG_ID]]))

    assert rows_of(result) == [("2", LONG_ID, LONG_ID, "{}")]


def test_rows_that_begin_with_example_belong_to_the_header(tmp_path, read, rows_of):
    result = read(by_openpyxl(tmp_path / "book.xlsx", [["user_id", "name"], ["EXAMPLE", "Ann"], [LONG_ID, "Bob"]]))

    assert (result.row_count, result.example_row_count, result.blank_rows) == (1, 1, ())
    assert rows_of(result) == [("3", LONG_ID, LONG_ID, '{"Bob"}')]


def test_our_own_outcome_columns_are_left_out(tmp_path, read, rows_of):
    rows = [
        ["user_id", "windowcast_state", "name", "Windowcast_Reason "],
        [LONG_ID, "sent", "Ann", None],
        [None, "failed", None, "x"],
        [LONG_ID, None, "B\tb", "closed"],
    ]

    result = read(by_openpyxl(tmp_path / "book.xlsx", rows))

    assert (result.header, result.header_cells) == (("user_id", "name"), ("A1", "C1"))
    assert [row[3] for row in rows_of(result)] == ['{"Ann"}', '{"B\\tb"}']
    assert result.blank_rows == (3,)


def test_the_id_may_stand_right_of_our_own_columns(tmp_path, read, rows_of):
    result = read(
        by_openpyxl(tmp_path / "book.xlsx", [["windowcast_state", "user_id", "name"], ["sent", LONG_ID, "A"]])
    )

    assert (result.header, rows_of(result)) == (("user_id", "name"), [("2", LONG_ID, LONG_ID, '{"A"}')])


def test_blank_rows_between_are_named_and_trailing_ones_are_not(tmp_path, read):
    book = openpyxl.Workbook()
    book.active.append(["user_id"])
    book.active["A3"] = LONG_ID
    book.active["A6"] = "  "
    book.active["A7"] = LONG_ID
    book.active["A500"].fill = openpyxl.styles.PatternFill("solid", "FF0000")
    book.active["A501"] = " \u200b"
    book.save(tmp_path / "book.xlsx")

    result = read(tmp_path / "book.xlsx")

    assert (result.row_count, result.blank_rows) == (2, (2, 4, 5, 6))


def test_only_the_first_hundred_blank_rows_are_named(tmp_path, read):
    book = openpyxl.Workbook()
    book.active["A1"], book.active["A3"], book.active["A400"] = "user_id", LONG_ID, LONG_ID
    book.save(tmp_path / "book.xlsx")

    result = read(tmp_path / "book.xlsx")

    assert result.blank_rows == (2, *range(4, 103))


def test_values_below_a_blank_header_give_an_empty_name(tmp_path, read, rows_of):
    rows = [["user_id", None, "name"], [1001, None, "Ann"], [1002, "?", "Bob", None, "far"], [1003, None, "Cid"]]

    result = read(by_openpyxl(tmp_path / "book.xlsx", rows))

    assert (result.header, result.header_cells) == (("user_id", "", "name", ""), ("A1", "B1", "C1", "E1"))
    assert [row[3] for row in rows_of(result)] == [
        '{NULL,"Ann",NULL}',
        '{"?","Bob","far"}',
        '{NULL,"Cid",NULL}',
    ]


def test_a_column_that_begins_late_does_not_make_the_readers_disagree(tmp_path, read, rows_of):
    rows = [["user_id", "name"], ["12345", "Ann"], ["12346", "Bob"], ["12347", "Cid", None, "far"]]

    result = read(by_openpyxl(tmp_path / "book.xlsx", rows))

    assert [row[3] for row in rows_of(result)] == ['{"Ann",NULL}', '{"Bob",NULL}', '{"Cid","far"}']


def test_a_blank_column_between_others_is_left_out(tmp_path, read, rows_of):
    rows = [["user_id", None, "name"], [1001, None, 'a\\"b{,}'], [1002, None, "NULL"]]

    result = read(by_openpyxl(tmp_path / "book.xlsx", rows))

    assert result.header == ("user_id", "name")
    assert [row[3] for row in rows_of(result)] == ['{"a\\\\\\\\\\\\"b{,}"}', '{"NULL"}']


def test_a_blank_first_cell_of_the_header_is_kept_in_its_place(tmp_path, read, rows_of):
    result = read(by_openpyxl(tmp_path / "book.xlsx", [[None, "name"], [1001, "Ann"]]))

    assert (result.header, rows_of(result)) == (("", "name"), [("2", "1001", "1001", '{"Ann"}')])


def test_a_header_in_row_two_leaves_row_one_blank(tmp_path, read):
    book = openpyxl.Workbook()
    book.active["A2"], book.active["B2"], book.active["A3"] = "user_id", "name", LONG_ID
    book.save(tmp_path / "book.xlsx")

    result = read(tmp_path / "book.xlsx")

    assert (result.header, result.row_count) == (("", ""), 2)


@pytest.mark.parametrize("make", [by_openpyxl, by_csv])
@pytest.mark.parametrize("rows", [[], [["user_id", "name"]], [["user_id", "name"], [None, " "], ["EXAMPLE", "x"]]])
def test_a_file_without_recipients_says_so(tmp_path, read, make, rows):
    result = read(make(tmp_path / "book.xlsx", rows))

    assert isinstance(result, UnreadableFile)
    assert [problem.finding for problem in result.problems] == [Finding.NO_RECIPIENTS]


def test_dates_and_times_are_read_as_they_are_shown(tmp_path, read, rows_of):
    day = dt.datetime.fromisoformat("2026-01-31T09:05:00")
    book = openpyxl.Workbook()
    book.active.append(["user_id", "a", "b", "c", "d"])
    book.active.append([1001, day.date(), day, day.time(), dt.timedelta(hours=30, minutes=1)])
    book.save(tmp_path / "book.xlsx")

    result = read(tmp_path / "book.xlsx")

    assert rows_of(result)[0][3] == '{"2026-01-31","2026-01-31 09:05:00","09:05:00","30:01:00"}'


def test_dates_of_a_workbook_that_counts_from_1904(tmp_path, read, rows_of):
    with xlsxwriter.Workbook(tmp_path / "book.xlsx", {"date_1904": True}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["user_id", "day"])
        page.write(1, 0, 1001)
        page.write_datetime(
            1, 1, dt.datetime.fromisoformat("2026-01-31"), book.add_format({"num_format": "d mmm yyyy"})
        )

    result = read(tmp_path / "book.xlsx")

    assert rows_of(result)[0][3] == '{"2026-01-31"}'


def test_words_that_other_readers_take_for_nothing_are_text(tmp_path, read, rows_of):
    words = ["NA", "null", "None", "nan", "TRUE", "1-2", "=1+1", "@x", "<b>", "'; DROP TABLE"]

    for write in (by_xlsxwriter, by_csv):
        result = read(write(tmp_path / "book.xlsx", [["user_id", *(f"c{n}" for n in range(10))], ["1001", *words]]))

        assert rows_of(result)[0][3] == "{" + ",".join(f'"{word}"' for word in words) + "}"


def test_protection_of_a_sheet_is_no_obstacle(tmp_path, read):
    book = openpyxl.Workbook()
    book.active.append(["user_id"])
    book.active.append([LONG_ID])
    book.active.protection.enable()
    book.save(tmp_path / "book.xlsx")

    assert read(tmp_path / "book.xlsx").row_count == 1


def test_formulas_give_the_value_stored_with_them(tmp_path, read, rows_of):
    with xlsxwriter.Workbook(tmp_path / "book.xlsx") as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["user_id", "a", "b", "c"])
        page.write_formula(1, 0, '="1234"&"5678"', None, "12345678")
        page.write_formula(1, 1, "=1.1*3", None, 3.3000000000000003)
        page.write_formula(1, 2, '=""', None, "")
        page.write_formula(1, 3, "=TRUE()", None, True)

    result = read(tmp_path / "book.xlsx")

    assert rows_of(result) == [("2", "12345678", "12345678", '{"3.3",NULL,"TRUE"}')]


def test_links_to_elsewhere_are_text_and_never_followed(tmp_path, read, rows_of):
    with xlsxwriter.Workbook(tmp_path / "book.xlsx") as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["user_id", "a"])
        page.write_string(1, 0, LONG_ID)
        page.write_url(1, 1, "http://127.0.0.1:9/x", string="here")

    assert rows_of(read(tmp_path / "book.xlsx"))[0][3] == '{"here"}'


def test_a_workbook_of_the_strict_kind_is_read(tmp_path, read, rows_of):
    plain = by_xlsxwriter(tmp_path / "plain.xlsx", [["user_id", "name"], [LONG_ID, "Ann"]])
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(tmp_path / "strict.xlsx", "w") as new:
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

    assert rows_of(read(tmp_path / "strict.xlsx")) == [("2", LONG_ID, LONG_ID, '{"Ann"}')]


def test_a_row_of_another_shape_does_not_change_the_rows_after_it(tmp_path, read, rows_of):
    rows = [["user_id", "a", "b"]]
    rows += [[1000 + n, n if n % 3 else f"t{n}", None if n % 5 else 0.25 * n] for n in range(1, 40)]

    result = read(by_openpyxl(tmp_path / "book.xlsx", rows))

    assert [row[3] for row in rows_of(result)] == [
        "{" + (f'"{n}"' if n % 3 else f'"t{n}"') + "," + ("NULL" if n % 5 else f'"{0.25 * n:g}"') + "}"
        for n in range(1, 40)
    ]
