"""The run history: campaigns with their runs, and one campaign's funnel."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from clients.postgres import Connection
from domain.errors import NotFoundError
from reports.history import History
from reports.history_files import write_history_file
from reports.history_page import write_history_page
from sql import query
from tasks.accounts import find_account
from tasks.windows import read_clock

# How far a history goes back of which nobody has said since when.
_USUAL_SPAN: Final = timedelta(days=30)


@dataclass(frozen=True)
class Funnel:
    """How far the messages of a campaign came, each stage a part of the one before, and how long it took; in seconds.

    Medians are between two times of the platform's clock; those called ours count from when its acceptance reached us,
    so they hold the difference of the two clocks. None: no receipt with the times has come.
    """

    row_count: int
    good_count: int
    eligible_count: int
    sent_count: int
    delivered_count: int
    read_count: int
    failed_count: int
    unknown_count: int
    expired_count: int
    median_seconds_to_delivery: float | None
    median_seconds_to_read: float | None
    median_seconds_to_delivery_ours: float | None
    median_seconds_to_read_ours: float | None


def read_funnel(connection: Connection, campaign_id: UUID) -> Funnel:
    """Return the funnel of a campaign. Raises NotFoundError without it."""
    row = connection.execute(query("history/funnel"), {"campaign_id": campaign_id}).fetchone()
    if row is None:
        raise NotFoundError(f"There is no campaign {campaign_id}; `windowcast campaigns list` shows them.")
    return Funnel(**row)


def read_history(connection: Connection, *, since: datetime | None, account: str | None, zone: str | None) -> History:
    """Return what was submitted since a time (None: the last 30 days), of one account or of all, newest first.

    Raises NotFoundError for an unknown account.
    """
    now = read_clock(connection).astimezone(UTC)
    begin = since or now - _USUAL_SPAN
    name = None if account is None else find_account(connection, account).name
    campaigns = _rows(connection, "history/list_campaigns", since=begin, account=name)
    ids = [row["campaign_id"] for row in campaigns]
    return History(
        since=begin,
        made_at=now,
        zone=zone or "UTC",
        account=name,
        campaigns=campaigns,
        runs=_rows(connection, "history/list_runs", campaign_ids=ids),
        failures=_rows(connection, "history/list_failures", campaign_ids=ids),
        rates=_rows(connection, "history/list_rates", campaign_ids=ids),
    )


def write_history(path: Path, history: History) -> None:
    """Write a history as .html, .xlsx, .csv or .parquet.

    Raises UsageError for another kind of file, and NotFoundError without the folder.
    """
    if path.suffix.lower() in {".html", ".htm"}:
        write_history_page(path, history)
    else:
        write_history_file(path, history)


def _rows(connection: Connection, name: str, **parameters: Any) -> list[dict[str, Any]]:
    return connection.execute(query(name), parameters).fetchall()
