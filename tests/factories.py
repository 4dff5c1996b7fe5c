"""Factories: each call makes one valid object; a test names only what it is about."""

import itertools
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import yaml

from clients.postgres import Connection
from domain.account import Account
from domain.pace import Timing
from domain.submission import Submission
from domain.template import Channel, Provider, Template
from domain.window import InteractionKind
from tasks.accounts import add_account
from tasks.interactions import Interaction, store_interactions
from tasks.templates import add_template
from tasks.windows import read_clock

# Part of every token of the tests: it may be seen nowhere but in the header of a request.
TOKEN = "CANARY-token-that-must-be-seen-nowhere"

TIMING = Timing(read_timeout_seconds=2, margin_seconds=1)


def user_id(number: int) -> str:
    """A user id of 17 digits, which a spreadsheet's number cannot hold."""
    return str(25_000_000_000_000_001 + 2 * number)


class World:
    """One database with the objects of a test in it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._numbers = itertools.count(1)

    def account(self, *, per_second: float | None = None, channel: Channel = Channel.MESSENGER, **fields) -> Account:
        number = next(self._numbers)
        defaults = {
            "name": f"Account {number}",
            "external_id": str(100_000_000_000 + number),
            "credential": "WINDOWCAST_TEST_TOKEN",
        }
        values = {**defaults, **fields}
        return add_account(
            self.connection,
            values.pop("name"),
            channel=channel,
            provider=Provider.GRAPH,
            per_second=per_second,
            **values,
        )

    def template(self, tmp_path: Path, *, text: str = "Hello $(name)!", channel: Channel = Channel.MESSENGER, **fields):
        number = next(self._numbers)
        content = {
            "code": f"template-{number}",
            "language": "en",
            "channel": str(channel),
            "name": f"Template {number}",
            "content": {"kind": "text", "text": text},
            **fields,
        }
        path = tmp_path / f"template-{number}.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        template, _ = add_template(self.connection, path)
        return template

    def people_write(self, account: Account, numbers, *, hours_ago: float = 1, kind=InteractionKind.MESSAGE) -> None:
        at = read_clock(self.connection) - timedelta(hours=hours_ago)
        store_interactions(
            self.connection,
            [
                Interaction(account.account_id, user_id(number), kind, at, f"event-{number}-{at.timestamp()}")
                for number in numbers
            ],
            timing=TIMING,
        )

    def submission(self, account: Account, template: Template, **fields) -> Submission:
        return Submission(
            submission_id=fields.pop("submission_id", uuid4()),
            account=account.name,
            template=template.code,
            language=template.language,
            **fields,
        )

    def states(self, campaign_id: UUID) -> dict[str, int]:
        """How many messages stand in each state, states without one left out."""
        from tasks.campaigns import count_messages

        counts = count_messages(self.connection, [campaign_id])[campaign_id]
        return {str(state): count for state, count in counts.by_state.items() if count}
