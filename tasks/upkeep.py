"""What is to be said of the upkeep of the database: whether the maintenance runs, and how the partitions stand."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from clients.postgres import Connection
from domain.sweep import SweepCode, SweepFinding
from sql import query

# The maintenance comes daily; a day that it missed is made good by the next one.
_OLD_HOURS: Final = 50.0
# Until the next maintenance the default partition may hold a history that was just imported.
_MOST_IN_DEFAULT: Final = 100_000


def find_upkeep(connection: Connection) -> list[SweepFinding]:
    """Return what a person should know: a maintenance that does not run, partitions that are missing or not used."""
    return [*_overdue(connection), *_partitions(connection), *_requests(connection)]


def _overdue(connection: Connection) -> Iterator[SweepFinding]:
    row = connection.execute(query("maintenance/find_last_run"), {"old_hours": _OLD_HOURS}).fetchone()
    if row is None or not row["is_in_use"]:
        return
    if row["last_run_at"] is None:
        text = "The maintenance of the database has never run, so nothing is deleted that was kept long enough."
    elif row["is_long_ago"]:
        text = (
            f"The maintenance of the database ran last on {row['last_run_at']:%Y-%m-%d %H:%M} UTC, so nothing is "
            "deleted that was kept long enough."
        )
    else:
        return
    yield SweepFinding(SweepCode.MAINTENANCE_OVERDUE, text, 1)


def _partitions(connection: Connection) -> Iterator[SweepFinding]:
    row = connection.execute(query("maintenance/find_wrong_partitions"), {"most": _MOST_IN_DEFAULT}).fetchone()
    if row is None:
        return
    if row["has_aside"]:
        text = "A maintenance ended while it moved interactions to the partitions of their days; the next one goes on."
        yield SweepFinding(SweepCode.PARTITIONS_WRONG, text, 1)
    if row["day_count"] and row["last_day"] <= row["today"] + timedelta(days=1):
        text = f"The partitions of interactions end on {row['last_day']}; later interactions go to the default one."
        yield SweepFinding(SweepCode.PARTITIONS_WRONG, text, 1)
    if row["default_count"] >= _MOST_IN_DEFAULT:
        text = (
            f"The default partition holds {_MOST_IN_DEFAULT:,} interactions or more, which belong to days of their own."
        )
        yield SweepFinding(SweepCode.PARTITIONS_WRONG, text, row["default_count"])


def _requests(connection: Connection) -> Iterator[SweepFinding]:
    row = connection.execute(query("erasure/count_late_requests"), {"old_hours": _OLD_HOURS}).fetchone()
    if row is not None and row["request_count"]:
        text = f"Requests for the deletion of a person's data that have waited for two days: {row['request_count']}."
        yield SweepFinding(SweepCode.DELETION_REQUESTS_WAITING, text, row["request_count"])
