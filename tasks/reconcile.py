"""Reconciling: webhook bodies that wait in the inbox are read and applied in sets, many bodies in one transaction."""

import logging
import threading
import time
from dataclasses import dataclass
from typing import Final

import psycopg

from clients.postgres import Connection, connect, is_of_the_server
from clients.settings import settings
from domain.errors import ServiceAwayError
from domain.pace import Timing
from sql import query
from tasks.told import Batch, apply_batch, read_into

logger = logging.getLogger("windowcast.reconcile")

# A transaction applies about so many events: enough to share a commit, few enough to hold no row of a sender for long.
_EVENTS_PER_PASS: Final = 10_000
_FIRST_BODIES: Final = 100
_MOST_BODIES: Final = 10_000
_MOST_BYTES: Final = 16 * 2**20
_MOST_DUE: Final = 10_000
# Postgres ends one of two transactions that wait for each other; what it ended is simply done again.
_MOST_CLASHES: Final = 10

_BUSY_SECONDS: Final = 0.05
_IDLE_SECONDS: Final = 1.0
_AWAY_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 60.0


@dataclass
class ReconcileReport:
    """What was applied. `strange` are events that nobody understands; `elsewhere` those of accounts not kept here.

    `settled` attempts were unknown or under way and are proven sent; `delivered` and `read` messages moved there;
    `missing` are those of which no receipt has come for days.
    """

    bodies: int = 0
    events: int = 0
    interactions: int = 0
    entitlements: int = 0
    settled: int = 0
    delivered: int = 0
    read: int = 0
    opted_out: int = 0
    paused: int = 0
    strange: int = 0
    elsewhere: int = 0
    missing: int = 0

    def add(self, other: "ReconcileReport") -> None:
        """Count what another pass did, too."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def reconcile_inbox(connection: Connection, *, timing: Timing, no_receipt_days: float | None = None) -> ReconcileReport:
    """Apply all bodies that wait, and say what that changed.

    Any number may run at once, and again after a crash: a body is applied with all that follows from it or not at all,
    and a second time changes nothing. `no_receipt_days` is the setting's unless it is given.
    """
    report = ReconcileReport()
    _drain(connection, report, timing=timing)
    days = settings().no_receipt_days if no_receipt_days is None else no_receipt_days
    report.missing = _number(connection, "receipts/note_missing", "missing_count", days=days)
    return report


def settle_by_inbox(connection: Connection, *, timing: Timing) -> int:
    """Apply what waits, where this role may; return how many messages that proved sent.

    A role that only sends may not: there, what runs beside the receiver does it.
    """
    row = connection.execute(query("receipts/may_apply")).fetchone()
    return reconcile_inbox(connection, timing=timing).settled if row and row["may_apply"] else 0


def follow_inbox(url: str, *, timing: Timing, stop: threading.Event) -> ReconcileReport:
    """Apply bodies as they come in, until `stop` is set; a database that goes away is waited for.

    Returns all that was applied meanwhile.
    """
    total = ReconcileReport()
    while not stop.is_set():
        try:
            with connect(url) as connection:
                _follow(connection, total, timing=timing, stop=stop)
        except ServiceAwayError as error:
            logger.warning("%s", error)
            stop.wait(_AWAY_SECONDS)
    return total


def _follow(connection: Connection, total: ReconcileReport, *, timing: Timing, stop: threading.Event) -> None:
    pause, looked_at = _BUSY_SECONDS, float("-inf")
    while not stop.is_set():
        report = ReconcileReport()
        if time.monotonic() - looked_at >= _LOOK_SECONDS:
            looked_at = time.monotonic()
            report = reconcile_inbox(connection, timing=timing)
        else:
            _drain(connection, report, timing=timing)
        total.add(report)
        pause = _BUSY_SECONDS if report.bodies else min(_IDLE_SECONDS, pause * 2)
        stop.wait(pause)


def _drain(connection: Connection, report: ReconcileReport, *, timing: Timing) -> None:
    """Apply what waits, pass by pass; each takes as many bodies as make up a good number of events."""
    _number(connection, "receipts/wake_known_accounts", "woken_count")
    after, most = 0, _FIRST_BODIES
    while True:
        done = _apply_some(connection, report, timing=timing, after=after, most=most)
        if not done.receipt_ids and done.due_count < _MOST_DUE:
            return
        if done.receipt_ids:
            after = done.receipt_ids[-1]
            events_per_body = max(1.0, done.event_count / len(done.receipt_ids))
            most = max(1, min(_MOST_BODIES, int(_EVENTS_PER_PASS / events_per_body)))


@dataclass
class _Done:
    """What one pass took: bodies, events in them, and messages that were due."""

    receipt_ids: list[int]
    event_count: int = 0
    due_count: int = 0


def _apply_some(
    connection: Connection,
    report: ReconcileReport,
    *,
    timing: Timing,
    after: int = 0,
    most: int,
    only: list[int] | None = None,
) -> _Done:
    """Apply some bodies in one transaction; of those that cannot be applied, find the one that is to blame."""
    batch = Batch()
    for clash in range(_MOST_CLASHES + 1):
        batch = Batch()
        try:
            return _apply_once(connection, batch, report, timing=timing, after=after, most=most, only=only)
        except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
            if clash == _MOST_CLASHES:
                raise
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            if is_of_the_server(error) or not batch.receipt_ids:
                raise
            return _apply_apart(connection, batch, report, timing=timing, error=error)
    raise AssertionError("the last clash is raised")


def _apply_once(
    connection: Connection,
    batch: Batch,
    report: ReconcileReport,
    *,
    timing: Timing,
    after: int,
    most: int,
    only: list[int] | None,
) -> _Done:
    with connection.transaction():
        rows = connection.execute(
            query("receipts/list_waiting"),
            {"after": after, "most": most, "most_bytes": _MOST_BYTES, "receipt_ids": only},
        ).fetchall()
        read_into(connection, batch, rows)
        applied, due_count = apply_batch(connection, batch, timing=timing, most_due=_MOST_DUE)
    report.add(ReconcileReport(**applied))
    return _Done(batch.receipt_ids, batch.event_count, due_count)


def _apply_apart(
    connection: Connection, batch: Batch, report: ReconcileReport, *, timing: Timing, error: psycopg.Error
) -> _Done:
    """Apply the halves of a batch that failed one by one; a single body that fails is set aside, and stays."""
    ids = batch.receipt_ids
    if len(ids) == 1:
        logger.error("a webhook body cannot be applied (%s)", type(error).__name__, extra={"receipt_id": ids[0]})
        connection.execute(query("receipts/mark_applied"), Batch.refused(ids[0]).marks())
        report.add(ReconcileReport(bodies=1, events=1, strange=1))
        return _Done(ids, 1)
    half = len(ids) // 2
    for some in (ids[:half], ids[half:]):
        _apply_some(connection, report, timing=timing, most=len(some), only=some)
    return _Done(ids, batch.event_count)


def _number(connection: Connection, statement: str, column: str, **parameters: object) -> int:
    row = connection.execute(query(statement), parameters).fetchone()
    return int(row[column]) if row else 0
