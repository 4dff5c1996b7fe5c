"""Rows of interaction files: a column at a time they are judged exactly as one by one, under the numbers people see."""

import csv
import random
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from tasks.interaction_checks import FileRules, judge_batch, loaded_row
from tasks.interaction_files import Batch, read_batches

NAMES = ("account", "user_id", "kind", "occurred_at", "event_id")
# Usual values, and those that people, spreadsheets and exports make of them.
VALUES = {
    "account": ["Acme", "100200300400500", " Acme ", "acme", "", None, "A\x00cme"],
    "user_id": ["2500", "7", "007", "NA", "null", "1e5", "2" * 32, "2" * 33, " 25 ", "\u200b25", "٢٥", "", None],
    "kind": ["message", "comment", "Message", " m_me ", "TRUE", "", None],
    "occurred_at": [
        "2026-05-04T10:00:00Z",
        "2026-05-04T10:00:00+02:00",
        "2026-05-04 10:00-05:30",
        "2026-05-04T10:00:00.5Z",
        "2026-05-04T10:00:00.123456+14:00",
        "2026-05-04T10:00:00.123456789Z",
        "2026-05-04T10:00:00",
        "2026-03-29T02:30:00",
        "2026-10-25T02:30:00",
        "2024-02-29T10:00:00Z",
        "2026-02-29T10:00:00Z",
        "2026-04-31T10:00:00Z",
        "2026-13-01T10:00:00Z",
        "2026-05-04T24:00:00Z",
        "2026-05-04T10:00:60Z",
        "2026-05-04T10:00:00+0200",
        "2026-05-04",
        "2000-01-01T00:00:00+05:00",
        "1999-12-31T23:59:59Z",
        "2001-01-01T00:00:00",
        "1777881600123",
        "1777881600",
        "0000000000001",
        "946684799999",
        "9999999999999",
        "yesterday",
        " 2026-05-04T10:00:00Z",
        "",
        None,
    ],
    "event_id": ["a", "m_AG5Hz2Uq7t", 'with "quotes", and commas', "e" * 500, "e" * 501, "é", " ", "", None, "a\x00b"],
}  # fmt: skip
ZONES = {
    "no zone": (None, None),
    "a zone by default": (None, "Europe/Berlin"),
    "a zone that was given": ("Europe/Berlin", None),
}


def rules_of(zones=(None, None)):
    return FileRules({"Acme": 1, "100200300400500": 1}, *zones)


def rows_of(judged):
    """Good rows, their times as moments, in the order of their texts: the odd ones come behind the plain ones."""
    rows = [row for table in judged.tables for row in zip(*table.to_pydict().values(), strict=True)]
    return sorted((*row[:3], moment(row[3]), row[4]) for row in rows)


def moment(value):
    read = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return read.astimezone(UTC)


def in_columns(rows, types=None):
    types = types or {}
    columns = {name: pa.array([row[name] for row in rows], types.get(name, pa.string())) for name in NAMES}
    return Batch(columns, len(rows), lambda place: place + 2)


def one_by_one(rows):
    filled = [(number, row) for number, row in enumerate(rows, start=2) if any(row.values())]
    return Batch({}, 0, lambda place: place, filled)


@pytest.mark.parametrize("zones", ZONES.values(), ids=ZONES)
def test_in_columns_rows_are_judged_as_one_by_one(zones):
    chance = random.Random(7)
    # Each odd value in a row that is good but for it, then rows of many odd values at once.
    rows = [{column: VALUES[column][0] for column in NAMES} | {name: value} for name in NAMES for value in VALUES[name]]
    rows += [{name: chance.choice(VALUES[name]) for name in NAMES} for _ in range(2000)]
    rows += [dict.fromkeys(NAMES, ""), dict.fromkeys(NAMES)]

    plain = judge_batch(in_columns(rows), rules_of(zones))
    careful = judge_batch(one_by_one(rows), rules_of(zones))

    assert plain.problems == careful.problems
    assert rows_of(plain) == rows_of(careful)
    assert plain.row_count == careful.row_count == len(rows) - sum(not any(row.values()) for row in rows)
    assert len(plain.problems) + len(rows_of(plain)) == plain.row_count


TYPES = {
    "whole numbers": ("user_id", pa.int64(), [25_000_000_000_000_001, 7, None]),
    "numbers with a point": ("user_id", pa.float64(), [7.0, 2.5, 25_000_000_000_000_001.0, None]),
    "a dictionary": ("kind", pa.dictionary(pa.int32(), pa.string()), ["message", "shout", None]),
    "yes and no": ("kind", pa.bool_(), [True, None]),
    "numbers as ids": ("event_id", pa.int64(), [5, 0, None]),
    "numbers with a point as ids": ("event_id", pa.float64(), [5.0, 5.5, None]),
    "no value at all": ("event_id", pa.null(), [None, None]),
    "milliseconds": ("occurred_at", pa.int64(), [1777881600123, 5, None]),
    "moments": (
        "occurred_at",
        pa.timestamp("ns", tz="Europe/Berlin"),
        [datetime(2026, 5, 4, 8, 0, 0, 5, tzinfo=UTC), datetime(1999, 12, 31, tzinfo=UTC), None],
    ),
    "local times": (
        "occurred_at",
        pa.timestamp("us"),
        [datetime.fromisoformat(f"2026-{day}T02:30") for day in ("05-04", "03-29", "10-25")],
    ),
}


@pytest.mark.parametrize("zones", ZONES.values(), ids=ZONES)
@pytest.mark.parametrize("name", TYPES)
def test_columns_of_other_types_are_judged_as_one_by_one(name, zones):
    column, kind, values = TYPES[name]
    rows = [{name: VALUES[name][0] for name in NAMES} | {column: value} for value in values]
    batch = in_columns(rows, {column: kind})

    plain = judge_batch(batch, rules_of(zones))
    careful = judge_batch(Batch({}, 0, batch.number_of, list(batch.rows(range(len(rows))))), rules_of(zones))

    assert (plain.problems, rows_of(plain)) == (careful.problems, rows_of(careful))


def test_a_time_beyond_the_calendar_is_a_bad_row():
    rows = [{name: VALUES[name][0] for name in NAMES} | {"occurred_at": 2**58}]

    judged = judge_batch(in_columns(rows, {"occurred_at": pa.timestamp("us", tz="UTC")}), rules_of())

    assert [number for number, _ in judged.problems] == [2]
    assert "no time that can be understood" in judged.problems[0][1]


def test_the_same_interaction_without_an_id_has_one_id_however_its_time_is_written():
    at = datetime(2026, 5, 4, 8, tzinfo=UTC)
    written = ["2026-05-04T10:00:00+02:00", "2026-05-04 08:00Z", str(int(at.timestamp() * 1000)), at]
    rows = [{name: VALUES[name][0] for name in NAMES[:3]} | {"occurred_at": one, "event_id": ""} for one in written]

    by_row = {loaded_row(row, rules_of()).event_id for row in rows}
    by_column = judge_batch(in_columns(rows[:3]), rules_of()).tables[0]["event_id"].to_pylist()

    assert len(by_row | set(by_column)) == 1


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_file_has_the_rows_and_numbers_that_its_plain_reader_sees(tmp_path, ending, separator):
    chance = random.Random(11)
    kinds = [
        ["Acme", "7", "message", "2026-05-04T10:00:00Z", "a"],
        ["Acme", "7", "message"],
        [],
        [""] * 5,
        ["NA", "null", "None", "007", "1e5", "too many"],
        ["two\nlines", 'a "quote"', separator, " ", ""],
        ["é" * 40, "\U0001f600", "", "", ""],
    ]
    lines = [list(NAMES), *(chance.choice(kinds) for _ in range(3000))]
    path = tmp_path / "rows.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=separator, lineterminator=ending).writerows(lines)
    with path.open(encoding="utf-8-sig", newline="") as file:
        records = list(csv.reader(file, delimiter=separator))[1:]

    read = {}
    for batch in read_batches(path):
        read |= dict(batch.rows(range(batch.size))) | dict(batch.others)

    expected = {
        number: dict(zip(NAMES, record, strict=False)) for number, record in enumerate(records, start=2) if any(record)
    }
    assert {number: row for number, row in read.items() if any(row.values())} == expected
