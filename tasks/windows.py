"""The clock that decides, and whom a campaign can reach by it."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from clients.postgres import Connection
from clients.settings import Settings
from domain.account import Account
from domain.guards import Guards
from domain.pace import MOST_SLOT_WAIT_SECONDS, REPLY_GAP_SECONDS, Timing
from domain.window import (
    CALLS_PER_ENGAGED,
    Forecast,
    Load,
    closings_per_hour,
    forecast,
    latest_start,
    left_over,
    lowest_pace,
    reached_from,
)
from sql import query

# Starts are looked at, and closing windows counted, for so many hours ahead: a window is over by then.
_HOURS: Final = 24


@dataclass(frozen=True)
class AccountStanding:
    """What a plan rests on at a time: the account's newest opener, whom it can message, what it sent in 24 hours."""

    newest_interaction_at: datetime | None
    engaged: int
    sent: int

    @property
    def most_calls(self) -> int:
        """How many messages the platform allows in 24 hours."""
        return CALLS_PER_ENGAGED * self.engaged

    @property
    def calls_left(self) -> int:
        """How many of them are left."""
        return max(0, self.most_calls - self.sent)


@dataclass(frozen=True)
class Outlook:
    """What a campaign can reach, if nobody writes again, and what would reach more.

    `at` is the send time it is for, and `last_turn_at` until when the last window of the list can be used (None:
    nobody's). `starts` are starts from now on, hour by hour, each with the people it would reach. `others` are the
    account's other campaigns as the forecast counts them from `now`.
    """

    forecast: Forecast
    now: datetime
    at: datetime
    last_turn_at: datetime | None
    per_second: float | None
    others: tuple[Load, ...]
    latest_start_at: datetime | None  # until then, everybody who can be reached now still is; None: not even now
    lowest_pace: float | None  # at which no window closes before its turn; None: none would do, or none is kept
    starts: tuple[tuple[datetime, int], ...]
    closings_per_hour: tuple[int, ...]  # windows that close in each hour from now on
    account: AccountStanding
    by_private_reply: int  # people without an open window then whose comment or post may be answered
    overlap: int  # people who got another campaign message lately
    overlap_hours: float

    @property
    def at_risk(self) -> int:
        """How many people who can be reached now go without: closed by the start, or before their turn."""
        return max(0, self.forecast.eligible_now - self.forecast.reached)

    @property
    def best_start(self) -> tuple[datetime, int] | None:
        """The earliest of the starts that reach most people, and how many; None when nobody can be reached."""
        best = max(self.starts, key=lambda start: start[1])
        return best if best[1] else None


def timing_of(settings: Settings) -> Timing:
    """Return the times that make an attempt safe, as they are set."""
    return Timing(read_timeout_seconds=settings.read_timeout_seconds, margin_seconds=settings.safety_margin_seconds)


def read_clock(connection: Connection) -> datetime:
    """Return the time on the one clock that decides."""
    row = connection.execute(query("database/clock")).fetchone()
    if row is None:
        raise LookupError("a SELECT without FROM returned no row")
    moment: datetime = row["at"]
    return moment


def guards_of(settings: Settings) -> Guards:
    """Return when a person is asked before a send goes on, as it is set."""
    refuse_hours = settings.interactions_refuse_hours
    return Guards(
        most_late=timedelta(minutes=settings.latest_start_minutes),
        warn_after=timedelta(hours=settings.interactions_warn_hours),
        refuse_after=None if refuse_hours is None else timedelta(hours=refuse_hours),
        overlap=timedelta(hours=settings.overlap_hours),
        approval_above=settings.approval_above,
    )


def foretell(
    connection: Connection,
    campaign_id: UUID,
    *,
    account: Account,
    at: datetime | None,
    timing: Timing,
    guards: Guards | None = None,
) -> Outlook:
    """Foretell a campaign that starts at `at` (None: now), if nobody writes again.

    A lower bound: people who write meanwhile only add. The account's other campaigns that are sending, or timed, share
    its pace equally from their own time on; those that are paused take nothing.
    """
    now = read_clock(connection)
    start = max(at or now, now)
    rows = _closings(connection, campaign_id, now=now, at=start, timing=timing)
    from_now = [(row["closes_in"], row["people"]) for row in rows if row["closes_in"] is not None]
    from_start = [(row["closes_in_at_send"], row["people"]) for row in rows if row["closes_in_at_send"] is not None]
    others = read_others(connection, campaign_id, account_id=account.account_id, now=now, timing=timing)
    until_start = math.ceil((start - now).total_seconds())
    others_then = left_over(others, per_second=account.per_second, seconds=until_start)
    pace = account.per_second
    latest = latest_start(from_now, per_second=pace, others=others)
    overlap = (guards or Guards()).overlap
    return Outlook(
        forecast=forecast(
            sum(people for _, people in from_now), closings=from_start, per_second=pace, others=others_then
        ),
        now=now,
        at=start,
        last_turn_at=max((row["last_turn_at"] for row in rows), default=None),
        per_second=pace,
        others=tuple(others),
        latest_start_at=None if latest is None else now + timedelta(seconds=latest),
        lowest_pace=None if pace is None else lowest_pace(from_start, others=others_then),
        starts=tuple(
            (now + timedelta(hours=hour), reached_from(3600 * hour, closings=from_now, per_second=pace, others=others))
            for hour in range(_HOURS)
        ),
        closings_per_hour=tuple(closings_per_hour(from_now, hours=_HOURS)),
        account=read_standing(connection, account, at=start),
        by_private_reply=_count_replies(connection, campaign_id, at=start, timing=timing),
        overlap=_count_overlap(connection, campaign_id, account=account, at=start, timing=timing, overlap=overlap),
        overlap_hours=overlap / timedelta(hours=1),
    )


def read_others(
    connection: Connection, campaign_id: UUID, *, account_id: int, now: datetime, timing: Timing
) -> list[Load]:
    """Return the account's other campaigns that take slots: in how many seconds each begins, and whom it will reach."""
    rows = connection.execute(
        query("forecast/others"),
        {"campaign_id": campaign_id, "account_id": account_id, "now": now, **window_parameters(timing)},
    )
    return [(row["begins_in"], row["people"]) for row in rows]


def read_standing(connection: Connection, account: Account, *, at: datetime) -> AccountStanding:
    """Return an account's newest opener, whom it can message at `at`, and what it has sent in the 24 hours before."""
    row = connection.execute(query("forecast/account"), {"account_id": account.account_id, "at": at}).fetchone()
    if row is None:
        raise LookupError("an aggregate returned no row")
    return AccountStanding(row["newest_interaction_at"], row["engaged"], row["sent"])


def set_aside_unreachable(connection: Connection, campaign_id: UUID, *, at: datetime, timing: Timing) -> int:
    """Move the ready messages of people who cannot be reached at `at` to ineligible, with why; return how many."""
    row = connection.execute(
        query("messages/set_aside"), {"campaign_id": campaign_id, "at": at, **window_parameters(timing)}
    ).fetchone()
    return int(row["moved_count"]) if row else 0


def turn_parameters(timing: Timing) -> dict[str, Any]:
    """Return the window's parameters and how long before a campaign's latest time its claims end."""
    return {**window_parameters(timing), "slot_wait_seconds": MOST_SLOT_WAIT_SECONDS}


def window_parameters(timing: Timing) -> dict[str, Any]:
    """Return the times before a window's end by which every statement means the same.

    A message's `closes_at` is earlier than the window's end by `margin`. Its claim is earlier than `closes_at` by
    `reserve`, and than the window's end by `lead`.
    """
    margin, reserve = timedelta(seconds=timing.margin_seconds), timedelta(seconds=timing.reserve_seconds)
    return {"margin": margin, "reserve": reserve, "lead": margin + reserve}


def claim_parameters(timing: Timing) -> dict[str, Any]:
    """Return the window's parameters and those of slots and leases."""
    return {
        **turn_parameters(timing),
        "margin_seconds": timing.margin_seconds,
        "reserve_seconds": timing.reserve_seconds,
        "lease_seconds": timing.lease_seconds,
        "reply_gap_seconds": REPLY_GAP_SECONDS,
    }


def _closings(
    connection: Connection, campaign_id: UUID, *, now: datetime, at: datetime, timing: Timing
) -> list[dict[str, Any]]:
    return connection.execute(
        query("forecast/closings"), {"campaign_id": campaign_id, "now": now, "at": at, **turn_parameters(timing)}
    ).fetchall()


def _count_replies(connection: Connection, campaign_id: UUID, *, at: datetime, timing: Timing) -> int:
    row = connection.execute(
        query("forecast/private_replies"), {"campaign_id": campaign_id, "at": at, **window_parameters(timing)}
    ).fetchone()
    return int(row["people"]) if row else 0


def _count_overlap(
    connection: Connection, campaign_id: UUID, *, account: Account, at: datetime, timing: Timing, overlap: timedelta
) -> int:
    row = connection.execute(
        query("forecast/overlap"),
        {
            "campaign_id": campaign_id,
            "account_id": account.account_id,
            "at": at,
            "overlap_seconds": overlap.total_seconds(),
            **window_parameters(timing),
        },
    ).fetchone()
    return int(row["people"]) if row else 0
