"""What runs in the child processes: each reads the file within hard limits, and leaves its result in the folder.

The first reader writes the rows and a trace of them, the second one reads a workbook again and compares it with the
trace while that grows.

A child starts without site packages and without the parent's environment, so that it starts fast and knows no secrets.
It answers by files alone: nothing it prints is seen.
"""

import contextlib
import gc
import json
import os
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from clients.spreadsheet.copy_files import RecipientsWriter
from clients.spreadsheet.csv_file import read_csv
from clients.spreadsheet.file_kind import FileKind, tell_kind
from clients.spreadsheet.limits import ReadingJob, ReadLimits, UnreadableError, refused
from clients.spreadsheet.package import open_archive
from clients.spreadsheet.row_trace import TRACE_FILE, TraceWriter
from clients.spreadsheet.second_reader import compare_with_second_reader
from clients.spreadsheet.xlsx_file import SheetReading, read_xlsx
from domain.cell_address import column_letters
from domain.problem import Finding

UPLOAD_FILE: Final = "recipients.upload"
FACTS_FILE: Final = "facts.json"
COMPARISON_FILE: Final = "comparison.json"
STOPPED_FILE: Final = "stopped.txt"

_FORBIDDEN_EVENTS: Final = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "urllib.")


def main() -> None:
    """Read the file of the folder named in argv; argv is (folder, job as JSON, name of the file for the answer)."""
    folder, job, answer_file = Path(sys.argv[1]), _job_of(sys.argv[2]), sys.argv[3]
    _limit_this_process(job.limits)
    gc.disable()  # a million rows leave no cycles behind, and looking for them takes a tenth of the time
    with _noting_where_it_stopped(folder):
        read = read_first if answer_file == FACTS_FILE else read_again
        answer = json.dumps(read(folder, job))
        unfinished = folder / f"{answer_file}.new"
        unfinished.write_text(answer, encoding="utf-8")
        unfinished.rename(folder / answer_file)


def read_upload(folder: Path, job: ReadingJob) -> dict[str, Any]:
    """Let both readers read the upload in `folder`, one after the other in this process; return what they leave."""
    answer = read_first(folder, job)
    return with_comparison(answer, read_again(folder, job)) if is_to_be_compared(answer) else answer


def read_first(folder: Path, job: ReadingJob) -> dict[str, Any]:
    """Read the upload in `folder`, write its files there, and return the facts, or the problems that refuse it."""
    try:
        return _read(folder, job)
    except UnreadableError as error:
        return _problems_of(error)


def read_again(folder: Path, job: ReadingJob) -> dict[str, Any]:
    """Read the workbook in `folder` by another program; return its seconds, or the problem if the readers differ."""
    started = time.perf_counter()
    try:
        # What unpacks too large, or is no zip at all, must not reach the other program.
        open_archive(folder / UPLOAD_FILE, extension=job.extension, limits=job.limits).close()
        compare_with_second_reader(folder / UPLOAD_FILE, folder / TRACE_FILE, sheet=job.sheet)
    except UnreadableError as error:
        return _problems_of(error)
    return {"seconds": {"compare": time.perf_counter() - started}}


def is_to_be_compared(answer: Mapping[str, Any]) -> bool:
    """Tell whether the first reader's answer counts only with the second one's: that of a workbook that was read."""
    return "problems" not in answer and answer["sheet"] is not None


def with_comparison(answer: dict[str, Any], comparison: dict[str, Any]) -> dict[str, Any]:
    """Join the answers of both readers: the first one's facts if they agree, else what they differ in."""
    if "problems" in comparison:
        return comparison
    return {**answer, "seconds": {**answer["seconds"], **comparison["seconds"]}}


def job_text(job: ReadingJob) -> str:
    """Write a job as the JSON that `main` takes."""
    return json.dumps(asdict(job))


def _read(folder: Path, job: ReadingJob) -> dict[str, Any]:
    path = folder / UPLOAD_FILE
    started = time.perf_counter()
    kind = tell_kind(path, extension=job.extension)
    is_workbook = kind is FileKind.ZIP
    with (folder / TRACE_FILE).open("wb") as file:
        trace = TraceWriter(file) if is_workbook else None
        with RecipientsWriter(folder, hidden_rows=job.hidden_rows, limits=job.limits, trace=trace) as writer:
            if is_workbook:
                reading = read_xlsx(path, writer, job)
            else:
                reading = SheetReading(None, read_csv(path, writer, job), {"read": time.perf_counter() - started})
    if not writer.row_count:
        raise refused(Finding.NO_RECIPIENTS)
    return _facts(writer, reading)


def _problems_of(error: UnreadableError) -> dict[str, Any]:
    return {"problems": [{"finding": each.finding, "facts": dict(each.facts)} for each in error.problems]}


def _facts(writer: RecipientsWriter, reading: SheetReading) -> dict[str, Any]:
    return {
        "sheet": reading.sheet,
        "header": writer.header,
        "header_cells": [f"{column_letters(column)}1" for column in writer.columns],
        "row_count": writer.row_count,
        "example_row_count": writer.example_row_count,
        "blank_rows": writer.blank_rows,
        "problem_count": writer.problem_count,
        "remarks": [*reading.remarks, *_remarks_on_rows(writer)],
        "seconds": reading.seconds,
    }


def _remarks_on_rows(writer: RecipientsWriter) -> Iterator[str]:
    if writer.invisible_count:
        yield (
            "Characters that cannot be seen, such as no-break spaces, were kept in the texts; "
            f"cells that hold them: {writer.invisible_count:,}."
        )


def _job_of(text: str) -> ReadingJob:
    given = json.loads(text)
    limits = ReadLimits(**given.pop("limits"))
    return ReadingJob(**given, limits=limits)


def _limit_this_process(limits: ReadLimits) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would be a copy of the recipients
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds))
    sys.addaudithook(_forbid)


def _forbid(event: str, _arguments: tuple[object, ...]) -> None:
    """Refuse whatever a reader of files has no need of: connections and other programs."""
    if event.startswith(_FORBIDDEN_EVENTS):
        raise PermissionError(event)


@contextlib.contextmanager
def _noting_where_it_stopped(folder: Path) -> Iterator[None]:
    """Leave the kind of an unforeseen error and its place in our code, never its text, which may quote the file."""
    try:
        yield
    except BaseException as error:  # noqa: BLE001  # the process ends here, whatever it was
        frames = traceback.extract_tb(error.__traceback__)
        places = "; ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
        (folder / STOPPED_FILE).write_text(f"{type(error).__name__} at {places}", encoding="utf-8")
        os._exit(1)
