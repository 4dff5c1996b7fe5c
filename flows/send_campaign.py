"""Sending a campaign: start it, share by share until nothing more can be sent now, and close it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Final
from uuid import UUID

from prefect import State, flow, get_run_logger, task
from prefect.artifacts import acreate_markdown_artifact, acreate_progress_artifact, aupdate_progress_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run
from prefect.states import Cancelled
from pydantic import Field

from clients.postgres import Connection
from clients.prefect_server import FURTHER
from clients.settings import settings
from domain.errors import CampaignError
from domain.run_names import send_name
from domain.server_run import MOST_SHARES
from flows.steps.endings import PlainFailure, told_of
from flows.steps.server_runs import own_address, own_run_id
from flows.steps.sharing import call_off, is_further, share_out, usual_shares
from tasks.campaigns import Counts, count_messages, get_campaign, keep_flow_run
from tasks.mapped_interactions import kept_read
from tasks.messages import first_unsent
from tasks.outlook import Remaining, watched
from tasks.run_shown import percent_done, progress_sentence, summary_markdown
from tasks.running import (
    RunEnd,
    asked_to_stop,
    begin_in_time,
    finish,
    open_database,
    resolve_at_end,
    run_share,
    stop_on_signals,
    unfinished,
)
from tasks.runs import recorded_run
from tasks.share import ShareEnd, ShareReport
from tasks.timed_runs import reason_to_leave
from tasks.windows import timing_of

_MOST_ROWS_LOGGED: Final = 20


def _run_name() -> str:
    """Call the run by its campaign's name and time; by the id alone where that cannot be had."""
    if FURTHER in flow_run.tags:
        return str(flow_run.name)  # which of how many it is
    campaign_id = flow_run.parameters["campaign_id"]
    try:
        with open_database() as (connection, _):
            campaign = get_campaign(connection, UUID(str(campaign_id)))
    except CampaignError:
        return f"send {campaign_id}"  # the flow itself says what is wrong
    return send_name(campaign["name"], at=campaign["scheduled_at"], time_zone=settings().time_zone)


@flow(name="send-campaign", flow_run_name=_run_name)
async def send_campaign(
    campaign_id: UUID, shares: Annotated[int, Field(ge=1, le=MOST_SHARES)] | None = None
) -> str | State[str]:
    """Send a campaign whose time has come, or carry on with it. Any number of runs may do so at once.

    Args:
        campaign_id: The campaign's id, as `windowcast campaigns list` shows it.
        shares: How many runs send it at once, this one included; the others are made by it. If empty, what the
            campaign was submitted with, else WINDOWCAST_SHARES.

    Returns the campaign's state; a server's run that comes early, or for a cancelled campaign, says so as cancelled.
    When it could not be finished now, the run of a server fails with a sentence that says what a person should do; any
    other raises UnfinishedError or ServiceAwayError with it.
    """
    async with PlainFailure() as failed:
        if own_run_id() is not None and (why := await leave(campaign_id)) is not None:
            return Cancelled(message=why)
        record = recorded_run(campaign_id, flow="send-campaign", flow_run_id=flow_run.id)
        async with told_of(campaign_id), stop_on_signals(), record:
            wanted = shares or usual_shares(campaign_id)
            report = await send_what_is_ready(campaign_id, shares=wanted)
            while await look_up_unknowns(campaign_id):
                report = await send_what_is_ready(campaign_id)
            state = await close(campaign_id, report)
            if wanted > 1 or is_further():
                call_off(campaign_id)
            return state
    return failed.state


async def send_what_is_ready(campaign_id: UUID, *, shares: int = 1) -> ShareReport:
    """Send share by share until nothing more can be sent now; return what the last share said.

    With more than one of `shares` further runs do the same at once. None waits for another: each ends when nothing is
    ready or under way, whoever sent it, and finishes the campaign if that was not done.
    """
    report = ShareReport()
    if await start(campaign_id):
        if shares > 1 and not is_further():
            share_out(campaign_id, shares)
        async with shown_progress(campaign_id):
            while (report := await share(campaign_id)).end is ShareEnd.LIMIT_REACHED:
                pass
    return report


@task(task_run_name="see whether it is this run's turn", cache_policy=NO_CACHE)
async def leave(campaign_id: UUID) -> str | None:
    """Say why this run has nothing to do, if so; else keep with the campaign that it works on it."""
    with open_database() as (connection, _):
        why = reason_to_leave(connection, campaign_id, time_zone=settings().time_zone, is_further=is_further())
        if why is None and not is_further() and (run_id := own_run_id()) is not None:
            keep_flow_run(connection, campaign_id, run_id)
        return why


@task(task_run_name="start the campaign", cache_policy=NO_CACHE)
async def start(campaign_id: UUID) -> bool:
    """Judge the windows as they are now and start; return whether there is anything to send."""
    with open_database() as (_, url):
        return await begin_in_time(url, campaign_id, chosen=settings(), stop=asked_to_stop())


@task(task_run_name="send a share", cache_policy=NO_CACHE)
async def share(campaign_id: UUID) -> ShareReport:
    """Send up to a share of messages: ids in, counts out. Claims are made inside, so running it again is harmless."""
    with open_database() as (_, url):
        return await run_share(url, campaign_id, chosen=settings(), stop=asked_to_stop())


@task(task_run_name="look up what is unknown", cache_policy=NO_CACHE)
async def look_up_unknowns(campaign_id: UUID) -> bool:
    """Look for proof of what is unknown and past its grace; return whether something may be sent once more."""
    with open_database() as (_, url):
        finish(url, campaign_id)
        return await resolve_at_end(url, campaign_id, chosen=settings(), stop=asked_to_stop())


@task(task_run_name="close the campaign", cache_policy=NO_CACHE)
async def close(campaign_id: UUID, report: ShareReport) -> str:
    """Finish the campaign if nothing is left, say how its messages ended, and fail with a sentence if some are left."""
    with open_database() as (connection, url):
        end = RunEnd(finish(url, campaign_id), report)
        problem = unfinished(url, campaign_id, end=end)
        counts, campaign = _counts(connection, campaign_id), get_campaign(connection, campaign_id)
    summary = summary_markdown(counts, campaign=campaign, run_address=own_address())
    await acreate_markdown_artifact(
        key=f"summary-{campaign_id}", markdown=summary, description="What became of the campaign."
    )
    log_rows(campaign_id)
    if problem is not None:
        raise problem
    return end.state.value


def log_rows(campaign_id: UUID) -> None:
    """Log the first rows that were begun and not sent, by their numbers in the spreadsheet, each with why."""
    logger = get_run_logger()
    with open_database() as (connection, _):
        for row in first_unsent(connection, campaign_id, most=_MOST_ROWS_LOGGED):
            logger.info("Row %s is %s: %s", row["row_number"], row["state"], row["reason"] or "no reason is known yet")


@asynccontextmanager
async def shown_progress(campaign_id: UUID) -> AsyncIterator[None]:
    """Keep one progress artifact while the block sends: what is sent, what is left, and who is at risk."""
    with open_database() as (connection, url):
        percent, words = _standing(connection, campaign_id, remaining=None)
    artifact = await acreate_progress_artifact(progress=percent, key=f"progress-{campaign_id}", description=words)

    async def tell(remaining: Remaining | None) -> None:
        percent, words = await asyncio.to_thread(_standing_now, campaign_id, remaining)
        await aupdate_progress_artifact(artifact, progress=percent, description=words)

    async with watched(url, campaign_id, timing=timing_of(settings()), tell=tell), kept_read(url, chosen=settings()):
        yield
    await tell(None)


def _standing_now(campaign_id: UUID, remaining: Remaining | None) -> tuple[float, str]:
    with open_database() as (connection, _):
        return _standing(connection, campaign_id, remaining=remaining)


def _standing(connection: Connection, campaign_id: UUID, *, remaining: Remaining | None) -> tuple[float, str]:
    """Return how far a campaign is, in percent and in words."""
    counts, campaign = _counts(connection, campaign_id), get_campaign(connection, campaign_id)
    return percent_done(counts), progress_sentence(counts, remaining, campaign=campaign)


def _counts(connection: Connection, campaign_id: UUID) -> Counts:
    return count_messages(connection, [campaign_id])[campaign_id]
