"""The files of a night's report: a page and a workbook, in one folder, named by the night."""

from pathlib import Path

from domain.eligibility import EligibilityReport
from domain.errors import NotFoundError
from reports.eligibility_page import write_eligibility_page
from reports.eligibility_workbook import write_eligibility_workbook


def write_report_files(report: EligibilityReport, folder: Path) -> list[Path]:
    """Write the page and the workbook of a report, making the folder if need be; return where they are.

    A second report of the same night replaces the files of the first. Raises NotFoundError when there can be no folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotFoundError(f"The folder {folder} cannot be made ({error.strerror}); name another one.") from error
    stem = f"eligibility-{report.night}" + ("-segment" if report.segment else "")
    page, workbook = folder / f"{stem}.html", folder / f"{stem}.xlsx"
    write_eligibility_page(page, report)
    write_eligibility_workbook(workbook, report)
    return [page, workbook]
