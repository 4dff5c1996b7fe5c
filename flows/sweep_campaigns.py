"""Sweeping: put right what dead runs left, let campaigns go on that stand still, and tell what a person should see."""

from typing import Any, Final
from uuid import UUID

from prefect import flow, get_run_logger, task
from prefect.artifacts import acreate_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.deployments import arun_deployment
from prefect.exceptions import ObjectNotFound
from prefect.runtime import flow_run

from clients.settings import settings
from domain.errors import CampaignError
from tasks.accounts import find_account
from tasks.running import open_database
from tasks.sweep import SweepReport, sweep
from tasks.unknowns import list_accounts_with_unknowns, resolve_unknowns
from tasks.windows import timing_of

_SEND: Final = "send-campaign/send-campaign"
# A sweep comes every five minutes; one account may take this much of it.
_LOOK_UP_SECONDS: Final = 60.0


@flow(name="sweep-campaigns", flow_run_name="sweep")
async def sweep_campaigns() -> int:
    """Look after all campaigns: any number of sweeps may run, at any time and beside senders.

    Returns how many findings there are for a person to look at; each names its line of docs/runbook.md.
    """
    report = sweep_once()
    found_ready = await look_up_unknowns()
    for campaign_id in dict.fromkeys([*report.to_continue, *found_ready]):
        await let_go_on(campaign_id)
    if report.findings:
        await show_findings(report)
    return len(report.findings)


@task(task_run_name="sweep", cache_policy=NO_CACHE)
def sweep_once() -> SweepReport:
    """Do one sweep over the database."""
    with open_database() as (connection, _):
        return sweep(connection, timing=timing_of(settings()))


@task(task_run_name="look up what is unknown", cache_policy=NO_CACHE)
async def look_up_unknowns() -> list[UUID]:
    """Look for proof of what is unknown, account by account; return the campaigns of which something is ready again."""
    chosen = settings()
    with open_database() as (connection, url):
        accounts = [find_account(connection, name) for name in list_accounts_with_unknowns(connection)]
    ready: list[UUID] = []
    for account in accounts:
        try:
            found = await resolve_unknowns(url, account, chosen=chosen, limit_seconds=_LOOK_UP_SECONDS)
        except CampaignError as error:
            # One account without a token, or a platform that is away, must not keep the others waiting.
            get_run_logger().warning("The look-ups of %s ended early: %s", account.name, error)
            continue
        ready += found.campaign_ids
    return ready


@task(task_run_name="let {campaign_id} go on", cache_policy=NO_CACHE)
async def let_go_on(campaign_id: UUID) -> bool:
    """Ask the server for a run that sends a campaign; return whether there is a deployment that can."""
    try:
        # A second run would do no harm, since the claim decides who sends what; the key spares it.
        await arun_deployment(
            _SEND,
            parameters={"campaign_id": str(campaign_id)},
            timeout=0,
            as_subflow=False,
            idempotency_key=f"sweep-{flow_run.id}-{campaign_id}",
        )
    except ObjectNotFound:
        get_run_logger().warning(
            "The campaign %s stands still, and there is no deployment %s; `windowcast campaigns run %s` sends it.",
            campaign_id,
            _SEND,
            campaign_id,
        )
        return False
    return True


@task(task_run_name="show the findings", cache_policy=NO_CACHE)
async def show_findings(report: SweepReport) -> None:
    """Put the findings where people look, each with its line of the runbook."""
    logger = get_run_logger()
    for finding in report.findings:
        logger.warning("%s (%s)", finding.text, finding.runbook)
    rows: list[dict[str, Any]] = [
        {"what": one.code.value, "finding": one.text, "what to do": one.runbook} for one in report.findings
    ]
    await acreate_table_artifact(key="sweep", table=rows, description="What a person should look at.")
