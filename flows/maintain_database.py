"""Maintaining: days of interactions get their partitions, and what was kept long enough is deleted."""

from prefect import flow, get_run_logger, task
from prefect.artifacts import acreate_table_artifact
from prefect.cache_policies import NO_CACHE

from clients.settings import settings
from tasks.deletion_requests import ErasuresKept, keep_erasures
from tasks.maintenance import MaintenanceReport, maintain_here
from tasks.running import open_database


@flow(name="maintain-database", flow_run_name="maintenance")
async def maintain_database() -> int:
    """Look after the database once a day: any number of runs is harmless, at any time and beside senders and intake.

    Returns how many rows were deleted.
    """
    report = maintain_once()
    await show_report(report)
    keep_erasures_once()
    return sum(report.deleted.values())


@task(task_run_name="maintain the database", cache_policy=NO_CACHE)
def maintain_once() -> MaintenanceReport:
    """Do one maintenance of the database."""
    with open_database() as (connection, _):
        return maintain_here(connection, settings())


@task(task_run_name="handle requests for deletion", cache_policy=NO_CACHE)
def keep_erasures_once() -> ErasuresKept:
    """Erase who asked the platform for it, and of whom receipts came after they were erased."""
    with open_database() as (connection, _):
        return keep_erasures(connection)


@task(task_run_name="show the report", cache_policy=NO_CACHE)
async def show_report(report: MaintenanceReport) -> None:
    """Put what was made, moved and deleted where people look; there is nothing of any person in it."""
    get_run_logger().info(
        "Partitions made: %s, dropped: %s; interactions moved: %s; deleted: %s.",
        len(report.made),
        len(report.dropped),
        report.moved,
        sum(report.deleted.values()),
    )
    rows = [{"what": what, "deleted": count} for what, count in report.deleted.items()]
    await acreate_table_artifact(key="maintenance", table=rows, description="What was kept long enough and is deleted.")
