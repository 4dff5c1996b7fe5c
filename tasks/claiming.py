"""Claiming messages for a share: an attempt and a slot for each, committed before anything is POSTed."""

import os
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from clients.lasting_connection import LastingConnection
from domain.outcome import NotSent, ProviderAnswer
from domain.pace import MEDIA_PER_SECOND
from sql import query
from tasks.recording import Recorder
from tasks.share import ShareOrder
from tasks.slot_clock import SlotClock
from tasks.windows import claim_parameters


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
    """A claimed message whose attempt is committed: to whom, with which values, and when it may be POSTed."""

    attempt_id: UUID
    message_id: int
    user_id: str
    values: Mapping[str, str]
    slot: Slot


class Claimer:
    """Claims for one share, on a connection of its own, which is also for what the share asks beside it.

    `parameters` are what all its statements are given.
    """

    def __init__(self, url: str, recorder: Recorder, *, order: ShareOrder) -> None:
        self.connection = LastingConnection(url, role="claim", patience_seconds=order.patience_seconds)
        self.parameters = {
            "campaign_id": order.campaign_id,
            "is_media": order.template.content.is_media,
            "media_gap_seconds": 1 / MEDIA_PER_SECOND,
            **claim_parameters(order.timing),
        }
        self._recorder = recorder
        self._variables = order.template.variables
        self._clock = SlotClock()
        self._worker = f"{socket.gethostname()}:{os.getpid()}"

    async def close(self) -> None:
        """Close the connection."""
        await self.connection.close()

    async def claim(self, size: int) -> list[Intent]:
        """Claim up to `size` messages; none when nothing may be claimed now, or the answer was lost.

        Raises ServiceAwayError when Postgres stays away longer than the order's patience.
        """
        # Nothing is claimed without the means to record it: where the server has no room for a second connection, what
        # was POSTed would stay unknown.
        await self._recorder.connection.ready()
        asked = time.monotonic()
        attempt_ids = [uuid7() for _ in range(size)]
        rows = await self.connection.rows_once(
            query("messages/claim"),
            {**self.parameters, "most": size, "worker": self._worker, "attempt_ids": attempt_ids},
        )
        if rows is None:
            await self._give_back(attempt_ids)
            return []
        if not rows:
            return []
        slots = self._read_slots(rows, asked=asked)
        return [
            Intent(
                attempt_id=row["attempt_id"],
                message_id=row["message_id"],
                user_id=row["user_id"],
                values=dict(zip(self._variables, row["cells"], strict=True)),
                slot=slot,
            )
            for row, slot in zip(rows, slots, strict=True)
        ]

    async def retake(self, attempt_id: UUID) -> Slot | None:
        """Take a new slot in the place of one that went by; None: the message may not be sent any more."""
        asked = time.monotonic()
        rows = await self.connection.rows(query("pace/retake"), {**self.parameters, "attempt_id": attempt_id})
        return self._read_slots(rows, asked=asked)[0] if rows else None

    def _read_slots(self, rows: Sequence[Mapping[str, Any]], *, asked: float) -> list[Slot]:
        """Translate the slots of an answer; the server read its clock, and booked them, after it was asked."""
        self._clock.learn(asked=asked, answered=time.monotonic(), server_epoch=rows[0]["asked_epoch"])
        return [
            Slot(
                at=self._clock.local(row["slot_epoch"]),
                earliest=asked + max(0.0, row["slot_epoch"] - row["asked_epoch"]),
            )
            for row in rows
        ]

    async def _give_back(self, attempt_ids: Sequence[UUID]) -> None:
        """End the attempts of a claim whose answer was lost: if they exist, none of them was POSTed."""
        not_sent = NotSent(ProviderAnswer(text="the answer of the claim was lost"))
        await self._recorder.write([(attempt_id, not_sent) for attempt_id in attempt_ids])
