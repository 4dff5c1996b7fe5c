"""The files of a night's report: a page and a workbook, in one folder, named by the night."""

import logging
import re
from datetime import date
from pathlib import Path
from typing import Final

from domain.eligibility import EligibilityReport
from domain.errors import NotFoundError
from reports.eligibility_page import write_eligibility_page
from reports.eligibility_workbook import write_eligibility_workbook

logger = logging.getLogger("windowcast.reports")

_FILE: Final = re.compile(r"eligibility-(\d{4}-\d{2}-\d{2})(?:-segment)?\.(?:html|xlsx)")


def reports_folder(home: Path) -> Path:
    """Return where the nightly report writes its files unless it is told otherwise."""
    return home / "reports"


def delete_old_report_files(folder: Path, *, before: date) -> int:
    """Delete the files of the nights before a day, by the night in their names; return how many. Others stay."""
    old = [path for path in folder.glob("eligibility-*") if (night := _night_of(path)) is not None and night < before]
    return sum(map(_delete, old))


def _delete(path: Path) -> bool:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        logger.warning(
            "%s is kept long enough and cannot be deleted: %s", path, (error.strerror or "no reason").lower()
        )
        return False
    return True


def _night_of(path: Path) -> date | None:
    named = _FILE.fullmatch(path.name)
    try:
        return None if named is None else date.fromisoformat(named[1])
    except ValueError:
        return None


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
