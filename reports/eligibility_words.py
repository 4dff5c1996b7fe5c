"""What a report of a night says in sentences, for people who plan campaigns."""

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from domain.eligibility import FEWEST_WEEKS, HABIT_WEEKS, AccountEligibility, EligibilityReport, Habit, NightKept

# Each kind of opener in words.
OPENER_WORDS: Final = {
    "message": "Wrote a message",
    "postback": "Pressed a button",
    "ad_message": "Wrote from an ad",
    "m_me": "Came by an m.me link",
    "ig_me": "Came by an ig.me link",
    "reaction": "Reacted to a message",
    "plugin": "Came by a website's plug-in",
}

KEPT_WORDS: Final = {
    NightKept.KEPT: "These figures are kept as this night's.",
    NightKept.WAS_KEPT: "This night's figures were kept before, and stay as they were.",
    NightKept.PARTLY: "These figures are kept as this night's of the accounts that had none yet.",
    NightKept.NOT_KEPT: "These figures are not kept: only those of whole accounts are.",
}


MAPPED_WORDS: Final = (
    "What people did stands in a table of yours (WINDOWCAST_INTERACTIONS_TABLE): it is read for who is open, while "
    "newly open, lost and usual hours know only what came in by webhook or import."
)


def standing(report: EligibilityReport) -> str:
    """Say whether the figures are kept, and of which of them little is known."""
    return KEPT_WORDS[report.kept] + (f" {MAPPED_WORDS}" if report.is_mapped else "")


def headline(account: AccountEligibility, zone: ZoneInfo) -> str:
    """Say the one thing to know: what a start at the proposed hour reaches, and what it gives up."""
    start = account.proposed_start
    if not account.open_now:
        return "Nobody can be reached now: no window is open."
    closing = account.open_now - start.people
    text = f"Send at {clock(start.at, zone)} to reach at least {start.people:,} people; {_windows(closing)} before."
    best = account.best_habit
    return text if best is None else f"{text} Usually {best.mean:,.0f} have a window then."


def sentences(account: AccountEligibility, zone: ZoneInfo) -> list[str]:
    """Say what to know of an account tonight, one sentence for each thing, the most useful first."""
    said = [account.old_warning] if account.old_warning else []
    if account.open_now:
        said += [_now(account), headline(account, zone)]
    said.append(habit_sentence(account, zone))
    if account.open_at_cap:
        said.append(f"{account.open_at_cap:,} of the open have had as many messages as the account's cap allows.")
    return [*said, _change(account, zone), *unreachable(account)]


def habit_sentence(account: AccountEligibility, zone: ZoneInfo) -> str:
    """Say at which hour usually most people can be reached, or that too little is known to say it."""
    day, week = account.best_habit, account.best_of_week
    if day is None or week is None:
        return (
            f"At which hour usually most people can be reached is not known yet: {account.weeks_measured} of at least "
            f"{FEWEST_WEEKS} weeks are measured."
        )
    text = f"Usually most people have a window at {clock(day.at, zone)}: {usual(day)}"
    if week.at != day.at:
        text += f"; in the coming week on {week.at.astimezone(zone):%A} at {clock(week.at, zone)}: {usual(week)}"
    return f"{text}."


def usual(habit: Habit) -> str:
    """Say how many people an hour usually has, and how far its weeks lie apart."""
    return f"{habit.mean:,.0f} on average ({habit.least:,} to {habit.most:,} in {habit.weeks} weeks)"


def unreachable(account: AccountEligibility) -> list[str]:
    """Say who of the known people cannot be reached and why, and who stands outside of that count."""
    barred = account.known - account.open_now
    known = f"Of {account.known:,} people who ever opened a window, {barred:,} cannot be reached"
    parts = [
        f"{count:,} {why}"
        for count, why in (
            (account.closed, "have a closed window"),
            (account.opted_out, "opted out"),
            (account.cooling_off, "could not be reached lately and are left in peace"),
        )
    ]
    said = [f"{known}: {', '.join(parts)}. People who were erased are in no count."]
    if account.never_wrote is None:
        said.append("Who never wrote is not known without a list: a segment or a campaign's check tells it.")
    else:
        said.append(f"{account.never_wrote:,} people of the segment never opened a window of this account.")
    return said


def basis(account: AccountEligibility) -> str:
    """Say what the figures of coming hours are and are not."""
    lower = "Windows as they are now: a lower bound, since whoever writes again only adds."
    if not account.habits:
        return lower
    return (
        f"{lower} Usual: people who had written in the 24 hours before that hour of the week, on average over the last "
        f"{HABIT_WEEKS} weeks; those who opted out are among them."
    )


def clock(moment: datetime, zone: ZoneInfo) -> str:
    """Return a time of day as the team's clock shows it."""
    return f"{moment.astimezone(zone):%H:%M}"


def weekday_and_clock(moment: datetime, zone: ZoneInfo) -> str:
    """Return a moment of the coming day or week as the team's clock shows it."""
    return f"{moment.astimezone(zone):%a %H:%M}"


def day_and_clock(moment: datetime, zone: ZoneInfo) -> str:
    """Return a moment as the team's calendar and clock show it, short."""
    return f"{moment.astimezone(zone):%a %d %b %H:%M}"


def night_word(night: date) -> str:
    """Return a night as the page names it."""
    return f"{night:%A}, {night.day} {night:%B %Y}"


def title(report: EligibilityReport) -> str:
    """Return what a report is called."""
    whose = f", segment {report.segment.source}" if report.segment else ""
    return f"Who can be reached{whose}: {report.night}"


def _now(account: AccountEligibility) -> str:
    reached, people = account.starts[0].reached, f"{account.open_now:,}"
    if account.per_second is None or reached == account.open_now:
        return f"Send now to reach {people} people; {_windows(account.closing[1])} within the hour."
    return (
        f"Send now to reach {reached:,} of {people} people: the windows of the others close before their turn at "
        f"{account.per_second:g} a second."
    )


def _change(account: AccountEligibility, zone: ZoneInfo) -> str:
    since = f"{account.compared_with.astimezone(zone):%Y-%m-%d %H:%M}"
    gap = "" if account.is_compared_with_night else ", as the night before was not measured"
    lost = f"{account.lost:,} lost" + (f" ({account.lost_suppressed:,} opted out)" if account.lost_suppressed else "")
    return f"Since {since}{gap}: {account.newly_open:,} newly open and {lost}."


def _windows(count: int) -> str:
    return "1 window closes" if count == 1 else f"{count:,} windows close"
