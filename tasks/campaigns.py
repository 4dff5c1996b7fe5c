"""The life of a campaign: found, counted, started, paused, resumed, cancelled, finished."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from clients.postgres import Connection
from domain.errors import NotFoundError, OldInteractionsError, UnfinishedError, UsageError
from domain.guards import LATE_TOLERANCE, Guards
from domain.pace import Timing
from domain.reasons import Reason
from domain.states import CampaignState, MessageState
from sql import query
from tasks.planning import check_age, duration, old_interactions
from tasks.submitted_plan import read_plan
from tasks.windows import read_clock, set_aside_unreachable, window_parameters

_NO_GUARDS: Final = Guards(most_late=None, warn_after=None)

# What people want to read while a campaign works; the command line shows it, a server keeps it.
news = logging.getLogger("windowcast.news")


@dataclass(frozen=True)
class _Doubt:
    """Why a start needs a person's word, as part of a sentence, and what that person can do."""

    why: str
    remedy: str
    state: CampaignState = CampaignState.PAUSED
    standing: str = "is paused"


@dataclass(frozen=True)
class Counts:
    """How many messages of a campaign stand in each state (all of them named), and for each reason that occurs."""

    by_state: dict[MessageState, int] = field(default_factory=lambda: dict.fromkeys(MessageState, 0))
    by_reason: dict[Reason, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """All messages, which are all rows of the sheet."""
        return sum(self.by_state.values())


def get_campaign(connection: Connection, campaign_id: UUID) -> dict[str, Any]:
    """Return a campaign with the words around it. Raises NotFoundError."""
    row = connection.execute(query("campaigns/get"), {"campaign_id": campaign_id, "submission_id": None}).fetchone()
    if row is None:
        raise NotFoundError(f"There is no campaign {campaign_id}; `windowcast campaigns list` shows them.")
    return row


def lock_campaign(connection: Connection, campaign_id: UUID) -> CampaignState:
    """Lock a campaign until the surrounding transaction ends; return its state. Raises NotFoundError."""
    return CampaignState(_locked(connection, campaign_id)["state"])


def list_campaigns(connection: Connection, *, most: int) -> list[dict[str, Any]]:
    """Return the newest campaigns, newest first."""
    return connection.execute(query("campaigns/list"), {"most": most}).fetchall()


def count_messages(connection: Connection, campaign_ids: Sequence[UUID]) -> dict[UUID, Counts]:
    """Return the counts of each campaign."""
    counts = {campaign_id: Counts() for campaign_id in campaign_ids}
    for row in connection.execute(query("campaigns/count_messages"), {"campaign_ids": list(campaign_ids)}):
        of_campaign = counts[row["campaign_id"]]
        of_campaign.by_state[MessageState(row["state"])] += row["message_count"]
        if row["reason"] is not None:
            reason = Reason(row["reason"])
            of_campaign.by_reason[reason] = of_campaign.by_reason.get(reason, 0) + row["message_count"]
    return counts


def schedule_campaign(connection: Connection, campaign_id: UUID) -> bool:
    """Let a validated campaign start at its time; return whether it was validated."""
    return _move(connection, campaign_id, CampaignState.SCHEDULED)


def ask_approval(connection: Connection, campaign_id: UUID) -> bool:
    """Let a campaign wait for a second person's word on its plan; return whether it could be."""
    with connection.transaction():
        connection.execute(query("approvals/ask"), {"campaign_id": campaign_id})
        return _move(connection, campaign_id, CampaignState.AWAITING_APPROVAL)


def keep_flow_run(connection: Connection, campaign_id: UUID, flow_run_id: UUID) -> None:
    """Keep with a campaign the run of a Prefect server that works on it now."""
    connection.execute(query("campaigns/keep_flow_run"), {"campaign_id": campaign_id, "flow_run_id": flow_run_id})


def refuse_campaign(
    connection: Connection, campaign_id: UUID, *, why: str, reason: Reason, at: datetime, timing: Timing
) -> None:
    """Refuse a validated campaign before anything is sent.

    People who cannot be reached at `at` get their own reason; whoever is left is cancelled with `reason`.
    """
    with connection.transaction():
        set_aside_unreachable(connection, campaign_id, at=at, timing=timing)
        if _move(connection, campaign_id, CampaignState.REFUSED, why=why):
            _cancel_ready(connection, campaign_id, reason=reason)


def start_campaign(connection: Connection, campaign_id: UUID, *, timing: Timing, guards: Guards | None = None) -> bool:
    """Start a campaign whose time has come, judging its windows as they are now; return whether it is sending.

    One that is sending already is carried on with. With `guards` a timed one that comes too late, or whose account's
    interactions are too old, is paused instead, until a person lets it go on; how many people the delay cost is kept.
    Raises UnfinishedError before its time, while it or its account is paused, and when it was paused here, and
    UsageError for one that can never send. What is `finished` is not started again: returns False.
    """
    with connection.transaction():
        row = _locked(connection, campaign_id)
        state = CampaignState(row["state"])
        if state is CampaignState.FINISHED:
            return False
        _refuse_start(campaign_id, row)
        if state is CampaignState.SENDING:
            return True
        if state is CampaignState.VALIDATED:
            _refuse_unasked(connection, campaign_id, guards=guards or _NO_GUARDS)
            _move(connection, campaign_id, CampaignState.SCHEDULED)
        doubt = _doubt_plan(connection, campaign_id, row) or _doubt(
            connection, campaign_id, row, timing=timing, guards=guards or _NO_GUARDS
        )
        if doubt is None:
            _judge_windows(connection, campaign_id, timing=timing)
            _move(connection, campaign_id, CampaignState.SENDING)
        else:
            _move(connection, campaign_id, doubt.state, why=doubt.why)
    if doubt is not None:
        # Outside the transaction, so that the pause stays.
        raise UnfinishedError(f"The campaign {campaign_id} {doubt.standing}: {doubt.why}. {doubt.remedy}")
    return True


def seconds_until_start(connection: Connection, campaign_id: UUID) -> float:
    """Return in how many seconds a campaign's time comes, by the one clock; 0 when it has come or none is set."""
    with connection.transaction():
        row = connection.execute(query("campaigns/lock"), {"campaign_id": campaign_id}).fetchone()
    return max(0.0, row["early_seconds"]) if row and row["early_seconds"] is not None else 0.0


def pause_campaign(connection: Connection, campaign_id: UUID, *, why: str = "by a person") -> CampaignState:
    """Stop a campaign at its next claim, or keep a timed one from starting; return its state.

    Raises UsageError when it is neither sending nor scheduled.
    """
    campaign = get_campaign(connection, campaign_id)
    if not _move(connection, campaign_id, CampaignState.PAUSED, why=why):
        raise UsageError(f"The campaign {campaign['name']} is {campaign['state']}, so there is nothing to pause.")
    return CampaignState.PAUSED


def resume_campaign(
    connection: Connection, campaign_id: UUID, *, accepts_old_interactions: bool = False
) -> CampaignState:
    """Let a paused campaign go on: to sending if it had started, else to scheduled; return its state.

    Its start is late anew from now on; with `accepts_old_interactions` windows are judged by what is known.
    Raises UsageError when it is not paused, or was paused with its account, which is to be resumed instead.
    """
    campaign = get_campaign(connection, campaign_id)
    if campaign["pause_reason"] == "account_paused":
        raise UsageError(
            f"The campaign {campaign['name']} is paused because its account {campaign['account']} is; "
            f"`windowcast accounts resume {campaign['account']}` lets both go on."
        )
    state = CampaignState.SCHEDULED if campaign["started_at"] is None else CampaignState.SENDING
    if campaign["state"] != CampaignState.PAUSED or not _move(connection, campaign_id, state):
        raise UsageError(f"The campaign {campaign['name']} is {campaign['state']}, not paused.")
    connection.execute(
        query("campaigns/keep_resumed"),
        {"campaign_id": campaign_id, "accepts_old_interactions": accepts_old_interactions},
    )
    return state


def cancel_campaign(connection: Connection, campaign_id: UUID) -> int:
    """Cancel a campaign with all of its messages that were not claimed; return how many those are.

    Messages under way end as they end. Raises UsageError when it is over already.
    """
    with connection.transaction():
        # Behind its lock, so that whoever approves or starts it at the same time comes first or finds it cancelled.
        lock_campaign(connection, campaign_id)
        campaign = get_campaign(connection, campaign_id)
        if not _move(connection, campaign_id, CampaignState.CANCELLED):
            raise UsageError(f"The campaign {campaign['name']} is {campaign['state']}; there is nothing to cancel.")
        return _cancel_ready(connection, campaign_id, reason=Reason.CAMPAIGN_CANCELLED)


def recover_held(connection: Connection, campaign_id: UUID, *, timing: Timing) -> int:
    """Make messages ready whose people a campaign waits for and who have written; return how many."""
    with connection.transaction():
        parameters = {"campaign_id": campaign_id, **window_parameters(timing)}
        row = connection.execute(query("campaigns/recover_held"), parameters).fetchone()
        recovered = int(row["recovered_count"]) if row else 0
        if recovered:
            connection.execute(query("messages/date_windows"), parameters)
    return recovered


def close_campaign(connection: Connection, campaign_id: UUID) -> CampaignState:
    """Finish a campaign of which nothing is ready or sending, and cancel what came back to a cancelled one.

    Returns its state. Safe at any time: what is not over stays as it is.
    """
    with connection.transaction():
        connection.execute(query("campaigns/lock"), {"campaign_id": campaign_id})
        state = CampaignState(get_campaign(connection, campaign_id)["state"])
        if state is CampaignState.CANCELLED:
            # A message that was under way when the campaign was cancelled may have come back as not sent.
            _cancel_ready(connection, campaign_id, reason=Reason.CAMPAIGN_CANCELLED)
        row = connection.execute(query("campaigns/is_over"), {"campaign_id": campaign_id}).fetchone()
        if (
            state is CampaignState.SENDING
            and row
            and row["is_over"]
            and _move(connection, campaign_id, CampaignState.FINISHED)
        ):
            return CampaignState.FINISHED
    return state


def _locked(connection: Connection, campaign_id: UUID) -> dict[str, Any]:
    row = connection.execute(query("campaigns/lock"), {"campaign_id": campaign_id}).fetchone()
    if row is None:
        raise NotFoundError(f"There is no campaign {campaign_id}; `windowcast campaigns list` shows them.")
    return row


def _refuse_start(campaign_id: UUID, row: dict[str, Any]) -> None:
    match CampaignState(row["state"]):
        case CampaignState.PAUSED if row["pause_reason"] == "account_paused":
            raise UnfinishedError(
                f"The campaign {campaign_id} waits because its account {row['account']} is paused "
                f"({row['account_pause_reason']}); `windowcast accounts resume {row['account']}` lets both go on."
            )
        case CampaignState.PAUSED:
            raise UnfinishedError(
                f"The campaign {campaign_id} is paused; `windowcast campaigns resume {campaign_id}` lets it go on."
            )
        case CampaignState.AWAITING_APPROVAL:
            raise UnfinishedError(
                f"The campaign {campaign_id} waits for its approval; `windowcast campaigns approve {campaign_id}` "
                "shows its plan and lets it go."
            )
        case CampaignState.DRAFT | CampaignState.REFUSED | CampaignState.CANCELLED:
            raise UsageError(
                f"The campaign {campaign_id} is {row['state']} and can not be sent; submit its list again."
            )
        case _:
            pass
    if row["is_account_paused"]:
        raise UnfinishedError(
            f"The account {row['account']} is paused ({row['account_pause_reason']}); "
            f"`windowcast accounts resume {row['account']}` lets its campaigns go on."
        )
    if row["is_early"]:
        raise UnfinishedError(
            f"The campaign {campaign_id} is timed for {row['scheduled_at'].isoformat(timespec='seconds')}, in "
            f"{row['early_seconds']:.0f} seconds; wait for it with --wait."
        )


def _refuse_unasked(connection: Connection, campaign_id: UUID, *, guards: Guards) -> None:
    """Refuse to start a large campaign whose submit has ended before anybody was asked."""
    if guards.approval_above is None:
        return
    good = read_plan(connection, campaign_id).plan.good
    if guards.is_large(good):
        raise UnfinishedError(
            f"The submit of the campaign {campaign_id} ended before a second person was asked, and it has {good:,} "
            f"recipients; `windowcast campaigns cancel {campaign_id}` and submit its list again."
        )


def _doubt_plan(connection: Connection, campaign_id: UUID, row: dict[str, Any]) -> _Doubt | None:
    """See that what would be sent is what a second person has approved, where one was asked."""
    if not row["asks_approval"] or read_plan(connection, campaign_id).is_approved:
        return None
    return _Doubt(
        "its plan is not the one that was approved",
        f"`windowcast campaigns approve {campaign_id}` shows it and lets it go.",
        state=CampaignState.AWAITING_APPROVAL,
        standing="waits for a second person again",
    )


def _doubt(
    connection: Connection, campaign_id: UUID, row: dict[str, Any], *, timing: Timing, guards: Guards
) -> _Doubt | None:
    """Say why a start needs a person's word, if it does, keep whom a late one cost, and tell what to know."""
    lost = _keep_lost(connection, campaign_id, row, timing=timing)
    go_on = f"`windowcast campaigns resume {campaign_id}` and then `windowcast campaigns run {campaign_id}`"
    give_up = f"`windowcast campaigns cancel {campaign_id}` gives it up."
    unasked = timedelta(seconds=row["unasked_late_seconds"] or 0)
    if guards.is_too_late(unasked):
        late = duration(row["late_seconds"])
        return _Doubt(
            f"it was to start at {row['scheduled_at']:%Y-%m-%d %H:%M} UTC and comes {late} late, which costs "
            f"{lost:,} of its people: their windows have closed since",
            f"{go_on} sends it to the others now; {give_up}",
        )
    if lost:
        news.warning(
            f"The start comes {duration(row['late_seconds'])} late, which costs {lost:,} people: their windows have "
            "closed since."
        )
    now = read_clock(connection)
    newest = _newest_interaction(connection, row["account_id"], at=now)
    try:
        warning = check_age(newest, row["account"], now=now, guards=guards, accepts_old=row["accepts_old_interactions"])
    except OldInteractionsError:
        assert newest is not None
        old = old_interactions(newest, row["account"], age=now - newest)
        return _Doubt(
            f"{old[0].lower()}{old[1:]}, too old to judge people by",
            f"Bring in what came since with `windowcast interactions import`; then {go_on} sends it. With "
            f"--accept-old-interactions, resume goes on by what is known; {give_up}",
        )
    if warning and row["scheduled_at"] is not None:  # of an immediate one it was said a moment ago
        news.warning(warning)
    return None


def _keep_lost(connection: Connection, campaign_id: UUID, row: dict[str, Any], *, timing: Timing) -> int:
    """Count whom the delay of a timed campaign has cost, and keep it; within a minute of its time it is in time."""
    if timedelta(seconds=row["late_seconds"] or 0) <= LATE_TOLERANCE:
        return 0
    counted = connection.execute(
        query("forecast/lost_by_delay"),
        {"campaign_id": campaign_id, "now": read_clock(connection), **window_parameters(timing)},
    ).fetchone()
    lost = int(counted["people"]) if counted else 0
    connection.execute(query("campaigns/keep_lost"), {"campaign_id": campaign_id, "lost": lost})
    return lost


def _newest_interaction(connection: Connection, account_id: int, *, at: datetime) -> datetime | None:
    row = connection.execute(query("forecast/account"), {"account_id": account_id, "at": at}).fetchone()
    return row["newest_interaction_at"] if row else None


def _judge_windows(connection: Connection, campaign_id: UUID, *, timing: Timing) -> None:
    connection.execute(query("messages/date_windows"), {"campaign_id": campaign_id, **window_parameters(timing)})
    set_aside_unreachable(connection, campaign_id, at=read_clock(connection), timing=timing)


def _move(connection: Connection, campaign_id: UUID, state: CampaignState, *, why: str | None = None) -> bool:
    row = connection.execute(
        query("campaigns/move"), {"campaign_id": campaign_id, "state": state, "why": why}
    ).fetchone()
    return bool(row and row["is_moved"])


def _cancel_ready(connection: Connection, campaign_id: UUID, *, reason: Reason) -> int:
    row = connection.execute(
        query("messages/move_all"),
        {
            "campaign_id": campaign_id,
            "to_state": MessageState.CANCELLED,
            "reason": reason,
            "from_states": [MessageState.READY],
        },
    ).fetchone()
    return int(row["moved_count"]) if row else 0
