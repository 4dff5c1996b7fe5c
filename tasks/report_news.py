"""The news that a night's report is ready: what it says of each account in a sentence, and where its files are."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from domain.eligibility import EligibilityReport
from domain.news import News, NewsKind
from reports.eligibility_words import headline, title

# Whoever wants to know of more accounts opens the page.
_MOST_ACCOUNTS: Final = 10


def report_news(report: EligibilityReport, files: Sequence[str], *, run_id: UUID | None) -> News:
    """Return what people are told of a night's report; a night is told of once, however often it is reported."""
    lines = [
        f"{one.account}: {one.open_now:,} can be reached now. {headline(one, report.local)}"
        for one in report.accounts[:_MOST_ACCOUNTS]
    ]
    more = len(report.accounts) - _MOST_ACCOUNTS
    if more > 0:
        lines.append(f"Besides: {more:,} more accounts.")
    lines.append(f"Files on the worker's machine: {', '.join(files)}.")
    facts = {"report": title(report), "what": "\n".join(lines)}
    return News(NewsKind.REPORT_READY, f"report_ready:eligibility:{report.night}", facts, run_id=run_id)
