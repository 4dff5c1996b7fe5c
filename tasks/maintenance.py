"""The maintenance of the database: partitions made ahead and filled, and what was kept long enough deleted."""

import json
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg

from clients.postgres import Connection
from clients.settings import Settings
from domain.errors import ServiceAwayError, UnfinishedError
from domain.retention import Retention
from sql import query
from tasks.report_files import delete_old_report_files, reports_folder
from tasks.windows import read_clock

logger = logging.getLogger("windowcast.maintenance")

DAYS_AHEAD: Final = 14
_ROWS_PER_STATEMENT: Final = 10_000
_FILES_PER_STATEMENT: Final = 10
_PAGES_PER_STATEMENT: Final = 256  # of 8 KiB: some 20,000 interactions
# Whoever waits for a table keeps all who come later waiting behind him. So a change of partitions waits this long and
# no longer, then lets the others by and tries again.
_LOCK_MILLISECONDS: Final = 500
_LOCK_TRIES: Final = 20
_LOCK_PAUSE_SECONDS: Final = 1.0


@dataclass
class MaintenanceReport:
    """What a maintenance did: days that got or lost a partition, interactions moved to theirs, what was deleted."""

    made: list[date] = field(default_factory=list)
    dropped: list[date] = field(default_factory=list)
    moved: int = 0
    deleted: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Deletion:
    """What is deleted, by which statement, how long it is kept (a field of `Retention`), and how much at a time."""

    what: str
    statement: str
    kept: str
    most: int = _ROWS_PER_STATEMENT


_DELETIONS: Final = (
    _Deletion("uploaded files", "maintenance/delete_files", "uploads", _FILES_PER_STATEMENT),
    _Deletion("webhook bodies", "maintenance/delete_receipts", "webhooks"),
    _Deletion("strange webhook bodies", "maintenance/delete_strange_receipts", "strange_webhooks"),
    _Deletion("staged rows", "maintenance/delete_staged_rows", "texts"),
    _Deletion("interactions", "maintenance/delete_interactions", "interactions"),
    _Deletion("comments and posts", "maintenance/delete_entitlements", "interactions"),
    _Deletion("receipts of messages", "maintenance/delete_mid_receipts", "receipts"),
    _Deletion("watermarks", "maintenance/delete_watermarks", "receipts"),
    _Deletion("cool-offs", "maintenance/delete_cool_offs", "receipts"),
    _Deletion("requests for deletion", "maintenance/delete_requests", "states"),
    _Deletion("reports of maintenance", "maintenance/delete_runs", "states"),
    _Deletion("nightly reports", "maintenance/delete_nights", "nights"),
    _Deletion("hours of nightly reports", "maintenance/delete_hours", "nights"),
)


def retention_of(chosen: Settings) -> Retention:
    """Return how long each kind of data is kept, as it is set."""
    return Retention(
        uploads=chosen.keep_uploads_days,
        webhooks=chosen.keep_webhooks_days,
        strange_webhooks=chosen.keep_strange_webhooks_days,
        texts=chosen.keep_texts_days,
        interactions=chosen.keep_interactions_days,
        receipts=chosen.keep_receipts_days,
        states=chosen.keep_states_days,
        nights=chosen.keep_nights_days,
    )


def maintain(connection: Connection, retention: Retention) -> MaintenanceReport:
    """Bring partitions and retention up to date, in short transactions; harmless beside everything and when repeated.

    What it did is kept in `maintenance_run`. Raises UnfinishedError while another maintenance or an erasure runs, and
    ServiceAwayError when others hold the interactions for so long that no partition can be changed.
    """
    report = MaintenanceReport()
    started_at = read_clock(connection)
    with one_at_a_time(connection):
        _keep_partitions(connection, retention, report)
        for deletion in _DELETIONS:
            report.deleted[deletion.what] = _delete(connection, deletion, days=getattr(retention, deletion.kept))
        report.deleted["rows' values"] = _empty_campaigns(connection, retention)
        report.deleted["messages"] = _delete_campaigns(connection, retention)
        people = _Deletion("people's newest openers", "maintenance/delete_people", "states")
        report.deleted[people.what] = _delete(connection, people, days=retention.states)
        connection.execute(
            query("maintenance/record_run"),
            {"started_at": started_at, "report": json.dumps(asdict(report), default=str)},
        )
    return report


def maintain_here(connection: Connection, chosen: Settings) -> MaintenanceReport:
    """Maintain the database as `maintain` does, and delete old files of nightly reports under this machine's home."""
    report = maintain(connection, retention_of(chosen))
    before = (read_clock(connection) - timedelta(days=chosen.keep_nights_days)).date()
    report.deleted["files of nightly reports"] = delete_old_report_files(reports_folder(chosen.home), before=before)
    return report


@contextmanager
def one_at_a_time(connection: Connection) -> Iterator[None]:
    """Keep another maintenance or erasure out. Raises UnfinishedError when one is running."""
    row = connection.execute(query("maintenance/take_turn")).fetchone()
    if row is None or not row["is_ours"]:
        raise UnfinishedError(
            "A maintenance of the database, or an erasure, is running; run this again when it has ended."
        )
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute(query("maintenance/end_turn"))


def _keep_partitions(connection: Connection, retention: Retention, report: MaintenanceReport) -> None:
    _move_aside(connection, retention, report)
    parameters = {"days": retention.interactions, "days_ahead": DAYS_AHEAD}
    wished = connection.execute(query("maintenance/list_days"), parameters).fetchall()
    if any(row["is_held"] for row in wished):
        days = [row["day"] for row in wished]
        _alter(connection, "maintenance/set_default_aside", {"days": days})
        report.made += days
        _move_aside(connection, retention, report)
    else:
        _make_days(connection, [row["day"] for row in wished], report)
    for row in connection.execute(query("maintenance/list_old_days"), parameters).fetchall():
        _alter(connection, "maintenance/drop_day", {"day": row["day"]})
        report.dropped.append(row["day"])


def _make_days(connection: Connection, days: Sequence[date], report: MaintenanceReport) -> None:
    for day in days:
        _alter(connection, "maintenance/make_day", {"day": day})
        report.made.append(day)


def _move_aside(connection: Connection, retention: Retention, report: MaintenanceReport) -> None:
    """Move what was set aside, by this run or by one that died, piece by piece; nobody waits for it."""
    row = connection.execute(query("maintenance/measure_aside")).fetchone()
    page_count = row["page_count"] if row else 0
    if not page_count:
        return
    for first_page in range(0, page_count, _PAGES_PER_STATEMENT):
        moved = connection.execute(
            query("maintenance/move_aside"),
            {
                "first_page": first_page,
                "end_page": first_page + _PAGES_PER_STATEMENT,
                "days": retention.interactions,
            },
        ).fetchone()
        report.moved += moved["moved_count"] if moved else 0
    connection.execute(query("maintenance/empty_aside"))


def _alter(connection: Connection, statement: str, parameters: dict[str, Any]) -> None:
    """Change the partitions in a transaction of its own that waits for others briefly, and is tried again."""
    for left in reversed(range(_LOCK_TRIES)):
        try:
            with connection.transaction():
                connection.execute(query("maintenance/wait_briefly"), {"milliseconds": _LOCK_MILLISECONDS})
                connection.execute(query(statement), parameters)
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
            if not left:
                raise ServiceAwayError(
                    "The partitions of interactions cannot be changed: something has held them for half a minute, such "
                    "as a long import. Nothing was lost; run `windowcast db maintain` again when it has ended."
                ) from error
            time.sleep(_LOCK_PAUSE_SECONDS)
        else:
            return


def _delete(connection: Connection, deletion: _Deletion, *, days: int) -> int:
    total = 0
    while True:
        row = connection.execute(query(deletion.statement), {"days": days, "most": deletion.most}).fetchone()
        count = int(row["deleted_count"]) if row else 0
        total += count
        if count < deletion.most:
            return total


def _empty_campaigns(connection: Connection, retention: Retention) -> int:
    """Delete the values of the rows of campaigns that are over for long enough; return how many rows had any."""
    parameters = {"days": retention.texts}
    due = connection.execute(query("maintenance/list_campaigns_to_empty"), parameters).fetchall()
    return sum(_empty_campaign(connection, row["campaign_id"]) for row in due)


def _empty_campaign(connection: Connection, campaign_id: UUID) -> int:
    # Marked first: who would let it go on waits for this and then sees that its values are gone.
    if connection.execute(query("maintenance/mark_emptied"), {"campaign_id": campaign_id}).fetchone() is None:
        return 0
    total, after_row = 0, 0
    while True:
        row = connection.execute(
            query("maintenance/empty_messages"),
            {"campaign_id": campaign_id, "after_row": after_row, "most": _ROWS_PER_STATEMENT},
        ).fetchone()
        if row is None or row["last_row"] is None:
            break
        total += row["changed_count"]
        after_row = row["last_row"]
    connection.execute(query("maintenance/hide_found"), {"campaign_id": campaign_id})
    return total


def _delete_campaigns(connection: Connection, retention: Retention) -> int:
    """Delete campaigns that are over for long enough with all that is known of them; return how many messages went."""
    parameters = {"days": retention.states}
    due = connection.execute(query("maintenance/list_campaigns_to_delete"), parameters).fetchall()
    return sum(_delete_campaign(connection, row["campaign_id"]) for row in due)


def _delete_campaign(connection: Connection, campaign_id: UUID) -> int:
    total = 0
    connection.execute(query("maintenance/delete_upload"), {"campaign_id": campaign_id})
    while True:
        row = connection.execute(
            query("maintenance/delete_messages"), {"campaign_id": campaign_id, "most": _ROWS_PER_STATEMENT}
        ).fetchone()
        count = int(row["deleted_count"]) if row else 0
        total += count
        if not count:
            break
    connection.execute(query("maintenance/delete_campaign"), {"campaign_id": campaign_id})
    return total
