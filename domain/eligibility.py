"""How many people an account can reach, now and hour by hour; its nights; and what is usual at an hour of the week."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from statistics import fmean
from typing import Final
from zoneinfo import ZoneInfo

from domain.window import Closing, reached_from

# How many hours ahead closing windows are counted.
HORIZONS: Final = (1, 3, 6, 12, 24)

# What is usual is told from so many weeks of full hours, and from two of them on: one week alone is no habit.
HABIT_WEEKS: Final = 4
FEWEST_WEEKS: Final = 2

# A trend shows so many nights, the newest included.
TREND_NIGHTS: Final = 30

_COMING_HOURS: Final = 24


class NightKept(StrEnum):
    """What became of a report as a night that is kept."""

    KEPT = "kept"  # by this report
    WAS_KEPT = "was_kept"  # an earlier report of the same night is the one that stays
    PARTLY = "partly"  # by this report, for the accounts that had none of this night
    NOT_KEPT = "not_kept"  # a segment's report is never kept, and without accounts there is nothing to keep


@dataclass(frozen=True)
class Start:
    """A moment at which a send may begin: whose windows are still open then, and whom it reaches at the pace.

    Both if nobody writes again: lower bounds.
    """

    at: datetime
    people: int
    reached: int


@dataclass(frozen=True)
class HourCount:
    """A full hour: how many people had opened a window in the 24 hours up to it, how many openers came in the last."""

    at: datetime
    reachable: int
    openers: int


@dataclass(frozen=True)
class Habit:
    """What is usual at a coming hour: people with a window at the same hour of the week, in so many weeks before."""

    at: datetime
    mean: float
    least: int
    most: int
    weeks: int


@dataclass(frozen=True)
class Night:
    """A kept night of one account; without `measured_at` it was not measured, and nothing is known of it."""

    night: date
    measured_at: datetime | None = None
    known: int | None = None
    open_now: int | None = None
    newly_open: int | None = None
    lost: int | None = None


@dataclass(frozen=True)
class ComingCampaign:
    """A campaign that is to start soon, as foretold if nobody writes again; `remark` says what bars it."""

    campaign_id: str
    name: str
    at: datetime
    eligible_now: int
    eligible_at_send: int
    closing_before_turn: int
    seconds: float | None
    remark: str | None = None

    @property
    def reached(self) -> int:
        """How many people get their turn."""
        return self.eligible_at_send - self.closing_before_turn


@dataclass(frozen=True)
class AccountEligibility:
    """What one report says of one account. Counts are of people.

    Each of the `known`, who ever opened a window, is exactly one of open, closed, opted out and cooling off. Outside of
    them stand `opted_out_unseen`, who never wrote, and `never_wrote`, which only a segment can tell.
    """

    account_id: int
    account: str
    per_second: float | None
    known: int
    open_now: int
    closed: int
    opted_out: int
    cooling_off: int
    opted_out_unseen: int
    never_wrote: int | None
    open_at_cap: int
    closing: dict[int, int]  # by hours: of the open ones, whose last turn is over by then
    by_opener: dict[str, int]  # of the open ones, by the kind of their newest opener
    compared_with: datetime
    is_compared_with_night: bool  # else it is 24 hours earlier, as the night before was not measured
    was_open: int
    newly_open: int
    lost: int
    lost_suppressed: int  # of the lost: opted out or cooling off since; the others' windows closed
    newest_interaction_at: datetime | None
    old_warning: str | None
    starts: tuple[Start, ...]  # now, and each full hour of the next 24
    habits: tuple[Habit, ...]  # each full hour of the next 7 days of which enough weeks are known
    weeks_measured: int
    hours: tuple[HourCount, ...]  # the 24 newest full hours
    campaigns: tuple[ComingCampaign, ...]
    more_campaigns: int

    @property
    def best_habit(self) -> Habit | None:
        """The hour of the coming 24 at which usually most people have a window."""
        return _best(self.habits, before=self.starts[-1].at)

    @property
    def best_of_week(self) -> Habit | None:
        """The hour of the coming 7 days at which usually most people have a window."""
        return _best(self.habits)

    @property
    def proposed_start(self) -> Start:
        """The start to name beside now: the usually best hour of the coming 24, else the next full hour."""
        best = self.best_habit
        return next((start for start in self.starts[1:] if best and start.at == best.at), self.starts[1])


@dataclass(frozen=True)
class SegmentFacts:
    """Whose figures a report holds, if not everybody's: where the ids came from, and what was wrong with some."""

    source: str
    people: int
    bad_count: int = 0
    problems: tuple[tuple[int, str], ...] = ()  # the first ones: (line or row, sentence)


@dataclass(frozen=True)
class EligibilityReport:
    """The report of one night: each account's figures, and its nights so far. Times are UTC, nights days in `zone`."""

    night: date
    zone: str
    measured_at: datetime
    accounts: tuple[AccountEligibility, ...]
    trends: dict[int, tuple[Night, ...]]  # by account id, oldest first, with the nights that were not measured
    segment: SegmentFacts | None = None
    kept: NightKept = NightKept.NOT_KEPT
    unmeasured: tuple[str, ...] = field(default=())  # accounts of which this night is not kept
    is_mapped: bool = False  # a team's own table tells what people did, which the comparison does not read

    @property
    def local(self) -> ZoneInfo:
        """The zone as a clock."""
        return ZoneInfo(self.zone)


def coming_starts(
    closings: Sequence[tuple[datetime, int]], *, now: datetime, people: int, per_second: float | None
) -> tuple[Start, ...]:
    """Return what a start now, and at each full hour of the next 24, finds open and reaches.

    `closings` are (from when on, people): whose last turn is over in the minute from then on.
    """
    from_now: list[Closing] = [(max(0, int((at - now).total_seconds())), count) for at, count in closings]
    first = full_hour(now) + timedelta(hours=1)
    starts = [Start(now, people, reached_from(0, closings=from_now, per_second=per_second))]
    for at in (first + timedelta(hours=hour) for hour in range(_COMING_HOURS)):
        reached = reached_from(int((at - now).total_seconds()), closings=from_now, per_second=per_second)
        starts.append(Start(at, sum(count for minute, count in closings if minute >= at), reached))
    return tuple(starts)


def coming_habits(hours: Iterable[HourCount], *, now: datetime, zone: ZoneInfo) -> tuple[tuple[Habit, ...], int]:
    """Return what is usual at each full hour of the next 7 days, and how many weeks are known at most.

    An hour of the week is one of the zone's clock; that of a night whose hour is put forward or back stands or counts
    with the hour that the clock shows. Hours before an account's first interaction tell nothing, and are left out.
    """
    seen: dict[tuple[int, int, int], list[HourCount]] = {}
    for count in _from_first(hours):
        seen.setdefault(_hour_of_week(count.at, zone), []).append(count)
    coming = [full_hour(now) + timedelta(hours=1 + hour) for hour in range(7 * 24)]
    habits = [_habit(at, seen.get(_hour_of_week(at, zone), []), zone=zone) for at in coming]
    enough = tuple(habit for habit in habits if habit.weeks >= FEWEST_WEEKS)
    return enough, max((habit.weeks for habit in habits), default=0)


def full_hour(moment: datetime) -> datetime:
    """Return the full hour that is not after a moment."""
    return moment.replace(minute=0, second=0, microsecond=0)


def night_of(moment: datetime, zone: ZoneInfo) -> date:
    """Return the night that a moment belongs to: the day in the team's zone, however long the clock makes it."""
    return moment.astimezone(zone).date()


def _from_first(hours: Iterable[HourCount]) -> Iterable[HourCount]:
    ordered = sorted(hours, key=lambda count: count.at)
    first = next((place for place, count in enumerate(ordered) if count.reachable), len(ordered))
    return ordered[first:]


def _habit(at: datetime, seen: Sequence[HourCount], *, zone: ZoneInfo) -> Habit:
    people = [count.reachable for count in seen] or [0]
    # An hour that the clock shows twice in one night is one week's.
    weeks = len({night_of(count.at, zone) for count in seen})
    return Habit(at, fmean(people), min(people), max(people), weeks)


def _hour_of_week(moment: datetime, zone: ZoneInfo) -> tuple[int, int, int]:
    local = moment.astimezone(zone)
    return local.weekday(), local.hour, local.minute


def _best(habits: Sequence[Habit], *, before: datetime | None = None) -> Habit | None:
    able = [habit for habit in habits if before is None or habit.at <= before]
    return max(able, key=lambda habit: habit.mean, default=None)
