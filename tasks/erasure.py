"""Erasing a person: the id gives way to its keyed hash wherever a promise needs it, and everything else goes."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import UUID

from clients.postgres import Connection
from clients.spreadsheet.digits import holds_digits
from domain.account import Account
from domain.erasure import key_print, tombstone
from domain.errors import InputRefusedError, NotFoundError, UnfinishedError
from domain.webhook_body import without_person
from sql import query
from tasks.accounts import list_accounts
from tasks.erased import erased_people, erasure_key
from tasks.maintenance import one_at_a_time
from tasks.uploads import read_content

logger = logging.getLogger("windowcast.erasure")

_BODIES_PER_STATEMENT: Final = 200
# An import may take minutes, and then it is said so; what the receiver brings in takes less than a second.
_TRIES: Final = 20
_PAUSE_SECONDS: Final = 0.25
_LONGEST_ID: Final = 32


@dataclass
class ErasureReport:
    """What an erasure found and did, over all accounts that knew the person."""

    accounts: list[str] = field(default_factory=list)
    set_aside: int = 0  # messages that waited to be sent
    messages: int = 0
    interactions: int = 0
    bodies: int = 0
    files: int = 0


@dataclass(frozen=True)
class _Person:
    """A person of one account, and what will stand for them; `parameters` name both to the statements."""

    account: Account
    user_id: str
    tombstone: str

    @property
    def parameters(self) -> dict[str, object]:
        return {"account_id": self.account.account_id, "user_id": self.user_id, "tombstone": self.tombstone}


def erase_person(connection: Connection, user_id: str, *, account: Account | None = None) -> ErasureReport:
    """Erase all that is known of a person, on one account or on all that know the id; harmless to repeat.

    From the first step on, which is one transaction, the person is recognised by the hash and gets nothing more. Raises
    ConfigurationError without WINDOWCAST_ERASURE_KEY, InputRefusedError for what is no id, NotFoundError when nobody is
    known by it, and UnfinishedError while a message to the person is under way or unknown and not settled.
    """
    key = erasure_key()
    if not (user_id.isascii() and user_id.isdigit() and len(user_id) <= _LONGEST_ID):
        raise InputRefusedError("The id of a person is digits alone; nobody was erased.")
    erased_people(connection)  # with another key than before, nobody would be recognised any more
    with one_at_a_time(connection):
        people = _find(connection, user_id, key=key, account=account)
        report = ErasureReport(accounts=[person.account.name for person in people])
        for person in people:
            campaign_ids = _hide(connection, person, key=key, report=report)
            _delete_evidence(connection, person, report=report)
            _delete_files(connection, person, campaign_ids=campaign_ids, report=report)
        _rewrite_bodies(connection, user_id, report=report)
    logger.info("a person was erased", extra={"message_count": report.messages, "body_count": report.bodies})
    return report


def _find(connection: Connection, user_id: str, *, key: str, account: Account | None) -> list[_Person]:
    people = [
        _Person(
            one,
            user_id,
            tombstone(key, channel=one.channel.value, external_id=one.external_id, user_id=user_id),
        )
        for one in ([account] if account else list_accounts(connection))
    ]
    if account is not None:
        return people
    rows = connection.execute(
        query("erasure/find_accounts"),
        {
            "user_id": user_id,
            "account_ids": [person.account.account_id for person in people],
            "tombstones": [person.tombstone for person in people],
        },
    ).fetchall()
    known = {row["account_id"] for row in rows}
    if not known:
        raise NotFoundError(
            "No account knows a person by this id. To search webhook bodies and files for it all the same, and to keep "
            "it out of new lists, name the account with --account."
        )
    return [person for person in people if person.account.account_id in known]


def _hide(connection: Connection, person: _Person, *, key: str, report: ErasureReport) -> list[UUID]:
    """Put the tombstone in the place of the id, all at once; return the campaigns that hold the person."""
    with connection.transaction():
        _keep_intake_out(connection)
        connection.execute(query("erasure/lock_messages"), person.parameters)
        _check_settled(connection, person)
        connection.execute(query("erasure/keep_tombstone"), {**person.parameters, "key_print": key_print(key)})
        report.set_aside += _number(connection, "erasure/set_aside", "moved_count", person)
        connection.execute(query("erasure/hide_suppression"), person.parameters)
        connection.execute(query("erasure/hide_last_interaction"), person.parameters)
        connection.execute(query("erasure/hide_entitlements"), person.parameters)
        row = connection.execute(query("erasure/hide_messages"), person.parameters).fetchone()
        campaign_ids: list[UUID] = row["campaign_ids"] if row else []
        report.messages += row["message_count"] if row else 0
        connection.execute(query("erasure/hide_lists"), {"campaign_ids": campaign_ids})
    return campaign_ids


def _keep_intake_out(connection: Connection) -> None:
    for left in reversed(range(_TRIES)):
        row = connection.execute(query("erasure/keep_out")).fetchone()
        if row and row["is_ours"]:
            return
        if left:
            time.sleep(_PAUSE_SECONDS)
    raise UnfinishedError(
        "Interactions or a list are being taken in, which could bring the person back; run this again in a while."
    )


def _check_settled(connection: Connection, person: _Person) -> None:
    row = connection.execute(query("erasure/find_unsettled"), person.parameters).fetchone()
    if row is None:
        return
    what = "is under way" if row["is_under_way"] else "was perhaps sent, and its proof is still waited for"
    raise UnfinishedError(
        f"A message of the account {person.account.name} to this person {what}; nothing was erased. Run this again "
        f"after {row['settles_at']:%Y-%m-%d %H:%M} UTC at the latest."
    )


def _delete_evidence(connection: Connection, person: _Person, *, report: ErasureReport) -> None:
    report.interactions += _number(connection, "erasure/delete_interactions", "deleted_count", person)
    connection.execute(query("erasure/delete_receipts"), person.parameters)
    connection.execute(query("erasure/delete_mapped"), person.parameters)
    connection.execute(query("erasure/delete_staged"), person.parameters)
    connection.execute(query("erasure/hide_found"), person.parameters)


def _delete_files(
    connection: Connection, person: _Person, *, campaign_ids: Sequence[UUID], report: ErasureReport
) -> None:
    """Delete the kept files that hold the person: those of their campaigns, and any other with the digits of the id."""
    files = connection.execute(
        query("erasure/list_files"), {"account_id": person.account.account_id, "campaign_ids": list(campaign_ids)}
    ).fetchall()
    for file in files:
        if file["is_certain"] or _holds(connection, file["upload_id"], file["byte_count"], digits=person.user_id):
            connection.execute(query("erasure/delete_file"), {"upload_id": file["upload_id"]})
            report.files += 1


def _holds(connection: Connection, upload_id: UUID, byte_count: int, *, digits: str) -> bool:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as target:
            target.writelines(read_content(connection, upload_id, byte_count=byte_count))
        return holds_digits(path, digits)


def _rewrite_bodies(connection: Connection, user_id: str, *, report: ErasureReport) -> None:
    after_id = 0
    while True:
        rows = connection.execute(
            query("erasure/list_bodies"), {"user_id": user_id, "after_id": after_id, "most": _BODIES_PER_STATEMENT}
        ).fetchall()
        for row in rows:
            body = without_person(row["body"], user_id)
            connection.execute(query("erasure/rewrite_body"), {"receipt_id": row["receipt_id"], "body": body})
        report.bodies += len(rows)
        if len(rows) < _BODIES_PER_STATEMENT:
            return
        after_id = rows[-1]["receipt_id"]


def _number(connection: Connection, statement: str, column: str, person: _Person) -> int:
    row = connection.execute(query(statement), person.parameters).fetchone()
    return int(row[column]) if row else 0


def erase_late(connection: Connection) -> int:
    """Delete the receipts that came after their person's erasure; return of how many people there were any.

    Raises ConfigurationError as `erased_people`.
    """
    erased = erased_people(connection)
    if erased is None:
        return 0
    count = 0
    accounts = {account.account_id: account for account in list_accounts(connection)}
    for row in connection.execute(query("erasure/list_receipt_people")).fetchall():
        found = erased.find(row["account_id"], row["user_id"])
        if found is not None:
            person = _Person(accounts[row["account_id"]], row["user_id"], found[0])
            connection.execute(query("erasure/hide_entitlements"), person.parameters)
            connection.execute(query("erasure/delete_receipts"), person.parameters)
            count += 1
    return count
