"""Timed campaigns and their runs on a Prefect server: made, moved, cancelled, and looked after by the sweep."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from clients.postgres import Connection
from clients.prefect_server import (
    SEND,
    RunOrder,
    Server,
    cancel_waiting,
    count_broken_off,
    end_suspended,
    list_live_runs,
    make_run,
    open_server,
    why_not_taken,
)
from clients.settings import Settings
from domain.errors import NobodyEligibleError, UsageError
from domain.run_names import local_time, send_name
from domain.server_run import RunFault, RunVerdict, ServerRun, TimedCampaign, judge_runs
from domain.states import CampaignState
from domain.sweep import SweepCode, SweepFinding
from sql import query
from tasks.accounts import find_account
from tasks.campaigns import ask_approval, get_campaign, schedule_campaign
from tasks.intake import asks_approval, count_ready, nobody_sentence
from tasks.planning import keep_plan
from tasks.windows import foretell, guards_of, read_clock, timing_of

_MOST_EARLY: Final = timedelta(seconds=60)
# A run that breaks every time is not made anew at once for ever; from then on the sweep takes its usual time.
_BREAKS_COUNT_FOR: Final = timedelta(minutes=15)
_MOST_BREAKS: Final = 3

_TOLD: Final = {
    RunFault.MISSING: "had no run on the Prefect server that would start it: it was deleted or cancelled there, or was "
    "never made; it has one again",
    RunFault.MOVED: "had a run on the Prefect server at another time than its own; it has one at its time again",
    RunFault.DOUBLED: "had more than one run on the Prefect server; the others are cancelled",
}


@dataclass
class RunCheck:
    """What the runs of a server say about campaigns, and what was put right.

    `on_their_way` are campaigns for which a run waits to be taken up; `broken_off` those whose run has crashed
    or was stopped a short while ago, with no other one at work.
    """

    findings: list[SweepFinding] = field(default_factory=list)
    on_their_way: frozenset[UUID] = frozenset()
    broken_off: tuple[UUID, ...] = ()


def make_timed_run(connection: Connection, campaign_id: UUID, *, chosen: Settings) -> UUID:
    """See that a scheduled campaign has its run on the server; return the run's id. Doing it twice makes one run.

    Raises UsageError without the deployment and ServiceAwayError without the server: the campaign stays scheduled.
    """
    with open_server() as client:
        try:
            return _make_timed_run(client, connection, campaign_id, chosen=chosen)
        except UsageError as error:
            raise UsageError(
                f"{error} Until then nothing starts the campaign, which stays scheduled: `windowcast campaigns run "
                f"{campaign_id} --wait` waits for its time here."
            ) from error


def _make_timed_run(client: Server, connection: Connection, campaign_id: UUID, *, chosen: Settings) -> UUID:
    while True:
        campaign = get_campaign(connection, campaign_id)
        revision = {"campaign_id": campaign_id, "revision": campaign["schedule_revision"]}
        run_id = make_run(client, _order(campaign, chosen=chosen))
        if run_id is None:  # the key's run is over, so somebody has cancelled it: the next one needs another key
            connection.execute(query("campaigns/next_revision"), revision)
        elif connection.execute(query("campaigns/keep_run"), {**revision, "run_id": run_id}).fetchone():
            return run_id
        else:  # moved while the run was made, which is not the right one any more
            cancel_waiting(client, [run_id], why="The campaign was moved.")


def continue_campaign(connection: Connection, campaign_id: UUID, *, key: str, chosen: Settings) -> None:
    """Ask the server for a run that sends a campaign now; asking twice by the same key makes one run.

    A second run would do no harm, since the claim decides who sends what. Raises what `make_run` and the door raise.
    """
    campaign = get_campaign(connection, campaign_id)
    order = RunOrder(
        SEND,
        name=send_name(campaign["name"], at=campaign["scheduled_at"], time_zone=chosen.time_zone),
        parameters={"campaign_id": str(campaign_id)},
        key=key,
        tags=(f"campaign:{campaign_id}",),
    )
    with open_server() as client:
        make_run(client, order)


def reschedule_campaign(connection: Connection, campaign_id: UUID, *, at: datetime, chosen: Settings) -> UUID | None:
    """Give a campaign that has not started another time; return the run of the old one, which is to be cancelled.

    One that was paused before its start is scheduled again; one of which a second person was asked, or would be now,
    waits for that one's word on the new plan. Raises UsageError for a time that cannot be meant and for a campaign that
    has started, NobodyEligibleError when nobody can be reached then; nothing is changed in either case.
    """
    campaign = get_campaign(connection, campaign_id)
    _check_new_time(connection, campaign, at=at)
    with connection.transaction():
        moved = connection.execute(
            query("campaigns/reschedule"), {"campaign_id": campaign_id, "scheduled_at": at}
        ).fetchone()
        if moved is None:
            timed = "" if campaign["scheduled_at"] else " and not timed"
            raise UsageError(f"The campaign {campaign['name']} is {campaign['state']}{timed}, so it cannot be moved.")
        if _foretell_anew(connection, campaign, at=at, chosen=chosen):
            ask_approval(connection, campaign_id)
        elif moved["state"] == CampaignState.PAUSED:
            schedule_campaign(connection, campaign_id)
    old: UUID | None = campaign["scheduled_run_id"]
    return old


def move_run(connection: Connection, campaign_id: UUID, *, old: UUID | None, chosen: Settings) -> None:
    """Put a run at the new time of a campaign into the place of the old one; none while it waits for an approval.

    Raises what `make_timed_run` raises.
    """
    with open_server() as client:
        cancel_waiting(client, [] if old is None else [old], why="The campaign was moved to another time.")
    if get_campaign(connection, campaign_id)["state"] != CampaignState.AWAITING_APPROVAL:
        make_timed_run(connection, campaign_id, chosen=chosen)


def nobody_takes_it() -> str | None:
    """Say in a sentence why nothing would start a timed campaign at present, if so. Raises what the door raises."""
    with open_server() as client:
        why = why_not_taken(client, SEND)
    if why is None:
        return None
    return f"Nothing would start the campaign at its time: {why}. Until then it stays scheduled, and nothing is lost."


def begin_approved(connection: Connection, campaign_id: UUID, *, approval_id: int, chosen: Settings) -> None:
    """Have a run send a campaign that was approved, at its time or now; a submit that waited for it ends.

    Raises what `make_timed_run` raises: the campaign stays approved.
    """
    campaign = get_campaign(connection, campaign_id)
    if campaign["scheduled_at"] is None:
        continue_campaign(connection, campaign_id, key=f"approval:{approval_id}:{campaign_id}", chosen=chosen)
    else:
        make_timed_run(connection, campaign_id, chosen=chosen)
    end_waiting_submit(connection, campaign_id, why="The campaign was approved elsewhere; another run sends it.")


def end_waiting_submit(connection: Connection, campaign_id: UUID, *, why: str) -> None:
    """End the submit of a campaign that waits on the server for an approval, if one does; raises what the door does."""
    run_id = get_campaign(connection, campaign_id)["flow_run_id"]
    if run_id is not None:
        with open_server() as client:
            end_suspended(client, run_id, why=why)


def cancel_runs(connection: Connection, campaign_id: UUID) -> int:
    """Cancel the waiting runs of a campaign that is cancelled; return how many. Raises what the door raises."""
    why = "The campaign was cancelled."
    end_waiting_submit(connection, campaign_id, why=why)
    with open_server() as client:
        runs = [run.run_id for run in list_live_runs(client) if run.campaign_id == campaign_id]
        return cancel_waiting(client, runs, why=why)


def reason_to_leave(
    connection: Connection, campaign_id: UUID, *, time_zone: str | None, is_further: bool = False
) -> str | None:
    """Say why a run has nothing to do, if so: its campaign is cancelled, or was moved to a later time.

    A further run, which may have waited long for a worker, has nothing to do either once its campaign is not sending.
    """
    campaign = get_campaign(connection, campaign_id)
    state, at = CampaignState(campaign["state"]), campaign["scheduled_at"]
    if state is CampaignState.AWAITING_APPROVAL:
        return (
            f"The campaign {campaign['name']} waits for a second person, so this run sent nothing; `windowcast "
            f"campaigns approve {campaign_id}` shows its plan and lets it go, by a run of its own."
        )
    if state in (CampaignState.CANCELLED, CampaignState.REFUSED) or (is_further and state is not CampaignState.SENDING):
        return f"The campaign {campaign['name']} is {state}; this run sent nothing."
    if state is CampaignState.SCHEDULED and at is not None and at - read_clock(connection) > _MOST_EARLY:
        return (
            f"The campaign {campaign['name']} is timed for {local_time(at, time_zone)}; this run came early and sent "
            "nothing, and another one comes at that time."
        )
    return None


def check_runs(connection: Connection, *, chosen: Settings) -> RunCheck:
    """See that every timed campaign has one run at its time, and none that is over has any; put right what is not so.

    Raises ServiceAwayError and ConfigurationError as the door does, and UsageError without the deployment.
    """
    now = read_clock(connection)
    check = RunCheck()
    with open_server() as client:
        # First the rows, then the runs: a campaign that is made between the two has no run to be missed.
        timed = [_timed(row) for row in connection.execute(query("sweep/list_timed"))]
        live = _by_campaign(list_live_runs(client))
        breaks = count_broken_off(client, within=_BREAKS_COUNT_FOR)
        for campaign in timed:
            verdict = judge_runs(campaign, live.get(campaign.campaign_id, ()), now=now)
            _put_right(client, connection, campaign, verdict, chosen=chosen)
            if verdict.fault is not None:
                check.findings.append(_finding(campaign, verdict.fault))
        _cancel_of_the_over(client, connection, live)
    check.on_their_way = frozenset(
        campaign_id for campaign_id, runs in live.items() if any(not run.is_under_way for run in runs)
    )
    check.broken_off = tuple(
        campaign_id for campaign_id, count in breaks.items() if campaign_id not in live and count < _MOST_BREAKS
    )
    return check


def _put_right(
    client: Server,
    connection: Connection,
    campaign: TimedCampaign,
    verdict: RunVerdict,
    *,
    chosen: Settings,
) -> None:
    cancel_waiting(client, verdict.cancel, why="The campaign has one run, at its own time.")
    if verdict.keep is None:
        revision = get_campaign(connection, campaign.campaign_id)["schedule_revision"]
        if campaign.run_id is not None or verdict.cancel:
            connection.execute(
                query("campaigns/next_revision"), {"campaign_id": campaign.campaign_id, "revision": revision}
            )
        _make_timed_run(client, connection, campaign.campaign_id, chosen=chosen)


def _cancel_of_the_over(client: Server, connection: Connection, live: dict[UUID, list[ServerRun]]) -> None:
    """Cancel what waits for campaigns that are over; the server was away, say, when they were cancelled."""
    for row in connection.execute(query("sweep/list_over"), {"campaign_ids": list(live)}):
        runs = live.pop(row["campaign_id"])
        cancel_waiting(client, (run.run_id for run in runs), why="The campaign is over.")


def _check_new_time(connection: Connection, campaign: dict[str, Any], *, at: datetime) -> None:
    now = read_clock(connection)
    if at <= now:
        raise UsageError(
            f"--at {at.isoformat(timespec='seconds')} is in the past (it is {now.isoformat(timespec='seconds')} now); "
            "choose a time to come."
        )
    for column, option in (("not_after", "--not-after"), ("hold_until", "--hold-until")):
        if campaign[column] is not None and campaign[column] <= at:
            raise UsageError(
                f"The campaign {campaign['name']} was submitted with {option} "
                f"{campaign[column].isoformat(timespec='seconds')}, which is before that; choose an earlier --at."
            )


def _foretell_anew(connection: Connection, campaign: dict[str, Any], *, at: datetime, chosen: Settings) -> bool:
    """Keep the plan of the new time; return whether a second person is asked about it."""
    account = find_account(connection, campaign["account"])
    campaign_id, guards = campaign["campaign_id"], guards_of(chosen)
    outlook = foretell(connection, campaign_id, account=account, at=at, timing=timing_of(chosen), guards=guards)
    if outlook.forecast.eligible_at_send == 0 and campaign["hold_until"] is None:
        raise NobodyEligibleError(nobody_sentence(outlook, is_timed=True))
    keep_plan(connection, campaign_id, outlook=outlook)
    ready = count_ready(connection, campaign_id) if campaign["hold_until"] else None
    return asks_approval(outlook, ready=ready, guards=guards) or bool(campaign["asks_approval"])


def _order(campaign: dict[str, Any], *, chosen: Settings) -> RunOrder:
    campaign_id = campaign["campaign_id"]
    return RunOrder(
        SEND,
        name=send_name(campaign["name"], at=campaign["scheduled_at"], time_zone=chosen.time_zone),
        parameters={"campaign_id": str(campaign_id)},
        key=f"campaign:{campaign_id}:v{campaign['schedule_revision']}",
        at=campaign["scheduled_at"],
        tags=(f"campaign:{campaign_id}",),
    )


def _timed(row: dict[str, Any]) -> TimedCampaign:
    return TimedCampaign(
        row["campaign_id"],
        name=row["name"],
        account=row["account"],
        scheduled_at=row["scheduled_at"],
        run_id=row["scheduled_run_id"],
    )


def _by_campaign(runs: list[ServerRun]) -> dict[UUID, list[ServerRun]]:
    by_campaign: dict[UUID, list[ServerRun]] = {}
    for run in runs:
        by_campaign.setdefault(run.campaign_id, []).append(run)
    return by_campaign


def _finding(campaign: TimedCampaign, fault: RunFault) -> SweepFinding:
    text = f"The campaign {campaign.name} {_TOLD[fault]}."
    return SweepFinding(SweepCode(fault.value), text, 1, account=campaign.account, campaign_id=campaign.campaign_id)
