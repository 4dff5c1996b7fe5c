"""Sharing a campaign among runs: the first one makes the others, and whichever ends it calls off those that wait."""

from uuid import UUID

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.context import FlowRunContext

from clients.prefect_server import FURTHER
from clients.settings import settings
from domain.errors import CampaignError
from flows.steps.server_runs import own_run_id
from tasks.campaigns import get_campaign
from tasks.further_runs import end_waiting_runs, make_further_runs
from tasks.running import open_database


def is_further() -> bool:
    """Say whether another run of its campaign has made this one: then it makes none itself."""
    context = FlowRunContext.get()
    return context is not None and context.flow_run is not None and FURTHER in context.flow_run.tags


def usual_shares(campaign_id: UUID) -> int:
    """Return how many runs are to send a campaign: its own number, else the setting. A command sends alone."""
    if own_run_id() is None:
        return 1
    with open_database() as (connection, _):
        return int(get_campaign(connection, campaign_id)["shares"] or settings().shares)


@task(task_run_name="have {shares} runs send it", cache_policy=NO_CACHE)
def share_out(campaign_id: UUID, shares: int) -> int:
    """Make the further runs of a campaign; return how many it has. Without them this run sends all of it."""
    try:
        with open_database() as (connection, _):
            return make_further_runs(connection, campaign_id, shares=shares, chosen=settings())
    except CampaignError as error:
        get_run_logger().warning("Not all further runs could be made, and the others send what there is: %s", error)
        return 0


@task(task_run_name="call off the runs that wait", cache_policy=NO_CACHE)
def call_off(campaign_id: UUID) -> int:
    """Cancel the runs of a campaign that is over for which no worker was free; the sweep does it where this cannot."""
    try:
        return end_waiting_runs(campaign_id)
    except CampaignError as error:
        get_run_logger().warning("The runs that wait are left to the sweep: %s", error)
        return 0
