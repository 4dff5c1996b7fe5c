"""The header of a file against the header of its template's workbook: every kind of difference, all of them at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.problem import Finding, ProblemCode
from validations.header import FoundRow, header_problems

EXPECTED = ("user_id", "name", "city")


def _cells(count: int) -> list[str]:
    return [f"{chr(ord('A') + place)}1" for place in range(count)]


COMMAND = "windowcast templates workbook sale --language en --version 3 --output sale.xlsx"


def _problems(header, expected=EXPECTED, first_rows=()):
    return header_problems(
        header, cells=_cells(len(header)), expected=expected, workbook_command=COMMAND, first_rows=first_rows
    )


def _found(header, expected=EXPECTED):
    return [(problem.finding, problem.column, problem.facts.get("cell")) for problem in _problems(header, expected)]


def test_the_header_of_the_workbook_is_right():
    assert _problems(list(EXPECTED)) == []


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param(["user_id", "Name", "city"], [(Finding.HEADER_CELL_CHANGED, "name", "B1")], id="another case"),
        pytest.param(["user id", "name", "city"], [(Finding.HEADER_CELL_CHANGED, "user_id", "A1")], id="a blank in it"),
        pytest.param(["user_id", "name", "ctiy"], [(Finding.HEADER_CELL_CHANGED, "city", "C1")], id="a slip"),
        pytest.param(["user_id", "", "city"], [(Finding.HEADER_CELL_CHANGED, "name", "B1")], id="an emptied cell"),
        pytest.param(["user_id", "name"], [(Finding.HEADER_COLUMN_MISSING, "city", "C")], id="a missing column"),
        pytest.param(
            ["user_id", "name", "city", "remark"],
            [(Finding.HEADER_COLUMN_UNEXPECTED, "remark", "D1")],
            id="a column too many",
        ),
        pytest.param(
            ["user_id", "name", "city", ""],
            [(Finding.HEADER_COLUMN_UNEXPECTED, None, "D1")],
            id="a column without a name",
        ),
        pytest.param(
            ["user_id", "name", "city", "name"],
            [(Finding.HEADER_COLUMN_DOUBLED, "name", "D1")],
            id="a column that stands there twice",
        ),
        pytest.param(
            ["user_id", "city", "name"],
            [(Finding.HEADER_ORDER, "name", "B1"), (Finding.HEADER_ORDER, "city", "C1")],
            id="two columns exchanged",
        ),
        pytest.param(["4711", "Ann", "Rome"], [(Finding.NO_HEADER, None, None)], id="a row where the header should be"),
        pytest.param([], [(Finding.NO_HEADER, None, None)], id="nothing at all"),
        pytest.param(
            ["User_ID", "name", "remark", "name"],
            [
                (Finding.HEADER_COLUMN_DOUBLED, "name", "D1"),
                (Finding.HEADER_CELL_CHANGED, "user_id", "A1"),
                (Finding.HEADER_COLUMN_MISSING, "city", "C"),
                (Finding.HEADER_COLUMN_UNEXPECTED, "remark", "C1"),
            ],
            id="several things at once",
        ),
    ],
)
def test_what_is_wrong_with_a_header_is_named_with_its_cell(header, expected):
    assert _found(header) == expected


def test_the_cases_cover_every_finding_about_headers():
    of_headers = {finding for finding in Finding if finding.name.startswith(("HEADER_", "NO_HEADER"))}
    headers = (["user_id", "Name"], ["user_id", "city", "name"], ["x"], ["user_id", "name", "name", "city", "more"])

    assert {problem.finding for header in headers for problem in _problems(header)} == of_headers


def test_a_doubled_column_names_both_cells():
    (problem,) = _problems(["user_id", "name", "city", "name"])

    assert "in cells B1 and D1" in problem.text


def test_a_missing_column_far_to_the_right_is_named_as_a_spreadsheet_names_it():
    expected = ["user_id", *(f"column{number}x" for number in range(30))]

    problems = _problems(["user_id"], expected)

    assert problems[-1].facts["cell"] == "AE"


def test_each_problem_of_a_header_stands_in_row_one_and_reads_as_a_sentence():
    problems = _problems(["User_ID", "name", "remark", "name"])

    assert len({problem.finding for problem in problems}) == 4
    for problem in problems:
        assert problem.row_number == 1
        assert problem.code is ProblemCode.BAD_HEADER
        assert problem.text.endswith(".")


@pytest.mark.parametrize(
    ("header", "first_rows", "found", "advice"),
    [
        pytest.param(
            ["Spring sale", "", ""],
            [FoundRow(3, EXPECTED), FoundRow(4, ("4711", "Ann", "Rome"))],
            "row 1: Spring sale; row 3: user_id, name, city; row 4: 4711, Ann, Rome",
            "the header stands in row 3: delete what is above it",
            id="a title above it",
        ),
        pytest.param(
            ["Kennung", "Name", "Stadt"],
            [FoundRow(2, EXPECTED)],
            "row 1: Kennung, Name, Stadt; row 2: user_id, name, city",
            "the header stands in row 2: delete what is above it",
            id="two lines of header",
        ),
        pytest.param(
            ["4711", "Ann", "Rome"],
            [FoundRow(2, ("4712", "Ben", "x" * 40)), FoundRow(3, ("", "", ""))],
            f"row 1: 4711, Ann, Rome; row 2: 4712, Ben, {'x' * 29}\u2026; row 3: nothing",
            "write the header into row 1",
            id="none at all",
        ),
        pytest.param([], [], "row 1: nothing", "write the header into row 1", id="an empty sheet"),
    ],
)
def test_a_header_that_is_not_in_row_one_is_looked_for_and_the_first_rows_are_shown(header, first_rows, found, advice):
    (problem,) = _problems(header, first_rows=first_rows)

    assert problem.finding is Finding.NO_HEADER
    assert problem.text == (
        f"Row 1 should hold the header user_id, name, city, but the file begins with {found}; {advice}, or get a fresh "
        f"workbook with `{COMMAND}` and paste the rows into it."
    )


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(["user_id", "Name", "city"], id="changed"),
        pytest.param(["user_id", "name"], id="missing"),
        pytest.param(["user_id", "name", "city", "remark"], id="one too many"),
        pytest.param(["user_id", "name", "city", "name"], id="twice"),
        pytest.param(["user_id", "city", "name"], id="another order"),
        pytest.param(["x"], id="no header"),
    ],
)
def test_every_sentence_about_a_header_says_how_to_get_a_fresh_workbook(header):
    assert all(f"a fresh workbook with `{COMMAND}`" in problem.text for problem in _problems(header))


@given(header=st.lists(st.sampled_from(["user_id", "name", "city", "Name", "town", "", "x"]), max_size=7))
def test_any_header_but_the_right_one_has_a_problem(header):
    assert (_problems(header) == []) is (header == list(EXPECTED))
