"""Reading, checking and staging a workbook, beside what one would write with pandas; all in one run.

Arguments: numbers of rows (10000 100000 unless given; the last one is the size that counts). It ends with 1 when a
promise of docs/benchmarks.md is broken. The speed beside pandas is measured with all cores of the machine, and again in
a process of its own with everything pinned to one core, pandas and both servers too. It is promised for a million rows
and judged there alone.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from uuid import uuid4

import psutil

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import servers
from clients.postgres import connect
from domain.submission import Submission
from factories import World, user_id
from tasks.recipients import read_list
from tasks.staging import find_row_problems, stage_list
from tasks.submission import find_target, open_campaign

MILLION = 1_000_000
FASTER = 12
FASTER_ON_ONE_CORE = 8
MOST_BYTES = 1.5 * 1024**3
BAD_FACTOR = 2.0
FLAT_FACTOR = 1.3
CHECK_SECONDS = 3.0
SAMPLE_SECONDS = 0.05


@dataclass(frozen=True)
class Run:
    """What one intake took: seconds of its three steps, seconds of processor, and the peak of our memory in bytes."""

    read: float
    stage: float
    check: float
    processor: float
    peak_bytes: int

    @property
    def seconds(self) -> float:
        return self.read + self.stage + self.check


def main() -> None:
    """Print a line for each measurement, then each promise and whether it is kept."""
    parser = argparse.ArgumentParser(description="Measure the intake of workbooks, beside pandas.")
    parser.add_argument("sizes", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--one-core", type=Path, metavar="FOLDER", help="on one core, the workbook in this folder")
    given = parser.parse_args()
    if given.one_core is not None:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        with running_server("on one core") as server:
            is_kept = measure_on_one_core(server, given.one_core, given.sizes[-1])
    else:
        with tempfile.TemporaryDirectory(prefix="windowcast-intake-") as folder:
            with running_server(f"on {os.cpu_count()} cores") as server:
                is_kept = measure(server, Path(folder), given.sizes)
            one_core = [sys.executable, __file__, str(given.sizes[-1]), "--one-core", folder]
            is_kept = subprocess.run(one_core, check=False).returncode == 0 and is_kept
    sys.exit(0 if is_kept else 1)


@contextlib.contextmanager
def running_server(where: str) -> Iterator[servers.Server]:
    server = servers.embedded()
    server.make_template()
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    versions = f"Postgres {server.version}; load average before: {load}"
    print(f"{datetime.now(UTC):%Y-%m-%d} intake {where}, 4 columns; {versions}", flush=True)
    try:
        yield server
    finally:
        server.stop()


def measure_on_one_core(server: servers.Server, folder: Path, count: int) -> bool:
    run = show_ours(server, folder, count, "good rows")
    return show_promises([faster_promise(show_pandas(server, folder, count), run, count, FASTER_ON_ONE_CORE)])


def measure(server: servers.Server, folder: Path, sizes: list[int]) -> bool:
    # Ours first: the memory of this process must not hold pandas while ours is measured.
    ours = {count: show_ours(server, folder, count, "good rows") for count in sizes}
    last = sizes[-1]
    bad = show_ours(server, folder, last, "three in ten rows bad", bad_in_ten=3)
    show_ours(server, folder, last, "good rows, inline texts", is_inline=True)
    slowest_check = max(check_seconds(server, folder) for _ in range(3))
    theirs = show_pandas(server, folder, last)
    growth = (ours[last].seconds / last) / (ours[sizes[0]].seconds / sizes[0])
    peak = max(run.peak_bytes for run in [*ours.values(), bad])
    promises = [
        faster_promise(theirs, ours[last], last, FASTER),
        ("bytes of memory, at most 1.5 GiB", peak, peak <= MOST_BYTES),
        (
            "times slower with bad rows, at most 2",
            bad.seconds / ours[last].seconds,
            bad.seconds <= BAD_FACTOR * ours[last].seconds,
        ),
        (f"times the cost of a row among {sizes[0]:,}, at most 1.3", growth, growth <= FLAT_FACTOR),
        (
            "seconds of `windowcast check` of 100 rows, slowest of three, at most 3",
            slowest_check,
            slowest_check <= CHECK_SECONDS,
        ),
    ]
    return show_promises(promises)


def faster_promise(theirs: float, ours: Run, count: int, least: float) -> tuple[str, float, bool]:
    ratio = theirs / ours.seconds
    return f"times faster than pandas, at least {least} at a million rows", ratio, count < MILLION or ratio >= least


def show_promises(promises: list[tuple[str, float, bool]]) -> bool:
    for name, value, kept in promises:
        print(f"{'kept  ' if kept else 'BROKEN'}  {value:>15,.2f} {name}", flush=True)
    return all(kept for _, _, kept in promises)


def show_pandas(server: servers.Server, folder: Path, count: int) -> float:
    seconds, processor = pandas_alternative(workbook(folder, count), server)
    print(f"{count:>9}  pandas, good rows{seconds:>25.2f} s  (processor {processor:.1f}, without Postgres)", flush=True)
    return seconds


def show_ours(
    server: servers.Server, folder: Path, count: int, what: str, *, bad_in_ten: int = 0, is_inline: bool = False
) -> Run:
    path = workbook(folder, count, bad_in_ten=bad_in_ten, is_inline=is_inline)
    with database(server) as url, connect(url) as connection:
        run = take_in(connection, path, folder)
    steps = f"processor {run.processor:.1f}; read {run.read:.2f}, stage {run.stage:.2f}, find problems {run.check:.2f}"
    print(
        f"{count:>9}  ours, {what:<26}{run.seconds:>10.2f} s  {run.peak_bytes / 1024**2:>6.0f} MiB  ({steps})",
        flush=True,
    )
    return run


@contextlib.contextmanager
def database(server: servers.Server) -> Iterator[str]:
    name = server.create()
    try:
        yield server.url(name)
    finally:
        server.drop(name)


def workbook(folder: Path, count: int, *, bad_in_ten: int = 0, is_inline: bool = False) -> Path:
    """Write a workbook once, in a process of its own: what writing takes in memory is none of the intake's."""
    path = folder / f"{count}-{bad_in_ten}-{is_inline}.xlsx"
    if not path.exists():
        writing = get_context("spawn").Process(
            target=write_workbook, args=(path, count, bad_in_ten), kwargs={"is_inline": is_inline}
        )
        writing.start()
        writing.join()
    return path


def write_workbook(path: Path, count: int, bad_in_ten: int, *, is_inline: bool) -> None:
    """Write the texts into a table, as Excel does it, or into the cells."""
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"constant_memory": is_inline}) as book:
        sheet = book.add_worksheet("Recipients")
        sheet.write_row(0, 0, ["user_id", "first_name", "offer", "shop"])
        for number in range(count):
            sheet.write_row(number + 1, 0, row(number, is_bad=number % 10 < bad_in_ten))


def row(number: int, *, is_bad: bool) -> list[str | None]:
    """Give a row; bad ones are by turns a bad id, a missing value, and the person of the row before the bad ones."""
    values: list[str | None] = [user_id(number), f"Name {number}", "green tea", "harbour"]
    if is_bad and number % 10 == 0:
        values[0] = "12"
    elif is_bad and number % 10 == 1:
        values[1] = None
    elif is_bad:
        values[0] = user_id(number + 1)
    return values


def take_in(connection, path: Path, folder: Path) -> Run:
    world = World(connection)
    account = world.account()
    template = world.template(folder, text="Hello $(first_name), $(offer) at $(shop)!")
    submission = Submission(
        submission_id=uuid4(),
        account=account.name,
        template=template.code,
        language="en",
        file=path,
        accepts_valid=True,
    )
    target = find_target(connection, submission)
    with tempfile.TemporaryDirectory(dir=folder) as own, sampled_memory() as samples:
        processor = processor_seconds(connection)
        marks = [time.perf_counter()]
        given = read_list(submission, folder=Path(own))
        marks.append(time.perf_counter())
        campaign_id = open_campaign(connection, submission, target=target, sha256=given.sha256)
        stage_list(connection, campaign_id, target=target, given=given)
        marks.append(time.perf_counter())
        find_row_problems(connection, campaign_id, template=template)
        marks.append(time.perf_counter())
        processor = processor_seconds(connection) - processor
    return Run(marks[1] - marks[0], marks[2] - marks[1], marks[3] - marks[2], processor, max(samples))


def processor_seconds(connection) -> float:
    """Count what this process, its ended children and its server process have computed: it depends less on others."""
    own, server = psutil.Process().cpu_times(), psutil.Process(connection.info.backend_pid).cpu_times()
    return own.user + own.system + own.children_user + own.children_system + server.user + server.system


@contextlib.contextmanager
def sampled_memory() -> Iterator[list[int]]:
    """Collect the memory of this process and its children but Postgres, 20 times a second; shared pages once."""
    samples: list[int] = [0]
    done = threading.Event()

    def sample() -> None:
        own = psutil.Process()
        while not done.wait(SAMPLE_SECONDS):
            samples.append(sum(map(memory_of, [own, *own.children(recursive=True)])))

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        yield samples
    finally:
        done.set()
        sampler.join()


def memory_of(process: psutil.Process) -> int:
    try:
        return 0 if process.name().startswith("postgres") else process.memory_full_info().pss
    except psutil.Error:
        return 0  # it has ended meanwhile


def check_seconds(server: servers.Server, folder: Path) -> float:
    path = workbook(folder, 100)
    with database(server) as url:
        with connect(url) as connection:
            world = World(connection)
            account = world.account()
            template = world.template(folder, text="Hello $(first_name), $(offer) at $(shop)!")
        command = [sys.executable, "-c", "import sys; from cli.main import main; sys.exit(main())", "check"]
        words = [
            "--account",
            account.name,
            "--template",
            template.code,
            "--language",
            "en",
            "--file",
            str(path),
            "--json",
        ]
        environment = {**os.environ, "WINDOWCAST_DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
        started = time.perf_counter()
        ended = subprocess.run([*command, *words], env=environment, cwd=folder, capture_output=True, check=False)
        seconds = time.perf_counter() - started
    # Nobody of the list has written: 4 says so, and is a verdict.
    if ended.returncode not in {0, 4}:
        raise RuntimeError(ended.stderr.decode())
    return seconds


def pandas_alternative(path: Path, server: servers.Server) -> tuple[float, float]:
    """Do with pandas what ours does; return seconds, and seconds of processor without those of its server process."""
    import pandas as pd
    from sqlalchemy import create_engine

    from validations.recipients_suite import _sqlalchemy_url

    with database(server) as url:
        engine = create_engine(_sqlalchemy_url(url))
        started, processor = time.perf_counter(), time.process_time()
        frame = pd.read_excel(path, engine="openpyxl", dtype=str, keep_default_na=False)
        texts = frame[["first_name", "offer", "shop"]]
        frame["bad_id"] = ~frame["user_id"].str.fullmatch(r"[0-9]{5,20}")
        frame["missing"] = (texts == "").any(axis=1)
        frame["too_long"] = texts.apply(lambda column: column.str.len()).sum(axis=1) > 1980
        frame["repeated"] = frame.duplicated("user_id", keep=False)
        frame.to_sql("alternative", engine, if_exists="replace", index=False, chunksize=10_000)
        seconds, processor = time.perf_counter() - started, time.process_time() - processor
        engine.dispose()
    return seconds, processor


if __name__ == "__main__":
    main()
