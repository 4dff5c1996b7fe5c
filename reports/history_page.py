"""The run history as one page that needs nothing but a browser: tables that can be sorted, plots inline."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.reasons import SENTENCES, Reason
from reports import history as tables
from reports.history import History
from reports.pages import ours, page, write_page
from reports.plots import BAR, HATCHES, LINE, SHADES, count_upwards, drawing, name_places, svg

if TYPE_CHECKING:
    from markupsafe import Markup

_TEMPLATE: Final = "history_page.html"
_MOST_SHOWN: Final = 500
_MOST_REASONS: Final = 8
# What a day's messages became, as far as they are of interest here; each in its own color and hatching.
_ENDS: Final = ("read", "delivered", "sent", "failed", "unknown", "expired")


def write_history_page(path: Path, history: History) -> None:
    """Write the history as one HTML file without any outside address. Raises NotFoundError without the folder."""
    write_page(path, _TEMPLATE, **_values(history))


def history_page(history: History) -> str:
    """Return the history as HTML; every text in it is escaped."""
    return page(_TEMPLATE, **_values(history))


def _values(history: History) -> dict[str, object]:
    by_day, by_reason = ends_by_day(history), reasons(history)
    newest = _newest_rates(history)
    return {
        "history": history,
        "tables": tables,
        "most": _MOST_SHOWN,
        "shown": lambda column, value: shown(column, value, zone=history.local),
        "sort_key": sort_key,
        "by_day": by_day,
        "ends": _ENDS,
        "reasons": by_reason,
        "sentence": lambda reason: SENTENCES[Reason(reason)],
        "newest": newest,
        "day_plot": _day_plot(by_day) if by_day else None,
        "reason_plot": _reason_plot(by_reason) if by_reason else None,
        "rate_plot": _rate_plot(newest, history.local) if newest else None,
    }


def ends_by_day(history: History) -> list[tuple[date, dict[str, int]]]:
    """Count what became of the messages of the campaigns that were submitted on each day, oldest first."""
    days: dict[date, Counter[str]] = {}
    for row in history.campaigns:
        ends = days.setdefault(row["created_at"].astimezone(history.local).date(), Counter())
        ends["read"] += row["read_count"]
        ends["delivered"] += row["delivered_count"] - row["read_count"]
        ends["sent"] += row["sent_count"] - row["delivered_count"]
        for end in ("failed", "unknown", "expired"):
            ends[end] += row[f"{end}_count"]
    return [(day, {end: ends[end] for end in _ENDS}) for day, ends in sorted(days.items())]


def reasons(history: History) -> list[tuple[str, int]]:
    """Count the messages of each reason over all campaigns, most first."""
    counted: Counter[str] = Counter()
    for row in history.failures:
        counted[row["reason"]] += row["message_count"]
    return counted.most_common()


def shown(column: str, value: Any, *, zone: ZoneInfo) -> str:
    """Return a value as the page shows it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    if column.endswith("_rate"):
        return f"{100 * float(value):.1f} %"
    if tables.is_measure(column):
        return f"{float(value):,.1f}"
    if tables.is_count(column) and not column.endswith("code"):
        return f"{value:,}"
    return str(value)


def sort_key(value: Any) -> str:
    """Return by what the page sorts a value: a number as it is, a moment by its time, a text by itself."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.timestamp():.6f}"
    return str(value) if isinstance(value, str | UUID) else f"{float(value)}"


def _newest_rates(history: History) -> list[Mapping[str, Any]]:
    """Return the minutes of the campaign that sent last, oldest first."""
    if not history.rates:
        return []
    newest = history.rates[0]["campaign_id"]
    return [row for row in reversed(history.rates) if row["campaign_id"] == newest]


def _day_plot(by_day: Sequence[tuple[date, dict[str, int]]]) -> "Markup":
    with drawing(label="messages") as (figure, axes):
        below = [0] * len(by_day)
        for end, color, hatch in zip(_ENDS, SHADES, HATCHES, strict=False):
            heights = [ends[end] for _, ends in by_day]
            if any(heights):
                axes.bar(range(len(by_day)), heights, bottom=below, color=color, hatch=hatch, ec="white", label=end)
            below = [low + height for low, height in zip(below, heights, strict=True)]
        count_upwards(axes, most=max(below))
        name_places(axes, [f"{day.day} {day:%b}" for day, _ in by_day], most=6)
        axes.set_xlim(-0.8, max(len(by_day) - 0.2, 5))
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.28), ncols=3, frameon=False, fontsize=8.5)
    return ours(svg(figure, prefix="days"))


def _reason_plot(counted: Sequence[tuple[str, int]]) -> "Markup":
    first = counted[:_MOST_REASONS]
    with drawing(label="") as (figure, axes):
        axes.barh(range(len(first)), [count for _, count in first], color=BAR, hatch="//", ec="white")
        axes.set_yticks(range(len(first)), [reason.replace("_", " ") for reason, _ in first])
        axes.set_xlabel("messages")
        axes.invert_yaxis()
        axes.grid(visible=False)
        figure.set_size_inches(4.7, 0.9 + 0.28 * len(first))
    return ours(svg(figure, prefix="reasons"))


def _rate_plot(rates: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> "Markup":
    minutes = [(row["minute"] - rates[0]["minute"]).total_seconds() / 60 for row in rates]
    with drawing(label="messages a second") as (figure, axes):
        axes.bar(minutes, [float(row["per_second"]) for row in rates], width=0.9, color=BAR, label="accepted")
        if rates[0]["pace"] is not None:
            axes.axhline(float(rates[0]["pace"]), color=LINE, ls="--", label="the account's pace")
        count_upwards(axes, most=max([float(row["per_second"]) for row in rates] + [float(rates[0]["pace"] or 0)]))
        axes.set_xlabel(f"minutes from {rates[0]['minute'].astimezone(zone):%Y-%m-%d %H:%M}")
        axes.set_xlim(-0.6, max(minutes[-1] + 0.6, 5))
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.18), ncols=2, frameon=False, fontsize=8.5)
    return ours(svg(figure, prefix="rate"))
