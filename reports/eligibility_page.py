"""The report of a night: one HTML file that opens anywhere, offline, and a summary for Prefect."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from domain.eligibility import HORIZONS, AccountEligibility, EligibilityReport, Habit, Night
from reports import eligibility_plots, eligibility_words
from reports.markdown import plain_markdown
from reports.pages import ours, page, write_page

if TYPE_CHECKING:
    from markupsafe import Markup

_TEMPLATE: Final = "eligibility_page.html"


class _Plots:
    """Draws the plots of one page, each with ids of its own."""

    def __init__(self, report: EligibilityReport) -> None:
        self._zone = report.local

    def coming(self, account: AccountEligibility) -> "Markup":
        return ours(eligibility_plots.coming_plot(account, self._zone, prefix=f"coming-{account.account_id}"))

    def trend(self, account: AccountEligibility, nights: Sequence[Night]) -> "Markup":
        return ours(eligibility_plots.trend_plot(nights, prefix=f"trend-{account.account_id}"))

    def openers(self, account: AccountEligibility) -> "Markup":
        return ours(eligibility_plots.openers_plot(account, self._zone, prefix=f"openers-{account.account_id}"))


def write_eligibility_page(path: Path, report: EligibilityReport) -> None:
    """Write the report as one HTML file without scripts and without any outside address, whole or not at all.

    Raises NotFoundError without the folder.
    """
    write_page(path, _TEMPLATE, **_values(report))


def eligibility_page(report: EligibilityReport) -> str:
    """Return the report as HTML; every text in it is escaped."""
    return page(_TEMPLATE, **_values(report))


def eligibility_markdown(report: EligibilityReport) -> str:
    """Return the report as markdown for the artifact of a flow run: the headline of each account and small tables."""
    zone = report.local
    horizons = "".join(f" in {hours} h |" for hours in HORIZONS)
    lines = [
        f"**{eligibility_words.title(report)}** (times of {report.zone}, counted {_minute(report)}). "
        f"{eligibility_words.standing(report)}",
        "",
        f"| account | open now |{horizons} newly open | lost |",
        "|---|---:|" + "---:|" * (len(HORIZONS) + 2),
    ]
    lines += [_line(account) for account in report.accounts]
    for account in report.accounts:
        lines += ["", f"### {plain_markdown(account.account)}", ""]
        lines += [f"- {plain_markdown(sentence)}" for sentence in eligibility_words.sentences(account, zone)]
        for one in account.campaigns:
            when, name = eligibility_words.day_and_clock(one.at, zone), plain_markdown(one.name)
            lines.append(f"- {when}: the campaign {name} reaches {one.reached:,} of {one.eligible_now:,}.")
    return "\n".join(lines)


def _values(report: EligibilityReport) -> dict[str, object]:
    return {
        "report": report,
        "words": eligibility_words,
        "plots": _Plots(report),
        "usual": _usual,
        "by_opener": _by_opener,
    }


def _usual(account: AccountEligibility) -> dict[datetime, Habit]:
    return {habit.at: habit for habit in account.habits}


def _by_opener(account: AccountEligibility) -> list[tuple[str, int]]:
    return sorted(account.by_opener.items(), key=lambda one: -one[1])


def _line(account: AccountEligibility) -> str:
    closing = " | ".join(f"{account.closing[hours]:,}" for hours in HORIZONS)
    name, changed = plain_markdown(account.account), f"{account.newly_open:,} | {account.lost:,}"
    return f"| {name} | {account.open_now:,} | {closing} | {changed} |"


def _minute(report: EligibilityReport) -> str:
    return f"{report.measured_at.astimezone(report.local):%Y-%m-%d %H:%M}"
