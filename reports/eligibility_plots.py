"""The plots of a night's report: coming hours, nights so far, what came in."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from domain.eligibility import AccountEligibility, Night
from reports.eligibility_words import clock
from reports.plots import BAR, GAP, LINE, count_upwards, drawing, name_places, svg

_MOST_LABELS = 9


def coming_plot(account: AccountEligibility, zone: ZoneInfo, *, prefix: str) -> str:
    """Draw for each coming hour whose windows are still open (bars), and how many people it usually has (line)."""
    starts = account.starts
    places = {start.at: place for place, start in enumerate(starts)}
    habits = [(places[habit.at], habit) for habit in account.habits if habit.at in places]
    with drawing() as (figure, axes):
        axes.bar(
            range(len(starts)), [start.people for start in starts], color=BAR, label="still open, if nobody writes"
        )
        if habits:
            hours = [place for place, _ in habits]
            axes.plot(
                hours, [one.mean for _, one in habits], color=LINE, marker="o", markersize=3, label="usual at this hour"
            )
            least, most = [one.least for _, one in habits], [one.most for _, one in habits]
            axes.fill_between(hours, least, most, color=LINE, alpha=0.18, hatch="..", label="lowest to highest week")
        count_upwards(axes, most=max([start.people for start in starts] + [one.most for _, one in habits]))
        labels = ["now", *(clock(start.at, zone) for start in starts[1:])]
        name_places(axes, labels, most=_MOST_LABELS)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.28), ncols=2, frameon=False, fontsize=8.5)
    return svg(figure, prefix=prefix)


def trend_plot(nights: Sequence[Night], *, prefix: str) -> str:
    """Draw open people night by night; the line ends at a night that was not measured, which is hatched and named."""
    with drawing() as (figure, axes):
        counts = [float("nan") if night.open_now is None else night.open_now for night in nights]
        axes.plot(range(len(nights)), counts, color=BAR, marker="o", markersize=4, label="can be reached")
        count_upwards(axes, most=max((night.open_now or 0 for night in nights), default=0))
        gaps = [place for place, night in enumerate(nights) if night.measured_at is None]
        for place in gaps:
            label = "not measured" if place == gaps[0] else None
            axes.axvspan(place - 0.5, place + 0.5, facecolor="#eeeeee", edgecolor=GAP, hatch="///", lw=0, label=label)
        labels = [f"{night.night.day} {night.night:%b}" for night in nights]
        name_places(axes, labels, most=6)
        axes.set_xlim(-0.6, max(len(nights) - 0.4, 1))
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.18), ncols=2, frameon=False, fontsize=8.5)
    return svg(figure, prefix=prefix)


def openers_plot(account: AccountEligibility, zone: ZoneInfo, *, prefix: str) -> str:
    """Draw how many interactions that open a window came in each of the newest full hours."""
    with drawing(label="interactions") as (figure, axes):
        axes.bar(range(len(account.hours)), [hour.openers for hour in account.hours], color=BAR, hatch="//", ec="white")
        count_upwards(axes, most=max((hour.openers for hour in account.hours), default=0))
        labels = [clock(hour.at, zone) for hour in account.hours]
        name_places(axes, labels, most=_MOST_LABELS)
        axes.set_xlabel("in the hour up to")
    return svg(figure, prefix=prefix)
