"""Recording how attempts ended, in the words of the tables: one statement for many outcomes, harmless to repeat."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, TypeAlias, TypeVar, assert_never
from uuid import UUID

from clients.lasting_connection import LastingConnection
from domain.outcome import Accepted, AccountStopped, NotSent, Outcome, ProviderAnswer, Refused, Throttled, Unknown
from domain.reasons import Reason
from domain.suppression import COOL_OFF
from sql import query
from tasks.decisions import tell_contradictions
from tasks.gathering import Gathering

_T = TypeVar("_T")

_MOST_PER_STATEMENT: Final = 200
_UPKEEP_SECONDS: Final = 2.0

# The platform asked for patience with one person: the message waits this long, the others go on.
_PERSON_WAIT_SECONDS: Final = 30.0

# What an acceptance becomes whose message id names another message: one of the two was perhaps never sent.
REPEATED_ID: Final = Unknown(
    Reason.UNCLEAR_ANSWER, ProviderAnswer(text="the platform gave the message id of another message")
)


async def write_outcomes(connection: LastingConnection, ended: Sequence[tuple[UUID, Outcome]]) -> frozenset[UUID]:
    """T2: record the outcome of each attempt and move its message.

    Returns the attempts whose acceptance is doubted, since its message id was given to another message of the account
    before: they are recorded as unknown. Raises ServiceAwayError when Postgres stays away.
    """
    records = [_record_of(outcome) for _, outcome in ended]
    recorded = await connection.rows(
        query("attempts/record"),
        {
            "attempt_ids": [attempt_id for attempt_id, _ in ended],
            "outcomes": [record.outcome for record in records],
            "reasons": _column(record.reason for record in records),
            "provider_message_ids": _column(record.provider_message_id for record in records),
            "provider_codes": _column(record.answer.code for record in records),
            "provider_subcodes": _column(record.answer.subcode for record in records),
            "provider_texts": _column(record.answer.text.replace("\x00", "") or None for record in records),
            "wait_seconds": _column(record.wait_seconds for record in records),
            "cool_off_seconds": COOL_OFF.total_seconds(),
            "repeated_text": REPEATED_ID.answer.text,
        },
    )
    known = {row["attempt_id"] for row in recorded}
    await _tell_late_truth(connection, [one for one in ended if one[0] not in known])
    return frozenset(row["attempt_id"] for row in recorded if row["is_repeated"])


def _column(values: Iterable[_T | None]) -> list[_T | None]:
    """Return values without the Nones at their end, of which a column has hundreds: `unnest` fills it up with NULLs."""
    column = list(values)
    while column and column[-1] is None:
        del column[-1]
    return column


async def _tell_late_truth(connection: LastingConnection, unrecorded: Sequence[tuple[UUID, Outcome]]) -> None:
    """Keep acceptances that come when their attempts are called absent: a worker was frozen, and others decided."""
    accepted = [(attempt_id, outcome) for attempt_id, outcome in unrecorded if isinstance(outcome, Accepted)]
    if not accepted:
        return
    rows = await connection.rows(
        query("decisions/contradict"),
        {
            "attempt_ids": [attempt_id for attempt_id, _ in accepted],
            "provider_message_ids": [outcome.provider_message_id for _, outcome in accepted],
        },
    )
    tell_contradictions(rows)


Ended: TypeAlias = Sequence[tuple[UUID, Outcome]]


class Recorder:
    """Writes down how attempts ended, for all shares of a process that use one database: many with one statement.

    While one statement runs, others gather: a hundred accounts that send slowly cost no more commits than one that
    sends fast. `connection` may be used for other statements that are harmless to repeat.
    """

    def __init__(self, url: str, *, patience_seconds: float) -> None:
        self.connection = LastingConnection(url, role="record", patience_seconds=patience_seconds)
        self.users = 0
        self._kept_up_at = -_UPKEEP_SECONDS
        self._gathering = Gathering(self._write_together, fits=_fit_one_statement)

    async def write(self, ended: Ended) -> frozenset[UUID]:
        """Do what `write_outcomes` does, together with what others have to write down."""
        return await self._gathering.ask(ended)

    async def keep_up(self) -> None:
        """Rescue what dead workers left and settle what no proof will come for; a process looks every two seconds."""
        if time.monotonic() - self._kept_up_at < _UPKEEP_SECONDS:
            return
        self._kept_up_at = time.monotonic()
        await self.connection.row(query("attempts/rescue"), {})
        await self.connection.row(query("attempts/settle"), {})

    async def _write_together(self, asks: Sequence[Ended]) -> list[frozenset[UUID]]:
        doubted = await write_outcomes(self.connection, [one for ended in asks for one in ended])
        return [doubted] * len(asks)


def _fit_one_statement(asks: Sequence[Ended], another: Ended) -> bool:
    return sum(map(len, asks)) + len(another) <= _MOST_PER_STATEMENT


_RECORDERS: Final[dict[tuple[asyncio.AbstractEventLoop, str, float], Recorder]] = {}


@asynccontextmanager
async def shared_recorder(url: str, *, patience_seconds: float) -> AsyncIterator[Recorder]:
    """Give the recorder of this event loop for a database; the last who uses it closes its connection."""
    key = (asyncio.get_running_loop(), url, patience_seconds)
    recorder = _RECORDERS.setdefault(key, Recorder(url, patience_seconds=patience_seconds))
    recorder.users += 1
    try:
        yield recorder
    finally:
        recorder.users -= 1
        if recorder.users == 0:
            del _RECORDERS[key]
            await recorder.connection.close()


@dataclass(frozen=True)
class _Record:
    """An outcome in the words of the tables."""

    outcome: str
    reason: Reason | None = None
    provider_message_id: str | None = None
    answer: ProviderAnswer = field(default_factory=ProviderAnswer)
    wait_seconds: float | None = None


def _record_of(outcome: Outcome) -> _Record:
    match outcome:
        case Accepted():
            return _Record("accepted", provider_message_id=outcome.provider_message_id)
        case Refused():
            return _Record("refused", reason=outcome.reason, answer=outcome.answer)
        case Unknown():
            return _Record("unknown", reason=outcome.reason, answer=outcome.answer)
        case NotSent(service_away=False) if outcome.answer.code is not None:
            return _Record("not_sent", answer=outcome.answer, wait_seconds=_PERSON_WAIT_SECONDS)
        case NotSent() | Throttled() | AccountStopped():
            return _Record("not_sent", answer=outcome.answer)
        case _:
            assert_never(outcome)


def words_of(answer: ProviderAnswer) -> str:
    """Say in one line what the platform answered."""
    code = "" if answer.code is None else f"code {answer.code}"
    subcode = "" if answer.subcode is None else f"/{answer.subcode}"
    return " ".join(part for part in (code + subcode, answer.text) if part) or "no answer"
