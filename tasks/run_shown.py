"""A campaign's way and end where people of a Prefect server look: counts, reasons, what to do; no name, text or id."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from domain.problem import Problem
from domain.reasons import SENTENCES
from domain.states import MessageState
from reports.markdown import plain_markdown
from tasks.campaigns import Counts
from tasks.outlook import Remaining
from tasks.plan_shown import campaign_line

_SENT: Final = (MessageState.SENT, MessageState.DELIVERED, MessageState.READ)
_BAD: Final = (MessageState.INVALID, MessageState.DUPLICATE)
_OPEN: Final = (MessageState.READY, MessageState.SENDING)
_BAR_WIDTH: Final = 20


def percent_done(counts: Counts) -> float:
    """Return how much of a campaign has its outcome, in percent."""
    left = _sum(counts, _OPEN)
    return round(100 * (1 - left / counts.rows), 1) if counts.rows else 100.0


def progress_sentence(counts: Counts, remaining: Remaining | None, *, campaign: Mapping[str, Any]) -> str:
    """Say how far a campaign is: sent, left, time left, people at risk, and where more is to be seen."""
    left = f"{_sum(counts, _OPEN):,} to send" if remaining is None else remaining.sentence
    return f"**{_sum(counts, _SENT):,} sent** of {counts.rows:,} rows · {left}. {campaign_line(campaign)}"


def summary_markdown(counts: Counts, *, campaign: Mapping[str, Any], run_address: str | None) -> str:
    """Return what became of a campaign: the funnel from rows to read messages, why people fell out, what to do next."""
    why = sorted(counts.by_reason.items(), key=lambda one: -one[1])
    reasons = [f"| {count:,} | {SENTENCES[reason]} | {reason} |" for reason, count in why]
    late, lost = campaign["lost_by_delay"], "Its late start cost"
    lines = [
        campaign_line(campaign),
        "",
        *_funnel(counts),
        *(["", "| messages | why | code |", "| ---: | --- | --- |", *reasons] if reasons else []),
        *(["", f"{lost} {late:,} people: their windows had closed by then."] if late else []),
        *([] if run_address is None else ["", f"[The run of this summary]({run_address})"]),
        "",
        f"What became of each row: `windowcast campaigns workbook {campaign['campaign_id']} --out FILE.xlsx`",
    ]
    return "\n".join(lines)


def problems_markdown(problems: Sequence[Problem], *, known: int, campaign: Mapping[str, Any]) -> str:
    """Return the first of `known` problems of a list as a table: row, column, a sentence without the cell's text.

    Below what became of the list, and how to get it back with its bad cells marked. As markdown, whose long sentences
    are wrapped: a table of Prefect cuts them.
    """
    shown = len(problems)
    of = "All problems" if shown == known else f"The first {shown} of {known:,} problems"
    lines = [
        campaign_line(campaign),
        "",
        campaign["refusal"] or "The good rows go on; the others are left out.",
        "",
        "The list as a workbook with the bad cells marked: "
        f"`windowcast campaigns workbook {campaign['campaign_id']} --out FILE.xlsx`",
        "",
        f"{of}:",
        "",
        "| row | column | problem |",
        "| ---: | --- | --- |",
        *(
            f"| {'the file' if one.row_number is None else one.row_number} | {plain_markdown(one.column or '')} | "
            f"{plain_markdown(one.text_without_cells)} |"
            for one in problems
        ),
    ]
    return "\n".join(lines)


def _funnel(counts: Counts) -> list[str]:
    """Return the funnel as a table: each step with its messages, its share of the rows, and a bar as wide."""
    good = counts.rows - _sum(counts, _BAD)
    reachable = good - counts.by_state[MessageState.INELIGIBLE] - counts.by_state[MessageState.CANCELLED]
    delivered = _sum(counts, (MessageState.DELIVERED, MessageState.READ))
    steps = [
        ("rows of the list", counts.rows),
        ("good rows", good),
        ("people who could be reached", reachable),
        ("sent", _sum(counts, _SENT)),
        *([("delivered, as far as is known", delivered)] if delivered else []),
        *([("read", read)] if (read := counts.by_state[MessageState.READ]) else []),
    ]
    rest = [
        (state, counts.by_state[state])
        for state in (MessageState.READY, MessageState.UNKNOWN, MessageState.FAILED, MessageState.EXPIRED)
        if counts.by_state[state]
    ]
    head = ["| | messages | of the rows | |", "| --- | ---: | ---: | --- |"]
    return [*head, *(_step(name, count, of=counts.rows) for name, count in [*steps, *rest])]


def _step(name: str, count: int, *, of: int) -> str:
    share = count / of if of else 0
    return f"| {name} | {count:,} | {share:.0%} | {'█' * round(_BAR_WIDTH * share)} |"


def _sum(counts: Counts, states: Sequence[MessageState]) -> int:
    return sum(counts.by_state[state] for state in states)
