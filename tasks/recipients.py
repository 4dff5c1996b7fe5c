"""The recipients of a submission as they were given: a file that is fetched and read, or ids."""

from dataclasses import dataclass, replace
from pathlib import Path

from clients.sources import fetch
from clients.spreadsheet import UPLOAD_FILE, ReadFile, Reading, ReadLimits, UnreadableFile, start_reading
from domain.errors import NotFoundError
from domain.submission import Submission, sha256_of_ids


@dataclass(frozen=True)
class ReadList:
    """The recipients as they were given: the reading of a file, whose second reader may still be at work, or ids.

    `content` is the copy that is read, whose bytes are kept with the campaign; None keeps none. Nor are they kept of a
    file that `holds_erased` people.
    """

    sha256: str
    reading: Reading | None = None
    file_name: str = ""
    content: Path | None = None
    user_ids: tuple[str, ...] = ()
    holds_erased: bool = False

    @property
    def file(self) -> ReadFile | UnreadableFile | None:
        """Return the file if both readers agree, else its refusal; None for ids. Waits for the second reader."""
        return self.reading.result if self.reading else None


_MOST_BLANKS_SHOWN = 20


def bring_file(submission: Submission, *, folder: Path) -> Submission:
    """Fetch the file of a submission into `folder` if it lies elsewhere; the submission then names the copy.

    Its `file_name` is then the address without query. Raises NotFoundError when there is no such file, UsageError for
    an address that may not be used, and ServiceAwayError when the place it lies at does not answer.
    """
    match submission.file:
        case None:
            return submission
        case Path() as path:
            if not path.is_file():
                raise NotFoundError(f"There is no file {path}; check its name and folder.")
            return replace(submission, file_name=submission.file_name or path.name)
        case address:
            fetched = fetch(address, folder, most_bytes=ReadLimits().file_bytes)
            return replace(submission, file=fetched.path, file_name=fetched.shown)


def read_list(submission: Submission, *, folder: Path) -> ReadList:
    """Read the recipients of a submission; a file in a child process with limits, into `folder`.

    It returns as soon as the first of the two readers has ended. Raises what `bring_file` raises. A file that cannot be
    read is no error but part of the answer.
    """
    brought = bring_file(submission, folder=folder)
    if not isinstance(brought.file, Path):
        return ReadList(sha256=sha256_of_ids(submission.user_ids), user_ids=submission.user_ids)
    reading = start_reading(
        brought.file,
        folder=folder,
        sheet=submission.sheet,
        hidden_rows=submission.hidden_rows,  # type: ignore[arg-type]  # the command line allows these words only
        encoding=submission.encoding,
    )
    first = reading.first
    content = folder / UPLOAD_FILE if isinstance(first, ReadFile) else None
    file_name = brought.file_name or brought.file.name
    return ReadList(sha256=first.sha256, reading=reading, file_name=file_name, content=content)


def remarks_on(given: ReadList) -> tuple[str, ...]:
    """Return what was assumed while the list was read, in sentences."""
    if not isinstance(given.file, ReadFile):
        return ()
    return (*given.file.remarks, *_remark_on_blanks(given.file.blank_rows))


def _remark_on_blanks(rows: tuple[int, ...]) -> tuple[str, ...]:
    if not rows:
        return ()
    shown = ", ".join(str(row) for row in rows[:_MOST_BLANKS_SHOWN])
    return (
        f"Blank rows between the others were passed over: {shown}{', …' if len(rows) > _MOST_BLANKS_SHOWN else ''}.",
    )
