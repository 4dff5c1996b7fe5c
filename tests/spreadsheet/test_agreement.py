"""The second reader: what it must agree on, what it may see otherwise, and that a difference refuses the file."""

import threading
import time

import pytest

from clients.spreadsheet.limits import UnreadableError
from clients.spreadsheet.row_trace import CarefulRow, TraceWriter
from clients.spreadsheet.second_reader import compare_with_second_reader
from domain.problem import Finding

ROWS = [["user_id", "name"], ["12345", "Ann"], ["12346", "Bob"]]
SHEET = "Recipients"


def told(number, *cells):
    """A row that the first reader tells in full."""
    return (number, cells)


def by_id(number, user_id, *, has_finding=False):
    """A row that the first reader tells by its id alone."""
    return CarefulRow(number, user_id, has_finding)


def write_trace(path, rows, *, sheet=SHEET, ignored=(), each=False):
    with path.open("ab") as file:
        trace = TraceWriter(file)
        trace.begin(sheet)
        trace.read_columns([0, 1], ignored=ignored)
        for row in rows:
            if isinstance(row, CarefulRow):
                trace.add_careful(row)
            else:
                trace.add([row[0]], [[cell] for cell in row[1]])
            if each:
                trace.flush()
        trace.end()
    return path


BOTH = [told(2, "12345", "Ann"), told(3, "12346", "Bob")]
AGREEING = {
    "the same": (ROWS, BOTH),
    "ids alone": (ROWS, [by_id(2, "12345"), by_id(3, "12346")]),
    "one row in full and one by its id": (ROWS, [told(2, "12345", "Ann"), by_id(3, "12346")]),
    "a row of findings that the other does not see": (ROWS, [*BOTH, by_id(9, None, has_finding=True)]),
    "findings between": (
        [*ROWS, [], ["12347"]],
        [*BOTH, by_id(4, None, has_finding=True), told(5, "12347", "")],
    ),
    "an id with a finding": (ROWS, [by_id(2, None, has_finding=True), by_id(3, "12346")]),
    "invisible characters": ([ROWS[0], ["\u200b12345 ", "x"], [" \u00a0", ""]], [by_id(2, "12345")]),
    "a gap": ([ROWS[0], [], ["12345", "Ann"], [], [], ["12346", "Bob"]], [told(3, "12345", "Ann"), told(6, *ROWS[2])]),
    "halves of a character": ([ROWS[0], ["12345", "_xD83D__xDE00_"]], [told(2, "12345", "\U0001f600")]),
    "ids alone in a row with nothing else": ([ROWS[0], ["12345"]], [told(2, "12345", "")]),
}


@pytest.mark.parametrize("each", [False, True], ids=["in one record", "in a record each"])
@pytest.mark.parametrize("case", AGREEING)
def test_both_readers_agree(xlsx, tmp_path, case, each):
    rows, trace = AGREEING[case]

    compare_with_second_reader(xlsx(rows), write_trace(tmp_path / "trace", trace, each=each))


DIFFERING = {
    "another id": (ROWS, [by_id(2, "12345"), by_id(3, "99999")]),
    "another id among rows in full": (ROWS, [told(2, "12345", "Ann"), told(3, "99999", "Bob")]),
    "another value": (ROWS, [told(2, "12345", "Ann"), told(3, "12346", "Eve")]),
    "a value that the other does not see": (ROWS, [told(2, "12345", "Ann"), told(3, "12346", "")]),
    "values of two rows changed over": (ROWS, [told(2, "12345", "Bob"), told(3, "12346", "Ann")]),
    "a row more": (ROWS, [told(2, "12345", "Ann")]),
    "a row more between": (ROWS, [told(3, "12346", "Bob")]),
    "a row less": (ROWS, [by_id(2, "12345"), by_id(3, "12346"), by_id(4, "12347")]),
    "a row less among rows in full": (ROWS, [*BOTH, told(4, "12347", "Eve")]),
    "another number": (ROWS, [told(2, "12345", "Ann"), told(4, "12346", "Bob")]),
    "nothing": (ROWS, []),
}


@pytest.mark.parametrize("each", [False, True], ids=["in one record", "in a record each"])
@pytest.mark.parametrize("case", DIFFERING)
def test_readers_that_differ_refuse_the_file(xlsx, tmp_path, case, each):
    rows, trace = DIFFERING[case]

    with pytest.raises(UnreadableError) as caught:
        compare_with_second_reader(xlsx(rows), write_trace(tmp_path / "trace", trace, each=each))

    (problem,) = caught.value.problems
    assert problem.finding is Finding.READERS_DISAGREE
    assert "Two readers do not agree" in problem.text


def test_a_sheet_that_the_second_reader_does_not_find_refuses_the_file(xlsx, tmp_path):
    with pytest.raises(UnreadableError) as caught:
        compare_with_second_reader(xlsx(ROWS), write_trace(tmp_path / "trace", BOTH, sheet="Other"))

    assert [problem.finding for problem in caught.value.problems] == [Finding.READERS_DISAGREE]


def test_ids_stored_as_numbers_are_the_same_and_changed_ones_are_not(xlsx, tmp_path):
    rows = "".join(
        f'<row r="{number}"><c r="A{number}"><v>1234{number}</v></c>'
        f'<c r="B{number}" t="inlineStr"><is><t>Ann</t></is></c></row>'
        for number in (1, 2, 3)
    )
    same = write_trace(tmp_path / "same", [told(2, "12342", "Ann"), told(3, "12343", "Ann")])
    changed = write_trace(tmp_path / "changed", [told(2, "12342", "Ann"), told(3, "12344", "Ann")])

    compare_with_second_reader(xlsx(rows), same)
    with pytest.raises(UnreadableError):
        compare_with_second_reader(xlsx(rows), changed)


def test_columns_of_ours_may_hold_what_they_like(xlsx, tmp_path):
    path = xlsx([*ROWS, ["", "", "sent"]])
    trace = write_trace(tmp_path / "trace", BOTH, ignored=[2])

    compare_with_second_reader(path, trace)


def test_the_second_reader_waits_for_a_trace_that_grows(xlsx, tmp_path):
    path = tmp_path / "trace"
    path.touch()
    whole = write_trace(tmp_path / "whole", BOTH, each=True).read_bytes()

    def grow():
        for start in range(0, len(whole), 25):
            with path.open("ab") as file:
                file.write(whole[start : start + 25])
            time.sleep(0.001)

    growing = threading.Thread(target=grow)
    growing.start()
    compare_with_second_reader(xlsx(ROWS), path)
    growing.join()

    assert path.read_bytes() == whole


def test_columns_are_compared_where_they_stand(xlsx, read, rows_of):
    rows = '<row r="1"><c r="C1" t="inlineStr"><is><t>x</t></is></c></row><row r="4"><c r="C4"><v>12345</v></c></row>'

    result = read(xlsx(rows))

    assert (result.header, rows_of(result)) == (("", "x"), [("4", r"\N", r"\N", '{"12345"}')])
