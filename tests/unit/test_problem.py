"""Problems: what is found, the code it counts under, and the sentence for people."""

import pytest

from domain.problem import FINDINGS, Finding, Problem, ProblemCode
from domain.reasons import Reason

# These are about a whole file, so no message can have them as its reason.
OF_THE_FILE = {ProblemCode.UNREADABLE_FILE, ProblemCode.NO_RECIPIENTS}


def test_every_code_is_the_code_of_some_finding():
    assert {code for code, _ in FINDINGS.values()} == set(ProblemCode)


def test_every_code_of_a_row_is_a_reason_too():
    assert {code for code in ProblemCode if str(code) not in list(Reason)} == OF_THE_FILE


def test_a_problem_counts_under_the_code_of_its_finding():
    assert Problem(Finding.ID_MISSING, 7, "user_id").code is ProblemCode.MISSING_VALUE


def test_a_sentence_holds_the_facts_and_the_column():
    problem = Problem(Finding.VALUE_STORED_AS_LONG_NUMBER, 12, "order", {"found": "12345678901234567"})

    assert "The cell under order is a number of more than 15 digits (12345678901234567)" in problem.text


@pytest.mark.parametrize("found", ["{column}", "{", "%s", "{0.__class__}"])
def test_what_stood_in_a_cell_is_never_read_as_part_of_the_sentence(found):
    problem = Problem(Finding.ID_BAD_SHAPE, 2, "user_id", {"found": found})

    assert f"The user_id {found} is not 5 to 20 digits" in problem.text


def test_a_problem_without_its_facts_is_a_fault():
    with pytest.raises(KeyError):
        _ = Problem(Finding.ID_BAD_SHAPE, 2, "user_id").text


def test_two_findings_never_have_the_same_sentence():
    assert len({text for _, text in FINDINGS.values()}) == len(Finding)
