"""The second reader: what it must agree on, what it may see otherwise, and that a difference refuses the file."""

import pytest

from clients.spreadsheet.copy_files import RowTrace
from clients.spreadsheet.limits import UnreadableError
from clients.spreadsheet.second_reader import compare_with_second_reader
from domain.problem import Finding

ROWS = [["user_id", "name"], ["12345", "Ann"], ["12346", "Bob"]]


def trace_of(rows, uncertain=()):
    trace = RowTrace(uncertain=set(uncertain))
    for number, cells in rows:
        trace.add(number, cells[0], hash("\n".join(cells)) if len(cells) > 1 else 0)
    return trace


AGREEING = {
    "the same": (ROWS, trace_of([(2, ["12345", "Ann"]), (3, ["12346", "Bob"])])),
    "ids alone": (ROWS, trace_of([(2, ["12345"]), (3, ["12346"])])),
    "a row of findings that the other does not see": (
        ROWS,
        trace_of([(2, ["12345"]), (3, ["12346"]), (9, [None])], {9}),
    ),
    "findings between": (
        [*ROWS, [], ["12347"]],
        trace_of([(2, ["12345"]), (3, ["12346"]), (4, [None]), (5, ["12347"])], {4}),
    ),
    "an id with a finding": (ROWS, trace_of([(2, [None]), (3, ["12346"])], {2})),
    "invisible characters": ([ROWS[0], ["\u200b12345 ", "x"], [" \u00a0", ""]], trace_of([(2, ["12345"])])),
}


@pytest.mark.parametrize("case", AGREEING)
def test_both_readers_agree(xlsx, case):
    rows, trace = AGREEING[case]

    compare_with_second_reader(xlsx(rows), "Recipients", [0, 1], trace)


DIFFERING = {
    "another id": (ROWS, trace_of([(2, ["12345"]), (3, ["99999"])])),
    "another value": (ROWS, trace_of([(2, ["12345", "Ann"]), (3, ["12346", "Eve"])])),
    "a row more": (ROWS, trace_of([(2, ["12345"])])),
    "a row less": (ROWS, trace_of([(2, ["12345"]), (3, ["12346"]), (4, ["12347"])])),
    "another number": (ROWS, trace_of([(2, ["12345"]), (4, ["12346"])])),
    "nothing": (ROWS, trace_of([])),
    "no such sheet": (None, trace_of([])),
}


@pytest.mark.parametrize("case", DIFFERING)
def test_readers_that_differ_refuse_the_file(xlsx, case):
    rows, trace = DIFFERING[case]

    with pytest.raises(UnreadableError) as caught:
        compare_with_second_reader(xlsx(rows or ROWS), "Recipients" if rows else "Other", [0, 1], trace)

    (problem,) = caught.value.problems
    assert problem.finding is Finding.READERS_DISAGREE
    assert "Two readers do not agree" in problem.text


def test_columns_are_compared_where_they_stand(xlsx, read, rows_of):
    rows = '<row r="1"><c r="C1" t="inlineStr"><is><t>x</t></is></c></row><row r="4"><c r="C4"><v>12345</v></c></row>'

    result = read(xlsx(rows))

    assert (result.header, rows_of(result)) == (("", "x"), [("4", r"\N", r"\N", '{"12345"}')])
