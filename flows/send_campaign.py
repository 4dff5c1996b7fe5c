"""Sending a campaign: start it, share by share until nothing more can be sent now, and close it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from prefect import flow, task
from prefect.artifacts import acreate_markdown_artifact, acreate_progress_artifact, aupdate_progress_artifact
from prefect.cache_policies import NO_CACHE

from clients.settings import settings
from domain.reasons import SENTENCES
from domain.states import MessageState
from tasks.campaigns import Counts, count_messages, get_campaign
from tasks.outlook import Remaining, watched
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
from tasks.share import ShareEnd, ShareReport
from tasks.windows import timing_of

_OPEN: Final = (MessageState.READY, MessageState.SENDING)


@flow(name="send-campaign", flow_run_name="send {campaign_id}")
async def send_campaign(campaign_id: UUID) -> str:
    """Send a campaign whose time has come, or carry on with it. Any number of runs may do so at once.

    Args:
        campaign_id: The campaign's id, as `windowcast campaigns list` shows it.

    Returns the campaign's state. Raises UnfinishedError or ServiceAwayError, saying what a person should do, when it
    could not be finished now.
    """
    async with stop_on_signals():
        report = await send_what_is_ready(campaign_id)
        while await look_up_unknowns(campaign_id):
            report = await send_what_is_ready(campaign_id)
        return await close(campaign_id, report)


async def send_what_is_ready(campaign_id: UUID) -> ShareReport:
    """Send share by share until nothing more can be sent now; return what the last share said."""
    report = ShareReport()
    if await start(campaign_id):
        async with shown_progress(campaign_id):
            while (report := await share(campaign_id)).end is ShareEnd.LIMIT_REACHED:
                pass
    return report


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
        lost = get_campaign(connection, campaign_id)["lost_by_delay"]
    summary = _summary(_counts(campaign_id), lost_by_delay=lost)
    await acreate_markdown_artifact(key=f"summary-{campaign_id}", markdown=summary)
    if problem is not None:
        raise problem
    return end.state.value


@asynccontextmanager
async def shown_progress(campaign_id: UUID) -> AsyncIterator[None]:
    """Keep one progress artifact while the block sends: what has its outcome, what is left, and who is at risk."""
    artifact = await acreate_progress_artifact(progress=0.0, description="Messages that have their outcome")

    async def tell(remaining: Remaining) -> None:
        done = await asyncio.to_thread(_done, campaign_id)
        await aupdate_progress_artifact(artifact, progress=done, description=remaining.sentence)

    with open_database() as (_, url):
        pass
    async with watched(url, campaign_id, timing=timing_of(settings()), tell=tell):
        yield
    await aupdate_progress_artifact(
        artifact, progress=_done(campaign_id), description="Messages that have their outcome"
    )


def _done(campaign_id: UUID) -> float:
    return _percent(_counts(campaign_id))


def _counts(campaign_id: UUID) -> Counts:
    with open_database() as (connection, _):
        return count_messages(connection, [campaign_id])[campaign_id]


def _percent(counts: Counts) -> float:
    left = sum(counts.by_state[state] for state in _OPEN)
    return round(100 * (1 - left / counts.rows), 1) if counts.rows else 100.0


def _summary(counts: Counts, *, lost_by_delay: int | None) -> str:
    states = [f"| {state} | {count} |" for state, count in counts.by_state.items() if count]
    reasons = [f"| {reason} | {count} | {SENTENCES[reason]} |" for reason, count in counts.by_reason.items()]
    table = ["| state | messages |", "| --- | ---: |", *states]
    why = ["", "| why | messages | |", "| --- | ---: | --- |", *reasons] if reasons else []
    late = ["", f"Its late start cost {lost_by_delay:,} people."] if lost_by_delay else []
    return "\n".join(table + why + late)
