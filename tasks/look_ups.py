"""One look-up: whom it is about, what was read, and what that proves beside our own attempts and the inbox's echoes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from clients.graph.conversations import NoPage
from clients.graph.webhook_events import echoes_in
from clients.graph.webhook_told import Echoed
from clients.postgres import Connection
from domain.account import Account
from domain.evidence import (
    Conversation,
    LookUpResult,
    LookUpTiming,
    OtherMessage,
    Question,
    SeenMessage,
    Verdict,
    judge,
)
from domain.outcome import ProviderAnswer
from domain.template import Channel
from sql import query
from tasks.look_up_pace import route_of
from tasks.recording import words_of

# So many webhook bodies are read at most to see that webhooks are alive; each of them is an echo of the account.
_MOST_BODIES: Final = 1000


@dataclass(frozen=True)
class Due:
    """An unknown attempt that is looked up now."""

    look_up_id: int
    attempt_id: UUID
    message_id: int
    campaign_id: UUID
    user_id: str
    text: str | None
    started_at: datetime
    over_at: datetime
    provider_message_id: str | None
    resends_unknown: bool


@dataclass(frozen=True)
class Reading:
    """What a look-up read: a conversation, or why there is none."""

    pages: int
    conversation: Conversation | None = None
    none: NoPage | None = None


class LookUpJudge:
    """Judges the look-ups of one account."""

    def __init__(self, connection: Connection, account: Account, *, timing: LookUpTiming) -> None:
        self._connection = connection
        self._account = account
        self._timing = timing

    def reaches_back(self, messages: Sequence[SeenMessage], due: Due) -> bool:
        """Say whether the messages go back past the attempt, so that no older page can hold it."""
        start = due.started_at - timedelta(seconds=self._timing.skew_seconds)
        return any(message.created_at is not None and message.created_at < start for message in messages)

    def verdict(self, due: Due, reading: Reading, *, grace_seconds: float) -> Verdict:
        """Judge what was read; `grace_seconds` after an attempt was over its message may still have shown."""
        if reading.conversation is None:
            none = reading.none or NoPage(LookUpResult.NO_ANSWER, ProviderAnswer())
            return Verdict(none.result, words_of(none.answer))
        question, skew = self._question(due, grace_seconds=grace_seconds), self._timing.skew_seconds
        verdict = judge(question, reading.conversation, skew_seconds=skew)
        if verdict.result is LookUpResult.ABSENT:
            return verdict  # echoes could only explain more of what is not there
        foreign_ids = self._foreign_ids(due)
        return judge(replace(question, foreign_ids=foreign_ids), reading.conversation, skew_seconds=skew)

    def _question(self, due: Due, *, grace_seconds: float) -> Question:
        others = self._connection.execute(
            query("unknowns/list_other_attempts"),
            {"account_id": self._account.account_id, "user_id": due.user_id, "attempt_id": due.attempt_id},
        ).fetchall()
        return Question(
            user_id=due.user_id,
            account_ids=route_of(self._account).account_ids,
            text=due.text,
            started_at=due.started_at,
            latest_at=due.over_at + timedelta(seconds=grace_seconds),
            message_id=due.provider_message_id,
            others=tuple(OtherMessage(row["slot_at"], row["provider_message_id"]) for row in others),
        )

    def _foreign_ids(self, due: Due) -> frozenset[str]:
        """Return the ids of messages to this person that an echo shows to be another's than this attempt.

        On Messenger the echo of our message carries the attempt's id, so one without it is another app's or was typed
        in the inbox. Instagram documents no metadata in echoes: there an echo without it excludes nothing.
        """
        start = due.started_at - timedelta(seconds=self._timing.skew_seconds)
        echoes = self._echoes(due.user_id, since=start)
        is_told = self._account.channel is Channel.MESSENGER
        return frozenset(
            echo.mid
            for _, echo in echoes
            if echo.mid and echo.attempt_id != due.attempt_id and (is_told or echo.attempt_id is not None)
        )

    def webhooks_are_alive(self, due: Due) -> bool:
        """Say whether the inbox holds an echo of this account, of whichever message, received after the POST was over.

        Only an echo shows that echoes are subscribed and reach us: that of our message would have come the same way.
        """
        own = self._account.external_id
        return any(external_id == own for external_id, _ in self._echoes(own, since=due.over_at))

    def _echoes(self, digits: str, *, since: datetime) -> list[tuple[str | None, Echoed]]:
        rows = self._connection.execute(
            query("unknowns/list_echo_bodies"), {"since": since, "digits": digits, "most": _MOST_BODIES}
        ).fetchall()
        return [echo for row in rows for echo in echoes_in(row["body"])]
