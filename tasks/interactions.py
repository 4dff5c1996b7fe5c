"""Interactions: loaded from files, kept as evidence, and each person's newest opener raised."""

import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from clients.postgres import Connection
from domain.account import Account
from domain.pace import Timing
from domain.window import FUTURE_TOLERANCE, OPENERS, InteractionKind
from sql import query
from tasks.erased import sift_loaded
from tasks.interaction_checks import FileRules, Judged, judge_batch
from tasks.interaction_files import read_batches
from tasks.windows import window_parameters

_MOST_LISTED_PROBLEMS: Final = 1000


@dataclass(frozen=True)
class Interaction:
    """Something a person did, at the event's own time. `event_id` identifies it on its account."""

    account_id: int
    user_id: str
    kind: InteractionKind
    occurred_at: datetime
    event_id: str


@dataclass
class ImportReport:
    """What an import did. `problems` are (row as the file shows it, sentence), the first thousand of them."""

    row_count: int = 0
    new_count: int = 0
    known_count: int = 0
    bad_count: int = 0
    future_count: int = 0
    problems: list[tuple[int, str]] = field(default_factory=list)


def import_interactions(
    connection: Connection, path: Path, *, timing: Timing, time_zone: str | None, default_time_zone: str | None
) -> ImportReport:
    """Load a csv, xlsx or parquet file of interactions in one transaction; loading it again changes nothing.

    Columns: account (name or platform id), user_id, kind, occurred_at (ISO 8601 or epoch milliseconds), event_id (may
    be absent). Bad rows are reported and left out. Raises InputRefusedError, loading nothing, when a column is missing
    or the file cannot be read, and NotFoundError without the file.
    """
    report = ImportReport()
    with connection.transaction():
        fill_loading_table(connection, path, report, time_zone=time_zone, default_time_zone=default_time_zone)
        report.new_count = keep_loaded(connection)
        open_windows(connection, timing=timing)
    report.known_count = report.row_count - report.bad_count - report.new_count
    return report


def fill_loading_table(
    connection: Connection, path: Path, report: ImportReport, *, time_zone: str | None, default_time_zone: str | None
) -> None:
    """Make the loading table and fill it with the good rows of a file; the bad ones go into the report.

    Needs a transaction around it. Raises as `import_interactions` does.
    """
    rules = FileRules(account_ids(connection), time_zone, default_time_zone)
    connection.execute(query("staging/take_memory"))
    connection.execute(query("interactions/create_loading_table"))
    with connection.cursor() as cursor, cursor.copy(query("interactions/copy_csv")) as copy:
        for batch in read_batches(path):
            judged = judge_batch(batch, rules)
            for table in judged.tables:
                copy.write(_csv_of(table))
            _count(report, judged)
    # The planner cannot know how much has come in.
    connection.execute(query("interactions/analyze_loading_table"))


def store_interactions(
    connection: Connection, interactions: Iterable[Interaction], *, timing: Timing
) -> tuple[int, int]:
    """Keep interactions, raise the newest openers and the turns of waiting messages, in one transaction.

    Cool-offs of people who wrote end, and messages that campaigns held for them become ready. What people did before
    their data was erased is left out; who did something since is known again, and their opt-out holds on.

    Returns how many there were and how many of them are new.
    """
    count = 0
    with connection.transaction():
        connection.execute(query("interactions/create_loading_table"))
        with connection.cursor() as cursor, cursor.copy(query("interactions/copy")) as copy:
            for one in interactions:
                count += 1
                copy.write_row((one.account_id, one.user_id, one.kind.value, one.occurred_at, one.event_id))
        new_count = keep_loaded(connection)
        open_windows(connection, timing=timing)
    return count, new_count


def list_interactions(
    connection: Connection, account: Account, *, user_id: str | None = None, most: int
) -> list[dict[str, Any]]:
    """Return what people did on an account, or one person, newest first: user_id, kind, occurred_at, event_id."""
    return connection.execute(
        query("interactions/list"), {"account_id": account.account_id, "user_id": user_id, "most": most}
    ).fetchall()


def keep_loaded(connection: Connection) -> int:
    """Keep what is in the loading table as evidence; return how much of it is new.

    What people did before their data was erased is left out, and taken out of the loading table too.
    """
    sift_loaded(connection)
    connection.execute(query("interactions/drop_copies"))
    row = connection.execute(query("interactions/store")).fetchone()
    return int(row["new_count"]) if row else 0


def open_windows(connection: Connection, *, timing: Timing) -> int:
    """Raise the openers of the people in the loading table, let follow what follows, and drop it.

    Returns for how many people there was something newer. Needs a transaction around it.
    """
    row = connection.execute(
        query("interactions/raise_last"),
        {
            "openers": [kind.value for kind in sorted(OPENERS)],
            "tolerance_seconds": FUTURE_TOLERANCE.total_seconds(),
        },
    ).fetchone()
    connection.execute(query("interactions/store_entitlements"))
    connection.execute(query("interactions/end_cool_offs"))
    connection.execute(query("interactions/recover_held"), window_parameters(timing))
    connection.execute(query("interactions/raise_turns"), window_parameters(timing))
    connection.execute(query("interactions/drop_loading_table"))
    return int(row["raised_count"]) if row else 0


def account_ids(connection: Connection) -> dict[str, int]:
    """Return the accounts by all that a file or a table may call them: their names, and their platform ids."""
    rows = connection.execute(query("accounts/list")).fetchall()
    times = Counter(row["external_id"] for row in rows)
    # An id that two accounts share, on two channels, names neither of them.
    by_id = {row["external_id"]: row["account_id"] for row in rows if times[row["external_id"]] == 1}
    return {**by_id, **{row["name"]: row["account_id"] for row in rows}}


def _count(report: ImportReport, judged: Judged) -> None:
    report.row_count += judged.row_count
    report.bad_count += len(judged.problems)
    report.problems += judged.problems[: _MOST_LISTED_PROBLEMS - len(report.problems)]


def _csv_of(table: Any) -> bytes:
    from pyarrow import csv

    text = io.BytesIO()
    csv.write_csv(table, text, csv.WriteOptions(include_header=False, quoting_style="needed"))
    return text.getvalue()
