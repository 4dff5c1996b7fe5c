"""The pace of reading conversations: one for each account, shared by everything that reads, over all processes."""

import asyncio
import time
from contextlib import suppress
from enum import StrEnum
from typing import Any, Final

from clients.graph.conversations import ConversationReader, NoPage
from clients.graph.messenger import Route
from clients.postgres import Connection
from clients.settings import Settings
from domain.account import Account
from domain.pace import wait_after
from sql import query
from tasks.accounts import account_token
from tasks.windows import timing_of

# A turn that is later than this is given up: it would use up what is in hand for the way there.
_TURN_TOLERANCE_SECONDS: Final = 0.1


class Turn(StrEnum):
    """Whether a call may be made now, and why not."""

    TAKEN = "taken"
    THROTTLED = "throttled"  # the platform asked for patience
    TOO_LATE = "too_late"  # the next one comes after the given time
    STOPPED = "stopped"  # somebody asked this process to stop


class LookUpPace:
    """The turns of one account: each allows one call, `gap_seconds` after the one before, whoever took that."""

    def __init__(
        self, connection: Connection, account_id: int, *, gap_seconds: float, stop: asyncio.Event | None = None
    ) -> None:
        self._connection = connection
        self._account = {"account_id": account_id}
        self._gap_seconds = gap_seconds
        self._stop = stop or asyncio.Event()

    async def take_turn(self, *, give_up_at: float) -> Turn:
        """Wait for the next call, until `give_up_at` (monotonic) at most.

        A turn that this process comes to late is given up for a new one: late calls would meet those of others.
        """
        while True:
            asked = time.monotonic()
            row = self._row(query("look_ups/book"), gap_seconds=self._gap_seconds)
            due_at = asked + max(0.0, row["wait_seconds"])
            if row["is_throttled"]:
                return Turn.THROTTLED
            if due_at > give_up_at:
                return Turn.TOO_LATE
            if await self.sleep(due_at - time.monotonic()):
                return Turn.STOPPED
            if not self._gap_seconds or time.monotonic() - due_at <= _TURN_TOLERANCE_SECONDS:
                return Turn.TAKEN

    async def sleep(self, seconds: float) -> bool:
        """Sleep, or be woken by the wish to stop; return whether there is one."""
        if seconds > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), timeout=seconds)
        return self._stop.is_set()

    def push_back(self, none: NoPage) -> None:
        """Let every reader of the account wait, as the platform asked."""
        count = self._row(query("look_ups/read_pace"))["throttle_count"] + 1
        wait_seconds = wait_after(count, named_seconds=none.wait_seconds)
        self._connection.execute(query("look_ups/push_back"), {**self._account, "wait_seconds": wait_seconds})

    def forget_throttles(self) -> None:
        """Let waiting begin small the next time: the platform has answered."""
        self._connection.execute(query("look_ups/forget_throttles"), self._account)

    def seconds_to_wait(self) -> float:
        """Return for how long the platform has asked for patience from now on."""
        return max(0.0, float(self._row(query("look_ups/read_pace"))["wait_seconds"]))

    def _row(self, statement: bytes, **parameters: Any) -> dict[str, Any]:
        row = self._connection.execute(statement, {**self._account, **parameters}).fetchone()
        if row is None:
            raise LookupError("a statement that always returns a row returned none")
        return row


def route_of(account: Account) -> Route:
    """Return where the account's calls go, with its token. Raises ConfigurationError without a token."""
    return Route(
        channel=account.channel,
        external_id=account.external_id,
        page_id=account.page_id,
        token=account_token(account),
    )


def open_reader(account: Account, *, chosen: Settings) -> ConversationReader:
    """Make the door to the account's conversations. Raises ConfigurationError without a token."""
    timing = timing_of(chosen)
    return ConversationReader(
        route_of(account),
        base_url=chosen.graph_url,
        version=chosen.graph_version,
        read_timeout_seconds=timing.read_timeout_seconds,
        connect_timeout_seconds=timing.connect_timeout_seconds,
    )
