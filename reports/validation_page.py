"""The validation report of a campaign: one HTML file that opens anywhere, offline, and a summary for Prefect."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from domain.problem import Problem, ProblemCode
from domain.recipient_rules import RuleResult
from reports.markdown import plain_markdown
from reports.whole_file import written_whole

_TEMPLATE: Final = "validation_page.html"
_MOST_RULES_IN_MARKDOWN: Final = 50

# What each kind of problem is called beside its bar.
KIND_WORDS: Final[dict[ProblemCode, str]] = {
    ProblemCode.UNREADABLE_FILE: "File that cannot be read",
    ProblemCode.BAD_HEADER: "Changed header",
    ProblemCode.NO_RECIPIENTS: "No recipients",
    ProblemCode.BAD_USER_ID: "Unusable user_id",
    ProblemCode.BAD_VALUE: "Value not allowed",
    ProblemCode.MISSING_VALUE: "Missing value",
    ProblemCode.TOO_LONG: "Too long",
    ProblemCode.DUPLICATE: "Person repeated, same values",
    ProblemCode.CONFLICTING_DUPLICATE: "Person repeated, other values",
}


class Verdict(StrEnum):
    """What became of the list, in a word that the page shows."""

    ACCEPTED = "Accepted"
    PARTLY = "Accepted in part"
    REFUSED = "Refused"
    OPEN = "Not judged yet"


class Checker(StrEnum):
    """Who has counted the rows that break a rule."""

    SUITE = "suite"  # the Great Expectations suite, which agreed with the SQL
    SQL = "sql"  # the SQL alone
    NOBODY = "nobody"  # the file was of no use, so no row was looked at


@dataclass(frozen=True)
class ValidationReport:
    """All that the report of one campaign says. Times are in UTC; `problems` are the first ones of `problem_count`."""

    campaign: str
    campaign_id: str
    account: str
    template: str
    suite: str
    file_name: str | None
    sha256: str
    validated_at: datetime
    verdict: Verdict
    refusal: str | None
    row_count: int
    good_count: int
    results: Sequence[RuleResult]
    checked_by: Checker
    by_kind: Sequence[tuple[ProblemCode, int]]
    problems: Sequence[Problem]
    next_steps: Sequence[str]

    @property
    def problem_count(self) -> int:
        """How many problems there are, shown or not."""
        return sum(count for _, count in self.by_kind)


@dataclass(frozen=True)
class _Bar:
    words: str
    count: int
    width: float
    y: int


def write_validation_page(path: Path, report: ValidationReport) -> None:
    """Write the report as one HTML file without scripts and without any outside address, whole or not at all.

    Raises NotFoundError without the folder.
    """
    with written_whole(path) as unfinished:
        unfinished.write_text(validation_page(report), encoding="utf-8")


def validation_page(report: ValidationReport) -> str:
    """Return the report as HTML; every text in it is escaped."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["share"] = _share
    environment.filters["count"] = "{:,}".format
    environment.filters["pieces"] = _pieces
    return environment.get_template(_TEMPLATE).render(report=report, bars=_bars(report.by_kind))


def validation_markdown(report: ValidationReport) -> str:
    """Return verdict and rules as markdown for the artifacts of a flow run, and how to get the whole page."""
    lines = [
        f"**{report.verdict}**: {report.good_count:,} of {report.row_count:,} rows are good"
        f" ({report.problem_count:,} problems). {plain_markdown(report.refusal or '')}".strip(),
        "",
        f"The whole report is a page: `windowcast campaigns validation {report.campaign_id} --out page.html`",
    ]
    if report.checked_by is not Checker.NOBODY:
        lines += [
            "",
            f"Suite: {plain_markdown(report.suite)}",
            "",
            "| rule | rows checked | broken |",
            "|---|---:|---:|",
        ]
        lines += [
            f"| {plain_markdown(one.rule.words)} | {one.checked_count:,} | {one.broken_count:,} |"
            for one in report.results[:_MOST_RULES_IN_MARKDOWN]
        ]
    return "\n".join(lines)


def _share(result: RuleResult) -> str:
    """Return the share of broken rows in per cent; few of many are never shown as none."""
    if not result.broken_count:
        return "0 %"
    share = 100 * result.broken_count / max(result.checked_count, 1)
    return "under 0.1 %" if share < 0.1 else f"{share:.1f} %"  # noqa: PLR2004  # what one decimal can show


def _pieces(sentence: str) -> list[tuple[str, bool]]:
    """Split a sentence into (text, is a command): a command stands between backticks."""
    return [(piece, place % 2 == 1) for place, piece in enumerate(sentence.split("`")) if piece]


def _bars(by_kind: Sequence[tuple[ProblemCode, int]]) -> list[_Bar]:
    """Return the bars of the chart, longest first; every bar can be seen, however short."""
    most = max((count for _, count in by_kind), default=1)
    ordered = sorted(by_kind, key=lambda one: -one[1])
    return [
        _Bar(KIND_WORDS[code], count, width=max(0.6, round(100 * count / most, 2)), y=place)
        for place, (code, count) in enumerate(ordered)
    ]
