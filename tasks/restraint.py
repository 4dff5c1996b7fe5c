"""What the platform's answers ask of every worker of an account: to stop, to wait, to slow down, to be looked at."""

import logging
import time
from collections.abc import Sequence
from typing import Final

from clients.lasting_connection import LastingConnection
from domain.error_share import ErrorShare
from domain.outcome import Accepted, AccountStopped, NotSent, Outcome, ProviderAnswer, Refused, Throttled, Unknown
from domain.pace import MOST_IDLE_SECONDS, SLOWED_FOR_SECONDS, slowed_by, wait_after
from sql import query
from tasks.recording import words_of
from tasks.share import Messenger, ShareOrder, ShareReport

logger = logging.getLogger("windowcast.sending")

_USAGE_SECONDS: Final = 10.0


class Restraint:
    """What one share has to hold back for. All workers of the account are told through its rows in Postgres.

    `is_away` says that the platform was away when it was last heard of.
    """

    def __init__(
        self, connection: LastingConnection, messenger: Messenger, *, order: ShareOrder, report: ShareReport
    ) -> None:
        self.is_away = False
        self._connection = connection
        self._messenger = messenger
        self._order = order
        self._report = report
        self._hold_until = 0.0
        self._may_forget_away = True  # an earlier run may have left a count behind
        self._errors = ErrorShare(order.error_share_limit)
        self._slowed_by = 1.0
        self._slowed_at = 0.0

    @property
    def holds(self) -> bool:
        """Say whether nothing may be sent now, because an answer asked to wait or to stop."""
        return time.monotonic() < self._hold_until

    async def obey(self, outcomes: Sequence[Outcome]) -> None:
        """Do what recorded outcomes ask for. Raises ServiceAwayError when Postgres stays away."""
        for outcome in outcomes:
            self._judge(outcome)
        await self._heed(outcomes)
        await self._pause_on_errors()
        await self._give_way_to_limits()

    def _judge(self, outcome: Outcome) -> None:
        match outcome:
            case Accepted():
                self._errors.add(None)
            case Refused() | Unknown():
                self._errors.add(outcome.reason)
            case _:
                pass  # what was not sent says nothing of the campaign

    async def _heed(self, outcomes: Sequence[Outcome]) -> None:
        """Stop or wait, as the first outcome that asks for it says; without one the platform is there."""
        for outcome in outcomes:
            match outcome:
                case AccountStopped():
                    await self._stop_account(outcome)
                    return
                case Throttled():
                    await self._push_back(outcome.answer, named_seconds=outcome.wait_seconds)
                    return
                case NotSent(service_away=True):
                    await self._push_back(outcome.answer, named_seconds=None)
                    return
                case _:
                    pass
        if self._may_forget_away and any(isinstance(outcome, Accepted | Refused) for outcome in outcomes):
            self._may_forget_away = self.is_away = False
            await self._connection.rows(query("pace/forget_away"), {"account_id": self._order.account.account_id})

    async def _pause_on_errors(self) -> None:
        """Pause the campaign when too many of its last messages were refused or are unclear; a person must look."""
        why = self._errors.sentence()
        if why is None:
            return
        self._errors = ErrorShare(self._order.error_share_limit)
        parameters = {"campaign_id": self._order.campaign_id, "state": "paused", "why": why}
        await self._connection.rows(query("campaigns/move"), parameters)
        logger.warning("campaign paused", extra={"campaign_id": str(self._order.campaign_id)})

    async def _give_way_to_limits(self) -> None:
        """Slow every worker of the account while the platform says that its limits are near."""
        usage = self._messenger.usage
        times = slowed_by(usage)
        is_news = times != self._slowed_by or (times > 1 and time.monotonic() - self._slowed_at > _USAGE_SECONDS)
        if not is_news:
            return
        self._slowed_by, self._slowed_at = times, time.monotonic()
        await self._connection.rows(
            query("pace/slow"),
            {
                "account_id": self._order.account.account_id,
                "usage_percent": usage,
                "slowed_by": times,
                "seconds": SLOWED_FOR_SECONDS,
            },
        )

    async def _stop_account(self, outcome: AccountStopped) -> None:
        self._hold_until = time.monotonic() + MOST_IDLE_SECONDS
        why = f"the platform says: {words_of(outcome.answer)}"
        await self._connection.rows(query("accounts/pause"), {"account_id": self._order.account.account_id, "why": why})
        logger.warning("account paused", extra={"account_id": self._order.account.account_id})

    async def _push_back(self, answer: ProviderAnswer, *, named_seconds: float | None) -> None:
        """Make all workers wait. The answers of one wave count once: while a wait holds, only a longer one counts."""
        account_id = self._order.account.account_id
        pace = await self._connection.row(query("pace/read"), {"account_id": account_id})
        holds = max(0.0, pace["wait_seconds"])
        if holds > 0 and (named_seconds is None or named_seconds <= holds):
            self._hold_until = max(self._hold_until, time.monotonic() + holds)
            return
        count = pace["away_count"] + 1
        wait = wait_after(count, named_seconds=named_seconds)
        pushed = await self._connection.row(
            query("pace/push_back"), {"account_id": account_id, "wait_seconds": wait, "away_count": count}
        )
        self._hold_until = time.monotonic() + pushed["wait_seconds"]
        self.is_away = self._may_forget_away = True
        self._report.detail = words_of(answer)
