"""The message list as .xlsx, .csv and .parquet: read back, and nothing in it that a spreadsheet would run."""

import csv
import datetime as dt
from itertools import repeat

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from domain.errors import InputRefusedError, NotFoundError, UsageError
from domain.reasons import SENTENCES, Reason
from domain.recipients_file import OUTCOME_COLUMNS
from domain.states import MessageState
from reports.message_list import MAX_XLSX_ROWS, MessageLine, export_message_list, export_result

LONG_ID = "25381719828140932"
NOON = dt.datetime(2026, 11, 22, 12, 30, tzinfo=dt.UTC)
IN_TOKYO = NOON.astimezone(dt.timezone(dt.timedelta(hours=9)))
SUFFIXES = [".xlsx", ".csv", ".parquet"]
DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\0=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201"]


def sent_line(**changes):
    values = {
        "row_number": 3,
        "values": (LONG_ID, "Zoë"),
        "state": MessageState.SENT,
        "sent_at": IN_TOKYO,
        "message_id": "m_AG5",
        "sent_by": "window",
    }
    return MessageLine(**{**values, **changes})


def failed_line():
    return MessageLine(4, ("007", None), MessageState.FAILED, reason=Reason.OUTSIDE_WINDOW)


def exported(tmp_path, suffix, columns, rows, **options):
    path = tmp_path / f"list{suffix}"
    export_message_list(path, columns, rows=rows, **options)
    return path


def read_xlsx(path):
    return [list(row) for row in openpyxl.load_workbook(path).active.iter_rows(values_only=True)]


def read_csv(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_an_xlsx_result_has_the_users_columns_first_and_the_outcome_beside_them(tmp_path):
    path = tmp_path / "result.xlsx"

    count = export_result(path, ("user_id", "first_name"), lines=[sent_line(), failed_line()])

    moment = dt.datetime(2026, 11, 22, 12, 30)  # noqa: DTZ001 - Excel knows no zones
    assert count == 2
    assert read_xlsx(path) == [
        ["user_id", "first_name", *OUTCOME_COLUMNS],
        [LONG_ID, "Zoë", "sent", None, moment, None, None, "m_AG5", "window"],
        ["007", None, "failed", SENTENCES[Reason.OUTSIDE_WINDOW], None, None, None, None, None],
    ]


def test_a_csv_result_is_utf8_with_a_mark_and_crlf_and_times_in_utc(tmp_path):
    path = tmp_path / "result.csv"

    export_result(path, ("user_id", "first_name"), lines=[sent_line(), failed_line()])

    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbfuser_id,first_name,windowcast_state")
    assert content.count(b"\r\n") == content.count(b"\n") == 3
    assert read_csv(path)[1:] == [
        [LONG_ID, "Zoë", "sent", "", "2026-11-22T12:30:00+00:00", "", "", "m_AG5", "window"],
        ["007", "", "failed", SENTENCES[Reason.OUTSIDE_WINDOW], "", "", "", "", ""],
    ]


def test_a_parquet_result_has_texts_and_utc_timestamps(tmp_path):
    path = tmp_path / "result.parquet"

    export_result(path, ("user_id", "first_name"), lines=[sent_line(), failed_line()], with_row_numbers=True)

    table = pq.read_table(path)
    assert table.schema.field("row_number").type == pa.int64()
    assert {name: str(table.schema.field(name).type) for name in table.column_names[1:]} == {
        "user_id": "string",
        "first_name": "string",
        "windowcast_state": "string",
        "windowcast_reason": "string",
        "windowcast_sent_at": "timestamp[us, tz=UTC]",
        "windowcast_delivered_at": "timestamp[us, tz=UTC]",
        "windowcast_read_at": "timestamp[us, tz=UTC]",
        "windowcast_message_id": "string",
        "windowcast_sent_by": "string",
    }
    assert table.to_pylist()[0] == {
        "row_number": 3,
        "user_id": LONG_ID,
        "first_name": "Zoë",
        "windowcast_state": "sent",
        "windowcast_reason": None,
        "windowcast_sent_at": NOON,
        "windowcast_delivered_at": None,
        "windowcast_read_at": None,
        "windowcast_message_id": "m_AG5",
        "windowcast_sent_by": "window",
    }


@pytest.mark.parametrize("state", MessageState)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_state_is_written_as_its_word(tmp_path, suffix, state):
    path = tmp_path / f"result{suffix}"

    export_result(path, ("user_id",), lines=[MessageLine(3, (LONG_ID,), state)])

    if suffix == ".parquet":
        assert pq.read_table(path).column("windowcast_state").to_pylist() == [state.value]
    else:
        assert (read_csv(path) if suffix == ".csv" else read_xlsx(path))[1][1] == state.value


def test_row_numbers_come_first_when_asked_for(tmp_path):
    path = tmp_path / "result.xlsx"

    export_result(path, ("user_id", "first_name"), lines=[sent_line()], with_row_numbers=True)

    assert [row[:3] for row in read_xlsx(path)] == [["row_number", "user_id", "first_name"], [3, LONG_ID, "Zoë"]]


@pytest.mark.parametrize("text", [*DANGEROUS, " =1", "\u200b=1", "\ufeff@x"], ids=ascii)
@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe(tmp_path, suffix, text):
    path = exported(tmp_path, suffix, (text, "b"), [(text, "x")])

    rows = read_xlsx(path) if suffix == ".xlsx" else read_csv(path)

    assert all(row[0].startswith("'") for row in rows)
    if suffix == ".xlsx":
        assert all(cell.data_type == "s" for row in openpyxl.load_workbook(path).active.iter_rows() for cell in row)


@pytest.mark.parametrize("text", DANGEROUS, ids=ascii)
def test_parquet_keeps_every_text_as_it_is(tmp_path, text):
    path = exported(tmp_path, ".parquet", ("a",), [(text,)])

    assert pq.read_table(path).column("a").to_pylist() == [text]


@pytest.mark.parametrize(
    "text",
    [
        "NA",
        "null",
        "None",
        "007",
        "1e5",
        "TRUE",
        LONG_ID,
        "http://x.invalid/",
        "mailto:a",
        "_x0041_",
        " a ",
        "2026-01-02",
    ],
)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_text_stays_that_text(tmp_path, suffix, text):
    path = exported(tmp_path, suffix, ("a", "b"), [(text, "x")])

    if suffix == ".xlsx":
        cell = openpyxl.load_workbook(path).active["A2"]
        assert (openpyxl.utils.escape.unescape(cell.value), cell.data_type, cell.hyperlink) == (text, "s", None)
        assert cell.number_format == "@"
    elif suffix == ".csv":
        assert read_csv(path)[1] == [text, "x"]
    else:
        assert pq.read_table(path).column("a").to_pylist() == [text]


def test_real_numbers_stay_numbers_and_too_exact_ones_become_texts(tmp_path):
    row = (-5, 2.5, 10**16, float("nan"), True)

    in_xlsx = read_xlsx(exported(tmp_path, ".xlsx", tuple("abcde"), [row]))[1]
    in_csv = read_csv(exported(tmp_path, ".csv", tuple("abcde"), [row]))[1]

    assert in_xlsx == [-5, 2.5, "10000000000000000", "nan", "True"]
    assert openpyxl.load_workbook(tmp_path / "list.xlsx").active["A2"].number_format == "General"
    assert in_csv == ["-5", "2.5", "10000000000000000", "nan", "True"]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "text", ["a\x00b\x01c\x1f", "\ud800 alone", "\ufffe\uffff", "line\r\nline\n", "x" * 40_000, "\U0001f600" * 20_000]
)
def test_no_text_makes_an_export_crash(tmp_path, suffix, text):
    path = exported(tmp_path, suffix, ("a", "b"), [(text, "x"), ("y", "z")])

    if suffix == ".xlsx":
        rows = read_xlsx(path)
        assert (rows[1][1], rows[2]) == ("x", ["y", "z"])
        assert len(rows[1][0].encode("utf-16-le")) // 2 <= 32_767
    elif suffix == ".csv":
        assert read_csv(path)[1:] == [[text.replace("\ud800", "\ufffd"), "x"], ["y", "z"]]
    else:
        assert pq.read_table(path).column("a").to_pylist() == [text.replace("\ud800", "\ufffd"), "y"]


def test_a_cell_longer_than_excel_holds_says_that_it_was_cut(tmp_path):
    path = exported(tmp_path, ".xlsx", ("a",), [("\U0001f600" * 20_000,)])

    assert read_xlsx(path)[1][0].endswith(
        "\U0001f600 [cut here: Excel holds no more in one cell; the .csv and .parquet exports hold all]"
    )


def test_an_xlsx_has_a_bold_frozen_header_and_a_filter_over_all_rows(tmp_path):
    path = exported(tmp_path, ".xlsx", ("a", "b"), [("1", "2"), ("3", "4")])

    sheet = openpyxl.load_workbook(path).active

    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:B3")
    assert all(cell.font.bold for cell in sheet[1])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_list_without_rows_is_a_header(tmp_path, suffix):
    path = exported(tmp_path, suffix, ("a", "b"), [])

    if suffix == ".parquet":
        assert (pq.read_table(path).column_names, pq.read_table(path).num_rows) == (["a", "b"], 0)
    else:
        assert (read_csv(path) if suffix == ".csv" else read_xlsx(path)) == [["a", "b"]]


def test_a_parquet_list_of_several_batches_comes_out_whole(tmp_path):
    path = exported(tmp_path, ".parquet", ("a", "b"), ((str(number), None) for number in range(45_000)))

    table = pq.read_table(path)

    assert table.column("a").to_pylist() == [str(number) for number in range(45_000)]
    assert pq.ParquetFile(path).num_row_groups > 1


def test_more_rows_than_excel_holds_are_refused_with_the_way_out(tmp_path):
    with pytest.raises(InputRefusedError, match=r"1,048,575 rows .*\.csv or \.parquet"):
        exported(tmp_path, ".xlsx", ("a",), repeat((None,)))

    assert list(tmp_path.iterdir()) == []


def test_exactly_as_many_rows_as_excel_holds_are_written(tmp_path):
    path = exported(tmp_path, ".xlsx", ("a",), repeat((None,), MAX_XLSX_ROWS))

    assert openpyxl.load_workbook(path).active.auto_filter.ref == "A1:A1048576"


@pytest.mark.parametrize("name", ["list.txt", "list", "list.xls", "list.xlsm"])
def test_another_suffix_is_refused_with_the_known_ones(tmp_path, name):
    with pytest.raises(UsageError, match=r"\.xlsx, \.csv, \.parquet"):
        export_message_list(tmp_path / name, ("a",), rows=[])


def test_a_suffix_in_capitals_is_understood(tmp_path):
    export_message_list(tmp_path / "LIST.CSV", ("a",), rows=[("x",)])

    assert read_csv(tmp_path / "LIST.CSV") == [["a"], ["x"]]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(NotFoundError, match="nowhere"):
        export_message_list(tmp_path / "nowhere" / "list.csv", ("a",), rows=[])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_export_that_fails_leaves_the_older_file_and_nothing_else(tmp_path, suffix):
    path = exported(tmp_path, suffix, ("a",), [("old",)])
    before = path.read_bytes()

    def rows():
        yield ("new",)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        export_message_list(path, ("a",), rows=rows())

    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_row_of_another_length_and_a_time_without_a_zone_are_mistakes(tmp_path, suffix):
    naive = dt.datetime(2026, 11, 22)  # noqa: DTZ001 - the mistake

    with pytest.raises(ValueError, match="cells"):
        exported(tmp_path, suffix, ("a", "b"), [("x",)])
    with pytest.raises(ValueError, match="zone"):
        exported(tmp_path, suffix, ("a",), [(naive,)])
