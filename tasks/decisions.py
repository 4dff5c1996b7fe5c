"""Decisions on messages where evidence alone decides nothing: who decided what, why, and what it changed."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from clients.postgres import Connection
from domain.errors import NotFoundError, UsageError
from domain.evidence import DecisionKind
from domain.pace import Timing
from domain.reasons import Reason
from domain.states import CampaignState, MessageState
from sql import query
from tasks.campaigns import close_campaign, get_campaign, lock_campaign
from tasks.windows import window_parameters

logger = logging.getLogger("windowcast.decisions")

# Where a message goes that was not sent and may not be sent any more, by what stands in its way.
_SET_ASIDE: Final = {
    Reason.CAMPAIGN_CANCELLED: MessageState.CANCELLED,
    Reason.ERASED: MessageState.INELIGIBLE,
    Reason.OPTED_OUT: MessageState.INELIGIBLE,
    Reason.PERSON_UNAVAILABLE: MessageState.INELIGIBLE,
    Reason.NEVER_INTERACTED: MessageState.INELIGIBLE,
    Reason.NOT_AFTER_PASSED: MessageState.EXPIRED,
    Reason.WINDOW_CLOSED: MessageState.EXPIRED,
}


@dataclass(frozen=True)
class Author:
    """Who decides, and why: both are kept."""

    decided_by: str
    because: str


@dataclass(frozen=True)
class Standing:
    """A message that a decision could be about, and what keeps it from being sent now (None: nothing)."""

    message_id: int
    attempt_id: UUID | None  # None: a restored backup lost it, if there was one
    reason: Reason | None
    obstacle: Reason | None


@dataclass(frozen=True)
class Decided:
    """What a decision changed: the state of its message before and after, and that of its campaign now."""

    message_id: int
    campaign_id: UUID
    before: MessageState
    after: MessageState
    reason: Reason | None
    campaign_state: CampaignState


def find_message(connection: Connection, message_id: int) -> dict[str, Any]:
    """Return a message with its campaign's name: message_id, campaign_id, campaign, row_number, state, reason.

    Raises NotFoundError.
    """
    row = connection.execute(query("decisions/find_message"), {"message_id": message_id}).fetchone()
    if row is None:
        raise NotFoundError(f"There is no message {message_id}; `windowcast messages CAMPAIGN --json` shows their ids.")
    return row


def decide(connection: Connection, message_id: int, *, kind: DecisionKind, author: Author, timing: Timing) -> Decided:
    """Decide by a person's word whether an unknown message was sent; kept with who and why.

    One that was sent is `sent`. One that was not is ready again, in a campaign that goes on, if it may be sent now;
    else it stands where the rule puts it that keeps it from being sent. Raises NotFoundError, and UsageError for a
    message that is not unknown or a word that decides nothing.
    """
    found = find_message(connection, message_id)
    with connection.transaction():
        lock_campaign(connection, found["campaign_id"])
        standings = list_standings(
            connection, found["campaign_id"], state=MessageState.UNKNOWN, message_ids=[message_id], timing=timing
        )
        if not standings:
            state = find_message(connection, message_id)["state"]
            raise UsageError(
                f"The message {message_id} is {state}, not unknown; only an unknown message waits for a decision."
            )
        match kind:
            case DecisionKind.SENT:
                _believe(connection, standings[0])
            case DecisionKind.ABSENT:
                _declare_absent(connection, found["campaign_id"], standing=standings[0], timing=timing)
            case DecisionKind.RETRY:
                raise UsageError("Whether an unknown message was sent is decided by `sent` or `absent`.")
        keep_decision(connection, standings, kind=kind, author=author, before=MessageState.UNKNOWN)
    return _decided(connection, message_id)


def resend_absent(
    connection: Connection, campaign_id: UUID, *, message_id: int, author: Author, timing: Timing
) -> bool:
    """Let a message that is proven absent be sent once more, if it may be sent now; return whether it may.

    What may not be sent any more stays unknown: there, saying that it was absent would gain nothing.
    """
    with connection.transaction():
        lock_campaign(connection, campaign_id)
        standings = list_standings(
            connection, campaign_id, state=MessageState.UNKNOWN, message_ids=[message_id], timing=timing
        )
        if not standings or standings[0].obstacle is not None:
            return False
        _declare_absent(connection, campaign_id, standing=standings[0], timing=timing)
        keep_decision(connection, standings, kind=DecisionKind.ABSENT, author=author, before=MessageState.UNKNOWN)
    return True


def list_standings(
    connection: Connection,
    campaign_id: UUID,
    *,
    state: MessageState,
    timing: Timing,
    message_ids: Sequence[int] | None = None,
    reason: Reason | None = None,
) -> list[Standing]:
    """Return the messages of a campaign in a state, each with what keeps it from being sent now; locks them."""
    rows = connection.execute(
        query("decisions/list_obstacles"),
        {
            "campaign_id": campaign_id,
            "state": state,
            "message_ids": None if message_ids is None else list(message_ids),
            "reason": reason,
            **window_parameters(timing),
        },
    ).fetchall()
    return [
        Standing(row["message_id"], row["attempt_id"], _reason(row["reason"]), _reason(row["obstacle"])) for row in rows
    ]


def prove(connection: Connection, attempt_id: UUID, *, provider_message_id: str | None = None) -> bool:
    """Settle an unknown attempt as sent, with the platform's id where that is known; return whether it was unknown."""
    row = connection.execute(
        query("unknowns/prove"), {"attempt_id": attempt_id, "provider_message_id": provider_message_id}
    ).fetchone()
    return row is not None


def _believe(connection: Connection, standing: Standing) -> None:
    """Take a person's word that a message was sent."""
    if standing.attempt_id is None:
        connection.execute(query("decisions/believe"), {"message_id": standing.message_id})
    else:
        prove(connection, standing.attempt_id)


def make_ready(connection: Connection, campaign_id: UUID, *, message_ids: Sequence[int], timing: Timing) -> None:
    """Make messages ready, with the windows that their people have now, in a campaign that is reopened for them.

    Raises UsageError when the values of its rows are deleted: there is nothing left that could be sent.
    """
    campaign = get_campaign(connection, campaign_id)
    if campaign["texts_deleted_at"] is not None:
        raise UsageError(
            f"The values of the campaign {campaign['name']} were deleted on {campaign['texts_deleted_at']:%Y-%m-%d} "
            "(WINDOWCAST_KEEP_TEXTS_DAYS), so its messages cannot be sent again; submit a new list for these people."
        )
    chosen = list(message_ids)
    connection.execute(query("decisions/date_windows"), {"message_ids": chosen, **window_parameters(timing)})
    _move(connection, chosen, to_state=MessageState.READY, reason=None)
    reopen_campaign(connection, campaign_id)


def reopen_campaign(connection: Connection, campaign_id: UUID) -> None:
    """Let a finished campaign send again; one in any other state stays as it is."""
    if lock_campaign(connection, campaign_id) is CampaignState.FINISHED:
        connection.execute(
            query("campaigns/move"), {"campaign_id": campaign_id, "state": CampaignState.SENDING, "why": None}
        )


def keep_decision(
    connection: Connection, standings: Sequence[Standing], *, kind: DecisionKind, author: Author, before: MessageState
) -> None:
    """Keep who decided what on these messages, and why. Raises UsageError when nothing says why."""
    if not author.because.strip() or not author.decided_by.strip():
        raise UsageError("A decision is kept with who made it and why; say why with --because TEXT.")
    connection.execute(
        query("decisions/add"),
        {
            "message_ids": [standing.message_id for standing in standings],
            "attempt_ids": [standing.attempt_id for standing in standings],
            "reasons": [standing.reason for standing in standings],
            "kind": kind,
            "decided_by": author.decided_by,
            "because": author.because,
            "state_before": before,
        },
    )


def contradict(
    connection: Connection, attempt_ids: Sequence[UUID], *, provider_message_ids: Sequence[str | None]
) -> int:
    """Keep the truth about attempts that were called absent and are now proven sent; return how many there are.

    Each is an error in the log: a message that was sent again meanwhile may have reached its person twice.
    """
    rows = connection.execute(
        query("decisions/contradict"),
        {"attempt_ids": list(attempt_ids), "provider_message_ids": list(provider_message_ids)},
    ).fetchall()
    tell_contradictions(rows)
    return len(rows)


def list_contradicted(connection: Connection) -> list[dict[str, Any]]:
    """Return the decisions of absence that proof contradicted, newest first: message_id, decided_by, decided_at, ..."""
    return connection.execute(query("decisions/list_contradicted")).fetchall()


def tell_contradictions(rows: Sequence[dict[str, Any]]) -> None:
    """Log each attempt that a decision called absent wrongly, and whether a second copy may be the cost."""
    for row in rows:
        logger.error(
            "an attempt called absent was sent after all%s",
            "; there may be a second copy" if row["may_be_second_copy"] else "",
            extra={"message_id": row["message_id"], "attempt_id": str(row["attempt_id"])},
        )


def _declare_absent(connection: Connection, campaign_id: UUID, *, standing: Standing, timing: Timing) -> None:
    """End the attempt as absent. The message is ready first: a claimed one leaves only by certainty that it did not go.

    A rule that keeps it from being sent now moves it on from there, in the same transaction.
    """
    connection.execute(query("decisions/end_absent"), {"attempt_id": standing.attempt_id})
    if standing.obstacle is None:
        make_ready(connection, campaign_id, message_ids=[standing.message_id], timing=timing)
        return
    _move(connection, [standing.message_id], to_state=MessageState.READY, reason=None)
    _move(
        connection,
        [standing.message_id],
        to_state=_SET_ASIDE[standing.obstacle],
        reason=standing.obstacle,
    )


def _move(connection: Connection, message_ids: Sequence[int], *, to_state: MessageState, reason: Reason | None) -> None:
    connection.execute(
        query("decisions/move"), {"message_ids": list(message_ids), "to_state": to_state, "reason": reason}
    )


def _decided(connection: Connection, message_id: int) -> Decided:
    row = find_message(connection, message_id)
    return Decided(
        message_id=message_id,
        campaign_id=row["campaign_id"],
        before=MessageState.UNKNOWN,
        after=MessageState(row["state"]),
        reason=_reason(row["reason"]),
        campaign_state=close_campaign(connection, row["campaign_id"]),
    )


def _reason(value: str | None) -> Reason | None:
    return None if value is None else Reason(value)
