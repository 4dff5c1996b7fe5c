"""Telling people what has happened, where they are: never a reason for a run to wait for long, or to fail."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from clients.notification_blocks import tell
from clients.postgres import Connection
from clients.settings import settings
from domain.errors import CampaignError
from domain.news import News
from domain.sweep import SweepFinding
from flows.steps.server_runs import own_run_id
from tasks.news import Telling, gather_news, news_of_findings, note_telling, places_of, take_on, take_on_again
from tasks.running import open_database

# All of it together; what is not told by then is told by a sweep.
_WITHIN_SECONDS: Final = 25.0


async def tell_of_campaign(campaign_id: UUID) -> None:
    """Tell what has happened to a campaign, in a run of a server; a command's news are told by the next sweep."""
    if own_run_id() is not None:
        await _tell_news(lambda connection: gather_news(connection, chosen=settings(), campaign_id=campaign_id))


async def tell_everything(findings: Sequence[SweepFinding]) -> None:
    """Tell what has happened anywhere and what a sweep has found, and once more what could not be told."""
    await _tell_news(
        lambda connection: [*gather_news(connection, chosen=settings()), *news_of_findings(connection, findings)],
        is_sweep=True,
    )


async def tell_of(news: News) -> None:
    """Tell one thing, as that a report is ready."""
    await _tell_news(lambda _: [news])


async def _tell_news(gather: Callable[[Connection], list[News]], *, is_sweep: bool = False) -> None:
    if not places_of(settings()):
        return
    try:
        await asyncio.wait_for(_take_on_and_tell(gather, is_sweep=is_sweep), timeout=_WITHIN_SECONDS)
    except Exception as error:  # noqa: BLE001  # news never spoil a run: the next sweep tells them
        get_run_logger().warning("People were not told (%s); a sweep tries again.", type(error).__name__)


@task(task_run_name="tell people", cache_policy=NO_CACHE)
async def _take_on_and_tell(gather: Callable[[Connection], list[News]], *, is_sweep: bool) -> int:
    places = places_of(settings())
    with open_database() as (connection, _):
        tellings = take_on(connection, gather(connection), places=places)
        if is_sweep:
            tellings += take_on_again(connection, places=places)
    done = await asyncio.gather(*(_tell_one(telling) for telling in tellings))
    return sum(done)


async def _tell_one(telling: Telling) -> bool:
    failure = None
    try:
        await tell(telling.place, subject=telling.subject, body=telling.body)
    except CampaignError as error:
        get_run_logger().warning("%s", error)
        failure = error.code
    with open_database() as (connection, _):
        note_telling(connection, telling, failure=failure)
    return failure is None
