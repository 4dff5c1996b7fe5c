"""The run history: campaigns with their runs, and one campaign's funnel."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from clients.postgres import Connection
from domain.states import MessageState
from reports.history import History
from reports.history_files import write_history_file
from reports.history_page import write_history_page
from sql import query
from tasks.accounts import find_account
from tasks.campaigns import count_messages, get_campaign
from tasks.windows import read_clock

# How far a history goes back of which nobody has said since when.
_USUAL_SPAN: Final = timedelta(days=30)
# Lists of up to so many rows are measured as a whole, longer ones by a sample: its median is between the 48th and the
# 52nd percentile of all rows, 19 times in 20.
_WHOLE_ROWS: Final = 20_000
_SAMPLE_ROWS: Final = 2_500
_NOT_GOOD: Final = (MessageState.INVALID, MessageState.DUPLICATE)
_NOT_ELIGIBLE: Final = (*_NOT_GOOD, MessageState.INELIGIBLE, MessageState.CANCELLED)
_SENT: Final = (MessageState.SENT, MessageState.DELIVERED, MessageState.READ)


@dataclass(frozen=True)
class Funnel:
    """How far the messages of a campaign came, each stage a part of the one before, and how long it took; in seconds.

    Medians are between two times of the platform's clock; those called ours count from when its acceptance reached us,
    so they hold the difference of the two clocks. None: no receipt with the times has come. They are of
    `measured_count` rows: all rows, or a sample of a long list.
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
    measured_count: int


def read_funnel(connection: Connection, campaign_id: UUID) -> Funnel:
    """Return the funnel of a campaign; it takes no longer for a million rows than for ten thousand.

    Raises NotFoundError without the campaign.
    """
    get_campaign(connection, campaign_id)
    by_state = count_messages(connection, [campaign_id])[campaign_id].by_state
    medians = connection.execute(
        query("history/medians"),
        {"campaign_id": campaign_id, "whole_rows": _WHOLE_ROWS, "sample_rows": _SAMPLE_ROWS},
    ).fetchone()
    if medians is None:
        raise LookupError("an aggregate returned no row")
    return Funnel(
        row_count=sum(by_state.values()),
        good_count=_sum_without(by_state, _NOT_GOOD),
        eligible_count=_sum_without(by_state, _NOT_ELIGIBLE),
        sent_count=sum(by_state[state] for state in _SENT),
        delivered_count=by_state[MessageState.DELIVERED] + by_state[MessageState.READ],
        read_count=by_state[MessageState.READ],
        failed_count=by_state[MessageState.FAILED],
        unknown_count=by_state[MessageState.UNKNOWN],
        expired_count=by_state[MessageState.EXPIRED],
        **medians,
    )


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


def _sum_without(by_state: Mapping[MessageState, int], left_out: Collection[MessageState]) -> int:
    return sum(count for state, count in by_state.items() if state not in left_out)


def _rows(connection: Connection, name: str, **parameters: Any) -> list[dict[str, Any]]:
    return connection.execute(query(name), parameters).fetchall()
