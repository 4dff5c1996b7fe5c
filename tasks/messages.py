"""The message list: read for people and machines, and written to files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from clients.postgres import Connection
from domain.reasons import Reason
from domain.states import MessageState
from domain.template import Template
from reports.message_list import MessageLine, export_result
from sql import query
from tasks.campaigns import get_campaign
from tasks.templates import get_template

_ROWS_PER_FETCH: Final = 5_000


def list_messages(
    connection: Connection, campaign_id: UUID, *, state: MessageState | None = None, reason: Reason | None = None
) -> Iterator[dict[str, Any]]:
    """Return the messages of a campaign in the order of the sheet, a few thousand in memory at a time.

    Raises NotFoundError without such a campaign.
    """
    get_campaign(connection, campaign_id)
    return _messages(connection, {"campaign_id": campaign_id, "state": state, "reason": reason})


def _messages(connection: Connection, parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
    with connection.transaction(), connection.cursor(name=f"messages_{uuid4().hex}") as cursor:
        cursor.itersize = _ROWS_PER_FETCH
        cursor.execute(query("messages/list"), parameters)
        yield from cursor


def first_unsent(connection: Connection, campaign_id: UUID, *, most: int) -> list[dict[str, Any]]:
    """Return the first rows that were begun and are not sent: row_number, state, reason."""
    return connection.execute(query("messages/first_unsent"), {"campaign_id": campaign_id, "most": most}).fetchall()


def export_messages(
    connection: Connection,
    campaign_id: UUID,
    *,
    path: Path,
    state: MessageState | None = None,
    reason: Reason | None = None,
) -> int:
    """Write the user's columns with the outcome of each row to an .xlsx, .csv or .parquet file; return the row count.

    Raises UsageError for another kind of file, and InputRefusedError when a sheet cannot hold the rows.
    """
    template = get_template(connection, get_campaign(connection, campaign_id)["template_id"])
    messages = list_messages(connection, campaign_id, state=state, reason=reason)
    return export_result(path, template.columns, lines=(_line_of(row, template) for row in messages))


def _line_of(row: dict[str, Any], template: Template) -> MessageLine:
    # A file whose header was refused has rows of any width; the others have one cell for each variable.
    cells = (list(row["cells"]) + [None] * len(template.variables))[: len(template.variables)]
    return MessageLine(
        row_number=row["row_number"],
        values=(row["typed_user_id"], *cells),
        state=MessageState(row["state"]),
        reason=None if row["reason"] is None else Reason(row["reason"]),
        window_closes_at=row["closes_at"],
        sent_at=row["sent_at"],
        delivered_at=row["delivered_at"],
        read_at=row["read_at"],
        message_id=row["provider_message_id"],
        sent_by=row["sent_by"],
    )
