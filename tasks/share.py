"""A share: what one call of `send_share` is asked to do, what it needs, and what it reports."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from domain.account import Account
from domain.outcome import Outcome
from domain.pace import Timing
from domain.template import Template
from domain.window import Entitlement


class Messenger(Protocol):
    """What a door to a platform must do: send once and say what became of it, never raising for the platform's no."""

    async def send(self, recipient_id: str, *, content: Mapping[str, object], metadata: str) -> Outcome:
        """Send one message; `metadata` comes back in its echo."""

    async def reply(self, entitlement: Entitlement, *, content: Mapping[str, object], metadata: str) -> Outcome:
        """Send the one private reply that a comment or post allows, in the same way."""

    @property
    def usage(self) -> float | None:
        """The share of the account's limits in percent that the newest answer reported; None if none ever did."""


class ShareEnd(StrEnum):
    """Why a share ended."""

    NOTHING_LEFT = "nothing_left"  # nothing is ready or sending
    LIMIT_REACHED = "limit_reached"
    PAUSED = "paused"  # the campaign is no longer sending, or its account is paused
    WAITING = "waiting"  # nothing can be sent within a minute
    PLATFORM_AWAY = "platform_away"
    STOPPED = "stopped"  # somebody asked this process to stop


@dataclass
class ShareReport:
    """What one share did: how many attempts ended how, and why it ended."""

    accepted: int = 0
    refused: int = 0
    not_sent: int = 0
    unknown: int = 0
    end: ShareEnd = ShareEnd.NOTHING_LEFT
    detail: str = ""


@dataclass(frozen=True)
class ShareOrder:
    """What to send: `limit` claims at most of one campaign, with `in_flight` messages under way at once."""

    campaign_id: UUID
    account: Account
    template: Template
    timing: Timing
    limit: int = 5_000
    in_flight: int = 200
    patience_seconds: float = 60.0
    error_share_limit: float = 0.0  # 0 sets none
