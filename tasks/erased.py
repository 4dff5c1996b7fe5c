"""People whose data was erased: recognised by what stands for them, when somebody brings them back."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from clients.postgres import Connection
from clients.settings import settings
from domain.erasure import key_print, tombstone
from domain.errors import ConfigurationError
from sql import query

_IDS_PER_FETCH: Final = 10_000


@dataclass(frozen=True)
class ErasedPeople:
    """Everybody who was erased, by account: what stands for them, and when they were erased."""

    key: str
    names: Mapping[int, tuple[str, str]]  # channel and platform id of each account
    erased_at: Mapping[int, Mapping[str, datetime]]  # by tombstone, of each account

    def find(self, account_id: int, user_id: str) -> tuple[str, datetime] | None:
        """Return the tombstone of a person and when they were erased; None for everybody else."""
        of_account = self.erased_at.get(account_id)
        if of_account is None:
            return None
        channel, external_id = self.names[account_id]
        found = tombstone(self.key, channel=channel, external_id=external_id, user_id=user_id)
        moment = of_account.get(found)
        return None if moment is None else (found, moment)


def erasure_key() -> str:
    """Return the key of the hashes. Raises ConfigurationError where none is set."""
    key = settings().erasure_key
    if key is None:
        raise ConfigurationError(
            "WINDOWCAST_ERASURE_KEY is not set: without it nobody can be erased, and nobody who was erased is "
            "recognised. Set it to a secret of at least 16 characters, always the same one."
        )
    return key.get_secret_value()


def erased_people(connection: Connection, account_id: int | None = None) -> ErasedPeople | None:
    """Return the erased people of one account or of all; None, which costs nothing further, when there are none.

    Raises ConfigurationError when there are some and the key is not set, or is not the one that they were erased with.
    """
    rows = connection.execute(query("erasure/list_erased"), {"account_id": account_id}).fetchall()
    if not rows:
        return None
    key = erasure_key()
    if any(row["key_print"] != key_print(key) for row in rows):
        raise ConfigurationError(
            "WINDOWCAST_ERASURE_KEY is not the key that people were erased with here, so they would not be "
            "recognised; set it to the key from before."
        )
    erased_at: dict[int, dict[str, datetime]] = {}
    for row in rows:
        erased_at.setdefault(row["account_id"], {})[row["tombstone"]] = row["erased_at"]
    return ErasedPeople(key, {row["account_id"]: (row["channel"], row["external_id"]) for row in rows}, erased_at)


def hidden_ids(connection: Connection, account_id: int, user_ids: Iterable[str]) -> dict[str, str]:
    """Return which of these people of an account were erased and have not written since, each with the tombstone."""
    erased = erased_people(connection, account_id)
    if erased is None:
        return {}
    found = {user_id: who[0] for user_id in user_ids if (who := erased.find(account_id, user_id)) is not None}
    known = connection.execute(
        query("erasure/list_known"), {"account_id": account_id, "user_ids": list(found)}
    ).fetchall()
    return {user_id: found[user_id] for user_id in found.keys() - {row["user_id"] for row in known}}


def hide_staged(connection: Connection, campaign_id: UUID, *, account_id: int) -> int:
    """Put tombstones in the place of erased people in a staged list, in the open transaction; return how many rows."""
    connection.execute(query("erasure/hold_off"))
    with connection.cursor(name=f"ids_{uuid4().hex}") as cursor:
        cursor.itersize = _IDS_PER_FETCH
        cursor.execute(query("erasure/list_staged_ids"), {"campaign_id": campaign_id, "account_id": account_id})
        found = hidden_ids(connection, account_id, (row["user_id"] for row in cursor))
    if not found:
        return 0
    row = connection.execute(
        query("erasure/hide_staged"),
        {"campaign_id": campaign_id, "user_ids": list(found), "tombstones": list(found.values())},
    ).fetchone()
    return int(row["hidden_count"]) if row else 0


@dataclass(frozen=True)
class _Returned:
    """Somebody in the loading table who was erased, and the newest thing that they are said to have done."""

    account_id: int
    user_id: str
    tombstone: str
    erased_at: datetime
    newest_at: datetime


def sift_loaded(connection: Connection) -> None:
    """Take late news of erased people out of the loading table of interactions, in the open transaction.

    Who did something after that is a newcomer, whose former opt-out holds on. Raises as `erased_people` does.
    """
    connection.execute(query("erasure/hold_off"))
    erased = erased_people(connection)
    if erased is None:
        return
    returned = list(_find_loaded(connection, erased))
    connection.execute(
        query("erasure/drop_late"),
        {
            "account_ids": [one.account_id for one in returned],
            "user_ids": [one.user_id for one in returned],
            "erased_at": [one.erased_at for one in returned],
        },
    )
    newcomers = [one for one in returned if one.newest_at > one.erased_at]
    connection.execute(
        query("erasure/renew_opt_outs"),
        {
            "account_ids": [one.account_id for one in newcomers],
            "user_ids": [one.user_id for one in newcomers],
            "tombstones": [one.tombstone for one in newcomers],
        },
    )


def _find_loaded(connection: Connection, erased: ErasedPeople) -> Iterator[_Returned]:
    with connection.cursor(name=f"loaded_{uuid4().hex}") as cursor:
        cursor.itersize = _IDS_PER_FETCH
        cursor.execute(query("erasure/list_loaded"), {"account_ids": list(erased.erased_at)})
        for row in cursor:
            found = erased.find(row["account_id"], row["user_id"])
            if found is not None:
                yield _Returned(row["account_id"], row["user_id"], *found, newest_at=row["newest_at"])
