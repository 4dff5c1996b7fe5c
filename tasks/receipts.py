"""Receipts on their way in: webhook bodies are kept as they came. `tasks.reconcile` applies them."""

from typing import Any

from clients.postgres import Connection
from domain.errors import NotFoundError
from sql import query


def store_receipt(connection: Connection, body: bytes) -> bool:
    """Keep a webhook body whose signature was right; return whether it is new. Committed when this returns."""
    with connection.transaction():
        return connection.execute(query("receipts/store"), {"body": body}).fetchone() is not None


def inbox_counts(connection: Connection) -> dict[str, int]:
    """Return how the inbox stands: waiting_count, applied_count, strange_count (bodies), receipt_count (that wait)."""
    row = connection.execute(query("receipts/count_inbox")).fetchone()
    return {name: int(value) for name, value in (row or {}).items()}


def list_strange(connection: Connection, *, most: int) -> list[dict[str, Any]]:
    """Return the newest bodies that held what nobody understands: receipt_id, received_at, counts, and why."""
    return connection.execute(query("receipts/list_strange"), {"most": most}).fetchall()


def list_unknown_accounts(connection: Connection) -> list[dict[str, Any]]:
    """Return of which accounts the inbox tells that are not kept here: channel, external_id, counts."""
    return connection.execute(query("receipts/list_unknown_accounts")).fetchall()


def read_receipt(connection: Connection, receipt_id: int) -> bytes:
    """Return a webhook body as it came. Raises NotFoundError."""
    row = connection.execute(query("receipts/show"), {"receipt_id": receipt_id}).fetchone()
    if row is None:
        raise NotFoundError(
            f"There is no webhook body {receipt_id}; `windowcast webhooks inbox` shows what is strange."
        )
    return bytes(row["body"])
