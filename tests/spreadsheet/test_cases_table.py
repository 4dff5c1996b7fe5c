"""Every case S1 to S55 is tried: its files are made, read in the child, and answered with the sentence of the table."""

import json

import pytest

from clients.spreadsheet import ReadFile, UnreadableFile, read_recipients
from domain.problem import Finding, Problem
from domain.recipient_rules import ADDED_KINDS, FINDINGS_OF
from factories import TIMING
from spreadsheet.cases import EXAMPLES, SENTENCES
from spreadsheet.workbook_parts import values_in
from spreadsheet.write_cases import PAGE, page
from tasks.intake import plan_submission

CASES = [f"S{number}" for number in range(1, 56)]


def named(examples):
    return [pytest.param(example, id=f"{example.case} {example.what}") for example in examples]


def row_problems(result: ReadFile) -> list[Problem]:
    lines = [line.split("\t") for line in result.problems_file.read_text("utf-8").split("\n")[:-1]]
    return [Problem(Finding(found), int(row), column, json.loads(facts)) for row, column, found, facts in lines]


def first(problems):
    return (problems[0].finding, problems[0].row_number, problems[0].text) if problems else None


@pytest.mark.parametrize("example", named(example for example in EXAMPLES if example.finding and not example.plans))
def test_a_file_or_row_that_cannot_be_used_is_answered_with_its_sentence(tmp_path, example):
    folder = tmp_path / "reading"
    folder.mkdir()

    result = read_recipients(example.make(tmp_path), folder=folder, **example.options)

    problems = result.problems if isinstance(result, UnreadableFile) else row_problems(result)
    assert first(problems) == (example.finding, example.row, example.sentence)


@pytest.mark.parametrize("example", named(example for example in EXAMPLES if not example.finding and not example.plans))
def test_a_file_that_can_be_used_is_read_whole(tmp_path, example):
    folder = tmp_path / "reading"
    folder.mkdir()

    result = read_recipients(example.make(tmp_path), folder=folder, **example.options)

    assert isinstance(result, ReadFile), result.problems[0].text
    assert tuple((user_id, *cells) for _, user_id, cells in values_in(result)) == example.values
    assert (result.remarks, result.problem_count) == (example.remarks, 0)


@pytest.mark.parametrize("example", named(example for example in EXAMPLES if example.plans))
def test_what_the_header_and_the_rows_say_is_judged_by_the_whole_check(world_18, tmp_path, example):
    submission = world_18.submission(
        world_18.account(), world_18.template(tmp_path, code="spring"), file=example.make(tmp_path)
    )
    folder = tmp_path / "reading"
    folder.mkdir()

    plan = plan_submission(world_18.connection, submission, folder=folder, timing=TIMING)

    found = first(plan.problems)
    assert found == ((example.finding, example.row, example.sentence) if example.finding else None)
    assert plan.remarks == example.remarks


def test_every_case_is_tried():
    assert sorted({example.case for example in EXAMPLES}, key=CASES.index) == CASES


def test_each_example_has_a_name_of_its_own_and_each_refusal_its_sentence():
    assert len({example.what for example in EXAMPLES}) == len(EXAMPLES)
    assert set(SENTENCES) == {example.what for example in EXAMPLES if example.finding}


def test_the_examples_show_every_finding_about_a_file():
    of_templates = {finding for kind in ADDED_KINDS for finding in FINDINGS_OF[kind]}
    # What happens to a reading whatever the file is: test_child.py.
    of_readings = {Finding.READER_STOPPED, Finding.CHANGED_WHILE_READ}

    assert {example.finding for example in EXAMPLES if example.finding} == set(Finding) - of_templates - of_readings


@pytest.mark.parametrize(
    "word", ["Traceback", "Error", "calamine", "openpyxl", "expat", "pandas", "None", "sha256", "{"]
)
def test_no_sentence_speaks_of_what_only_programmers_know(word):
    assert [sentence for sentence in SENTENCES.values() if word in sentence] == []


def test_the_page_of_cases_is_the_table():
    assert PAGE.read_text("utf-8") == page()
