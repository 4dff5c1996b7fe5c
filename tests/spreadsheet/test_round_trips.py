"""Whatever is written into a recipients sheet is read back: nothing lost, nothing changed but as the rules say."""

import csv
import datetime as dt
import io
import json
import os
import re
import tempfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.spreadsheet import ReadFile
from clients.spreadsheet.child import UPLOAD_FILE, read_upload
from clients.spreadsheet.limits import ReadingJob
from clients.spreadsheet.recipients import result_of
from domain.recipients_file import INVISIBLE_CHARACTERS
from spreadsheet.workbook_parts import values_in

# No deadline: other work on the machine must fail no test. On a build machine the examples are always the same ones.
SETTINGS = settings(
    max_examples=60,
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)

ODD_TEXTS = [
    "NA", "null", "None", "nan", "TRUE", "1-2", "007", "1.0", "1E5", "=1+1", "+1", "@x", "'x", '"', '""', "\\", "\\N",
    "{a,b}", "NULL", ",", ";", "\t", "a\tb", "a\nb", "a\r\nb", "a\rb", " a ", "é", "e\u0301", "👨‍👩‍👧", "Nguyễn",
    "שלום", "مرحبا", "\u202eabc", "10\u00a0€", "<b>&amp;</b>", "]]>", "sep=;", "\uff11\uff12", "\U0010ffff",
    "x" * 32_767, "#N/A", "EXAMPLE",
]  # fmt: skip
# What a cell may hold: no control characters, no halves of characters, nothing that XML has no place for.
CHARACTERS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
TEXTS = st.one_of(st.sampled_from(ODD_TEXTS), st.text(st.one_of(CHARACTERS, st.sampled_from("\n\t,;\"'")), max_size=30))
# openpyxl does not write these codes as Excel does, which shows the letter that they stand for.
CODES = re.compile(r"_x[0-9a-fA-F]{4}_")


@dataclass(frozen=True)
class Decimals:
    """A number with a few decimal places."""

    digits: int
    places: int

    @property
    def number(self) -> float:
        return self.digits / 10**self.places


NUMBERS = st.builds(Decimals, st.integers(-(10**11), 10**11), st.integers(0, 4))
MOMENTS = st.datetimes(dt.datetime.fromisoformat("1901-01-01"), dt.datetime.fromisoformat("2999-12-31")).map(
    lambda moment: moment.replace(microsecond=0)
)
VALUES = st.one_of(st.none(), TEXTS, st.integers(-(10**14), 10**14), NUMBERS, st.booleans(), st.dates(
    dt.date.fromisoformat("1901-01-01"), dt.date.fromisoformat("2999-12-31")), MOMENTS)  # fmt: skip
ID_TEXTS = st.text("0123456789", min_size=5, max_size=20)
IDS = st.one_of(ID_TEXTS, st.integers(10_000, 10**15 - 1), st.none())


@st.composite
def sheets(draw, values=VALUES, ids=IDS):
    width = draw(st.integers(1, 5))
    rows = draw(st.lists(st.tuples(ids, *[values] * width), max_size=8))
    # A first row that is whole, so that there is a recipient whatever the others are.
    return [("12345", *["x"] * width), *rows]


def shown(value) -> str | None:
    """Give what a spreadsheet shows for a value, by the rules of number_text.py and clean_cells.py."""
    match value:
        case None:
            return None
        case bool():
            return "TRUE" if value else "FALSE"
        case dt.datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case dt.date():
            return value.isoformat()
        case Decimals():
            text = format(Decimal(value.digits).scaleb(-value.places), "f")
            return text.rstrip("0").rstrip(".") if "." in text else text
        case int():
            return str(value)
    text = re.sub("\r\n?", "\n", value).strip()
    return text if re.sub(f"[{INVISIBLE_CHARACTERS}]", "", text).strip() else None


def expected(rows):
    """Give the rows that must be read: number, id, values. A row that shows nothing is blank."""
    read = [(number, shown(row[0]), [shown(value) for value in row[1:]]) for number, row in enumerate(rows, start=2)]
    return [(number, user_id, values) for number, user_id, values in read if user_id or any(values)]


def header_of(rows):
    return ["user_id", *(f"column {place}" for place in range(1, len(rows[0])))]


def read_back(content: bytes, extension: str):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / UPLOAD_FILE).write_bytes(content)
        answer = json.loads(json.dumps(read_upload(folder, ReadingJob(extension))))
        result = result_of(answer, folder, sha256="", byte_count=len(content), seconds={})
        assert isinstance(result, ReadFile), [problem.text for problem in result.problems]
        return result.header, result.problem_count, values_in(result)


def by_openpyxl(rows) -> bytes:
    book = openpyxl.Workbook()
    book.active.append(header_of(rows))
    for number, row in enumerate(rows, start=2):
        for column, value in enumerate(row, start=1):
            cell = book.active.cell(number, column, value.number if isinstance(value, Decimals) else value)
            if isinstance(value, str):
                cell.data_type = "s"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def by_xlsxwriter(rows, **options) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, **options}) as book:
        page = book.add_worksheet()
        day, moment = (book.add_format({"num_format": code}) for code in ("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"))
        page.write_row(0, 0, header_of(rows))
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                match value:
                    case None:
                        pass
                    case bool():
                        page.write_boolean(number, column, value)
                    case dt.datetime():
                        page.write_datetime(number, column, value, moment)
                    case dt.date():
                        page.write_datetime(number, column, value, day)
                    case str():
                        page.write_string(number, column, value)
                    case _:
                        page.write_number(number, column, value.number if isinstance(value, Decimals) else value)
    return buffer.getvalue()


@SETTINGS
@given(rows=sheets(values=VALUES.filter(lambda value: not (isinstance(value, str) and CODES.search(value)))))
def test_what_openpyxl_writes_is_read_back(rows):
    assert read_back(by_openpyxl(rows), ".xlsx") == (tuple(header_of(rows)), 0, expected(rows))


@SETTINGS
@given(rows=sheets(), uses_1904=st.booleans())
def test_what_xlsxwriter_writes_is_read_back(rows, uses_1904):
    early = dt.date.fromisoformat("1904-01-02")
    rows = [[early if uses_1904 and _is_before_1904(value) else value for value in row] for row in rows]

    content = by_xlsxwriter(rows, date_1904=uses_1904)

    assert read_back(content, ".xlsx") == (tuple(header_of(rows)), 0, expected(rows))


def _is_before_1904(value) -> bool:
    return isinstance(value, dt.date) and value.year < 1905


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@SETTINGS
@given(
    rows=sheets(values=st.one_of(st.none(), TEXTS), ids=st.one_of(ID_TEXTS, st.none())),
    delimiter=st.sampled_from(",;\t"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    quotes_all=st.booleans(),
    names_separator=st.booleans(),
)
def test_what_the_csv_module_writes_is_read_back(encoding, rows, delimiter, end, quotes_all, names_separator):
    # The csv module of Python 3.11 leaves line ends of other kinds than its own without quotes.
    quoting = csv.QUOTE_ALL if quotes_all or end != "\r\n" else csv.QUOTE_MINIMAL
    text = io.StringIO(newline="")
    text.write(f"sep={delimiter}{end}" if names_separator else "")
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows([header_of(rows), *rows])

    result = read_back(text.getvalue().encode(encoding), ".csv")

    assert result == (tuple(header_of(rows)), 0, expected(rows))


def test_no_row_is_lost_at_the_seams_of_the_reading():
    rows = [(str(10_000 + place), "x" * (place % 977), "é" * (place % 89)) for place in range(5_000)]

    text = "\r\n".join(f'{user_id},"{one}",{other}' for user_id, one, other in rows)

    assert read_back(by_xlsxwriter(rows), ".xlsx")[2] == expected(rows)
    assert read_back(f"user_id,a,b\r\n{text}".encode(), ".csv")[2] == expected(rows)
