"""Rules that a template adds: kept with its version, tried on Postgres, and broken with a sentence that helps."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from domain.errors import InputRefusedError
from factories import user_id, write_table
from tasks.database import broken_promises
from tasks.staging import list_problems
from tasks.templates import add_template, find_template
from tasks.value_rules import pattern_refusal

ROOT = Path(__file__).parents[2]
TEXT = "Hello, $(city)! $(coupon) is good until $(until). $(note)"
HEADER = ("user_id", "city", "coupon", "until", "note")
RULES = {
    "city": {"one_of": ["Berlin", "Hamburg"]},
    "coupon": {"pattern": "^[A-Z0-9]{8}$", "shape": "8 capital letters or digits"},
    "until": {"date_from": date(2026, 1, 1), "date_to": date(2026, 12, 31)},
    "note": {"longest": 10},
}
GOOD = ("Berlin", "ABCD1234", "2026-06-30", "a note")


def take_in(world, tmp_path, rows, *, rules=RULES, kind="xlsx", **fields):
    template = world.template(tmp_path, text=TEXT, rules=rules)
    path = write_table(tmp_path / f"list.{kind}", [HEADER, *rows])
    submission = world.submission(world.account(), template, file=path, **fields)
    return world.take_in(submission, tmp_path)


def sentences(world, campaign_id):
    return {problem.row_number: problem.text for problem in list_problems(world.connection, campaign_id)}


def test_rules_are_kept_with_their_version_and_other_rules_are_a_new_one(world, tmp_path):
    first = world.template(tmp_path, text=TEXT, code="sale", rules=RULES)
    same = world.template(tmp_path, text=TEXT, code="sale", name=first.name, rules=RULES)
    fewer = world.template(tmp_path, text=TEXT, code="sale", name=first.name, rules={"note": {"longest": 10}})
    none = world.template(tmp_path, text=TEXT, code="sale", name=first.name)

    assert [one.version for one in (first, same, fewer, none)] == [1, 1, 2, 3]
    assert [rules.variable for rules in first.rules] == list(HEADER[1:])
    assert find_template(world.connection, "sale", language="en", version=1).rules == same.rules == first.rules
    assert none.rules == ()


def test_each_broken_rule_is_a_sentence_with_cell_value_and_what_is_allowed(world, tmp_path):
    bad = [
        ("hamburg", *GOOD[1:]),
        ("Paris", *GOOD[1:]),
        (GOOD[0], "abcd1234", *GOOD[2:]),
        (*GOOD[:2], "30.6.2026", GOOD[3]),
        (*GOOD[:2], date(2027, 1, 1), GOOD[3]),
        (*GOOD[:3], "x" * 11),
        GOOD,
    ]

    campaign_id = take_in(world, tmp_path, [(user_id(number), *row) for number, row in enumerate(bad)])

    assert sentences(world, campaign_id) == {
        2: "The cell city holds “hamburg”, which is not allowed there: did you mean “Hamburg”? "
        "Allowed: Berlin or Hamburg.",
        3: "The cell city holds “Paris”, which is not allowed there: write Berlin or Hamburg.",
        4: "The cell coupon holds “abcd1234”, which does not fit; what is needed there: 8 capital letters or digits.",
        5: "The cell until holds “30.6.2026”, which is not read as a date; format the cell as a date, or write it like "
        "2026-12-31 (year, month, day).",
        6: "The cell until holds the date 2027-01-01, and dates from 2026-01-01 to 2026-12-31 are allowed there; "
        "mend it.",
        7: "The cell note has 11 characters, and at most 10 are allowed there; shorten it.",
    }
    assert world.verdicts(campaign_id) == {
        **dict.fromkeys(range(2, 7), "invalid/bad_value"),
        7: "invalid/too_long",
        8: "cancelled/file_refused",
    }
    assert broken_promises(world.connection) == {}


def test_a_cell_that_is_formatted_as_a_date_is_read_as_one_whatever_it_shows(world_18, tmp_path):
    rows = [(user_id(1), *GOOD[:2], date(2026, 2, 3), "a"), (user_id(2), *GOOD[:2], "2026-02-03", "b")]

    campaign_id = take_in(world_18, tmp_path, rows)

    cells = world_18.connection.execute("SELECT cells[3] AS until FROM message_list ORDER BY row_number").fetchall()
    assert [row["until"] for row in cells] == ["2026-02-03", "2026-02-03"]
    assert world_18.state(campaign_id) == "validated"


def test_an_empty_cell_is_missing_and_breaks_no_other_rule(world_18, tmp_path):
    campaign_id = take_in(world_18, tmp_path, [(user_id(1), None, None, None, None)], kind="csv")

    problems = list_problems(world_18.connection, campaign_id)

    assert [problem.finding for problem in problems] == ["value_missing"] * 4


def test_what_stood_in_a_cell_is_shown_in_one_line_and_cut(world_18, tmp_path):
    campaign_id = take_in(world_18, tmp_path, [(user_id(1), "a\nb" + "x" * 100, *GOOD[1:])])

    (sentence,) = sentences(world_18, campaign_id).values()

    assert f"holds “a b{'x' * 57}”, which" in sentence


def test_an_open_range_of_dates_has_one_end(world_18, tmp_path):
    rules = {"until": {"date_from": "2026-06-01"}}
    rows = [
        (user_id(number), "x", "x", day, "x") for number, day in enumerate(("2026-05-31", "2026-06-01", "9999-12-31"))
    ]

    campaign_id = take_in(world_18, tmp_path, rows, rules=rules, accepts_valid=True)

    assert world_18.verdicts(campaign_id) == {2: "invalid/bad_value", 3: "ready", 4: "ready"}
    assert "dates from 2026-06-01 on are allowed" in sentences(world_18, campaign_id)[2]


@pytest.mark.parametrize(
    ("pattern", "word"),
    [
        pytest.param("(a", r"is no pattern that Postgres reads \(parentheses", id="an open bracket"),
        pytest.param("[z-a]", "invalid character range", id="a range backwards"),
        pytest.param("*a", "quantifier operand invalid", id="nothing to repeat"),
        pytest.param("a{300}", "invalid repetition count", id="a count that is too high"),
        pytest.param("((a{1,200}){1,200}){1,200}", "too complex|takes too long", id="counts of counts"),
    ],
)
def test_a_pattern_that_postgres_cannot_run_is_refused_with_its_own_words(world, tmp_path, pattern, word):
    with pytest.raises(InputRefusedError, match=word) as caught:
        world.template(tmp_path, text=TEXT, rules={"coupon": {"pattern": pattern}})

    assert "rules.coupon.pattern" in str(caught.value)
    assert world.row_counts()["template"] == 0


@pytest.mark.parametrize("pattern", ["^[A-Z0-9]{8}$", "(a+)+$", "(x+x+)+y", "(a|b|ab)*c", "100%", "a:b", "'"])
def test_a_pattern_whose_matching_takes_no_time_is_kept(world, pattern):
    assert pattern_refusal(world.connection, pattern) is None


def test_a_template_file_names_what_is_wrong_with_its_rules(world_18, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(
        "code: a\nlanguage: en\nchannel: messenger\nname: A\ncontent: {kind: text, text: 'Hi $(city)'}\n"
        "rules: {city: {one_of: [Berlin, no]}}\n",
        encoding="utf-8",
    )

    with pytest.raises(InputRefusedError, match=r"bad.yaml: rules.city.one_of holds False, .* write it in quotes"):
        add_template(world_18.connection, path)


CHECK = """
import contextlib, io, sys
from cli.main import main

with contextlib.redirect_stdout(io.StringIO()) as shown:
    code = main(["check", "--json", "--language", "en", *sys.argv[1:]])
print(code, "not allowed there" in shown.getvalue())
print(*sorted({"great_expectations", "prefect", "jinja2"} & set(sys.modules)))
"""


def test_a_check_finds_broken_rules_without_great_expectations(world_18, database_18, tmp_path):
    account, template = world_18.account(), world_18.template(tmp_path, text=TEXT, rules=RULES)
    path = write_table(tmp_path / "list.csv", [HEADER, (user_id(1), "Paris", *GOOD[1:])])
    environment = {**os.environ, "WINDOWCAST_DATABASE_URL": database_18, "WINDOWCAST_HOME": str(tmp_path / "home")}

    run = subprocess.run(
        [sys.executable, "-c", CHECK, "--account", account.name, "--template", template.code, "--file", str(path)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert run.stdout.splitlines() == ["3 True", ""], run.stderr
