"""The rules that a template may add: what is kept, what is refused with which sentence, and how they read."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.value_rules import (
    ISO_DATE_PATTERN,
    RULE_KEYS,
    ValueRules,
    example_date,
    nearest_value,
    pattern_flaw,
    rule_sentences,
    value_rules_of,
    value_rules_problems,
)

VARIABLES = ("city", "coupon", "until", "note")
GIVEN = {
    "note": {"longest": 80},
    "until": {"date_from": date(2026, 1, 1), "date_to": "2026-12-31"},
    "coupon": {"pattern": "^[A-Z0-9]{8}$", "shape": "8 capital letters or digits"},
    "city": {"one_of": ["Berlin", "Hamburg"]},
}


def test_rules_are_kept_in_the_order_of_the_variables_and_read_back_from_json():
    rules = value_rules_of(GIVEN, VARIABLES)

    assert value_rules_problems(GIVEN, VARIABLES) == []
    assert [one.variable for one in rules] == list(VARIABLES)
    assert value_rules_of({one.variable: one.as_json() for one in rules}, VARIABLES) == rules
    assert rules[2] == ValueRules("until", date_from=date(2026, 1, 1), date_to=date(2026, 12, 31))


def test_rules_read_as_sentences_for_people():
    said = {one.variable: rule_sentences(one) for one in value_rules_of(GIVEN, VARIABLES)}

    assert said == {
        "city": ["Allowed: Berlin or Hamburg."],
        "coupon": ["8 capital letters or digits."],
        "until": ["A date from 2026-01-01 to 2026-12-31."],
        "note": ["At most 80 characters."],
    }
    open_ended = ValueRules("until", date_from=date(2026, 5, 1)), ValueRules("until", date_to=date(2026, 5, 1))
    assert [rule_sentences(one) for one in open_ended] == [
        ["A date from 2026-05-01 on."],
        ["A date up to 2026-05-01."],
    ]
    assert rule_sentences(ValueRules("coupon", pattern="^A")) == ["A text that fits the pattern ^A."]
    assert rule_sentences(ValueRules("n", one_of=tuple("abcdefghijk"))) == [
        "Allowed: a, b, c, d, e, f, g, h or one of 3 more."
    ]


@pytest.mark.parametrize(
    ("given", "word"),
    [
        pytest.param([], "rules must name variables", id="a list"),
        pytest.param({"town": {"longest": 8}}, "rules.town: the text has no variable", id="an unknown variable"),
        pytest.param({"city": {}}, "rules.city needs one rule or more", id="no rule"),
        pytest.param({"city": "Berlin"}, "rules.city needs one rule or more", id="a text"),
        pytest.param({"city": {"regex": "a"}}, "there is no rule regex; there are pattern", id="an unknown rule"),
        pytest.param({"city": {1: "a"}}, "there is no rule 1;", id="a number for a rule"),
        pytest.param({"city": {"one_of": []}}, "rules.city.one_of must be a list", id="an empty set"),
        pytest.param({"city": {"one_of": "Berlin"}}, "must be a list", id="one value"),
        pytest.param({"city": {"one_of": [True]}}, "holds True, which YAML does not read as a text", id="yes or no"),
        pytest.param({"city": {"one_of": ["Berlin "]}}, "has blanks around it", id="a blank"),
        pytest.param({"city": {"one_of": [""]}}, "is blank", id="an empty value"),
        pytest.param({"city": {"one_of": ["a", "b", "a"]}}, "names a twice", id="a value twice"),
        pytest.param({"city": {"one_of": ["\u00e9", "e\u0301"]}}, "twice", id="a value twice, composed and not"),
        pytest.param({"city": {"one_of": ["a\nb"]}}, "cannot be written", id="a line break in a value"),
        pytest.param({"city": {"one_of": ["x" * 256]}}, "256 characters", id="a long value"),
        pytest.param({"city": {"one_of": [str(n) for n in range(1001)]}}, "1,001 values", id="very many values"),
        pytest.param({"city": {"one_of": ["a"], "longest": 3}}, "one_of says which values", id="a set and a length"),
        pytest.param({"until": {"date_from": "31.12.2026"}}, "is 31.12.2026, which is no date", id="no ISO date"),
        pytest.param({"until": {"date_from": "2026-02-30"}}, "which is no date", id="no day of the calendar"),
        pytest.param({"until": {"date_to": 2026}}, "which is no date", id="a number for a date"),
        pytest.param({"until": {"date_to": date(1899, 12, 31)}}, "no date before 1900", id="a day Excel has not"),
        pytest.param(
            {"until": {"date_from": "2026-12-31", "date_to": "2026-01-01"}}, "so no date would be", id="from after to"
        ),
        pytest.param({"until": {"date_to": "2026-01-01", "longest": 9}}, "a date has a form", id="a date and a length"),
        pytest.param({"note": {"longest": 0}}, "whole number from 1", id="no length"),
        pytest.param({"note": {"longest": True}}, "whole number from 1", id="true for a length"),
        pytest.param({"note": {"longest": "80"}}, "whole number from 1", id="a text for a length"),
        pytest.param({"note": {"longest": 32768}}, "whole number from 1 to 32,767", id="longer than a cell"),
        pytest.param({"coupon": {"pattern": 5}}, "must be a pattern in quotes", id="a number for a pattern"),
        pytest.param({"coupon": {"pattern": ""}}, "must be a pattern in quotes", id="an empty pattern"),
        pytest.param({"coupon": {"pattern": "a" * 201}}, "201 characters", id="a long pattern"),
        pytest.param({"coupon": {"pattern": "a\x00"}}, "cannot be written", id="NUL in a pattern"),
        pytest.param({"coupon": {"pattern": r"(a)\1"}}, r"has \1, which is not allowed", id="looking back"),
        pytest.param({"coupon": {"shape": "8 letters"}}, "add the pattern", id="words without a pattern"),
        pytest.param({"coupon": {"pattern": "a", "shape": "An a."}}, "without a full stop", id="words as a sentence"),
        pytest.param({"coupon": {"pattern": "a", "shape": ""}}, "must say in words", id="no words"),
    ],
)
def test_what_is_no_rule_is_refused_with_one_sentence(given, word):
    (problem,) = value_rules_problems(given, VARIABLES)

    assert word in problem
    assert problem.startswith("rules")
    assert problem.endswith(".")


def test_every_rule_is_tried_and_all_that_is_wrong_is_said_at_once():
    bad = {"pattern": "(?=a)", "shape": "", "one_of": [], "date_from": "x", "date_to": "y", "longest": -1}

    problems = value_rules_problems({"city": bad}, VARIABLES)

    assert set(bad) == set(RULE_KEYS)
    assert all(any(f"rules.city.{key} " in problem for problem in problems) for key in RULE_KEYS)


@pytest.mark.parametrize(
    "pattern", ["^[A-Z0-9]{8}$", r"^\d{4}-\d{2}$", r"(?:a|b)+\.c", r"[^\]\[]*", "[]a-]", "a{2,3}?", "ä+", "[[:alpha:]]"]
)
def test_a_plain_pattern_may_be_used(pattern):
    assert pattern_flaw(pattern) is None


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a)\1",
        "(?=a)",
        "(?!a)",
        "(?<=a)",
        "(?i)a",
        "(?P<n>a)",
        r"\yword",
        r"\x41",
        r"\Aa",
        "***=a",
        "a\\",
        "[[.a.]]",
        "[[=a=]]",
    ],
)
def test_a_pattern_that_could_run_away_or_reads_differently_elsewhere_may_not(pattern):
    assert pattern_flaw(pattern)


@given(st.dates(min_value=date(1000, 1, 1)))
def test_every_day_of_the_calendar_is_a_date(day):
    assert re.fullmatch(ISO_DATE_PATTERN, day.isoformat())


@given(st.integers(1000, 9999), st.integers(0, 13), st.integers(0, 32))
def test_a_date_is_exactly_what_the_calendar_has(year, month, day):
    text = f"{year}-{month:02}-{day:02}"
    try:
        exists = date.fromisoformat(text).isoformat() == text
    except ValueError:
        exists = False

    assert bool(re.fullmatch(ISO_DATE_PATTERN, text)) is exists


@given(st.dates(date(1900, 1, 1), date(9990, 1, 1)), st.integers(0, 1000))
def test_the_example_date_is_allowed(start, days):
    end = start + timedelta(days=days)

    assert start <= example_date(ValueRules("until", date_from=start, date_to=end)) <= end


@pytest.mark.parametrize(
    ("found", "meant"),
    [
        ("hamburg", "Hamburg"),
        ("Hambrug", "Hamburg"),
        ("  HAMBURG ", "Hamburg"),
        ("M\uff55nich", "Munich"),
        ("Tokyo", None),
        ("", None),
    ],
)
def test_a_value_that_is_like_an_allowed_one_is_taken_for_it(found, meant):
    assert nearest_value(found, ("Berlin", "Hamburg", "Munich")) == meant
