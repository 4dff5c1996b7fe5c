"""A scene: one campaign in a database of its own, its account on the sandbox, and the two compared afterwards."""

import asyncio
import itertools
from collections import Counter, defaultdict
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import timedelta

import psycopg
from command import ROOT, Ended, end_of, start_command
from pydantic import SecretStr
from sender import Sender

from clients.postgres import connect
from clients.settings import Settings
from domain.window import InteractionKind
from factories import TIMING, World, user_id
from tasks.database import broken_promises
from tasks.interactions import Interaction, store_interactions
from tasks.receipts import store_receipt
from tasks.reconcile import reconcile_inbox
from tasks.running import run_campaign
from tasks.windows import read_clock, timing_of

TOKEN = "faults-token"
_ACCOUNT_IDS = itertools.count(880_000_000_001)


# Whose acceptance was believed under the id of a message whose own answer never came, and whose echo came later.
BELIEVED = """
SELECT b.user_id
FROM attempt AS b
INNER JOIN told_message_id AS t ON b.attempt_id = t.attempt_id
INNER JOIN attempt AS a
    ON a.account_id = b.account_id AND a.attempt_id <> b.attempt_id
    AND bare_id(a.provider_message_id) = bare_id(b.provider_message_id)
WHERE b.outcome = 'accepted' AND a.settled_at > b.ended_at
"""


@dataclass(frozen=True)
class Evidence:
    """What the table says beside what the platform says, when everything is over."""

    states: dict[str, int]
    unknown_before_echoes: int
    accepted: list
    posts: list
    attempts: dict[str, dict]
    messages: dict[str, dict]
    believed: set[str] = field(default_factory=set)

    @property
    def accepted_people(self) -> set[str]:
        return {one.recipient_id for one in self.accepted}

    def attempts_with_id(self, message_id) -> list:
        """Return the attempts that were told this message id: how and when each ended."""
        return [
            (attempt_id, row["user_id"], row["outcome"], str(row["ended_at"]), row["worker"])
            for attempt_id, row in self.attempts.items()
            if message_id is not None and row["provider_message_id"] == message_id
        ]

    def posts_to(self, person: str) -> list:
        return [post for post in self.posts if post.recipient_id == person]


@dataclass(frozen=True)
class Begins:
    """How much the platform's logs held when a scene began: what is older is none of its concern."""

    accepted: int
    posts: int
    webhooks: int

    @classmethod
    def of(cls, sandbox) -> "Begins":
        summary, webhooks = sandbox.summary(), sandbox.set_webhooks()
        return cls(summary.accepted, summary.posts, webhooks["published"])


def as_sent(state: str) -> str:
    """Return the state before receipts: the faults are about what was sent, and what was delivered or read was."""
    return "sent" if state in ("delivered", "read") else state


class Scene:
    """A campaign to people 0 to `people` - 1 who wrote `hours_ago`, all known to the sandbox too.

    `comments` lets them comment instead, for a campaign that answers privately. The timing is short: a read timeout of
    a second makes leases of six.
    """

    def __init__(
        self, database, sandbox, folder, *, people=20, hours_ago=1.0, per_second=None, comments=False, **chosen
    ) -> None:
        self.database = database
        self.sandbox = sandbox
        self._begins = Begins.of(sandbox)
        self.size = people
        self.settings = Settings(
            database_url=database,
            graph_url=chosen.pop("graph_url", sandbox.url),
            **{"read_timeout_seconds": 1.0, "safety_margin_seconds": 1.0, **chosen},
        )
        with self.world() as world:
            self.account = world.account(per_second=per_second, external_id=str(next(_ACCOUNT_IDS)))
            hours = hours_ago if callable(hours_ago) else lambda _: hours_ago
            if comments:
                self._let_people_comment(world)
            else:
                self._let_people_write(world, hours)
            self.campaign_id = self.add_campaign(world, folder, private_replies=comments)

    @property
    def timing(self):
        return timing_of(self.settings)

    @contextmanager
    def world(self):
        with connect(self.database) as connection:
            yield World(connection)

    def add_fault(self, fault, **rule) -> None:
        """Let a fault strike the POSTs of this scene's account."""
        self.sandbox.add_fault(fault, account=self.account.external_id, **rule)

    def start_sender(self, *, by=None, **how) -> Sender:
        """Start a process that sends the campaign; `by` are settings of its own in the environment."""
        return Sender(self.campaign_id, environment={**self.environment, **(by or {})}, **how)

    @property
    def environment(self) -> dict[str, str]:
        """What a process of our own must find in its environment to work on this scene."""
        chosen = self.settings
        return {
            "WINDOWCAST_DATABASE_URL": self.database,
            "WINDOWCAST_GRAPH_URL": chosen.graph_url,
            "WINDOWCAST_READ_TIMEOUT_SECONDS": str(chosen.read_timeout_seconds),
            "WINDOWCAST_SAFETY_MARGIN_SECONDS": str(chosen.safety_margin_seconds),
            "WINDOWCAST_IN_FLIGHT": str(chosen.in_flight),
            "WINDOWCAST_DATABASE_PATIENCE_SECONDS": str(chosen.database_patience_seconds),
            "WINDOWCAST_ERROR_SHARE_LIMIT": str(chosen.error_share_limit),
        }

    def command(self, *words, root=ROOT) -> Ended:
        """Run a `windowcast` command of a source tree on this scene's database, in a process of its own."""
        return end_of(start_command(words, environment=self.environment, root=root))

    def copy_in(self, database) -> "Scene":
        """Return the same scene in a copy of its database, as an account of its own on the platform."""
        twin = copy(self)
        twin.database = database
        twin.settings = self.settings.model_copy(update={"database_url": SecretStr(database)})
        twin.account = replace(self.account, external_id=str(next(_ACCOUNT_IDS)))
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("UPDATE windowcast.account SET external_id = %s", [twin.account.external_id])
            openers = connection.execute("SELECT user_id, opener_at FROM windowcast.last_interaction").fetchall()
        twin._begins = Begins.of(self.sandbox)
        twin._meet_people(openers)
        return twin

    def put_clock_ahead(self, **by) -> None:
        """Let the database's clock go on from a later time, or from an earlier one with negative numbers."""
        with self.world() as world:
            world.put_clock_ahead(**by)

    async def run(self, *, stop=None, database=None, longest_seconds=90.0):
        """Send the campaign in this process, if need be by another way to its database."""
        run = run_campaign(
            database or self.database, self.campaign_id, chosen=self.settings, stop=stop or asyncio.Event()
        )
        return await asyncio.wait_for(run, timeout=longest_seconds)

    def run_until_done(self, **how):
        """Send in this process, from outside an event loop."""
        return asyncio.run(self.run(**how))

    def carry_webhooks(self) -> int:
        """Bring what the platform published to the inbox and apply it; return how many attempts that settled."""
        with connect(self.database) as connection:
            for webhook in self.sandbox.webhooks(after=self._begins.webhooks):
                if webhook.account == self.account.external_id:
                    store_receipt(connection, webhook.body)
            return reconcile_inbox(connection, timing=self.timing).settled

    def states(self) -> dict[str, int]:
        """How many messages stand in each state; what its receipts moved on was sent."""
        counts: Counter[str] = Counter()
        with self.world() as world:
            for state, count in world.states(self.campaign_id).items():
                counts[as_sent(state)] += count
        return dict(counts)

    def posts(self) -> list:
        return [
            post for post in self.sandbox.posts(after=self._begins.posts) if post.account == self.account.external_id
        ]

    def accepted(self) -> list:
        return [one for one in self.sandbox.log(after=self._begins.accepted) if one.account == self.account.external_id]

    def evidence(self, *, clock_off_seconds: float = 0.0) -> Evidence:
        """Carry the webhooks, gather what both sides say, and check everything that must hold under every fault.

        `clock_off_seconds`: how far back or ahead of the platform's clock the database's ever was.
        """
        unknown = self.states().get("unknown", 0)
        self.carry_webhooks()
        with self.world() as world:
            attempts = world.connection.execute(
                "SELECT a.*, extract(EPOCH FROM lease_until)::float8 AS lease_epoch FROM attempt AS a"
            ).fetchall()
            messages = world.connection.execute(
                "SELECT * FROM message_list WHERE campaign_id = %s", [self.campaign_id]
            ).fetchall()
            believed = world.connection.execute(BELIEVED).fetchall()
            broken = broken_promises(world.connection)
        found = Evidence(
            states=self.states(),
            unknown_before_echoes=unknown,
            accepted=self.accepted(),
            posts=self.posts(),
            attempts={str(row["attempt_id"]): row for row in attempts},
            messages={row["user_id"]: {**row, "state": as_sent(row["state"])} for row in messages},
            believed={row["user_id"] for row in believed},
        )
        assert broken == {}
        self._check(found, clock_off_seconds=clock_off_seconds)
        return found

    def _check(self, found: Evidence, *, clock_off_seconds: float) -> None:
        # Never twice, never late.
        assert len(found.accepted_people) == len(found.accepted)
        assert all(one.window_open for one in found.accepted)
        # Every POST has its own attempt (P2, G1) and started inside that attempt's lease.
        posted = Counter(post.metadata for post in found.posts)
        assert set(posted.values()) <= {1}
        assert set(posted) <= set(found.attempts)
        ends = {attempt_id: row["lease_epoch"] + clock_off_seconds for attempt_id, row in found.attempts.items()}
        assert [post for post in found.posts if post.platform_ms / 1000 > ends[post.metadata]] == []
        # Never lost: every person has a state, and what is called sent is exactly what was accepted, but for an id that
        # an answer told when nothing had told yet whose it is (docs/guarantees.md).
        assert sum(found.states.values()) == self.size
        sent = {person for person, row in found.messages.items() if row["state"] == "sent"}
        differing = [
            {
                key: str(found.messages[person][key])
                for key in ("user_id", "state", "reason", "attempt_id", "provider_text")
            }
            | {"posts": [(post.metadata, post.fault, post.http_status) for post in found.posts_to(person)]}
            | {"same_id": found.attempts_with_id(found.messages[person]["provider_message_id"])}
            for person in (sent ^ found.accepted_people) - found.believed
        ]
        assert differing == [], differing

    def _let_people_write(self, world: World, hours) -> None:
        now = read_clock(world.connection)
        people_at = defaultdict(list)
        for number in range(self.size):
            people_at[hours(number)].append(number)
        for hours_ago, numbers in people_at.items():
            world.people_write(self.account, numbers, hours_ago=hours_ago)
        self._meet_people(
            (user_id(number), now - timedelta(hours=hours_ago))
            for hours_ago, numbers in people_at.items()
            for number in numbers
        )

    def _let_people_comment(self, world: World) -> None:
        at, account = read_clock(world.connection) - timedelta(hours=1), self.account
        self._meet_people(())
        acts = [
            {"account": account.external_id, "user_id": user_id(number), "kind": "comment", "comment_id": f"9_{number}"}
            for number in range(self.size)
        ]
        self.sandbox.people_write({**act, "occurred_at": at.isoformat()} for act in acts)
        told = [
            Interaction(account.account_id, act["user_id"], InteractionKind.COMMENT, at, act["comment_id"])
            for act in acts
        ]
        store_interactions(world.connection, told, timing=TIMING)

    def _meet_people(self, openers) -> None:
        """Tell the sandbox of the account, and who wrote to it when."""
        account = self.account.external_id
        self.sandbox.add_accounts([{"external_id": account, "token": TOKEN}])
        self.sandbox.people_write(
            {"account": account, "user_id": person, "occurred_at": at.isoformat()} for person, at in openers
        )

    def add_campaign(self, world: World, folder, **fields):
        """Submit a campaign to all people of the scene; return its id."""
        template = world.template(folder, text="Hello!")
        people = tuple(user_id(number) for number in range(self.size))
        return world.submit(world.submission(self.account, template, user_ids=people, **fields), folder)
