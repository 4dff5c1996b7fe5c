"""The record of a campaign's runs: when each began, under which run of Prefect, and how it ended."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from uuid_utils.compat import uuid7

from domain.errors import CampaignError
from sql import query
from tasks.running import open_database

logger = logging.getLogger("windowcast.runs")

_STOPPED = "stopped"
_BUG = "bug"


@asynccontextmanager
async def recorded_run(
    campaign_id: UUID, *, flow: str, flow_run_id: str | None = None, seconds_ago: float = 0
) -> AsyncIterator[None]:
    """Keep a record of the run that the block is. Nothing is decided by it: a run that dies leaves it open.

    `seconds_ago` is how long before the block the run began. Raises what the block raises, and ServiceAwayError when
    the database is away at its beginning.
    """
    run_id = uuid7()
    with open_database() as (connection, _):
        begun = {"run_id": run_id, "campaign_id": campaign_id, "flow": flow, "flow_run_id": flow_run_id}
        connection.execute(query("runs/begin"), {**begun, "seconds_ago": seconds_ago})
    try:
        yield
    except CampaignError as error:
        _end(run_id, code=error.code)
        raise
    except Exception:
        _end(run_id, code=_BUG)
        raise
    except BaseException:
        _end(run_id, code=_STOPPED)
        raise
    _end(run_id, code=None)


def _end(run_id: UUID, *, code: str | None) -> None:
    try:
        with open_database() as (connection, _):
            connection.execute(query("runs/end"), {"run_id": run_id, "code": code})
    except CampaignError as error:
        # The campaign is what counts; that its record stays open must not hide how the run ended.
        logger.warning("the end of a run was not kept: %s", error, extra={"run_id": str(run_id)})
