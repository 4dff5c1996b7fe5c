"""A plan in words and for machines: what a send would reach, what would reach more, and what to think of first."""

import json
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from clients.postgres import Connection
from domain.account import Account
from domain.errors import OldInteractionsError
from domain.guards import Guards
from domain.pace import DEFAULT_PER_SECOND, REPLY_GAP_SECONDS
from domain.template import Channel
from sql import query
from tasks.windows import Outlook, read_clock, read_standing

# Times are shown to the minute: one nearer than this would be past when it is read.
_AT_ONCE: Final = timedelta(minutes=2)
_MINUTES_WITH_SECONDS: Final = 10
_IMPORT: Final = (
    "Bring in what came since with `windowcast interactions import`, and see that whatever feeds it (webhooks, a "
    "nightly job) still runs"
)


def plan_facts(outlook: Outlook) -> dict[str, Any]:
    """Return an outlook for machines and for the campaign's row: numbers, and times as UTC ISO 8601."""
    foretold, standing = outlook.forecast, outlook.account
    best = outlook.best_start
    return {
        "eligible_now": foretold.eligible_now,
        "eligible_at_send": foretold.eligible_at_send,
        "closing_before_turn": foretold.closing_before_turn,
        "seconds": foretold.seconds,
        "at": outlook.at.isoformat(),
        "per_second": outlook.per_second,
        "at_risk": outlook.at_risk,
        "latest_start": _iso(outlook.latest_start_at),
        "lowest_pace": outlook.lowest_pace,
        "best_start": None if best is None else {"at": best[0].isoformat(), "people": best[1]},
        "starts": [{"at": at.isoformat(), "people": people} for at, people in outlook.starts],
        "closings_per_hour": list(outlook.closings_per_hour),
        "sharing_with": {
            "campaigns": len(outlook.others),
            "messages": sum(int(people) for _, people in outlook.others),
        },
        "daily_budget": {
            "engaged": standing.engaged,
            "most": standing.most_calls,
            "used": standing.sent,
            "left": standing.calls_left,
        },
        "by_private_reply": outlook.by_private_reply,
        "overlap": outlook.overlap,
        "overlap_hours": outlook.overlap_hours,
        "newest_interaction_at": _iso(standing.newest_interaction_at),
    }


def keep_plan(connection: Connection, campaign_id: UUID, *, outlook: Outlook) -> None:
    """Keep what was foretold with the campaign, to compare it with what becomes of it."""
    connection.execute(
        query("campaigns/keep_plan"), {"campaign_id": campaign_id, "plan": json.dumps(plan_facts(outlook))}
    )


def plan_sentences(outlook: Outlook, *, account: Account) -> list[str]:
    """Say what a send would reach and what would reach more, one sentence for each thing worth knowing."""
    foretold = outlook.forecast
    sentences = [
        f"Eligible now: {foretold.eligible_now:,}",
        f"Eligible at {_time(outlook.at)}, if nobody writes again: {foretold.eligible_at_send:,}",
    ]
    if not foretold.eligible_at_send:
        return sentences
    if foretold.seconds is not None and outlook.per_second is not None:
        sentences.append(f"At {outlook.per_second:g} a second this takes {duration(foretold.seconds)}.")
    if outlook.others and outlook.per_second is not None:
        sentences.append(_sharing(outlook))
    sentences += _risks(outlook, account=account)
    sentences.append(_best_start(outlook))
    sentences += _budget(outlook)
    if outlook.by_private_reply:
        takes = duration(outlook.by_private_reply * REPLY_GAP_SECONDS)
        sentences.append(
            f"By private reply, to a comment or a post: {outlook.by_private_reply:,} of them; at the platform's 750 an "
            f"hour these take {takes}."
        )
    if outlook.overlap:
        got = "1 of these people has" if outlook.overlap == 1 else f"{outlook.overlap:,} of these people have"
        hours = f"{outlook.overlap_hours:g} hours before"
        sentences.append(f"{got} got a campaign message of this account in the {hours}.")
    return sentences


def check_interactions(connection: Connection, account: Account, *, guards: Guards, accepts_old: bool) -> str | None:
    """See that an account's interactions are new enough to judge people by, as `check_age` does."""
    now = read_clock(connection)
    newest = read_standing(connection, account, at=now).newest_interaction_at
    return check_age(newest, account.name, now=now, guards=guards, accepts_old=accepts_old)


def check_age(newest: datetime | None, account: str, *, now: datetime, guards: Guards, accepts_old: bool) -> str | None:
    """Return a warning when an account's newest interaction is old, or None.

    Without any interaction there is nothing to say: nobody is eligible anyway, and is told so. Raises
    OldInteractionsError when it is older than is allowed and nobody has accepted that.
    """
    if newest is None:
        return None
    age = now - newest
    if guards.is_too_old(age) and not accepts_old:
        raise OldInteractionsError(
            f"{old_interactions(newest, account, age=age)}, which is too old to judge anybody by. {_IMPORT}, or add "
            "--accept-old-interactions if really nobody has written since."
        )
    if guards.is_old(age):
        return f"{old_interactions(newest, account, age=age)}: whoever wrote since is missing here. {_IMPORT}."
    return None


def old_interactions(newest: datetime, account: str, *, age: timedelta) -> str:
    """Say how old an account's newest interaction is, as the beginning of a sentence."""
    return f"The newest interaction of {account} is from {_time(newest)}, {duration(age.total_seconds())} ago"


def duration(seconds: float) -> str:
    """Return a time span as people say it: 41 min, 1 h 5 min, 12 s."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [
        f"{days} d" if days else "",
        f"{hours} h" if hours else "",
        f"{minutes} min" if minutes and not days else "",
        f"{rest} s" if rest and not hours and not days and minutes < _MINUTES_WITH_SECONDS else "",
    ]
    return " ".join(part for part in parts if part) or "0 s"


def _others_messages(outlook: Outlook) -> int:
    return sum(int(people) for _, people in outlook.others)


def _sharing(outlook: Outlook) -> str:
    messages = f"{_others_messages(outlook):,}"
    if len(outlook.others) == 1:
        return f"Another campaign of this account, with {messages} to send, takes an equal share of its pace."
    count = len(outlook.others)
    return f"{count} other campaigns of this account, with {messages} to send, take equal shares of its pace."


def _risks(outlook: Outlook, *, account: Account) -> list[str]:
    foretold = outlook.forecast
    closed = max(0, foretold.eligible_now - foretold.eligible_at_send)
    sentences = []
    if closed:
        sentences.append(f"{_windows(closed)} before the send time.")
    if foretold.closing_before_turn:
        remedies = _remedies(outlook, account=account)
        remedy = (
            f"{remedies}, to reach them all." if remedies else "no start and no pace reaches them all, so begin soon."
        )
        sentences.append(f"{_windows(foretold.closing_before_turn)} before their turn: {remedy}")
    elif outlook.latest_start_at is not None and outlook.latest_start_at >= outlook.at:
        soon = outlook.latest_start_at - outlook.at < _AT_ONCE
        when = "it starts at once" if soon else f"it starts before {_time(outlook.latest_start_at)}"
        sentences.append(f"Everybody gets a turn, if {when}.")
    elif not closed:
        sentences.append("Everybody gets a turn.")
    return sentences


def _remedies(outlook: Outlook, *, account: Account) -> str:
    remedies = []
    if outlook.latest_start_at is not None:
        soon = outlook.latest_start_at - outlook.now < _AT_ONCE
        remedies.append("start at once" if soon else f"start before {_time(outlook.latest_start_at)}")
    if outlook.lowest_pace is not None:
        remedies.append(f"raise the pace to {outlook.lowest_pace:g} a second")
    text = ", or ".join(remedies)
    is_fast = outlook.lowest_pace is not None and outlook.lowest_pace > DEFAULT_PER_SECOND
    if is_fast and account.channel is Channel.MESSENGER:
        text += f" (above {DEFAULT_PER_SECOND} a Page's inbox stops working)"
    return text


def _best_start(outlook: Outlook) -> str:
    best = outlook.best_start
    if best is None:
        return "In the next 24 h no start reaches anybody."
    at, people = best
    when = "now" if at <= outlook.now else _time(at)
    more = people - outlook.forecast.reached
    return f"Best start in the next 24 h: {when}" + (f", which reaches {more:,} more." if more > 0 else ".")


def _budget(outlook: Outlook) -> list[str]:
    standing = outlook.account
    people = "the 1 person" if standing.engaged == 1 else f"each of the {standing.engaged:,} people"
    basis = f"{standing.most_calls:,} messages a day, 200 for {people} it can message"
    if outlook.forecast.reached > standing.calls_left:
        return [
            f"Meta allows this account {basis}. It has sent {standing.sent:,} in the 24 hours before, so "
            f"only {standing.calls_left:,} of this campaign's {outlook.forecast.reached:,} fit, and Meta may refuse "
            "the rest; send a part of the list, or send it later."
        ]
    return [f"Daily budget: {standing.sent:,} used of {basis}."]


def _windows(count: int) -> str:
    return "1 person's window closes" if count == 1 else f"{count:,} people's windows close"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
