"""Recording how attempts ended, in the words of the tables: one statement for many outcomes, harmless to repeat."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, assert_never
from uuid import UUID

from clients.lasting_connection import LastingConnection
from domain.outcome import Accepted, AccountStopped, NotSent, Outcome, ProviderAnswer, Refused, Throttled, Unknown
from domain.reasons import Reason
from domain.suppression import COOL_OFF
from sql import query
from tasks.decisions import tell_contradictions

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
            "states": [record.state for record in records],
            "reasons": [record.reason for record in records],
            "provider_message_ids": [record.provider_message_id for record in records],
            "provider_codes": [record.answer.code for record in records],
            "provider_subcodes": [record.answer.subcode for record in records],
            "provider_texts": [record.answer.text.replace("\x00", "") or None for record in records],
            "wait_seconds": [record.wait_seconds for record in records],
            "cool_off_seconds": COOL_OFF.total_seconds(),
            "repeated_text": REPEATED_ID.answer.text,
        },
    )
    known = {row["attempt_id"] for row in recorded}
    await _tell_late_truth(connection, [one for one in ended if one[0] not in known])
    return frozenset(row["attempt_id"] for row in recorded if row["is_repeated"])


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


@dataclass(frozen=True)
class _Record:
    """An outcome in the words of the tables."""

    outcome: str
    state: str
    reason: Reason | None = None
    provider_message_id: str | None = None
    answer: ProviderAnswer = field(default_factory=ProviderAnswer)
    wait_seconds: float | None = None


def _record_of(outcome: Outcome) -> _Record:
    match outcome:
        case Accepted():
            return _Record("accepted", "sent", provider_message_id=outcome.provider_message_id)
        case Refused():
            return _Record("refused", "failed", reason=outcome.reason, answer=outcome.answer)
        case Unknown():
            return _Record("unknown", "unknown", reason=outcome.reason, answer=outcome.answer)
        case NotSent(service_away=False) if outcome.answer.code is not None:
            return _Record("not_sent", "ready", answer=outcome.answer, wait_seconds=_PERSON_WAIT_SECONDS)
        case NotSent() | Throttled() | AccountStopped():
            return _Record("not_sent", "ready", answer=outcome.answer)
        case _:
            assert_never(outcome)


def words_of(answer: ProviderAnswer) -> str:
    """Say in one line what the platform answered."""
    code = "" if answer.code is None else f"code {answer.code}"
    subcode = "" if answer.subcode is None else f"/{answer.subcode}"
    return " ".join(part for part in (code + subcode, answer.text) if part) or "no answer"
