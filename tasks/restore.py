"""After a backup was restored: nothing is sent until a person has looked, and what may have been sent is unknown."""

from dataclasses import dataclass
from uuid import UUID

from clients.postgres import Connection
from sql import query
from tasks.accounts import list_accounts, pause_account

_WHY = "a backup of the database was restored"


@dataclass(frozen=True)
class Restored:
    """What was stopped: names of the accounts, and how many messages of which campaigns are unknown now."""

    accounts: tuple[str, ...]
    doubted: dict[UUID, int]

    @property
    def message_count(self) -> int:
        """How many messages may have been sent after the backup was made."""
        return sum(self.doubted.values())


def mark_restored(connection: Connection) -> Restored:
    """Pause every account, and call unknown whatever may have been sent after the backup was made.

    In one transaction, and harmless to repeat. Resuming an account is a person's word that it may send again; what is
    unknown stays so until evidence or a person decides.
    """
    with connection.transaction():
        accounts = list_accounts(connection)
        for account in accounts:
            pause_account(connection, account, why=_WHY)
        rows = connection.execute(query("restore/doubt")).fetchall()
    return Restored(
        accounts=tuple(account.name for account in accounts),
        doubted={row["campaign_id"]: row["message_count"] for row in rows},
    )
