"""Reporting who can be reached: counted once a night, kept, written as a page and a workbook, shown as an artifact."""

from pathlib import Path

from prefect import flow, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE

from clients.settings import settings
from domain.eligibility import EligibilityReport, NightKept
from flows.steps.server_runs import own_run_id
from flows.steps.telling import tell_of
from reports.eligibility_page import eligibility_markdown
from tasks.night import measure_night
from tasks.report_files import reports_folder, write_report_files
from tasks.report_news import report_news
from tasks.running import open_database


@flow(name="report-eligibility", flow_run_name="report who can be reached")
async def report_eligibility(*, account: str | None = None, folder: str | None = None) -> str:
    """Count for every account who can be reached now, and keep it as this night's report.

    Args:
        account: Name of one account; all of them if empty.
        folder: Where the page and the workbook are written, on the worker's machine; `reports` in its home if empty.

    Returns whether the night was kept by this run or before. Any number of runs in one night is harmless; people are
    told of it once, when it is of all accounts.
    """
    report = count_and_keep(account)
    files = write_files(report, folder)
    await show(report, files)
    if account is None and report.kept is not NightKept.NOT_KEPT:
        await tell_of(report_news(report, files, run_id=own_run_id()))
    return report.kept.value


@task(task_run_name="count and keep", cache_policy=NO_CACHE)
def count_and_keep(account: str | None) -> EligibilityReport:
    """Count who can be reached; only the first count of a night is kept."""
    with open_database() as (connection, _):
        return measure_night(connection, settings(), account=account)


@task(task_run_name="write the files", cache_policy=NO_CACHE)
def write_files(report: EligibilityReport, folder: str | None) -> list[str]:
    """Write the page and the workbook; return where they are."""
    chosen = Path(folder) if folder else reports_folder(settings().home)
    return [str(path) for path in write_report_files(report, chosen)]


@task(task_run_name="show the report", cache_policy=NO_CACHE)
async def show(report: EligibilityReport, files: list[str]) -> None:
    """Put the figures where people look, and say where the files are."""
    where = "\n".join(f"- `{path}`" for path in files)
    await acreate_markdown_artifact(
        key="eligibility",
        markdown=f"{eligibility_markdown(report)}\n\nFiles on the worker's machine:\n\n{where}\n",
        description=f"Who can be reached, night of {report.night}.",
    )
