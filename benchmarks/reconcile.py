"""Webhook bodies from the inbox to the tables: events a second, flat in backlog and history, beside one by one."""

import itertools
import json
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from parts.stage import TIMING, Bars, open_stage

from clients.postgres import connect
from factories import World
from tasks.campaigns import start_campaign
from tasks.reconcile import reconcile_inbox

EVENTS = 50_000
PEOPLE = 100_000
HISTORY = 50_000
TIMES = 10
LEAST_PER_SECOND = 20_000
MOST_RATIO = 1.3
TURNS = 3
ONE_BY_ONE = 2_000
# The platform puts one event into a body when little happens and up to 1,000 when much does.
SIZES = (1, 5, 20, 50, 100)

# Messages that were sent in the last hour, of which the events tell, and older ones that were read long ago; the same
# for what people did. Dates of the history lie 2 to 30 days back, day by day in partitions of their own.
_MESSAGES = """
WITH made AS (
    INSERT INTO message_list (
        campaign_id, account_id, row_number, typed_user_id, user_id, cells, state, attempt_id, sent_at,
        provider_message_id, platform_sent_at, delivered_at, read_at
    )
    SELECT
        c.campaign_id,
        c.account_id,
        n + %(first)s,
        (90000000000000000 + n + %(first)s)::text,
        (90000000000000000 + n + %(first)s)::text,
        '{}',
        CASE WHEN %(is_old)s THEN 'read' ELSE 'sent' END::message_state,
        gen_random_uuid(),
        a.at,
        %(prefix)s || md5(n::text) || md5((n + 1)::text),
        CASE WHEN %(is_old)s THEN a.at END,
        CASE WHEN %(is_old)s THEN a.at END,
        CASE WHEN %(is_old)s THEN a.at END
    FROM campaign AS c
    CROSS JOIN generate_series(1, %(count)s) AS n
    CROSS JOIN LATERAL (
        SELECT clock() - CASE WHEN %(is_old)s THEN (2 + n %% 28) * interval '1 day' ELSE interval '1 h' END AS at
    ) AS a
    RETURNING *
)
INSERT INTO attempt (
    attempt_id, message_id, account_id, user_id, worker, started_at, slot_at, lease_until, opener_at, outcome, ended_at,
    settled_at, provider_message_id
)
SELECT
    attempt_id, message_id, account_id, user_id, 'benchmark', sent_at, sent_at, sent_at, sent_at - interval '1 h',
    'accepted', sent_at, sent_at, provider_message_id
FROM made
"""

_INTERACTIONS = """
INSERT INTO interaction (account_id, user_id, kind, occurred_at, event_id)
SELECT
    account_id, (90000000000000000 + n)::text, 'message', clock() - (2 + n %% 28) * interval '1 day',
    'old' || md5(n::text) || md5((n + 1)::text)
FROM account CROSS JOIN generate_series(1, %(count)s) AS n
"""

_OTHERS = """
INSERT INTO mid_receipt (account_id, mid, user_id, delivered_at)
SELECT account_id, 'other' || md5(n::text) || md5((n + 1)::text), (90000000000000000 + n)::text, clock()
FROM account CROSS JOIN generate_series(1, %(count)s) AS n
"""

_WATERMARKS = """
INSERT INTO watermark (account_id, user_id, kind, up_to, told_at)
SELECT account_id, (90000000000000000 + n %% 100000)::text, 'read', t.at, t.at
FROM account CROSS JOIN generate_series(1, %(count)s) AS n
CROSS JOIN LATERAL (SELECT clock() - (2 + n %% 28) * interval '1 day' - n * interval '1 ms' AS at) AS t
"""


@dataclass(frozen=True)
class Message:
    """One message of which the events tell."""

    attempt_id: str
    user_id: str
    mid: str
    sent_ms: int


class Hall:
    """One database with a page, its people and a history, into which bodies are put that wait."""

    def __init__(self, stage, *, history: int) -> None:
        self.url = stage.new_database()
        self._stage = stage
        self._dice = random.Random(1)
        self._numbers = itertools.count(1)
        self._bodies = itertools.count(1)
        self._sent = itertools.count(1, EVENTS)
        self._waiting = 0
        with connect(self.url) as connection:
            self.page = self._build(connection, history=history)

    def fill(self, events: int) -> None:
        """Send a message for every fifth event, and let what is told of them wait, and as much of what people did."""
        with connect(self.url) as connection:
            for _ in range(events // EVENTS):
                self._put(connection, self._send(connection, EVENTS // 5))
        self._waiting += events
        self._stage.settle(self.url)

    def _build(self, connection, *, history: int) -> str:
        world = World(connection)
        account = world.account(name="Page", external_id="100000000001")
        world.people_write(account, [1])
        campaign_id = world.submit_ids(Path(tempfile.mkdtemp(prefix="windowcast-bench-")), [1], account=account)
        start_campaign(connection, campaign_id, timing=TIMING)
        for day in range(-1, 32):
            start = connection.execute("SELECT date_trunc('day', clock()) - %s * interval '1 day' AS at", [day])
            at = start.fetchone()["at"]
            end = connection.execute("SELECT %s + interval '1 day' AS at", [at]).fetchone()["at"]
            name = f"interaction_{at:%Y%m%d}"
            connection.execute("CREATE TABLE " + name + " (LIKE interaction INCLUDING DEFAULTS INCLUDING INDEXES)")
            connection.execute(
                f"WITH moved AS (DELETE FROM interaction_default WHERE occurred_at >= '{at}' AND occurred_at < '{end}' "
                f"RETURNING *) INSERT INTO {name} SELECT * FROM moved"
            )
            connection.execute(f"ALTER TABLE interaction ATTACH PARTITION {name} FOR VALUES FROM ('{at}') TO ('{end}')")
        connection.execute(_MESSAGES, {"first": 10**8, "count": history, "is_old": True, "prefix": "old"})
        for statement in (_INTERACTIONS, _OTHERS, _WATERMARKS):
            connection.execute(statement, {"count": history})
        return account.external_id

    def _send(self, connection, count: int) -> list[Message]:
        first = next(self._sent)
        connection.execute(_MESSAGES, {"first": first, "count": count, "is_old": False, "prefix": f"new{first}"})
        rows = connection.execute(
            "WITH sent AS (SELECT * FROM message_list WHERE row_number > %(first)s AND row_number <= %(last)s), "
            "due AS (INSERT INTO receipt_due SELECT message_id FROM sent) "
            "SELECT attempt_id, user_id, provider_message_id, extract(EPOCH FROM sent_at) AS at FROM sent",
            {"first": first, "last": first + count},
        )
        return [
            Message(str(row["attempt_id"]), row["user_id"], row["provider_message_id"], int(row["at"] * 1000))
            for row in rows
        ]

    def _put(self, connection, messages: list[Message]) -> None:
        told = [event for message in messages for event in self._of_message(message)]
        events = told + [self._act() for _ in range(EVENTS - len(told))]
        self._dice.shuffle(events)
        with (
            connection.cursor() as cursor,
            cursor.copy("COPY receipt_inbox (body, body_sha256) FROM STDIN WITH (FORMAT binary)") as copy,
        ):
            copy.set_types(["bytea", "bytea"])
            while events:
                size = self._dice.choice(SIZES)
                copy.write_row((self.body(events[:size]), next(self._bodies).to_bytes(32)))
                events = events[size:]

    def body(self, events) -> bytes:
        """Return a body as the platform writes it."""
        changes = [event for event in events if "field" in event]
        messaging = [event for event in events if "field" not in event]
        entries = [{"id": self.page, "time": 1, "messaging": messaging}] if messaging else []
        if changes:
            entries.append({"id": self.page, "time": int(time.time()), "changes": changes})
        return json.dumps({"object": "page", "entry": entries}, separators=(",", ":")).replace("/", "\\/").encode()

    def _of_message(self, message: Message):
        person = {"sender": {"id": message.user_id}, "recipient": {"id": self.page}}
        at = message.sent_ms
        echo = {"is_echo": True, "app_id": 1517776481860111, "metadata": message.attempt_id, "mid": "m_" + message.mid}
        yield {
            "sender": person["recipient"],
            "recipient": person["sender"],
            "timestamp": at,
            "message": {**echo, "text": "Hello! This week all teas are a fifth cheaper, until Sunday evening."},
        }
        yield {**person, "timestamp": at + 900, "delivery": {"mids": ["m_" + message.mid], "watermark": at + 900}}
        if self._dice.random() < 0.6:
            yield {**person, "timestamp": at + 60_000, "read": {"watermark": at + 59_000}}

    def _act(self):
        number, at = next(self._numbers), int(time.time() * 1000) - self._dice.randrange(3_600_000)
        user_id = str(90_000_000_000_000_000 + self._dice.randrange(PEOPLE))
        mid = f"m_{number:012d}" + "Qpz5jtuwNEhXfYYKj8mJEM_" * 3
        person = {"sender": {"id": user_id}, "recipient": {"id": self.page}, "timestamp": at}
        match self._dice.randrange(20):
            case 0 | 1 | 2:
                return {**person, "postback": {"mid": mid, "title": "Get Started", "payload": "START"}}
            case 3:
                return {**person, "reaction": {"mid": mid, "action": "react", "emoji": "\u2764", "reaction": "love"}}
            case 4:
                return {**person, "referral": {"ref": "shop", "source": "SHORTLINK", "type": "OPEN_THREAD"}}
            case 5:
                return {**person, "delivery": {"mids": [mid], "watermark": at}}
            case 6:
                value = {"from": {"id": user_id, "name": "Somebody"}, "item": "comment", "verb": "add"}
                value |= {"comment_id": f"1_{number}", "created_time": at // 1000, "message": "How much is it?"}
                return {"field": "feed", "value": value}
            case 7:
                return {**person, "message_edit": {"mid": mid, "text": "new", "num_edit": 1}}
            case _:
                return {**person, "message": {"mid": mid, "text": "Hi, do you still have the green one in stock?"}}

    def drain(self) -> float:
        """Apply all that waits; return events a second."""
        events, self._waiting = self._waiting, 0
        with connect(self.url) as connection:
            began = time.perf_counter()
            report = reconcile_inbox(connection, timing=TIMING)
            seconds = time.perf_counter() - began
        if report.events != events or report.strange or not report.delivered:
            raise RuntimeError(f"of {events} events it applied {report}")
        return events / seconds

    def drain_one_by_one(self) -> float:
        """Apply each event in a transaction of its own, by the fewest statements that do; return events a second."""
        with connect(self.url) as connection:
            account_id = connection.execute("SELECT account_id FROM account").fetchone()["account_id"]
            began, count = time.perf_counter(), 0
            for row in connection.execute("SELECT receipt_id, body FROM receipt_inbox ORDER BY receipt_id").fetchall():
                for entry in json.loads(row["body"])["entry"]:
                    for event in entry.get("messaging", []):
                        with connection.transaction():
                            one_by_one(connection, account_id, event)
                        count += 1
                if count >= ONE_BY_ONE:
                    break
            return count / (time.perf_counter() - began)


def one_by_one(connection, account_id: int, event) -> None:
    """Apply one event as it is usually done."""
    person, at = event["sender"]["id"], event["timestamp"] / 1000
    message = event.get("message") or event.get("postback")
    if message and message.get("is_echo"):
        connection.execute(
            "UPDATE message_list SET platform_sent_at = to_timestamp(%s) WHERE message_id = "
            "(SELECT message_id FROM attempt WHERE attempt_id = %s)",
            [at, message["metadata"]],
        )
    elif message:
        connection.execute(
            "INSERT INTO interaction (account_id, user_id, kind, occurred_at, event_id) "
            "VALUES (%s, %s, 'message', to_timestamp(%s), %s) ON CONFLICT DO NOTHING",
            [account_id, person, at, message["mid"]],
        )
        connection.execute(
            "INSERT INTO last_interaction AS l (account_id, user_id, opener_at, opener_kind) "
            "VALUES (%s, %s, to_timestamp(%s), 'message') ON CONFLICT (account_id, user_id) DO UPDATE "
            "SET opener_at = greatest(l.opener_at, excluded.opener_at)",
            [account_id, person, at],
        )
    elif "delivery" in event:
        connection.execute(
            "UPDATE message_list SET state = 'delivered', delivered_at = to_timestamp(%s) WHERE state = 'sent' AND "
            "message_id IN (SELECT message_id FROM attempt WHERE outcome = 'accepted' AND provider_message_id = %s)",
            [at, event["delivery"]["mids"][0].removeprefix("m_")],
        )
    elif "read" in event:
        connection.execute(
            "UPDATE message_list SET state = 'read', read_at = to_timestamp(%s) WHERE account_id = %s AND user_id = %s "
            "AND state IN ('sent', 'delivered') AND sent_at <= to_timestamp(%s)",
            [at, account_id, person, event["read"]["watermark"] / 1000],
        )


def main() -> None:
    bars = Bars(f"{EVENTS:,} events of mixed kinds from inbox to tables, fsync and synchronous_commit on, one process")
    with open_stage() as stage:
        small = Hall(stage, history=HISTORY)
        speeds, ratios = beside(bars, small, Hall(stage, history=HISTORY * TIMES))
        long_ratio = long_inbox(bars, small, Hall(stage, history=HISTORY))
        small.fill(EVENTS)
        alone = small.drain_one_by_one()
    speed = median(speeds)
    bars.check(
        f"in sets: {speed:,.0f} events/s ({min(speeds):,.0f} to {max(speeds):,.0f})",
        holds=speed >= LEAST_PER_SECOND,
        bar=f"at least {LEAST_PER_SECOND:,} events/s",
    )
    bars.check(
        f"with {TIMES} times the history ({HISTORY * TIMES:,} messages, interactions, watermarks, waiting receipts): "
        f"{median(ratios):.2f} times as long",
        holds=median(ratios) <= MOST_RATIO,
        bar=f"at most {MOST_RATIO} times",
    )
    bars.check(
        f"with {TIMES} times the inbox ({EVENTS * TIMES:,} events wait): {long_ratio:.2f} times as long for each",
        holds=long_ratio <= MOST_RATIO,
        bar=f"at most {MOST_RATIO} times",
    )
    bars.say(f"each event in a transaction of its own: {alone:,.0f} events/s, {speed / alone:.0f} times slower")
    bars.end()


def beside(bars: Bars, small: Hall, large: Hall) -> tuple[list[float], list[float]]:
    """Drain beside a short and a long history in turns; return the speeds of the short one, and the ratios."""
    speeds, ratios = [], []
    for _ in range(TURNS + 1):
        small.fill(EVENTS)
        large.fill(EVENTS)
        speeds.append(small.drain())
        ratios.append(speeds[-1] / large.drain())
        bars.say(f"  a turn: {speeds[-1]:,.0f} events/s; {ratios[-1]:.2f} times as long with the long history")
    return speeds[1:], ratios[1:]  # the first ones read from the disk


def long_inbox(bars: Bars, small: Hall, full: Hall) -> float:
    """Return how much longer an event takes when ten times as many wait, beside a short inbox before and after."""
    full.fill(EVENTS * TIMES)
    small.fill(EVENTS)
    before = small.drain()
    speed = full.drain()
    small.fill(EVENTS)
    after = small.drain()
    bars.say(f"  a short inbox {before:,.0f} and {after:,.0f} events/s, a long one {speed:,.0f}")
    return (before + after) / 2 / speed


if __name__ == "__main__":
    main()
