"""The list that comes back as a workbook, with a state and a reason beside each row: where, or why not."""

from pathlib import Path
from uuid import UUID

from cli.output import say
from cli.session import Session
from domain.errors import NotFoundError, UsageError
from domain.submission import Submission


def check_annotated(annotated: Path | None, submission: Submission) -> None:
    """Refuse a place for the annotated workbook that cannot be meant, before anything is done."""
    if annotated is None:
        return
    if annotated.suffix.lower() != ".xlsx":
        raise UsageError(f"{annotated.name} should end in .xlsx: your list comes back as an Excel workbook.")
    if not annotated.absolute().parent.is_dir():
        raise NotFoundError(f"There is no folder {annotated.parent}; make it, or name another one.")
    if (
        isinstance(submission.file, Path)
        and annotated.exists()
        and submission.file.exists()
        and annotated.samefile(submission.file)
    ):
        raise UsageError(f"{annotated} is the list itself; name another file, so that yours stays as it is.")


def write_annotated(opened: Session, campaign_id: UUID, *, annotated: Path | None) -> Path | None:
    """Write the annotated workbook if one is asked for; a full disk must not hide what the submit has done."""
    from tasks.workbooks import write_workbook

    if annotated is None:
        return None
    try:
        missing = write_workbook(opened.connection, campaign_id, path=annotated)
    except OSError as error:
        say(f"{annotated} cannot be written: {(error.strerror or 'the reason is not known').lower()}.")
        return None
    for sentence in missing:
        say(sentence)
    return annotated


def say_where(annotated: Path | None, *, written: Path | None, has_bad_rows: bool, how: str) -> None:
    """Say where the annotated workbook is, why there is none, or how to get one."""
    if written is not None:
        say(f"Your list with a state and a reason beside each row is in {written}.")
    elif annotated is not None:
        say(f"There is nothing to write to {annotated}: no row of the file could be read.")
    elif has_bad_rows:
        say(f"To get your list back as a workbook with the bad cells marked: {how}; mend them there and submit that.")


def path_text(path: Path | None) -> str | None:
    """Return a path as JSON shows it."""
    return None if path is None else str(path)
