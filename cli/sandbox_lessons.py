"""The sandbox of `windowcast up --sandbox` learns the accounts and the people of the database.

Its own memory ends with its process, and what is imported or added while it runs it cannot know: so it is told.
"""

import threading
from typing import TYPE_CHECKING, Any, Final

import httpx

from cli.output import say
from domain.errors import CampaignError
from sandbox.errors import ControlError
from sandbox.process import SandboxClient

if TYPE_CHECKING:
    from clients.postgres import Connection
    from domain.account import Account

_LOOK_EVERY_SECONDS: Final = 3.0
_PEOPLE_PER_CALL: Final = 5_000


class SandboxTeacher:
    """Tells one sandbox what the database at `url` knows, and tells it again after the sandbox was started anew."""

    def __init__(self, url: str, sandbox: SandboxClient) -> None:
        self._url = url
        self._sandbox = sandbox
        self._told_of: dict[str, Any] | None = None
        self._without_token: set[str] = set()

    def follow(self, stop: threading.Event) -> None:
        """Tell what is new every few seconds until `stop` is set; what is away is tried again."""
        from clients.postgres import connect

        while not stop.is_set():
            try:
                with connect(self._url) as connection:
                    while not stop.is_set():
                        self.tell(connection)
                        stop.wait(_LOOK_EVERY_SECONDS)
            except (CampaignError, ControlError, httpx.HTTPError):
                stop.wait(_LOOK_EVERY_SECONDS)

    def tell(self, connection: "Connection") -> None:
        """Tell of accounts that the sandbox does not know, and of all open windows if one of them is new."""
        from sql import query
        from tasks.accounts import list_accounts

        known = {account["external_id"] for account in self._sandbox.accounts()}
        new = [account for account in list_accounts(connection) if account.external_id not in known]
        taught = [lesson for account in new if (lesson := self._lesson(account)) is not None]
        self._sandbox.add_accounts(taught)
        told_of = connection.execute(query("interactions/fingerprint")).fetchone()
        if not taught and told_of == self._told_of:
            return
        known |= {lesson["external_id"] for lesson in taught}
        rows = connection.execute(query("interactions/list_open")).fetchall()
        acts = [_act(row) for row in rows if row["external_id"] in known]
        for first in range(0, len(acts), _PEOPLE_PER_CALL):
            self._sandbox.people_write(acts[first : first + _PEOPLE_PER_CALL])
        self._told_of = told_of

    def _lesson(self, account: "Account") -> dict[str, Any] | None:
        """Return the account as the sandbox takes it; None, and a sentence once, without its token."""
        from tasks.accounts import account_token

        try:
            token = account_token(account)
        except CampaignError as error:
            if account.name not in self._without_token:
                self._without_token.add(account.name)
                say(f"The sandbox does not know the account {account.name} yet. {error}")
            return None
        return {
            "external_id": account.external_id,
            "page_id": account.page_id,
            "channel": account.channel,
            "name": account.name,
            "token": token,
        }


def _act(row: dict[str, Any]) -> dict[str, Any]:
    """Return a person's newest opener as something that they did on the sandbox, which tells nobody of it."""
    return {
        "account": row["external_id"],
        "user_id": row["user_id"],
        "kind": "message",
        "occurred_at": row["opener_at"].isoformat(),
        "webhook": False,
    }
