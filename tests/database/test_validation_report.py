"""The validation report of a campaign, as it is gathered from the database after every kind of end."""

import pytest

from domain.errors import NotFoundError
from domain.problem import ProblemCode
from domain.recipient_rules import RuleKind, rules_of
from factories import user_id, write_table
from reports.validation_page import Checker, Verdict, validation_page
from tasks.campaigns import get_campaign
from tasks.validation_report import gather_report

HEADER = ("user_id", "city")
RULES = {"city": {"one_of": ["Berlin", "Hamburg"]}}
GOOD = [(user_id(number), "Berlin") for number in range(3)]
BAD = [(user_id(7), "Rome"), ("12-ab", "Berlin"), (user_id(0), "Berlin")]


def taken_in(world, tmp_path, rows, *, suite_url=None, header=HEADER, content=None, **fields):
    template = world.template(tmp_path, text="Hello, $(city)!", rules=RULES, code="hello")
    path = tmp_path / "list.csv"
    if content is None:
        write_table(path, [header, *rows])
    else:
        path.write_bytes(content)
    submission = world.submission(world.account(name="Shop"), template, file=path, **fields)
    return world.take_in(submission, tmp_path, suite_url=suite_url), template


def test_a_refused_list_is_told_with_the_results_of_its_suite(world_18, database_18, tmp_path):
    campaign_id, template = taken_in(world_18, tmp_path, [*GOOD, *BAD], suite_url=database_18)

    report = gather_report(world_18.connection, campaign_id)

    assert (report.verdict, report.checked_by, report.suite) == (Verdict.REFUSED, Checker.SUITE, "hello en version 1")
    assert [one.rule for one in report.results] == list(rules_of(template))
    broken = {one.rule.kind: one.broken_count for one in report.results if one.broken_count}
    # The first row of a person who is there twice is sent, and shares its person: it counts as well.
    assert broken == {RuleKind.ID_SHAPE: 1, RuleKind.PERSON_ONCE: 2, RuleKind.VALUE_IN_SET: 1}
    assert (report.row_count, report.good_count, report.problem_count) == (6, 3, 3)
    assert dict(report.by_kind) == {
        ProblemCode.BAD_VALUE: 1, ProblemCode.BAD_USER_ID: 1, ProblemCode.DUPLICATE: 1,
    }  # fmt: skip
    assert [problem.row_number for problem in report.problems] == [5, 6, 7]
    assert report.refusal == get_campaign(world_18.connection, campaign_id)["refusal"]
    assert "--accept-valid" in report.next_steps[0]
    assert "windowcast check --account Shop --template hello --language en --file list.csv" in report.next_steps[1]


def test_without_the_suite_the_rules_are_told_as_sql_found_them(world, tmp_path):
    campaign_id, _ = taken_in(world, tmp_path, [*GOOD, *BAD])

    report = gather_report(world.connection, campaign_id)

    assert report.checked_by is Checker.SQL
    broken = {one.rule.kind: one.broken_count for one in report.results if one.broken_count}
    assert broken == {RuleKind.ID_SHAPE: 1, RuleKind.PERSON_ONCE: 2, RuleKind.VALUE_IN_SET: 1}
    assert "counted by SQL alone" in validation_page(report)


@pytest.mark.parametrize(
    ("rows", "fields", "verdict", "step"),
    [
        pytest.param(GOOD, {}, Verdict.ACCEPTED, "Nothing has to be mended", id="all good"),
        pytest.param([*GOOD, *BAD], {"accepts_valid": True}, Verdict.PARTLY, "were left out", id="the good rows of it"),
    ],
)
def test_an_accepted_list_says_where_to_look(world_18, tmp_path, rows, fields, verdict, step):
    campaign_id, _ = taken_in(world_18, tmp_path, rows, **fields)

    report = gather_report(world_18.connection, campaign_id)

    assert (report.verdict, report.good_count, report.refusal) == (verdict, 3, None)
    assert step in report.next_steps[0]
    assert f"windowcast campaigns show {campaign_id}" in report.next_steps[-1]


@pytest.mark.parametrize(
    ("given", "kind", "step"),
    [
        pytest.param({"header": ("user_id", "town")}, ProblemCode.BAD_HEADER, "templates workbook hello", id="header"),
        pytest.param(
            {"content": b"\x89PNG\r\n\x1a\n" + b"0" * 99}, ProblemCode.UNREADABLE_FILE, "Do what", id="picture"
        ),
        pytest.param({"content": b"user_id,city\n"}, ProblemCode.NO_RECIPIENTS, "Do what", id="nobody"),
    ],
)
def test_of_a_file_that_is_of_no_use_no_rule_is_told(world_18, tmp_path, given, kind, step):
    campaign_id, _ = taken_in(world_18, tmp_path, GOOD, **given)

    report = gather_report(world_18.connection, campaign_id)

    assert (report.verdict, report.checked_by, list(report.results)) == (Verdict.REFUSED, Checker.NOBODY, [])
    assert (report.good_count, {code for code, _ in report.by_kind}) == (0, {kind})
    assert step in report.next_steps[0]
    assert "No row was looked at" in validation_page(report)


def test_a_good_list_of_which_nobody_can_be_reached_has_nothing_to_mend(world_18, tmp_path):
    from domain.reasons import Reason
    from factories import TIMING
    from tasks.campaigns import refuse_campaign
    from tasks.windows import read_clock

    campaign_id, _ = taken_in(world_18, tmp_path, GOOD)
    refuse_campaign(
        world_18.connection, campaign_id, why="Nobody can be reached.", reason=Reason.NOBODY_ELIGIBLE,
        at=read_clock(world_18.connection), timing=TIMING,
    )  # fmt: skip

    report = gather_report(world_18.connection, campaign_id)

    assert (report.verdict, report.good_count, report.refusal) == (Verdict.REFUSED, 3, "Nobody can be reached.")
    assert "The rows are good" in report.next_steps[0]


def test_ids_given_by_hand_have_a_report_too(world_18, tmp_path):
    template = world_18.template(tmp_path, text="Hello!")
    submission = world_18.submission(world_18.account(), template, user_ids=(user_id(1), "12-ab"), accepts_valid=True)

    report = gather_report(world_18.connection, world_18.take_in(submission, tmp_path))

    assert (report.file_name, report.verdict, report.row_count) == (None, Verdict.PARTLY, 2)
    assert "ids given by hand" in validation_page(report)


def test_a_campaign_that_does_not_exist_has_no_report(world_18):
    with pytest.raises(NotFoundError):
        gather_report(world_18.connection, "01a205ec-432b-750a-a182-9ece394b65dc")
