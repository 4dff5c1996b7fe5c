"""Retrying what the platform refused: by reason, audited, with windows and opt-outs looked at again."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from clients.postgres import Connection
from domain.errors import UsageError
from domain.evidence import DecisionKind
from domain.pace import Timing
from domain.reasons import SENTENCES, Reason
from domain.states import CampaignState, MessageState
from tasks.campaigns import lock_campaign
from tasks.decisions import Author, Standing, keep_decision, list_standings, make_ready

# The reasons of a refusal, and what a person should know before such messages are sent again (None: nothing).
RETRYABLE: Final[Mapping[Reason, str | None]] = {
    Reason.OTHER_APP_IN_CONTROL: None,
    Reason.PERSON_UNAVAILABLE: "Only people who wrote since, or whose cool-off is over, can be reached.",
    Reason.OUTSIDE_WINDOW: "Only people who wrote since the platform refused can be reached.",
    Reason.MESSAGE_REFUSED: (
        "The platform refuses the same message again, unless what it disliked was mended meanwhile: a link, a picture, "
        "a setting of the account."
    ),
    Reason.PERSON_UNKNOWN: (
        "The platform knows nobody with these ids on this account, and says so again unless the account or its "
        "permissions were wrong before."
    ),
}

_OPEN: Final = (CampaignState.SENDING, CampaignState.PAUSED, CampaignState.FINISHED)


@dataclass(frozen=True)
class RetryPlan:
    """What a retry does: how many failed for the reason, how many of them can be sent now, why the others stay."""

    reason: Reason
    failed: int
    ready: int
    staying: dict[Reason, int] = field(default_factory=dict)

    @property
    def warning(self) -> str | None:
        """What a person should know before."""
        return RETRYABLE[self.reason]


def plan_retry(connection: Connection, campaign_id: UUID, *, reason: Reason, timing: Timing) -> RetryPlan:
    """Say what a retry would do now, and change nothing. Raises NotFoundError and UsageError as `retry_failed`."""
    with connection.transaction(force_rollback=True):
        return _plan(reason, _standings(connection, campaign_id, reason=reason, timing=timing))


def retry_failed(
    connection: Connection, campaign_id: UUID, *, reason: Reason, author: Author, timing: Timing
) -> RetryPlan:
    """Make the messages ready again that the platform refused for a reason, and reopen their campaign.

    Windows and opt-outs are looked at as they are now; whoever cannot be reached stays failed. Unknown messages are
    never touched. Raises NotFoundError, and UsageError for a reason that is no refusal or a campaign that is over for
    good.
    """
    with connection.transaction():
        standings = _standings(connection, campaign_id, reason=reason, timing=timing)
        chosen = [standing for standing in standings if standing.obstacle is None]
        if chosen:
            make_ready(connection, campaign_id, message_ids=[standing.message_id for standing in chosen], timing=timing)
            keep_decision(connection, chosen, kind=DecisionKind.RETRY, author=author, before=MessageState.FAILED)
    return _plan(reason, standings)


def _standings(connection: Connection, campaign_id: UUID, *, reason: Reason, timing: Timing) -> list[Standing]:
    if reason not in RETRYABLE:
        known = ", ".join(sorted(RETRYABLE))
        raise UsageError(
            f"{reason} is no reason for which the platform refuses a message ({SENTENCES[reason].rstrip('.')}); the "
            f"reasons that can be tried again are {known}."
        )
    state = lock_campaign(connection, campaign_id)
    if state not in _OPEN:
        raise UsageError(
            f"The campaign {campaign_id} is {state}, so nothing of it can be sent again; submit these people as a list "
            "of their own."
        )
    return list_standings(connection, campaign_id, state=MessageState.FAILED, reason=reason, timing=timing)


def _plan(reason: Reason, standings: list[Standing]) -> RetryPlan:
    staying = Counter(standing.obstacle for standing in standings if standing.obstacle is not None)
    return RetryPlan(
        reason=reason,
        failed=len(standings),
        ready=sum(standing.obstacle is None for standing in standings),
        staying=dict(staying),
    )
