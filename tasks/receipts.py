"""Receipts: webhook bodies are kept as they came, and the echoes in them settle what is unknown."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from clients.postgres import Connection
from sql import query
from tasks.decisions import contradict

_BODIES_PER_PASS: Final = 500
# Meta sends milliseconds, and sometimes seconds (facts on webhooks): a value this large is milliseconds.
_LEAST_MILLISECONDS: Final = 10**12


@dataclass(frozen=True)
class Echo:
    """The platform's own copy of a message of ours: proof that it was sent."""

    attempt_id: UUID
    provider_message_id: str | None
    sent_at: datetime | None


def store_receipt(connection: Connection, body: bytes) -> bool:
    """Keep a webhook body whose signature was right; return whether it is new. Committed when this returns."""
    with connection.transaction():
        return connection.execute(query("receipts/store"), {"body": body}).fetchone() is not None


def apply_echoes(connection: Connection) -> int:
    """Let the echoes of all waiting bodies do their work; return how many attempts they settled.

    Any order and any repetition of the same echoes gives the same tables. A body that is no JSON stays in the inbox.
    """
    settled = 0
    while True:
        with connection.transaction():
            rows = connection.execute(query("receipts/list_waiting"), {"most": _BODIES_PER_PASS}).fetchall()
            echoes = [echo for row in rows for echo in read_echoes(row["body"])]
            settled += _apply(connection, echoes)
            connection.execute(query("receipts/mark_applied"), {"receipt_ids": [row["receipt_id"] for row in rows]})
        if len(rows) < _BODIES_PER_PASS:
            return settled


def read_echoes(body: bytes) -> list[Echo]:
    """Return the echoes in a webhook body that carry an attempt id; everything else in it is passed over."""
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return []
    return [echo for event in _events(read) if (echo := _echo_of(event)) is not None]


def _apply(connection: Connection, echoes: list[Echo]) -> int:
    if not echoes:
        return 0
    parameters = {
        "attempt_ids": [echo.attempt_id for echo in echoes],
        "provider_message_ids": [echo.provider_message_id for echo in echoes],
        "sent_at": [echo.sent_at for echo in echoes],
    }
    row = connection.execute(query("receipts/apply_echoes"), parameters).fetchone()
    contradict(
        connection,
        [echo.attempt_id for echo in echoes],
        provider_message_ids=[echo.provider_message_id for echo in echoes],
    )
    connection.execute(query("receipts/keep_platform_times"), parameters)
    return int(row["settled_count"]) if row else 0


def _events(read: Any) -> Iterator[dict[str, Any]]:
    """Walk the events of a body: some arrive wrapped in a list, in `messaging` or in `standby`."""
    for envelope in read if isinstance(read, list) else [read]:
        for entry in _list_in(envelope, "entry"):
            for key in ("messaging", "standby"):
                yield from (event for event in _list_in(entry, key) if isinstance(event, dict))


def _list_in(holder: Any, key: str) -> list[Any]:
    value = holder.get(key) if isinstance(holder, dict) else None
    return value if isinstance(value, list) else []


def _echo_of(event: dict[str, Any]) -> Echo | None:
    message = event.get("message")
    if not isinstance(message, dict) or message.get("is_echo") is not True:
        return None
    try:
        attempt_id = UUID(str(message.get("metadata")))
    except ValueError:
        return None  # a person in the Page's inbox, or another app
    mid = message.get("mid")
    return Echo(attempt_id, _storable(str(mid)) if mid else None, _moment(event.get("timestamp")))


def _storable(text: str) -> str:
    """Take out what Postgres cannot hold: one odd id must not keep the whole inbox waiting for ever."""
    return text.replace("\x00", "").encode(errors="replace").decode()


def _moment(stamp: Any) -> datetime | None:
    try:
        number = int(stamp)
        return datetime.fromtimestamp(number / 1000 if number >= _LEAST_MILLISECONDS else number, tz=UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
