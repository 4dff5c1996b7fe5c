"""The clock that decides, and whom a campaign can reach by it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from clients.postgres import Connection
from clients.settings import Settings
from domain.account import Account
from domain.pace import MOST_SLOT_WAIT_SECONDS, Timing
from domain.window import Forecast, forecast
from sql import query


@dataclass(frozen=True)
class Outlook:
    """A forecast, the send time it is for, and until when the last window of the list can be used (None: nobody's)."""

    forecast: Forecast
    at: datetime
    last_turn_at: datetime | None


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


def foretell(
    connection: Connection, campaign_id: UUID, *, account: Account, at: datetime | None, timing: Timing
) -> Outlook:
    """Foretell a campaign that starts at `at` (None: now), if nobody writes again."""
    moment = at or read_clock(connection)
    rows = connection.execute(
        query("messages/forecast"), {"campaign_id": campaign_id, "at": moment, **window_parameters(timing)}
    ).fetchall()
    foretold = forecast(
        sum(row["eligible_now"] for row in rows),
        closings=[(row["closes_in"], row["people"]) for row in rows if row["closes_in"] is not None],
        per_second=account.per_second,
    )
    return Outlook(foretold, moment, max((row["last_turn_at"] for row in rows), default=None))


def set_aside_unreachable(connection: Connection, campaign_id: UUID, *, at: datetime, timing: Timing) -> int:
    """Move the ready messages of people who cannot be reached at `at` to ineligible, with why; return how many."""
    row = connection.execute(
        query("messages/set_aside"), {"campaign_id": campaign_id, "at": at, **window_parameters(timing)}
    ).fetchone()
    return int(row["moved_count"]) if row else 0


def window_parameters(timing: Timing) -> dict[str, float]:
    """Return the parameters by which every statement that looks at windows means the same."""
    return {"margin_seconds": timing.margin_seconds, "reserve_seconds": timing.reserve_seconds}


def claim_parameters(timing: Timing) -> dict[str, float]:
    """Return the window's parameters and those of slots and leases."""
    return {
        **window_parameters(timing),
        "slot_wait_seconds": MOST_SLOT_WAIT_SECONDS,
        "lease_seconds": timing.lease_seconds,
    }
