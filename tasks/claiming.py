"""Claiming for all shares of a process that use one database: one statement for many campaigns."""

import asyncio
import os
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from clients.lasting_connection import LastingConnection
from domain.errors import ServiceAwayError
from domain.outcome import NotSent, ProviderAnswer
from domain.pace import MEDIA_PER_SECOND, Timing
from domain.window import Entitlement, InteractionKind
from sql import query
from tasks.gathering import Gathering
from tasks.recording import Recorder
from tasks.slot_clock import SlotClock
from tasks.windows import claim_parameters

# What a claim returns is less than what a socket holds, so that it is committed even when its reader is frozen.
_MOST_PER_STATEMENT: Final = 200
_MOST_CLOSED_PER_STATEMENT: Final = 1000
_UPKEEP_SECONDS: Final = 2.0
_GOLDEN_RATIO: Final = 0.618  # however many multiples of it are taken, their fractions lie evenly spread


@dataclass(frozen=True)
class Wish:
    """What a share asks for: at most so many messages of its campaign."""

    campaign_id: UUID
    account_id: int
    most: int
    is_media: bool
    ahead_seconds: float


@dataclass(frozen=True)
class Slot:
    """When a POST may start, on this process's monotonic clock: waited for at `at`, and no earlier than `earliest`.

    The lease runs from the slot on the server's clock. An answer that came late, or was read late by a process that was
    frozen, makes `at` too late, so the fence counts from `earliest`.
    """

    at: float
    earliest: float


@dataclass(frozen=True)
class Intent:
    """One committed attempt: what to send, to whom, and when its slot is."""

    attempt_id: UUID
    message_id: int
    user_id: str
    cells: Sequence[str]
    slot: Slot
    entitlement: Entitlement | None = None  # it is the private reply to this; None: the person's window is open


@dataclass(frozen=True)
class _Retake:
    """An attempt whose slot went by."""

    attempt_id: UUID
    wish: Wish


class Claimer:
    """Takes messages for all shares of a process, and new slots for those that went by: many with one statement.

    `connection` may be used for other statements that are harmless to repeat. What a claim whose answer was lost may
    have taken is given back, all of it.
    """

    def __init__(self, url: str, recorder: Recorder, *, timing: Timing, patience_seconds: float) -> None:
        self.connection = LastingConnection(url, role="claim", patience_seconds=patience_seconds)
        self.parameters: Mapping[str, Any] = {
            "media_gap_seconds": 1 / MEDIA_PER_SECOND,
            **claim_parameters(timing),
        }
        self.users = 0
        self._recorder = recorder
        self._worker = f"{socket.gethostname()}:{os.getpid()}"
        self._clock = SlotClock()
        self._claims = Gathering(self._claim_together, fits=_may_claim_with, forget=self._forget)
        self._retakes = Gathering(self._retake_together, fits=_may_retake_with)
        self._campaigns: Counter[UUID] = Counter()
        self._kept_up_at = -_UPKEEP_SECONDS

    def stagger_seconds(self, period: float) -> float:
        """Return how long a share waits before its first claim, so that those of one moment spread over a period."""
        return (self.users - 1) * _GOLDEN_RATIO % 1 * period

    @contextmanager
    def sending(self, campaign_id: UUID) -> Iterator[None]:
        """Keep up a campaign for the length of the block."""
        self._campaigns[campaign_id] += 1
        try:
            yield
        finally:
            self._campaigns[campaign_id] -= 1

    async def claim(self, wish: Wish) -> list[Intent]:
        """Take messages of a campaign and commit an attempt for each; empty when nothing can be taken right now.

        Raises ServiceAwayError when Postgres stays away longer than the patience.
        """
        return await self._claims.ask(wish)

    async def retake(self, attempt_id: UUID, wish: Wish) -> Slot | None:
        """Take a new slot for an attempt whose slot went by. None: it may not be sent now."""
        return await self._retakes.ask(_Retake(attempt_id, wish))

    async def close_turns(self, campaign_ids: Sequence[UUID]) -> bool:
        """Move what may no longer be sent of campaigns; return whether anything moved."""
        return await self._close_turns(self.connection, campaign_ids)

    async def close_replies(self, campaign_id: UUID) -> bool:
        """Give up the people of a campaign whose comments cannot be answered any more; return whether any moved."""
        parameters = {**self.parameters, "campaign_id": campaign_id, "most": _MOST_CLOSED_PER_STATEMENT}
        row = await self.connection.row(query("messages/close_replies"), parameters)
        return bool(row["moved_count"])

    async def keep_up(self) -> None:
        """Let expire what closed meanwhile, of all campaigns that are sent here; a process looks every two seconds."""
        if time.monotonic() - self._kept_up_at < _UPKEEP_SECONDS:
            return
        self._kept_up_at = time.monotonic()
        await self._recorder.keep_up()
        while await self._close_turns(self._recorder.connection, list(+self._campaigns)):
            pass

    async def _close_turns(self, connection: LastingConnection, campaign_ids: Sequence[UUID]) -> bool:
        parameters = {**self.parameters, "campaign_ids": campaign_ids, "most": _MOST_CLOSED_PER_STATEMENT}
        row = await connection.row(query("messages/close_turns"), parameters)
        return bool(row["moved_count"])

    async def close(self) -> None:
        """Close the connection, when what is being claimed for shares that were cancelled has been given back."""
        await self._claims.idle()
        await self.connection.close()

    async def _claim_together(self, wishes: Sequence[Wish]) -> list[list[Intent]]:
        # Nothing is claimed without the means to record it: where the server has no room for a second connection, what
        # was POSTed would stay unknown.
        await self._recorder.connection.ready()
        attempt_ids = [uuid7() for wish in wishes for _ in range(wish.most)]
        asked = time.monotonic()
        rows = await self.connection.rows_once(
            query("messages/claim"),
            {
                **self.parameters,
                "campaign_ids": [wish.campaign_id for wish in wishes],
                "mosts": [wish.most for wish in wishes],
                "are_media": [wish.is_media for wish in wishes],
                "aheads": [wish.ahead_seconds for wish in wishes],
                "attempt_ids": attempt_ids,
                "worker": self._worker,
            },
        )
        if rows is None:
            await self._give_back(attempt_ids, why="the answer of the claim was lost")
            rows = []
        intents: dict[UUID, list[Intent]] = {wish.campaign_id: [] for wish in wishes}
        for row, slot in zip(rows, self._read_slots(rows, asked=asked), strict=True):
            intents[row["campaign_id"]].append(_intent_of(row, slot))
        return [intents[wish.campaign_id] for wish in wishes]

    async def _retake_together(self, retakes: Sequence[_Retake]) -> list[Slot | None]:
        asked = time.monotonic()
        rows = await self.connection.rows(
            query("pace/retake"),
            {
                **self.parameters,
                "attempt_ids": [retake.attempt_id for retake in retakes],
                "are_media": [retake.wish.is_media for retake in retakes],
                "aheads": [retake.wish.ahead_seconds for retake in retakes],
            },
        )
        slots = self._read_slots(rows, asked=asked)
        taken = {row["attempt_id"]: slot for row, slot in zip(rows, slots, strict=True)}
        return [taken.get(retake.attempt_id) for retake in retakes]

    async def _forget(self, intents: Sequence[Intent]) -> None:
        if intents:
            with suppress(ServiceAwayError):  # then their leases end, and they are unknown
                await self._give_back([intent.attempt_id for intent in intents], why="nobody waited for the claim")

    async def _give_back(self, attempt_ids: Iterable[UUID], *, why: str) -> None:
        """End attempts that nobody will POST: if they exist, none of them was."""
        not_sent = NotSent(ProviderAnswer(text=why))
        await self._recorder.write([(attempt_id, not_sent) for attempt_id in attempt_ids])

    def _read_slots(self, rows: Sequence[Mapping[str, Any]], *, asked: float) -> list[Slot]:
        """Translate the slots of an answer; the server read its clock, and booked them, after it was asked."""
        if rows:
            self._clock.learn(asked=asked, answered=time.monotonic(), server_epoch=rows[0]["asked_epoch"])
        return [
            Slot(
                at=self._clock.local(row["slot_epoch"]),
                earliest=asked + max(0.0, row["slot_epoch"] - row["asked_epoch"]),
            )
            for row in rows
        ]


def _intent_of(row: Mapping[str, Any], slot: Slot) -> Intent:
    object_id = row["entitlement_id"]
    entitlement = None if object_id is None else Entitlement(object_id, InteractionKind(row["entitlement_kind"]))
    return Intent(row["attempt_id"], row["message_id"], row["user_id"], row["cells"], slot, entitlement)


def _may_claim_with(wishes: Sequence[Wish], another: Wish) -> bool:
    """Campaigns of one account take turns, so only one of them is in a statement."""
    return sum(wish.most for wish in wishes) + another.most <= _MOST_PER_STATEMENT and all(
        wish.account_id != another.account_id for wish in wishes
    )


def _may_retake_with(retakes: Sequence[_Retake], another: _Retake) -> bool:
    """No more of an account than a claim may take; of audio and video one."""
    wish = another.wish
    most = 1 if wish.is_media else wish.most
    of_account = sum(retake.wish.account_id == wish.account_id for retake in retakes)
    return of_account < most and len(retakes) < _MOST_PER_STATEMENT


_CLAIMERS: Final[dict[tuple[asyncio.AbstractEventLoop, str, Timing, float], Claimer]] = {}


@asynccontextmanager
async def shared_claimer(
    url: str, recorder: Recorder, *, timing: Timing, patience_seconds: float
) -> AsyncIterator[Claimer]:
    """Give the claimer of this event loop for a database; the last who uses it closes its connection."""
    key = (asyncio.get_running_loop(), url, timing, patience_seconds)
    claimer = _CLAIMERS.setdefault(key, Claimer(url, recorder, timing=timing, patience_seconds=patience_seconds))
    claimer.users += 1
    try:
        yield claimer
    finally:
        claimer.users -= 1
        if claimer.users == 0:
            del _CLAIMERS[key]
            await claimer.close()
