"""People who are left in peace: opt-outs and cool-offs, kept per account and obeyed at the next claim."""

from collections.abc import Sequence
from typing import Any

from clients.postgres import Connection
from domain.account import Account
from domain.errors import InputRefusedError
from domain.receipts import MARKETING_STOP
from domain.recipients_file import USER_ID_PATTERN
from sql import query
from tasks.erased import hidden_ids


def add_suppressions(connection: Connection, account: Account, *, user_ids: Sequence[str], source: str) -> int:
    """Keep opt-outs and set aside the ready messages of these people; return how many opt-outs are new.

    Raises InputRefusedError, keeping none, when one of the ids has not the shape of an id.
    """
    _check_ids(user_ids)
    # Of somebody who was erased the hash is kept, and no id anew.
    hidden = hidden_ids(connection, account.account_id, user_ids)
    user_ids = [hidden.get(user_id, user_id) for user_id in user_ids]
    with connection.transaction():
        row = connection.execute(
            query("suppressions/add"),
            {
                "account_id": account.account_id,
                "user_ids": list(user_ids),
                "source": source,
                "marketing_stop": MARKETING_STOP,
            },
        ).fetchone()
        connection.execute(
            query("suppressions/set_aside"), {"account_id": account.account_id, "user_ids": list(user_ids)}
        )
    return int(row["new_count"]) if row else 0


def remove_suppressions(connection: Connection, account: Account, *, user_ids: Sequence[str]) -> int:
    """Take opt-outs back; return how many there were. Messages that were set aside stay so."""
    row = connection.execute(
        query("suppressions/remove"), {"account_id": account.account_id, "user_ids": list(user_ids)}
    ).fetchone()
    return int(row["removed_count"]) if row else 0


def list_suppressions(connection: Connection, account: Account) -> list[dict[str, Any]]:
    """Return who is left in peace, newest first: user_id, kind, source, added_at, until (None: for good)."""
    return connection.execute(query("suppressions/list"), {"account_id": account.account_id}).fetchall()


def _check_ids(user_ids: Sequence[str]) -> None:
    import re

    for user_id in user_ids:
        if not re.fullmatch(USER_ID_PATTERN, user_id):
            raise InputRefusedError(f"The user id {user_id!r} is not 5 to 20 digits; no opt-out was kept.")
