"""One account in the database and on a platform beside it, with messages that ended unknown."""

import json
from contextlib import asynccontextmanager
from datetime import timedelta

from clients.settings import Settings
from domain.evidence import LookUpTiming
from factories import TIMING, TOKEN, World, user_id
from sandbox.people import ThreadMessage
from sandbox.platform import Platform
from sandbox.server import serving
from tasks.campaigns import close_campaign, start_campaign
from tasks.decisions import Author
from tasks.receipts import store_receipt
from tasks.unknowns import resolve_unknowns

AUTHOR = Author("ops@desk", "seen in the inbox")

# A gap of nothing, so that a test does not wait; the sandbox's limit is lifted for it.
QUICK = LookUpTiming(gap_seconds=0)


class Place:
    """One account in the database and on a platform in this process, whose clocks go together."""

    def __init__(self, world: World, platform: Platform, url: str, folder) -> None:
        self.world, self.platform, self.folder = world, platform, folder
        self.settings = Settings(graph_url=url, read_timeout_seconds=2, safety_margin_seconds=1)
        self.account = world.account()
        self.ahead = 0.0
        platform.put_account(
            {"external_id": self.account.external_id, "token": TOKEN, "conversation_calls_per_second": 0}
        )

    @property
    def connection(self):
        return self.world.connection

    def people_write(self, numbers, *, hours_ago=1.0):
        self.world.people_write(self.account, numbers, hours_ago=hours_ago)
        at_ms = self.platform.clock.now_ms() - int(hours_ago * 3_600_000)
        act = {"account": self.account.external_id, "occurred_at": at_ms}
        self.platform.people_act([{**act, "user_id": user_id(number)} for number in numbers])

    def unknown(self, numbers=(1,), *, reason="no_answer", **fields):
        """A started campaign in which an attempt on each of these people ended unknown; the ids of the attempts."""
        self.people_write(numbers)
        return self.unknown_again(numbers, reason=reason, **fields)

    def unknown_again(self, numbers=(1,), *, reason="no_answer", **fields):
        campaign_id = self.world.submit_ids(self.folder, numbers, account=self.account, **fields)
        start_campaign(self.connection, campaign_id, timing=TIMING)
        attempts = [self.world.claim(campaign_id, number) for number in numbers]
        for attempt_id in attempts:
            self.world.end(attempt_id, outcome="unknown", state="unknown", reason=reason)
        close_campaign(self.connection, campaign_id)
        return campaign_id, attempts

    def accepts(self, number, *, text="Hello!", mid="found", seconds_ago=0.0):
        """Let a message of the account stand in the conversation with a person."""
        at_ms = self.platform.clock.now_ms() - int(seconds_ago * 1000)
        thread = self.platform.accounts[self.account.external_id].people[user_id(number)]
        thread.add_message(ThreadMessage(mid, at_ms, text, is_from_person=False))

    def wait(self, **by):
        self.ahead += timedelta(**by).total_seconds()
        self.world.put_clock_ahead(seconds=self.ahead)
        self.platform.clock.offset_seconds = self.ahead

    async def resolve(self, *, limit_seconds=20.0, timing=QUICK, **fields):
        return await resolve_unknowns(
            self.connection.info.dsn, self.account, chosen=self.settings, limit_seconds=limit_seconds, timing=timing,
            **fields,
        )  # fmt: skip

    def echo(self, attempt_id, *, number=1, mid="m_echo"):
        """Let the platform tell of a message of the account; with an attempt's id, or None for an agent's."""
        metadata = {} if attempt_id is None else {"metadata": str(attempt_id)}
        event = {
            "sender": {"id": self.account.external_id},
            "recipient": {"id": user_id(number)},
            "timestamp": self.platform.clock.now_ms(),
            "message": {"is_echo": True, "mid": mid, "text": "Hello!", **metadata},
        }
        entry = {"id": self.account.external_id, "time": 1, "messaging": [event]}
        store_receipt(self.connection, json.dumps({"object": "page", "entry": [entry]}).encode())

    def row(self, attempt_id):
        return self.connection.execute(
            "SELECT m.*, a.outcome, a.settled_at, a.message_id AS message FROM attempt AS a "
            "INNER JOIN message_list AS m USING (message_id) WHERE a.attempt_id = %s",
            [attempt_id],
        ).fetchone()

    def stands(self, attempt_id):
        row = self.row(attempt_id)
        return row["state"], row["reason"], row["outcome"]

    def look_ups(self):
        rows = self.connection.execute("SELECT * FROM look_up ORDER BY look_up_id").fetchall()
        return [row["result"] for row in rows]

    def decisions(self):
        return self.connection.execute("SELECT * FROM decision ORDER BY decision_id").fetchall()


@asynccontextmanager
async def placed(world, folder):
    platform = Platform()
    async with serving(platform) as url:
        yield Place(world, platform, url, folder)
