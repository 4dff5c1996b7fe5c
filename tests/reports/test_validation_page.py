"""The page of a validation report: what stands in it, that nothing in it is run or fetched, and its markdown."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from domain.errors import NotFoundError
from domain.problem import Finding, Problem, ProblemCode
from domain.recipient_rules import Rule, RuleKind, RuleResult
from reports.validation_page import (
    KIND_WORDS,
    Checker,
    ValidationReport,
    Verdict,
    validation_markdown,
    validation_page,
    write_validation_page,
)

NASTY = "<script>alert(1)</script>\"'&{{7*7}}{% raw %} <img src=http://x.invalid onerror=x>"


def make_report(**changes):
    report = ValidationReport(
        campaign="Winter sale",
        campaign_id="01a20678-e211-7079-b4c2-8a880564c85d",
        account="Corner Shop",
        template="Winter sale (sale, en, version 3)",
        suite="sale en version 3",
        file_name="list.xlsx",
        sha256="70ebf083" * 8,
        validated_at=datetime(2026, 11, 23, 3, 35, 24, tzinfo=UTC),
        verdict=Verdict.REFUSED,
        refusal="190 problems were found; add `--accept-valid` to send the good rows.",
        row_count=60_000,
        good_count=59_810,
        results=(
            RuleResult(Rule(RuleKind.ID_PRESENT, "user_id", "user_id is filled in."), 60_000, 0),
            RuleResult(Rule(RuleKind.VALUE_IN_SET, "city", "city is Berlin or Hamburg."), 59_999, 12),
        ),
        checked_by=Checker.SUITE,
        by_kind=((ProblemCode.MISSING_VALUE, 5), (ProblemCode.BAD_VALUE, 1_185)),
        problems=(Problem(Finding.ID_MISSING, 7, "user_id"), Problem(Finding.EMPTY_FILE)),
        next_steps=("Mend the rows.", "Look first: `windowcast check`"),
    )
    return replace(report, **changes)


class Seen(HTMLParser):
    """The tags, attributes and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.texts = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.texts.append(data.strip())


def test_the_page_says_what_was_checked_and_how_it_went():
    page = validation_page(make_report())

    seen = Seen(page)
    for text in (
        "Winter sale", "Refused", "list.xlsx", "70ebf083" * 8, "2026-11-23 03:35:24 UTC", "sale en version 3",
        "60,000", "59,810", "1,190", "user_id is filled in.", "kept", "city is Berlin or Hamburg.", "under 0.1 %",
        "broken", "Missing value", "Value not allowed", "Mend the rows.", "windowcast check", "--accept-valid",
        "The user_id is missing; fill it in or delete the row.",
    ):  # fmt: skip
        assert text in seen.texts, text
    assert ("lang", "en") in seen.attributes
    assert "<title>Refused: Winter sale</title>" in page
    assert seen.tags.count("h1") == 1


def test_the_page_runs_nothing_and_fetches_nothing():
    page = validation_page(make_report())

    seen = Seen(page)
    assert not {"script", "iframe", "object", "embed", "base", "form"} & set(seen.tags)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", page)
    assert [value for name, value in seen.attributes if name in {"src", "href"}] == ["data:,"]
    assert not [name for name, _ in seen.attributes if name.startswith("on")]


def test_no_text_of_a_file_a_template_or_a_name_becomes_part_of_the_page():
    rule = Rule(RuleKind.VALUE_SHAPE, NASTY, NASTY)
    report = make_report(
        campaign=NASTY, account=NASTY, template=NASTY, suite=NASTY, file_name=NASTY, refusal=NASTY,
        results=(RuleResult(rule, 1, 1),), next_steps=(NASTY,),
        problems=(Problem(Finding.VALUE_BAD_SHAPE, 2, NASTY, {"found": NASTY, "allowed": NASTY}),),
    )  # fmt: skip

    page = validation_page(report)

    seen = Seen(page)
    assert not {"script", "img"} & set(seen.tags)
    assert "49" not in "".join(seen.texts).replace("{{7*7}}", "").replace("59,8", "")
    assert seen.texts.count(NASTY) >= 7


def test_bars_are_longest_first_and_none_is_too_short_to_be_seen():
    seen = Seen(validation_page(make_report(by_kind=((ProblemCode.TOO_LONG, 1), (ProblemCode.BAD_VALUE, 100_000)))))

    widths = [value for name, value in seen.attributes if name == "width" and value.endswith("%")]

    assert widths == ["100%", "100%", "100.0%", "100%", "0.6%"]
    assert seen.texts.index("Value not allowed") < seen.texts.index("Too long")


def test_every_kind_of_problem_has_words():
    assert set(KIND_WORDS) == set(ProblemCode)
    assert len(set(KIND_WORDS.values())) == len(ProblemCode)


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("checked_by", Checker)
def test_a_page_is_made_for_every_end_of_a_list(verdict, checked_by):
    page = validation_page(
        make_report(verdict=verdict, checked_by=checked_by, refusal=None, problems=(), by_kind=(), file_name=None)
    )

    seen = Seen(page)
    assert verdict in seen.texts
    assert "None were found." in seen.texts
    assert "svg" not in seen.tags
    assert ("table" in seen.tags) is (checked_by is not Checker.NOBODY)


def test_the_markdown_names_verdict_rules_and_the_command_of_the_page():
    text = validation_markdown(make_report())

    assert text.startswith("**Refused**: 59,810 of 60,000 rows are good (1,190 problems).")
    assert "`windowcast campaigns validation 01a20678-e211-7079-b4c2-8a880564c85d --out page.html`" in text
    assert "| city is Berlin or Hamburg. | 59,999 | 12 |" in text


def test_no_rule_breaks_out_of_the_markdown():
    rule = Rule(RuleKind.VALUE_SHAPE, "x", "a|b <script> [x](http://x.invalid)\n# y `z`")

    text = validation_markdown(make_report(results=(RuleResult(rule, 1, 1),)))

    assert r"| a\|b \<script\> \[x\]\(http://x.invalid\) \# y \`z\` | 1 | 1 |" in text


def test_a_folder_that_is_not_there_is_named_and_no_half_page_stays(tmp_path):
    write_validation_page(tmp_path / "page.html", make_report())

    with pytest.raises(NotFoundError, match="nowhere"):
        write_validation_page(tmp_path / "nowhere" / "page.html", make_report())
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
