"""Requests of people to delete their data, as the platform passes them on: kept at once, handled by the maintenance."""

from dataclasses import dataclass
from typing import Any

from clients.postgres import Connection
from domain.erasure import DeletionState
from domain.errors import InputRefusedError, NotFoundError, UnfinishedError
from domain.signed_request import DeletionWish
from sql import query
from tasks.erasure import erase_late, erase_person


def keep_request(connection: Connection, wish: DeletionWish) -> DeletionState:
    """Keep a request and return how it stands; one that is there stays as it is. Committed when this returns."""
    row = connection.execute(
        query("erasure/add_request"), {"code": wish.code, "app_user_id": wish.app_user_id}
    ).fetchone()
    return DeletionState.WAITING if row is None else DeletionState(row["state"])


def find_request(connection: Connection, code: str) -> dict[str, Any] | None:
    """Return how the request with a code stands: state, requested_at, handled_at. None: there is no such code."""
    return connection.execute(query("erasure/find_request"), {"code": code}).fetchone()


@dataclass
class ErasuresKept:
    """What was done for erasures beside the maintenance: requests handled, and late news of erased people removed."""

    done: int = 0
    unmatched: int = 0
    waiting: int = 0
    late: int = 0


def keep_erasures(connection: Connection) -> ErasuresKept:
    """Handle the requests for deletion that wait, and erase again of whom receipts came after their erasure.

    A request whose person cannot be erased yet, because of a message under way, waits for the next time. Raises
    ConfigurationError when there is something to do and WINDOWCAST_ERASURE_KEY is not set.
    """
    kept = ErasuresKept()
    for request in connection.execute(query("erasure/list_waiting_requests")).fetchall():
        state = _handle(connection, request["app_user_id"])
        kept.done += state is DeletionState.DONE
        kept.unmatched += state is DeletionState.UNMATCHED
        kept.waiting += state is DeletionState.WAITING
        if state is not DeletionState.WAITING:
            connection.execute(query("erasure/end_request"), {"code": request["code"], "state": state})
    kept.late = erase_late(connection)
    return kept


def list_requests(connection: Connection) -> list[dict[str, Any]]:
    """Return the requests for deletion, newest first: code, state, requested_at, handled_at."""
    return connection.execute(query("erasure/list_requests")).fetchall()


def _handle(connection: Connection, user_id: str) -> DeletionState:
    try:
        erase_person(connection, user_id)
    except (NotFoundError, InputRefusedError):
        return DeletionState.UNMATCHED
    except UnfinishedError:
        return DeletionState.WAITING
    return DeletionState.DONE
