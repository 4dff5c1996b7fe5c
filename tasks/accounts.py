"""Accounts: added, found, paused and resumed. Nothing here calls the platform, save the check that says so."""

from datetime import UTC
from typing import Any

from clients.credentials import check_credential, token
from clients.postgres import Connection
from domain.account import Account
from domain.errors import ConfigurationError, NotFoundError, UsageError
from domain.receipts import POLICY_WORDS, PolicyAction
from domain.template import Channel, Provider
from sql import query


def add_account(
    connection: Connection,
    name: str,
    *,
    channel: Channel,
    provider: Provider,
    external_id: str,
    credential: str,
    page_id: str | None = None,
    per_second: float | None,
) -> Account:
    """Keep a new account. `credential` is the name of what holds its token; `per_second` None keeps no pace.

    Raises UsageError when the name or the platform id is taken, or a value has the wrong shape.
    """
    _check_shapes(name, external_id=external_id, page_id=page_id, credential=credential)
    row = connection.execute(
        query("accounts/add"),
        {
            "name": name,
            "channel": channel,
            "external_id": external_id,
            "provider": provider,
            "page_id": page_id,
            "credential": credential,
            "per_second": per_second,
        },
    ).fetchone()
    if row is None:
        raise UsageError(
            f"There is an account named {name} or with the {channel} id {external_id} already; "
            "`windowcast accounts list` shows them."
        )
    return account_of(row)


def list_accounts(connection: Connection) -> list[Account]:
    """Return all accounts, newest first."""
    return [account_of(row) for row in connection.execute(query("accounts/list"))]


def find_account(connection: Connection, name: str) -> Account:
    """Return the account of a name or platform id. Raises NotFoundError, naming those that exist.

    A platform id that two accounts share (on two channels) names neither: UsageError.
    """
    rows = connection.execute(query("accounts/find"), {"name": name}).fetchall()
    if len(rows) > 1 and rows[0]["name"] != name:
        names = " and ".join(row["name"] for row in rows)
        raise UsageError(f"{name} is the platform id of more than one account ({names}); say the account's name.")
    if not rows:
        known = ", ".join(account.name for account in list_accounts(connection)) or "none yet"
        raise NotFoundError(f"There is no account named {name} (known: {known}); `windowcast accounts add` makes one.")
    return account_of(rows[0])


def pause_account(connection: Connection, account: Account, *, why: str) -> int:
    """Stop an account at its next claim, with the campaigns sending through it; return how many those are."""
    rows = connection.execute(query("accounts/pause"), {"account_id": account.account_id, "why": why}).fetchall()
    return sum(row["is_paused"] for row in rows)


def resume_account(connection: Connection, account: Account) -> list[str]:
    """Let an account send again; return the ids of the campaigns that its pause had stopped and that go on now."""
    rows = connection.execute(query("accounts/resume"), {"account_id": account.account_id}).fetchall()
    return [str(row["campaign_id"]) for row in rows if row["is_resumed"]]


def set_cap(connection: Connection, account: Account, *, messages: int | None, hours: float | None) -> Account:
    """Let a person get at most so many campaign messages in so many hours, from the next claim on; None: no cap."""
    connection.execute(
        query("accounts/set_cap"), {"account_id": account.account_id, "messages": messages, "hours": hours}
    )
    return find_account(connection, account.name)


def account_token(account: Account) -> str:
    """Return the account's token, from the environment or a Secret block. Raises ConfigurationError naming it."""
    if account.provider is not Provider.GRAPH:
        raise ConfigurationError(
            f"The account {account.name} has the provider {account.provider}, which cannot send yet; use graph."
        )
    return token(account.credential)


def account_of(row: dict[str, Any]) -> Account:
    """Make an account of its database row."""
    return Account(
        account_id=row["account_id"],
        name=row["name"],
        channel=Channel(row["channel"]),
        external_id=row["external_id"],
        provider=Provider(row["provider"]),
        page_id=row["page_id"],
        credential=row["credential"],
        per_second=None if row["per_second"] is None else float(row["per_second"]),
        pause_reason=row["pause_reason"],
        is_paused=row["paused_at"] is not None,
        cap_messages=row["cap_messages"],
        cap_hours=None if row["cap_hours"] is None else float(row["cap_hours"]),
        note=_note_of(row),
    )


def _note_of(row: dict[str, Any]) -> str | None:
    if row.get("note_action") is None:
        return None
    words = POLICY_WORDS[PolicyAction(row["note_action"])]
    reason = f": {row['note_reason']}" if row["note_reason"] else ""
    return f"the platform {words} it on {row['note_at'].astimezone(UTC):%Y-%m-%d at %H:%M} UTC{reason}"


def _check_shapes(name: str, *, external_id: str, page_id: str | None, credential: str) -> None:
    if not name.strip():
        raise UsageError("An account needs a name.")
    for what, value in (("--external-id", external_id), ("--page-id", page_id)):
        if value is not None and not (value.isascii() and value.isdigit() and len(value) <= 32):  # noqa: PLR2004  # as in the table
            raise UsageError(f"{what} {value!r} is no platform id; it is a number of up to 32 digits.")
    check_credential(credential)
