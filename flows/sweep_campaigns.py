"""Sweeping: put right what dead runs left, let campaigns go on that stand still, and tell what a person should see."""

from typing import Any, Final
from uuid import UUID

from prefect import flow, get_run_logger, task
from prefect.artifacts import acreate_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import deployment, flow_run

from clients.prefect_server import drop_backlog, open_server, take_anew
from clients.settings import settings
from domain.errors import CampaignError
from flows.steps.telling import tell_everything
from tasks.accounts import find_account
from tasks.mapped_interactions import try_to_read
from tasks.recurring import make_runs_ahead
from tasks.running import open_database
from tasks.submit_form import refresh_form
from tasks.sweep import SweepReport, sweep
from tasks.timed_runs import RunCheck, check_runs, continue_campaign
from tasks.unknowns import list_accounts_with_unknowns, resolve_unknowns
from tasks.windows import timing_of

# A sweep comes every five minutes; one account may take this much of it.
_LOOK_UP_SECONDS: Final = 60.0


@flow(name="sweep-campaigns", flow_run_name="sweep")
async def sweep_campaigns() -> int:
    """Look after all campaigns: any number of sweeps may run, at any time and beside senders.

    Returns how many findings there are for a person to look at; each names its line of docs/runbook.md.
    """
    take_backlog()
    report = sweep_once(look_after_runs())
    found_ready = await look_up_unknowns()
    for campaign_id in dict.fromkeys([*report.to_continue, *found_ready]):
        let_go_on(campaign_id)
    if report.findings:
        await show_findings(report)
    await tell_everything(report.findings)
    keep_form()
    return len(report.findings)


@task(task_run_name="do the work of late sweeps", cache_policy=NO_CACHE)
def take_backlog() -> int:
    """Cancel the other sweeps that are due, after a worker was away, say: this one does their work.

    What a worker took and never began waits for another one.
    """
    if deployment.id is None:
        return 0
    with open_server() as client:
        take_anew(client)
        return drop_backlog(client, deployment_id=UUID(deployment.id), run_id=UUID(str(flow_run.id)))


@task(task_run_name="look after the runs of timed campaigns", cache_policy=NO_CACHE)
def look_after_runs() -> RunCheck:
    """See that every timed campaign has its one run, which campaigns a crash has left alone, and what recurs soon."""
    with open_database() as (connection, _):
        check = check_runs(connection, chosen=settings())
        check.findings += make_runs_ahead(connection, chosen=settings())
        return check


@task(task_run_name="sweep", cache_policy=NO_CACHE)
def sweep_once(runs: RunCheck) -> SweepReport:
    """Do one sweep over the database."""
    with open_database() as (connection, _):
        try_to_read(connection, settings())
        return sweep(connection, timing=timing_of(settings()), runs=runs)


@task(task_run_name="keep the submit form", cache_policy=NO_CACHE)
def keep_form() -> bool:
    """Offer in the form what there is by now: accounts, templates, files of the inbox."""
    with open_database() as (connection, _):
        return refresh_form(connection, chosen=settings())


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
def let_go_on(campaign_id: UUID) -> None:
    """Ask the server for a run that sends a campaign."""
    with open_database() as (connection, _):
        continue_campaign(connection, campaign_id, key=f"sweep-{flow_run.id}-{campaign_id}", chosen=settings())


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
