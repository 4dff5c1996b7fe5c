"""What is left of a campaign while it is sent: time, people at risk, and a warning when more are lost than planned."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

from clients.postgres import Connection, connect
from domain.pace import Timing
from domain.states import CampaignState
from domain.window import Forecast, forecast
from sql import query
from tasks.planning import duration
from tasks.windows import read_clock, read_others, turn_parameters

LOOK_SECONDS: Final = 30.0
_RECENT: Final = timedelta(seconds=2 * LOOK_SECONDS)

_MEASURE_SECONDS: Final = 60.0
_SHORTEST_MEASURE_SECONDS: Final = 1.0
_LAST_LOOK_SECONDS: Final = 10.0
_PAUSE_PER_LOOK: Final = 20
# A send that keeps nine tenths of its pace is as fast as its pace: claims and answers take their time.
_AS_FAST: Final = 0.9
# So much more than planned, of all the campaign's people, is worth a warning; each further one as much again.
_NOTABLE_SHARE: Final = 0.01

logger = logging.getLogger("windowcast.sending")
news = logging.getLogger("windowcast.news")


@dataclass(frozen=True)
class Remaining:
    """What is left of a campaign at `at`, if it goes on as it does and nobody writes again."""

    at: datetime
    ready: int
    seconds_left: float | None  # None: the account keeps no pace, and nothing was sent lately to measure
    at_risk: int  # ready people whose windows close before their turn
    expired: int  # people whose windows closed after the start
    per_second: float | None  # the pace by which this is foretold: the account's, or what was measured if that is less
    planned: int  # people that the plan, or the first look, gave up
    warned: int  # people that the last warning named

    @property
    def missed(self) -> int:
        """How many people the campaign loses in all: those it lost and those it will."""
        return self.expired + self.at_risk

    @property
    def is_worse(self) -> bool:
        """Say whether notably more people are lost than was planned, and than the last warning named."""
        known = max(self.planned, self.warned)
        return self.missed > known + _NOTABLE_SHARE * (self.ready + self.missed)

    @property
    def sentence(self) -> str:
        """Say in one sentence how the campaign stands."""
        time_left = "" if self.seconds_left is None else f"about {duration(self.seconds_left)} left, "
        risk = "nobody at risk" if not self.at_risk else f"{self.at_risk:,} people at risk"
        return f"{self.ready:,} to send, {time_left}{risk}"


def remaining_of(connection: Connection, campaign: Mapping[str, Any], *, timing: Timing) -> Remaining:
    """Return what is left of a campaign: as its senders saw it in the last minute, or as it stands now.

    Senders store a look in the campaign's row every half minute. Without a recent one it costs one pass over what is
    ready. Raises LookupError without the campaign.
    """
    stored = campaign["outlook"] if campaign["state"] == CampaignState.SENDING else None
    if stored is not None:
        at = datetime.fromisoformat(stored["at"])
        if read_clock(connection) - at < _RECENT:
            names = ("ready", "seconds_left", "at_risk", "per_second", "planned", "warned")
            expired = stored["missed"] - stored["at_risk"]
            return Remaining(at=at, expired=expired, **{name: stored[name] for name in names})
    return outlook_now(connection, campaign["campaign_id"], timing=timing)


def outlook_now(connection: Connection, campaign_id: UUID, *, timing: Timing) -> Remaining:
    """Foretell the rest of a campaign from its ready messages and their windows, as they stand now.

    The pace is the account's, shared equally with its other campaigns, or what the account has really sent in the last
    minute where that is less. Reads only; costs one pass over what is ready. Raises LookupError without the campaign.
    """
    now = read_clock(connection)
    speed = connection.execute(
        query("forecast/speed"), {"campaign_id": campaign_id, "now": now, "measured_seconds": _MEASURE_SECONDS}
    ).fetchone()
    if speed is None:
        raise LookupError(f"there is no campaign {campaign_id}")
    rows = connection.execute(
        query("forecast/left"), {"campaign_id": campaign_id, "now": now, **turn_parameters(timing)}
    )
    closings = [(row["closes_in"], row["people"]) for row in rows]
    others = read_others(connection, campaign_id, account_id=speed["account_id"], now=now, timing=timing)
    per_second = _speed_of(speed)
    foretold = forecast(0, closings=closings, per_second=per_second, others=others)
    return _remaining(speed, now=now, foretold=foretold, per_second=per_second)


def look(connection: Connection, campaign_id: UUID, *, timing: Timing) -> Remaining:
    """Look at a campaign that is sending, keep what was seen in its row, and warn when more is lost than planned.

    A warning is told once; the next one is told when as many again are lost.
    """
    remaining = outlook_now(connection, campaign_id, timing=timing)
    warned = remaining.warned
    if remaining.is_worse:
        warned = remaining.missed
        news.warning(_warning(remaining))
    kept = {
        "at": remaining.at.isoformat(),
        "ready": remaining.ready,
        "seconds_left": remaining.seconds_left,
        "at_risk": remaining.at_risk,
        "missed": remaining.missed,
        "per_second": remaining.per_second,
        "planned": remaining.planned,
        "warned": warned,
    }
    connection.execute(query("campaigns/keep_outlook"), {"campaign_id": campaign_id, "outlook": json.dumps(kept)})
    return remaining


_Tell: TypeAlias = Callable[[Remaining], Awaitable[None]]


@asynccontextmanager
async def watched(
    url: str,
    campaign_id: UUID,
    *,
    timing: Timing,
    tell: _Tell | None = None,
    every_seconds: float = LOOK_SECONDS,
) -> AsyncIterator[None]:
    """Look at a campaign now and then while the block sends it, and tell what was seen.

    The look has a connection and a thread of its own, so that no slot waits for it; one that fails is no news, since
    the send itself says when Postgres is away.
    """
    over = asyncio.Event()
    watcher = asyncio.create_task(_watch(url, campaign_id, timing=timing, tell=tell, every=every_seconds, over=over))
    try:
        yield
    finally:
        over.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(watcher, timeout=_LAST_LOOK_SECONDS)


async def _watch(
    url: str, campaign_id: UUID, *, timing: Timing, tell: _Tell | None, every: float, over: asyncio.Event
) -> None:
    while not over.is_set():
        began = time.monotonic()
        try:
            remaining = await asyncio.to_thread(_look_once, url, campaign_id, timing=timing)
            if tell is not None:
                await tell(remaining)
        except Exception as error:  # noqa: BLE001  # a look, or a Prefect server that is away, must never end a send
            logger.warning("no look at the campaign: %s", type(error).__name__, extra={"campaign_id": str(campaign_id)})
        with suppress(TimeoutError):
            # A look at a million messages takes a while: it is repeated so seldom that it hardly weighs on the send.
            pause = max(every, _PAUSE_PER_LOOK * (time.monotonic() - began))
            await asyncio.wait_for(over.wait(), timeout=pause)


def _look_once(url: str, campaign_id: UUID, *, timing: Timing) -> Remaining:
    with connect(url) as connection:
        return look(connection, campaign_id, timing=timing)


def _speed_of(speed: dict[str, Any]) -> float | None:
    """Return by which pace to foretell: what is allowed, or what was measured where that is clearly less.

    Measured from the first message of the last minute on, so that a send that has just begun, or gone on after a pause,
    is not taken for a slow one.
    """
    allowed: float | None = speed["per_second"]
    span = speed["span_seconds"]
    if span is None or span < (_SHORTEST_MEASURE_SECONDS if allowed is None else _MEASURE_SECONDS / 3):
        return allowed
    measured: float = speed["sent"] / span
    return measured if allowed is None or measured < _AS_FAST * allowed else allowed


def _remaining(speed: dict[str, Any], *, now: datetime, foretold: Forecast, per_second: float | None) -> Remaining:
    before = speed["outlook"] or {}
    missed = speed["expired"] + foretold.closing_before_turn
    plan = speed["plan"] or {}
    return Remaining(
        at=now,
        ready=foretold.eligible_at_send,
        seconds_left=foretold.seconds,
        at_risk=foretold.closing_before_turn,
        expired=speed["expired"],
        per_second=None if per_second is None else round(per_second, 2),
        planned=before.get("planned", plan.get("closing_before_turn", missed)),
        warned=before.get("warned", 0),
    )


def _warning(remaining: Remaining) -> str:
    pace = "" if remaining.per_second is None else f" at {remaining.per_second:g} a second"
    return (
        f"More windows close than planned: {remaining.at_risk:,} people will not get their turn{pace} and "
        f"{remaining.expired:,} did not, where the plan gave up {remaining.planned:,}. A higher pace, or pausing the "
        "account's other campaigns, reaches more of them."
    )
