"""Reconciling receipts: the safety net beside `windowcast webhooks reconcile --follow`, which does it continuously."""

from dataclasses import asdict

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import deployment

from clients.prefect_server import open_server, take_anew
from clients.settings import settings
from tasks.reconcile import ReconcileReport, reconcile_inbox
from tasks.running import open_database
from tasks.windows import timing_of


@flow(name="reconcile-receipts", flow_run_name="reconcile")
def reconcile_receipts() -> int:
    """Apply the webhook bodies that wait: any number may run at once, also beside one that follows the inbox.

    Returns how many bodies were applied.
    """
    report = reconcile_once()
    tell(report)
    free_queues()
    return report.bodies


@task(task_run_name="free the queues", cache_policy=NO_CACHE)
def free_queues() -> int:
    """Let what a worker took and never began wait for another one: a sweep that is held so lets no other sweep run."""
    if deployment.id is None:
        return 0
    with open_server() as client:
        return take_anew(client)


@task(task_run_name="apply the inbox", cache_policy=NO_CACHE)
def reconcile_once() -> ReconcileReport:
    """Apply all that waits in the inbox."""
    with open_database() as (connection, _):
        return reconcile_inbox(connection, timing=timing_of(settings()))


def tell(report: ReconcileReport) -> None:
    """Say in the run's log what was applied, and what a person should look at."""
    logger = get_run_logger()
    logger.info("Applied: %s", ", ".join(f"{name} {count}" for name, count in asdict(report).items() if count) or "0")
    if report.strange:
        logger.warning("%s events are strange (docs/runbook.md#receipts_strange)", report.strange)
    if report.elsewhere:
        logger.warning("%s events are of accounts not kept here (docs/runbook.md#receipts_elsewhere)", report.elsewhere)
