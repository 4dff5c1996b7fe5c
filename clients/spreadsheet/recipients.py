"""The parent's side: copy the file, have children read the copy, and believe only what they leave behind."""

import contextlib
import hashlib
import json
import logging
import os
import stat
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Final

from clients.spreadsheet.child import (
    COMPARISON_FILE,
    FACTS_FILE,
    STOPPED_FILE,
    UPLOAD_FILE,
    is_to_be_compared,
    job_text,
    with_comparison,
)
from clients.spreadsheet.copy_files import PROBLEMS_FILE, ROWS_FILE
from clients.spreadsheet.file_kind import ZIP_START
from clients.spreadsheet.limits import MIB, HiddenRows, ReadingJob, ReadLimits
from clients.spreadsheet.row_trace import TRACE_FILE
from domain.errors import NotFoundError
from domain.problem import Finding, Problem

_LOG: Final = logging.getLogger(__name__)
_BLOCK_BYTES: Final = MIB
_MOST_FACTS_BYTES: Final = 64 * MIB
_ROOT: Final = Path(__file__).resolve().parents[2]
_STOPPED: Final[dict[str, Any]] = {"problems": [{"finding": Finding.READER_STOPPED, "facts": {}}]}
_DEFAULT_LIMITS: Final = ReadLimits()
# Isolated and without site packages: a tenth of a second to start, and no environment that could hold secrets.
_START: Final = (
    "import json, sys; sys.path[:0] = json.loads(sys.argv.pop()); from clients.spreadsheet.child import main; main()"
)


@dataclass(frozen=True)
class ReadFile:
    """A recipients file that was read: two files ready for COPY (text format), and what is to be known of it.

    `header` are the names in row 1 from left to right without our own outcome columns, '' where a column holds values
    below a blank header; `header_cells` are their addresses. `rows_file`: row_number, typed_user_id, user_id, cells
    (text[], one for each name after the first). `problems_file`: row_number, column_name, finding, facts (JSON).
    `row_count` counts the rows of `rows_file`. `blank_rows` are the first hundred blank rows above the last one.
    """

    sheet: str | None
    header: tuple[str, ...]
    header_cells: tuple[str, ...]
    row_count: int
    example_row_count: int
    blank_rows: tuple[int, ...]
    problem_count: int
    rows_file: Path
    problems_file: Path
    remarks: tuple[str, ...]
    sha256: str
    byte_count: int
    seconds: Mapping[str, float]


@dataclass(frozen=True)
class UnreadableFile:
    """A file that is refused as a whole. `sha256` and `byte_count` are of the bytes that were taken in."""

    problems: tuple[Problem, ...]
    sha256: str
    byte_count: int


class Reading:
    """A file that its first reader has read; the second one, which must agree, may still be at work.

    `first` is only worth something once `result` says the same. A reading that nobody waits for takes its second
    reader with it.
    """

    def __init__(
        self, first: ReadFile | UnreadableFile, settle: Callable[[], ReadFile | UnreadableFile] | None = None
    ) -> None:
        self.first = first
        self._settle = settle

    @cached_property
    def result(self) -> ReadFile | UnreadableFile:
        """Wait for the second reader; return the file if both agree, else the refusal."""
        return self._settle() if self._settle else self.first


@dataclass(frozen=True)
class _Copy:
    sha256: str
    byte_count: int
    problem: Problem | None = None


def read_recipients(
    path: Path,
    *,
    folder: Path,
    limits: ReadLimits = _DEFAULT_LIMITS,
    sheet: str | None = None,
    hidden_rows: HiddenRows = "ask",
    encoding: str | None = None,
) -> ReadFile | UnreadableFile:
    """Copy the .xlsx or .csv file at `path` into `folder`, and read the copy in child processes within `limits`.

    `folder` must exist and be this reading's own; the copy and the two files for COPY stay in it. `sheet` names the
    sheet to read; `hidden_rows` says what to do with hidden ones; `encoding` is a csv file's, where it is not UTF-8.
    Raises NotFoundError if there is no such file.
    """
    return start_reading(
        path, folder=folder, limits=limits, sheet=sheet, hidden_rows=hidden_rows, encoding=encoding
    ).result


def start_reading(
    path: Path,
    *,
    folder: Path,
    limits: ReadLimits = _DEFAULT_LIMITS,
    sheet: str | None = None,
    hidden_rows: HiddenRows = "ask",
    encoding: str | None = None,
) -> Reading:
    """Do what `read_recipients` does, but return as soon as the first reader has ended: its rows may be staged."""
    started = time.perf_counter()
    copy = _copy_in(path, folder / UPLOAD_FILE, limits)
    if copy.problem:
        return Reading(UnreadableFile((copy.problem,), copy.sha256, copy.byte_count))
    job = ReadingJob(path.suffix.lower(), sheet, hidden_rows, limits, encoding)
    copied = time.perf_counter()

    def result(answer: Mapping[str, Any]) -> ReadFile | UnreadableFile:
        seconds = {"copy": copied - started, "child": time.perf_counter() - copied}
        return result_of(answer, folder, sha256=copy.sha256, byte_count=copy.byte_count, seconds=seconds)

    return _read_in_children(folder, job, result)


def result_of(
    answer: Mapping[str, Any], folder: Path, *, sha256: str, byte_count: int, seconds: Mapping[str, float]
) -> ReadFile | UnreadableFile:
    """Turn the child's answer into a result; of a refused file no half-written rows stay behind."""
    if "problems" in answer:
        for name in (ROWS_FILE, PROBLEMS_FILE):
            (folder / name).unlink(missing_ok=True)
        problems = tuple(Problem(Finding(each["finding"]), facts=each["facts"]) for each in answer["problems"])
        return UnreadableFile(problems, sha256, byte_count)
    return ReadFile(
        sheet=answer["sheet"],
        header=tuple(answer["header"]),
        header_cells=tuple(answer["header_cells"]),
        row_count=answer["row_count"],
        example_row_count=answer["example_row_count"],
        blank_rows=tuple(answer["blank_rows"]),
        problem_count=answer["problem_count"],
        rows_file=folder / ROWS_FILE,
        problems_file=folder / PROBLEMS_FILE,
        remarks=tuple(answer["remarks"]),
        sha256=sha256,
        byte_count=byte_count,
        seconds={**seconds, **answer["seconds"]},
    )


def _copy_in(path: Path, copy: Path, limits: ReadLimits) -> _Copy:
    """Copy and hash in one go: whatever happens to the original later, these bytes are the upload."""
    with _open_file(path) as source, copy.open("wb") as target:
        before = os.fstat(source.fileno())
        digest, byte_count = _copy_bytes(source, target, limits.file_bytes)
        after = os.fstat(source.fileno())
    if byte_count > limits.file_bytes:
        what = f"it has more than {limits.file_bytes / MIB:,.0f} MB"
        return _Copy(digest, byte_count, Problem(Finding.TOO_LARGE, facts={"what": what}))
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or byte_count != after.st_size:
        return _Copy(digest, byte_count, Problem(Finding.CHANGED_WHILE_READ))
    return _Copy(digest, byte_count)


def _open_file(path: Path) -> IO[bytes]:
    """Open a regular file; raise NotFoundError for anything else."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise NotFoundError(f"{path} is no file; name the .xlsx or .csv file.")
        # Without waiting: a pipe that takes the file's place just now would hold the reading up for ever.
        return os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise NotFoundError(f"The file {path} cannot be opened: {reason}.") from error


def _copy_bytes(source: IO[bytes], target: IO[bytes], most_bytes: int) -> tuple[str, int]:
    """Copy until the end, or until the first block past `most_bytes`; return the hash and the count of the bytes."""
    digest = hashlib.sha256()
    byte_count = 0
    while byte_count <= most_bytes and (block := source.read(_BLOCK_BYTES)):
        digest.update(block)
        target.write(block)
        byte_count += len(block)
    return digest.hexdigest(), byte_count


def _read_in_children(
    folder: Path, job: ReadingJob, result: Callable[[Mapping[str, Any]], ReadFile | UnreadableFile]
) -> Reading:
    """Have both readers read at the same time, within the limit of time; the first one's refusal is the answer."""
    ends_at = time.monotonic() + job.limits.wall_seconds
    for name in (FACTS_FILE, COMPARISON_FILE, STOPPED_FILE):
        (folder / name).unlink(missing_ok=True)
    (folder / TRACE_FILE).write_bytes(b"")
    with contextlib.ExitStack() as children:
        children.callback((folder / TRACE_FILE).unlink, missing_ok=True)
        first = children.enter_context(_child(folder, job, FACTS_FILE))
        second = children.enter_context(_child(folder, job, COMPARISON_FILE)) if _is_zip(folder) else None
        answer = _answer_of(first, folder, FACTS_FILE, ends_at=ends_at)
        if not is_to_be_compared(answer):
            return Reading(result(answer))
        if second is None:
            return Reading(result(_STOPPED))
        still_reading = children.pop_all()

    def settle() -> ReadFile | UnreadableFile:
        with still_reading:
            comparison = _answer_of(second, folder, COMPARISON_FILE, ends_at=ends_at)
        return result(with_comparison(answer, comparison))

    reading = Reading(result(answer), settle)
    weakref.finalize(reading, still_reading.close)
    return reading


def _is_zip(folder: Path) -> bool:
    """Tell whether the copy may be a workbook; a csv file has one reader."""
    with (folder / UPLOAD_FILE).open("rb") as file:
        return file.read(len(ZIP_START)) == ZIP_START


@contextlib.contextmanager
def _child(folder: Path, job: ReadingJob, answer_file: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a reader; at the end of the block there is none any more."""
    command = [sys.executable, "-I", "-S", "-c", _START, str(folder), job_text(job), answer_file, _import_path()]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(  # noqa: S603  # our own interpreter and program; the sheet's name is one argument of many
        command, stdin=quiet, stdout=quiet, stderr=quiet, cwd=folder, env={}
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def _answer_of(child: "subprocess.Popen[bytes]", folder: Path, answer_file: str, *, ends_at: float) -> dict[str, Any]:
    """Wait for a child's end, or for the limit of time; whatever ends it early is one and the same finding."""
    try:
        code: int | None = child.wait(max(0, ends_at - time.monotonic()))
    except subprocess.TimeoutExpired:
        code = None
    answer = _answer_in(folder / answer_file) if code == 0 else None
    if answer is None:
        _LOG.warning("A reader of a recipients file stopped: exit code %s, %s", code, _where_it_stopped(folder))
        return _STOPPED
    return answer


def _import_path() -> str:
    """Name the two folders that the child may import from: the application's, and the second reader's."""
    reader = find_spec("python_calamine")
    assert reader is not None, "python-calamine is in requirements.txt"
    assert reader.origin is not None
    return json.dumps([str(_ROOT), str(Path(reader.origin).parents[1])])


def _answer_in(path: Path) -> dict[str, Any] | None:
    if not path.is_file() or path.stat().st_size > _MOST_FACTS_BYTES:
        return None
    try:
        answer: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
    return answer


def _where_it_stopped(folder: Path) -> str:
    note = folder / STOPPED_FILE
    return note.read_text(encoding="utf-8") if note.is_file() else "without a note"
