"""Webhook events in the platform's shapes, and a scene of messages that they tell of."""

import itertools
import json
from dataclasses import dataclass
from datetime import datetime

from domain.account import Account
from domain.template import Channel
from factories import TIMING, user_id
from tasks.campaigns import start_campaign
from tasks.receipts import store_receipt
from tasks.reconcile import reconcile_inbox
from tasks.windows import read_clock

SECOND = 1000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE

_BODIES = itertools.count(1)


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


class Platform:
    """Makes the events of one account. Times are in milliseconds since 1970."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.is_instagram = account.channel is Channel.INSTAGRAM

    def _from(self, number, at, **parts):
        return {
            "sender": {"id": user_id(number)},
            "recipient": {"id": self.account.external_id},
            "timestamp": at,
            **parts,
        }

    def wrote(self, number, at, *, mid=None, **fields):
        return self._from(number, at, message={"mid": mid or f"m_wrote-{number}-{at}", "text": "hi", **fields})

    def tapped(self, number, at, *, mid=None):
        return self._from(number, at, postback={"mid": mid or f"m_tap-{number}-{at}", "payload": "X"})

    def echo(self, number, at, *, mid, attempt_id=None, **fields):
        metadata = {} if attempt_id is None else {"metadata": str(attempt_id)}
        return {
            "sender": {"id": self.account.external_id},
            "recipient": {"id": user_id(number)},
            "timestamp": at,
            "message": {
                "is_echo": True,
                "app_id": 1517776481860111,
                "mid": mid,
                "text": "Hello!",
                **metadata,
                **fields,
            },
        }

    def delivery(self, number, at, *, mids=None, watermark=None):
        named = {} if mids is None else {"mids": mids}
        return self._from(number, at, delivery={**named, "watermark": at if watermark is None else watermark})

    def read(self, number, at, *, watermark=None, mid=None):
        return self._from(number, at, read={"watermark": watermark} if mid is None else {"mid": mid})

    def marketing(self, number, at, *, is_stop):
        status = "STOP_NOTIFICATIONS" if is_stop else "RESUME_NOTIFICATIONS"
        return self._from(number, at, optin={"type": "notification_messages", "notification_messages_status": status})

    def policy(self, at, *, action, **fields):
        return {
            "recipient": {"id": self.account.external_id},
            "timestamp": at,
            "policy_enforcement": {"action": action, **fields},
        }

    def comment(self, number, at, *, comment_id, verb="add", item="comment"):
        value = {"from": {"id": user_id(number)}, "created_time": at // 1000, "item": item, "verb": verb}
        value |= {"comment_id": comment_id} if item == "comment" else {"post_id": comment_id}
        return {"field": "feed", "value": value, "at": at}

    def body(self, *events) -> bytes:
        """Put events into one body; each body is another one, as the platform's are by their times."""
        number = next(_BODIES)
        entries = []
        messaging = [event for event in events if "field" not in event]
        if messaging:
            entries.append({"id": self.account.external_id, "time": number, "messaging": messaging})
        for event in events:
            if "field" in event:
                changes = [{name: value for name, value in event.items() if name != "at"}]
                entries.append({"id": self.account.external_id, "time": event["at"] // 1000, "changes": changes})
        name = "instagram" if self.is_instagram else "page"
        return json.dumps({"object": name, "entry": entries, "number": number}).encode()


@dataclass
class Sent:
    """A message of the scene: to whom, by which attempt, and the id that the platform gave it."""

    number: int
    attempt_id: object
    mid: str


class Scene:
    """An account whose campaign has sent a message to each of some people, or left it unknown, and its platform."""

    def __init__(self, world, folder, *, numbers=(1,), channel=Channel.MESSENGER, mid="{}-of-us"):
        self.world = world
        self.connection = world.connection
        self.account = world.account(channel=channel)
        self.platform = Platform(self.account)
        world.people_write(self.account, numbers)
        template = world.template(folder, text="Hello!", channel=channel)
        submission = world.submission(self.account, template, user_ids=tuple(map(user_id, numbers)))
        self.campaign_id = world.submit(submission, folder)
        start_campaign(self.connection, self.campaign_id, timing=TIMING)
        self.sent = [Sent(number, world.claim(self.campaign_id, number), mid.format(number)) for number in numbers]
        self.at = milliseconds(read_clock(self.connection))

    def answer(self, one, *, mid=None):
        return self.world.end(one.attempt_id, outcome="accepted", state="sent", mid=mid or one.mid)

    def answer_all(self):
        for one in self.sent:
            assert self.answer(one) == 1

    def lose_answer(self, one):
        return self.world.end(one.attempt_id, outcome="unknown", state="unknown", reason="no_answer")

    def tell(self, *events):
        store_receipt(self.connection, self.platform.body(*events))

    def reconcile(self, **fields):
        return reconcile_inbox(self.connection, timing=TIMING, **fields)

    def row(self, one=None):
        one = one or self.sent[0]
        return self.connection.execute(
            "SELECT m.*, a.outcome FROM message_list AS m INNER JOIN attempt AS a USING (attempt_id) "
            "WHERE a.attempt_id = %s",
            [one.attempt_id],
        ).fetchone()

    def stands(self, one=None):
        """The state of a message, and its times on the platform's clock, in milliseconds from the scene's begin."""
        row = self.row(one)
        times = (row["platform_sent_at"], row["delivered_at"], row["read_at"])
        return row["state"], *(None if at is None else milliseconds(at) - self.at for at in times)

    def waiting(self):
        rows = self.connection.execute("SELECT mid FROM mid_receipt WHERE attempt_id IS NULL ORDER BY mid").fetchall()
        return [row["mid"] for row in rows]

    def openers(self):
        rows = self.connection.execute("SELECT user_id, opener_at, opener_kind FROM last_interaction").fetchall()
        return {row["user_id"]: (milliseconds(row["opener_at"]) - self.at, row["opener_kind"]) for row in rows}
