"""The states of a message and of a campaign, and the one table of moves that says what may follow what."""

from enum import StrEnum
from typing import Final


class MessageState(StrEnum):
    """Where a message stands. Few states; the reason beside each says why."""

    INVALID = "invalid"  # the row is bad
    DUPLICATE = "duplicate"  # the same person stands on an earlier row with the same values
    INELIGIBLE = "ineligible"  # no open window, opted out, ...
    READY = "ready"  # may be claimed
    SENDING = "sending"  # claimed: an attempt is committed
    UNKNOWN = "unknown"  # perhaps sent: only evidence or a person may decide
    SENT = "sent"  # the platform accepted it
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"  # the platform refused it
    EXPIRED = "expired"  # its window or the campaign's not_after passed before its turn
    CANCELLED = "cancelled"


# `docs/states.md` is checked against this table, and the database holds a copy that `db migrate` writes from it.
MOVES: Final[dict[MessageState, frozenset[MessageState]]] = {
    MessageState.INVALID: frozenset(),
    MessageState.DUPLICATE: frozenset(),
    # To unknown: after a backup was restored, what may have been sent in the time that the backup does not know of.
    MessageState.INELIGIBLE: frozenset({MessageState.READY, MessageState.UNKNOWN, MessageState.CANCELLED}),
    MessageState.READY: frozenset(
        {MessageState.SENDING, MessageState.INELIGIBLE, MessageState.EXPIRED, MessageState.CANCELLED}
        # Sent: it waits to go out again, as its attempt was called absent, and the proof comes that it was sent.
        # Unknown: a backup was restored, and it may have been sent in the time that the backup does not know of.
        | {MessageState.SENT, MessageState.UNKNOWN}
    ),
    MessageState.SENDING: frozenset(
        {MessageState.SENT, MessageState.FAILED, MessageState.READY, MessageState.UNKNOWN}
        # A receipt may come before the answer of the POST.
        | {MessageState.DELIVERED, MessageState.READ}
    ),
    MessageState.UNKNOWN: frozenset(
        {MessageState.SENT, MessageState.DELIVERED, MessageState.READ, MessageState.FAILED, MessageState.READY}
    ),
    MessageState.SENT: frozenset({MessageState.DELIVERED, MessageState.READ, MessageState.FAILED}),
    MessageState.DELIVERED: frozenset({MessageState.READ}),
    MessageState.READ: frozenset(),
    MessageState.FAILED: frozenset({MessageState.READY}),
    MessageState.EXPIRED: frozenset(),
    MessageState.CANCELLED: frozenset(),
}


class CampaignState(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"  # asked for; its file is not judged yet
    VALIDATED = "validated"  # every row is in the message list and judged
    AWAITING_APPROVAL = "awaiting_approval"
    SCHEDULED = "scheduled"  # may start at its time
    SENDING = "sending"
    PAUSED = "paused"
    FINISHED = "finished"  # nothing is ready or sending
    CANCELLED = "cancelled"
    REFUSED = "refused"  # nothing of it will ever be sent

    @property
    def is_over(self) -> bool:
        """Whether nothing of the campaign will be sent, unless a person reopens it."""
        return self in (CampaignState.FINISHED, CampaignState.CANCELLED, CampaignState.REFUSED)


CAMPAIGN_MOVES: Final[dict[CampaignState, frozenset[CampaignState]]] = {
    CampaignState.DRAFT: frozenset({CampaignState.VALIDATED, CampaignState.REFUSED, CampaignState.CANCELLED}),
    CampaignState.VALIDATED: frozenset(
        {CampaignState.AWAITING_APPROVAL, CampaignState.SCHEDULED, CampaignState.REFUSED, CampaignState.CANCELLED}
    ),
    CampaignState.AWAITING_APPROVAL: frozenset({CampaignState.SCHEDULED, CampaignState.CANCELLED}),
    # To awaiting_approval: its plan was changed after somebody had approved it.
    CampaignState.SCHEDULED: frozenset(
        {CampaignState.SENDING, CampaignState.PAUSED, CampaignState.CANCELLED, CampaignState.AWAITING_APPROVAL}
    ),
    CampaignState.SENDING: frozenset({CampaignState.PAUSED, CampaignState.FINISHED, CampaignState.CANCELLED}),
    CampaignState.PAUSED: frozenset(
        {CampaignState.SCHEDULED, CampaignState.SENDING, CampaignState.CANCELLED, CampaignState.AWAITING_APPROVAL}
    ),
    # Only an audited retry or a decision reopens it.
    CampaignState.FINISHED: frozenset({CampaignState.SENDING}),
    CampaignState.CANCELLED: frozenset(),
    CampaignState.REFUSED: frozenset(),
}
