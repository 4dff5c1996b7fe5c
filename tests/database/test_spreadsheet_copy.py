"""What the spreadsheet door writes, loaded by Postgres itself: the same values come back."""

import openpyxl
import psycopg
import pytest

from clients.spreadsheet import read_recipients

NASTY = [
    'say "hi"',
    "back\\slash",
    "ends in \\",
    '\\"both\\"',
    "\\\\\\",
    "\\N",
    "\\.",
    "\\n is no line end",
    "{a,b}",
    "{}",
    ",",
    "NULL",
    "null",
    "tab\there",
    "two\nlines",
    "'; DROP TABLE rows; --",
    "$(name) %(name)s %s",
    "Zoë 😀 👨‍👩‍👧 e\u0301",
    "a\u2028b\u0301",
    "x" * 32_767,
]
ROWS = [["user_id", "a", "b"], *([str(10_000 + number), value, value[::-1]] for number, value in enumerate(NASTY))]


def as_xlsx(path):
    book = openpyxl.Workbook()
    for row in ROWS:
        book.active.append(row)
    for cells in book.active.iter_rows():
        for cell in cells:
            cell.data_type = "s"
    book.save(path.with_suffix(".xlsx"))
    return path.with_suffix(".xlsx")


def as_csv(path):
    quoted = [[f'"{value.replace(chr(34), chr(34) * 2)}"' for value in row] for row in ROWS]
    path.with_suffix(".csv").write_text("".join(f"{','.join(row)}\r\n" for row in quoted), newline="", encoding="utf-8")
    return path.with_suffix(".csv")


def load(connection, result):
    connection.execute("CREATE TEMP TABLE rows (row_number int, typed_user_id text, user_id text, cells text[])")
    connection.execute("CREATE TEMP TABLE problems (row_number int, column_name text, finding text, facts jsonb)")
    for table, path in (("rows", result.rows_file), ("problems", result.problems_file)):
        with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
            copy.write(path.read_bytes())
    rows = connection.execute("SELECT * FROM rows ORDER BY row_number").fetchall()
    return rows, connection.execute("SELECT * FROM problems ORDER BY row_number").fetchall()


@pytest.mark.parametrize("write", [as_xlsx, as_csv])
def test_nasty_values_come_back_the_same(database, tmp_path, write):
    folder = tmp_path / "upload"
    folder.mkdir()

    result = read_recipients(write(tmp_path / "list"), folder=folder)
    with psycopg.connect(database) as connection:
        rows, problems = load(connection, result)

    assert [row[0] for row in rows] == list(range(2, len(NASTY) + 2))
    assert [row[1:3] for row in rows] == [(str(10_000 + number),) * 2 for number in range(len(NASTY))]
    assert [row[3] for row in rows] == [[value, value[::-1]] for value in NASTY]
    assert problems == []


def test_bad_cells_gaps_and_late_columns_come_back_as_nulls_with_their_problems(database, tmp_path):
    book = openpyxl.Workbook()
    for row in (
        ["user_id", None, 'na"me\t'],
        [12345678901234567890, None, "a\\"],
        ["1.23E+16", None, "#N/A"],
        [" \u200b10001\n", None, None, None, 'far "away"\\'],
        [None, None, "x\\y"],
    ):
        book.active.append(row)
    book.save(tmp_path / "list.xlsx")
    folder = tmp_path / "upload"
    folder.mkdir()

    result = read_recipients(tmp_path / "list.xlsx", folder=folder)
    with psycopg.connect(database) as connection:
        rows, problems = load(connection, result)

    assert result.header == ("user_id", 'na"me', "")
    assert rows == [
        (2, "12345678901234570000", None, ["a\\", None]),
        (3, "1.23E+16", None, [None, None]),
        (4, " \u200b10001\n", "10001", [None, 'far "away"\\']),
        (5, None, None, ["x\\y", None]),
    ]
    assert problems == [
        (2, "user_id", "id_stored_as_number", {"found": "12345678901234570000"}),
        (3, "user_id", "id_stored_as_number", {"found": "1.23E+16"}),
        (3, 'na"me', "cell_error", {"found": "#N/A"}),
    ]
