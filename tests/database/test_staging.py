"""From the reader's files to staged rows and their problems."""

import re

import psycopg
import pytest

from clients.spreadsheet import ReadFile
from domain.recipients_file import USER_ID_PATTERN
from domain.template import TEXT_LIMITS, Channel
from factories import user_id, write_table
from spreadsheet.case_files import utf_16_part
from sql import query
from tasks.intake import take_list
from tasks.staging import find_row_problems, list_problems, stage_list
from tasks.submission import find_target

HEADER = ("user_id", "name", "city")


def problems_of(world, tmp_path, rows):
    """Stage the rows of a workbook and return (row number, column, code, facts) of every problem, in order."""
    account, template = world.account(), world.template(tmp_path, text="Hello $(name) of $(city)!")
    submission = world.submission(account, template, file=write_table(tmp_path / "list.xlsx", [HEADER, *rows]))
    target = find_target(world.connection, submission)
    folder = tmp_path / "reading"
    folder.mkdir()
    campaign_id, given = take_list(world.connection, submission, target=target, folder=folder)
    for _ in range(2):  # staging may be repeated
        assert stage_list(world.connection, campaign_id, target=target, given=given)
    find_row_problems(world.connection, campaign_id, template=template)
    problems = list_problems(world.connection, campaign_id)
    return [(problem.row_number, problem.column, problem.finding, dict(problem.facts)) for problem in problems]


def test_an_id_is_judged_in_sql_as_its_pattern_says(world, tmp_path):
    ids = ["1234", "12345", "1" * 20, "1" * 21, "12a45", "\uff11\uff12\uff13\uff14\uff15", "-12345", "12.45"]

    found = problems_of(world, tmp_path, [(each, "Ann", "Rome") for each in ids])

    expected = [place for place, each in enumerate(ids, start=2) if not re.fullmatch(USER_ID_PATTERN, each)]
    assert [(number, column, finding) for number, column, finding, _ in found] == [
        (number, "user_id", "id_bad_shape") for number in expected
    ]


def test_repeated_people_are_told_with_their_rows(world, tmp_path):
    same, other, many, bad = (user_id(1), "A", "B"), (user_id(2), "A", "B"), (user_id(3), "A", "B"), ("12-ab", "A", "B")
    rows = [
        same,
        same,
        other,
        (user_id(2), "A", "C"),
        *[many] * 6,
        (user_id(3), "Z", "B"),
        bad,
        bad,
        (user_id(4), "A", "B"),
    ]

    found = problems_of(world, tmp_path, rows)

    conflict = {"rows": "6, 7, 8, 9, 10, …"}
    assert found == [
        (3, "user_id", "duplicate", {"first_row": 2}),
        (4, "user_id", "conflicting_duplicate", {"rows": "4, 5"}),
        (5, "user_id", "conflicting_duplicate", {"rows": "4, 5"}),
        *((number, "user_id", "conflicting_duplicate", conflict) for number in range(6, 13)),
        (13, "user_id", "id_bad_shape", {"found": "12-ab"}),
        (14, "user_id", "id_bad_shape", {"found": "12-ab"}),
    ]


def test_a_missing_value_makes_two_rows_of_a_person_differ(world, tmp_path):
    found = problems_of(world, tmp_path, [(user_id(1), None, "Rome"), (user_id(1), "Ann", "Rome")])

    assert sorted((number, finding) for number, _, finding, _ in found) == [
        (2, "conflicting_duplicate"),
        (2, "value_missing"),
        (3, "conflicting_duplicate"),
    ]


def test_what_the_reader_has_said_of_a_cell_is_not_said_again(world, tmp_path):
    rows = [(12345678901234567, "Ann", "Rome"), (user_id(1), "=1/0", None), (None, None, "Rome")]

    found = problems_of(world, tmp_path, rows)

    assert [(number, column, finding) for number, column, finding, _ in found] == [
        (2, "user_id", "id_stored_as_number"),
        (3, "name", "cell_formula_without_value"),
        (3, "city", "value_missing"),
        (4, "user_id", "id_missing"),
        (4, "name", "value_missing"),
    ]


def test_messages_at_their_limit_are_good_and_one_more_is_too_long(world, tmp_path):
    most = TEXT_LIMITS[Channel.MESSENGER].most
    room = most - len("Hello  of !")
    rows = [(user_id(1), "x" * (room - 4), "Rome"), (user_id(2), "x" * (room - 3), "Rome")]

    found = problems_of(world, tmp_path, rows)

    assert found == [(3, None, "message_too_long", {"length": most + 1, "unit": "characters", "limit": most})]


def test_no_row_of_a_file_on_which_the_readers_differ_stays_staged(world, tmp_path):
    account, template = world.account(), world.template(tmp_path, text="Hello $(name)!")
    submission = world.submission(account, template, file=utf_16_part(tmp_path))
    target = find_target(world.connection, submission)
    (tmp_path / "reading").mkdir()
    campaign_id, given = take_list(world.connection, submission, target=target, folder=tmp_path / "reading")
    assert given.reading is not None
    assert isinstance(given.reading.first, ReadFile)

    assert not stage_list(world.connection, campaign_id, target=target, given=given)

    assert [problem.finding for problem in list_problems(world.connection, campaign_id)] == ["readers_disagree"]
    assert world.connection.execute("SELECT count(*) AS total FROM staged_row").fetchone() == {"total": 0}


def test_rows_of_no_campaign_cannot_be_copied(world):
    with (
        pytest.raises((psycopg.errors.UndefinedObject, psycopg.errors.InvalidTextRepresentation)),
        world.connection.cursor() as cursor,
        cursor.copy(query("staging/copy_rows")) as copy,
    ):
        copy.write_row((2, user_id(1), user_id(1), []))

    assert world.connection.execute("SELECT count(*) AS total FROM staged_row").fetchone() == {"total": 0}
