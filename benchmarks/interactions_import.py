"""Importing a large file of interactions, beside a bare COPY of the same rows into the same table; all in one run.

A million rows of 300,000 people over 30 days, in a table with a partition for each day and its unique index; with the
argument `large` ten million rows of three million people. `parquet` or `csv` chooses one kind of file. It ends with 1
when loading with deduplication takes more than twice as long as the bare COPY.
"""

import itertools
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "benchmarks")]

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
from parts.history import create_days, make_rows
from parts.stage import TIMING, Bars, Stage, open_stage

from clients.postgres import Connection, connect
from factories import World
from tasks.interactions import ImportReport, fill_loading_table, import_interactions, keep_loaded, open_windows

MOST = 2.0
KINDS = ("parquet", "csv")
COLUMNS = ("account", "user_id", "kind", "occurred_at", "event_id")
BLOCK = 1 << 20
AS_FILE = """
COPY (
    SELECT
        'Account 1' AS account, user_id, kind,
        to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS occurred_at, event_id
    FROM made
) TO STDOUT (FORMAT csv, HEADER)
"""


def main() -> None:
    rows = 10_000_000 if "large" in sys.argv else 1_000_000
    kinds = [kind for kind in KINDS if kind in sys.argv] or KINDS
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    bars = Bars(f"import of {rows:,} interactions of {rows * 3 // 10:,} people; load average before: {load}")
    with tempfile.TemporaryDirectory(prefix="windowcast-import-") as name, open_stage() as stage:
        files = write_files(stage, Path(name), rows)
        before, after = bare_copy(stage, files["text"]), 0.0
        for kind in kinds:
            loaded = measure(stage, files[kind], bars=bars)
            after = bare_copy(stage, files["text"])
            bare = (before + after) / 2
            bars.check(
                f"{kind}: {loaded:.1f} s with deduplication, bare COPY {before:.1f} s before and {after:.1f} s after: "
                f"{loaded / bare:.2f} times",
                holds=loaded <= MOST * bare,
                bar=f"within {MOST:g} times of a bare COPY into the same table",
            )
            before = after
    bars.end()


def write_files(stage: Stage, folder: Path, rows: int) -> dict[str, Path]:
    """Write the same rows as csv, as parquet, and as the bytes that a bare COPY takes."""
    files = {kind: folder / f"interactions.{kind}" for kind in (*KINDS, "text")}
    with connect(stage.new_database()) as connection:
        account = World(connection).account()
        make_rows(connection, account_id=account.account_id, people=rows * 3 // 10, last=rows)
        write_out(connection, "COPY made TO STDOUT", files["text"])
        write_out(connection, AS_FILE, files["csv"])
    types = dict.fromkeys(COLUMNS, pa.string())
    reader = arrow_csv.open_csv(files["csv"], convert_options=arrow_csv.ConvertOptions(column_types=types))
    with pq.ParquetWriter(files["parquet"], reader.schema) as parquet:
        for batch in reader:
            parquet.write_batch(batch)
    return files


def write_out(connection: Connection, statement: str, path: Path) -> None:
    with path.open("wb") as file, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for block in copy:
            file.write(block)


def bare_copy(stage: Stage, path: Path) -> float:
    """Return the seconds that COPY takes for all rows, in one transaction."""
    with connect(stage.new_database()) as connection:
        World(connection).account()
        create_days(connection)
        began = time.perf_counter()
        statement = "COPY interaction (account_id, user_id, kind, occurred_at, event_id) FROM STDIN"
        with path.open("rb") as file, connection.cursor() as cursor, cursor.copy(statement) as copy:
            while block := file.read(BLOCK):
                copy.write(block)
        return time.perf_counter() - began


def measure(stage: Stage, path: Path, *, bars: Bars) -> float:
    """Import step by step, then once more as a whole; return the seconds for loading with deduplication."""
    with connect(stage.new_database()) as connection:
        World(connection).account()
        create_days(connection)
        report = ImportReport()
        marks = [time.perf_counter()]
        with connection.transaction():
            fill_loading_table(connection, path, report, time_zone=None, default_time_zone=None)
            marks.append(time.perf_counter())
            keep_loaded(connection)
            marks.append(time.perf_counter())
            open_windows(connection, timing=TIMING)
            marks.append(time.perf_counter())
        marks.append(time.perf_counter())
        again = import_again(connection, path)
    filled, kept, raised, committed = (after - before for before, after in itertools.pairwise(marks))
    bars.say(
        f"{path.suffix[1:]}, {report.row_count:,} rows, {report.bad_count} bad: read, check and COPY {filled:.1f} s, "
        f"keep once {kept:.1f} s, commit {committed:.1f} s; beside it, raise last_interaction {raised:.1f} s; the "
        f"whole file again, all known {again:.1f} s"
    )
    return filled + kept + committed


def import_again(connection: Connection, path: Path) -> float:
    began = time.perf_counter()
    report = import_interactions(connection, path, timing=TIMING, time_zone=None, default_time_zone=None)
    if report.new_count:
        raise RuntimeError(f"{report.new_count} interactions were kept twice")
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
