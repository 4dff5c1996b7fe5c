"""Taking in a submission: the steps from a list to a judged campaign, and the plan that a person is shown."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from clients.postgres import Connection
from domain.account import Account
from domain.errors import NobodyEligibleError, OldInteractionsError
from domain.guards import Guards
from domain.pace import Timing
from domain.problem import Problem
from domain.reasons import HELD_REASONS, Reason
from domain.states import CampaignState, MessageState
from domain.submission import Submission
from sql import query
from tasks.campaigns import (
    Counts,
    ask_approval,
    count_messages,
    counts_of,
    get_campaign,
    lock_campaign,
    refuse_campaign,
    schedule_campaign,
)
from tasks.judging import fill_message_list, state_after
from tasks.planning import check_age, check_interactions, keep_plan, plan_sentences
from tasks.recipients import ReadList, read_list, remarks_on
from tasks.staging import find_row_problems, list_problems, stage_list
from tasks.submission import (
    Target,
    check_times,
    create_campaign,
    find_campaign_of,
    find_earlier,
    find_same_file,
    find_target,
    open_campaign,
)
from tasks.windows import Outlook, foretell, window_parameters
from tasks.workbooks import write_workbook

# A submit may take this long from its command to here: a worker picks it up, or a server starts for it.
_ON_THE_WAY: Final = timedelta(minutes=2)

# What people want to read while a campaign works; the command line shows it, a server keeps it.
news = logging.getLogger("windowcast.news")


@dataclass(frozen=True)
class Plan:
    """What a submission would do: rows by state and reason, the forecast, the problems, what was assumed.

    `earlier` is the campaign that it would repeat within 24 hours, `same_file` the last one of the same file at all.
    """

    counts: Counts
    outlook: Outlook
    problems: list[Problem]
    state: CampaignState
    refusal: str | None
    earlier: Mapping[str, Any] | None
    same_file: Mapping[str, Any] | None
    remarks: tuple[str, ...]
    held: int  # people without an open window, who are waited for
    asks_approval: bool  # a second person is asked before anything is sent
    account: Account
    warning: str | None  # the interactions are old
    too_old: OldInteractionsError | None  # and so old that a submit would be refused


def plan_submission(
    connection: Connection,
    submission: Submission,
    *,
    folder: Path,
    timing: Timing,
    guards: Guards | None = None,
    annotated: Path | None = None,
    on_problems: Callable[[list[Problem], tuple[str, ...]], None] | None = None,
    on_forecast: Callable[[Plan], None] | None = None,
) -> Plan:
    """Do all that submitting would do, short of sending, and keep nothing.

    The same steps and the same SQL as a submit, on temporary tables. With `annotated` the list is written there with
    the state and reason of each row, if its rows could be read. `on_problems` is called with the problems and remarks
    as soon as they are found, `on_forecast` with the plan before people who cannot be reached are counted. Raises what
    the steps raise.
    """
    target = find_target(connection, submission)
    check_times(connection, submission)
    given = read_list(submission, folder=folder)
    remarks = remarks_on(given)
    earlier = find_earlier(connection, submission, target=target, sha256=given.sha256)
    same_file = find_same_file(connection, target=target, sha256=given.sha256)
    with connection.transaction(force_rollback=True):
        connection.execute(query("dry_run/create_tables"))
        campaign_id = create_campaign(connection, submission, target=target, sha256=given.sha256)
        can_judge = check_list(connection, campaign_id, target=target, given=given)
        problems = list_problems(connection, campaign_id)
        if on_problems is not None:
            on_problems(problems, remarks)
        connection.execute(query("dry_run/analyze_staged"))
        refusal = fill_message_list(
            connection, campaign_id, target=target, given=replace(given, content=None), can_judge=can_judge
        )
        connection.execute(query("dry_run/analyze_messages"))
        counts = _count_dry_run(connection)
        at = submission.scheduled_at
        outlook = foretell(connection, campaign_id, account=target.account, at=at, timing=timing, guards=guards)
        ready = counts.by_state[MessageState.READY] if submission.hold_until else None
        plan = Plan(
            counts=counts,
            outlook=outlook,
            problems=problems,
            state=state_after(refusal),
            refusal=refusal,
            earlier=earlier,
            same_file=same_file,
            remarks=remarks,
            held=0,
            asks_approval=asks_approval(outlook, ready=ready, guards=guards),
            account=target.account,
            warning=None,
            too_old=None,
        )
        plan = _with_age(plan, submission=submission, guards=guards or Guards())
        if on_forecast is not None:
            on_forecast(plan)
        plan = replace(plan, counts=_end_dry_run(connection, campaign_id, plan=plan, timing=timing))
        if annotated is not None and plan.counts.rows:
            write_workbook(connection, campaign_id, path=annotated, source=given.content)
    if submission.hold_until is None:
        return plan
    return replace(plan, held=sum(plan.counts.by_reason.get(reason, 0) for reason in HELD_REASONS))


def find_progress(connection: Connection, submission: Submission) -> tuple[UUID | None, CampaignState | None]:
    """Return the campaign that a submission has made before, if it has, and how far it came."""
    campaign_id = find_campaign_of(connection, submission.submission_id)
    if campaign_id is None:
        return None, None
    return campaign_id, CampaignState(get_campaign(connection, campaign_id)["state"])


def take_list(
    connection: Connection, submission: Submission, *, target: Target, folder: Path, guards: Guards | None = None
) -> tuple[UUID, ReadList]:
    """Read the list of a submission and make its campaign, a draft; return its id and what was read.

    Raises UsageError for times that cannot be meant, NotFoundError without the file, AlreadySubmittedError, and
    OldInteractionsError when the account's interactions are too old to judge anybody by.
    """
    check_times(connection, submission, tolerance=_ON_THE_WAY)
    warning = check_interactions(
        connection, target.account, guards=guards or Guards(), accepts_old=submission.accepts_old_interactions
    )
    if warning:
        news.warning(warning)
    given = read_list(submission, folder=folder)
    return open_campaign(connection, submission, target=target, sha256=given.sha256), given


def check_list(connection: Connection, campaign_id: UUID, *, target: Target, given: ReadList) -> bool:
    """Stage a list and find all that is wrong with it; return whether its rows can be judged.

    A campaign that is no draft any more, because another run of its submission was faster or somebody cancelled it,
    stays as it is.
    """
    # In one transaction, behind the campaign's lock: another run of the same submission that stages the same list
    # anew takes no problem away from rows that are about to become messages.
    with connection.transaction():
        if lock_campaign(connection, campaign_id) is not CampaignState.DRAFT:
            return False
        if not stage_list(connection, campaign_id, target=target, given=given):
            return False
        find_row_problems(connection, campaign_id, template=target.template)
    return True


def admit(
    connection: Connection, campaign_id: UUID, *, target: Target, timing: Timing, guards: Guards | None = None
) -> Outlook:
    """Let a validated campaign be sent at its time, if anybody can be reached then; its plan is kept with it.

    One with more recipients than is allowed without a second person waits for that one's approval. Raises
    NobodyEligibleError, refusing the campaign, when nobody's window is open at its time.
    """
    campaign = get_campaign(connection, campaign_id)
    outlook = foretell(
        connection, campaign_id, account=target.account, at=campaign["scheduled_at"], timing=timing, guards=guards
    )
    if campaign["state"] == CampaignState.VALIDATED:
        keep_plan(connection, campaign_id, outlook=outlook)
        if outlook.forecast.eligible_at_send == 0 and campaign["hold_until"] is None:
            why = nobody_sentence(outlook, is_timed=campaign["scheduled_at"] is not None)
            refuse_campaign(
                connection, campaign_id, why=why, reason=Reason.NOBODY_ELIGIBLE, at=outlook.at, timing=timing
            )
            raise NobodyEligibleError(why)
        ready = count_ready(connection, campaign_id) if campaign["hold_until"] else None
        if asks_approval(outlook, ready=ready, guards=guards):
            ask_approval(connection, campaign_id)
        else:
            schedule_campaign(connection, campaign_id)
        for sentence in plan_sentences(outlook, account=target.account):
            news.info(sentence)
    return outlook


def asks_approval(outlook: Outlook, *, ready: int | None, guards: Guards | None) -> bool:
    """Return whether a second person must approve a campaign.

    Its recipients are the people who can be reached now or at the send time, and all `ready` ones where the campaign
    waits for people without an open window (None: it does not).
    """
    recipients = max(outlook.forecast.eligible_now, outlook.forecast.eligible_at_send) if ready is None else ready
    return (guards or Guards()).is_large(recipients)


def count_ready(connection: Connection, campaign_id: UUID) -> int:
    """Return how many messages of a campaign are ready."""
    return count_messages(connection, [campaign_id])[campaign_id].by_state[MessageState.READY]


def nobody_sentence(outlook: Outlook, *, is_timed: bool) -> str:
    """Say that nobody can be reached, and what could be done."""
    if is_timed and outlook.forecast.eligible_now and outlook.last_turn_at:
        return (
            f"At {outlook.at.isoformat(timespec='minutes')} nobody on the list has an open window any more: the last "
            f"one closes at {outlook.last_turn_at.isoformat(timespec='minutes')}; choose an earlier --at, or send now."
        )
    newest = outlook.account.newest_interaction_at
    known = (
        "no interaction of this account is known"
        if newest is None
        else f"the newest known interaction of this account is from {newest:%Y-%m-%d %H:%M} UTC"
    )
    return (
        "Nobody on the list has an open 24-hour window, so nothing can be sent; `windowcast check` says why for each "
        f"row, and `windowcast interactions import` brings in what people wrote lately ({known})."
    )


def _count_dry_run(connection: Connection) -> Counts:
    return counts_of(connection.execute(query("dry_run/count_messages")))


def _end_dry_run(connection: Connection, campaign_id: UUID, *, plan: Plan, timing: Timing) -> Counts:
    """Let the tables of a dry run say what a start at the plan's time would leave; return the counts."""
    connection.execute(
        query("dry_run/move_campaign"), {"campaign_id": campaign_id, "state": plan.state, "refusal": plan.refusal}
    )
    if plan.state is CampaignState.REFUSED:
        return plan.counts
    at = {"at": plan.outlook.at, **window_parameters(timing)}
    connection.execute(query("dry_run/set_unreachable"), {"campaign_id": campaign_id, **at})
    return _count_dry_run(connection)


def _with_age(plan: Plan, *, submission: Submission, guards: Guards) -> Plan:
    """Add to a plan what is to be said about the age of the interactions it rests on."""
    try:
        warning = check_age(
            plan.outlook.account.newest_interaction_at,
            plan.account.name,
            now=plan.outlook.now,
            guards=guards,
            accepts_old=submission.accepts_old_interactions,
        )
    except OldInteractionsError as error:
        return replace(plan, too_old=error)
    return replace(plan, warning=warning)
