"""Everything done twice: with our code in Postgres, whose clock it holds, and in the model of model.py."""

import asyncio
import json
import uuid
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from model import Campaign, Model

from clients.postgres import connect
from domain.errors import NobodyEligibleError
from domain.outcome import (
    Accepted,
    AccountStopped,
    NotSent,
    ProviderAnswer,
    Refused,
    Throttled,
    Unknown,
)
from domain.reasons import Reason
from domain.window import InteractionKind
from factories import TIMING, World, user_id
from tasks.accounts import find_account
from tasks.campaigns import cancel_campaign, close_campaign, pause_campaign, resume_campaign, start_campaign
from tasks.interactions import Interaction, store_interactions
from tasks.receipts import store_receipt
from tasks.reconcile import reconcile_inbox
from tasks.sending import send_share
from tasks.share import ShareOrder
from tasks.templates import get_template

PEOPLE = range(6)
START = datetime(2026, 11, 23, 12, tzinfo=UTC)
CRASH_LEASE_SECONDS = 60  # of World.claim
_MIDS = count(1)

# What a POST may end in, and whether the platform took the message.
OUTCOMES = {
    "accepted": (lambda: Accepted(f"m-{next(_MIDS)}"), True),
    "refused": (lambda: Refused(Reason.PERSON_UNKNOWN, ProviderAnswer(100, 2018001)), False),
    "unknown, taken": (lambda: Unknown(Reason.NO_ANSWER, ProviderAnswer()), True),
    "unknown, not taken": (lambda: Unknown(Reason.UNCLEAR_ANSWER, ProviderAnswer(1)), False),
    "not sent": (lambda: NotSent(ProviderAnswer()), False),
    "not to this person now": (lambda: NotSent(ProviderAnswer(613, 2018338)), False),
    "platform away": (lambda: NotSent(ProviderAnswer(), service_away=True), False),
    "throttled": (lambda: Throttled(ProviderAnswer(613), wait_seconds=600), False),
    "token dead": (lambda: AccountStopped(ProviderAnswer(190)), False),
}
ENDS_THE_SHARE = {"platform away", "throttled", "token dead"}


class Scripted:
    """A platform that does what a script says, once for each POST, and asks the share to stop after the last."""

    def __init__(self, outcomes, *, stop) -> None:
        self._outcomes = list(outcomes)
        self._stop = stop
        self.posts = []

    async def send(self, recipient_id, *, content, metadata):
        self.posts.append((recipient_id, metadata))
        outcome = self._outcomes.pop(0)
        if not self._outcomes:
            self._stop.set()
        return outcome


class Twice(RuleBasedStateMachine):
    """What the rules of test_model.py are made of."""

    url = ""
    folder = None

    def __init__(self) -> None:
        super().__init__()
        self._door = connect(self.url)
        self.connection = self._door.__enter__()
        _empty(self.connection)
        self.world = World(self.connection)
        self.model = Model(START, TIMING)
        self._set_clock(START)
        self.account = self.world.account(per_second=None)
        self.posted = []
        self._begin_with_work()

    def _act(self, people, hours_ago, *, kind):
        at = self.model.now - timedelta(hours=hours_ago)
        self._store(people, kind, at)
        for person in people if kind is InteractionKind.MESSAGE else ():
            self.model.write(person, at)

    def _upload(self, people):
        self._step()
        template = self.world.template(self.folder, text="Hello!")
        submission = self.world.submission(self.account, template, user_ids=tuple(map(user_id, people)))
        name = str(uuid.uuid4())
        self.model.upload(name, people)
        try:
            campaign_id = self.world.submit(submission, self.folder)
        except NobodyEligibleError:
            assert self.model.campaigns[name].state == "refused"
            campaign_id = self._newest()
        self.model.campaigns[str(campaign_id)] = self.model.campaigns.pop(name)
        return str(campaign_id), self.model.campaigns[str(campaign_id)]

    def _start(self, key, campaign):
        self._step()
        assert start_campaign(self.connection, uuid.UUID(key), timing=TIMING)
        self.model.start(campaign)

    def _control(self, data, deed):
        key, campaign = self._pick(data, lambda one: self._fits(deed, one))
        match deed if campaign else None:
            case "start":
                self._start(key, campaign)
            case "close":
                close_campaign(self.connection, uuid.UUID(key))
                self.model.close(campaign)
            case "pause":
                pause_campaign(self.connection, uuid.UUID(key))
                campaign.state = "paused"
            case "resume":
                resume_campaign(self.connection, uuid.UUID(key))
                campaign.state = "sending" if campaign.has_started else "scheduled"
            case "cancel":
                cancel_campaign(self.connection, uuid.UUID(key))
                self.model.cancel(campaign)

    def _fits(self, deed, campaign) -> bool:
        match deed:
            case "start":
                return campaign.state == "scheduled" and not self.model.is_account_paused
            case "pause":
                return campaign.state in ("scheduled", "sending")
            case "resume":
                return campaign.state == "paused" and not campaign.is_paused_by_account
            case "cancel":
                # One campaign is always left to send.
                others = [one for one in self.model.campaigns.values() if one is not campaign]
                is_open = campaign.state in ("scheduled", "sending", "paused")
                return is_open and any(one.state in ("sending", "paused") for one in others)
            case _:
                return True

    def _send_some(self, data, names):
        key, campaign = self._pick(data, lambda one: bool(self.model.turns(one)))
        if campaign:
            self._step()
            self._send(key, campaign, names)

    def _begin_with_work(self):
        """Everybody has written, the later ones longer ago; two campaigns to all of them are sending."""
        for person in PEOPLE:
            self._act([person], person * 4, kind=InteractionKind.MESSAGE)
        for _ in range(2):
            self._start(*self._upload(list(PEOPLE)))

    def _step(self, seconds=1):
        self._set_clock(self.model.now + timedelta(seconds=seconds))

    def _set_clock(self, moment):
        self.model.now = moment
        self.connection.execute(
            "CREATE OR REPLACE FUNCTION windowcast.clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS "
            f"$$SELECT '{moment.isoformat()}'::timestamptz$$"
        )

    def _pick(self, data, condition) -> tuple[str | None, Campaign | None]:
        keys = [key for key, campaign in self.model.campaigns.items() if condition(campaign)]
        if not keys:
            return None, None
        key = data.draw(st.sampled_from(keys))
        return key, self.model.campaigns[key]

    def _newest(self):
        known = list(self.model.campaigns)
        rows = self.connection.execute("SELECT campaign_id FROM campaign").fetchall()
        return next(row["campaign_id"] for row in rows if str(row["campaign_id"]) not in known)

    def _store(self, people, kind, at):
        events = [
            Interaction(self.account.account_id, user_id(one), kind, at, f"e-{one}-{kind}-{at.timestamp()}")
            for one in people
        ]
        store_interactions(self.connection, events, timing=TIMING)

    def _send(self, key, campaign, names):
        """Foretell whom a share will POST to and what comes of it; let it; compare."""
        names = self._as_far_as_it_comes(campaign, names)
        if not names:
            return
        outcomes = [OUTCOMES[name][0]() for name in names]
        posts = self._share(key, outcomes)
        self.model.keep_up(campaign)
        for (recipient, attempt), name, outcome in zip(posts, names, outcomes, strict=True):
            person = self.model.turns(campaign)[0]
            assert recipient == user_id(person)
            self.model.post(campaign, person, attempt, outcome=outcome, is_taken=OUTCOMES[name][1])

    def _as_far_as_it_comes(self, campaign, names) -> list[str]:
        """Return the beginning of a script that a share will come to: until nobody is left, or it is told to stop."""
        foretold = deepcopy((self.model, campaign))
        model, campaign = foretold
        model.keep_up(campaign)
        for place, name in enumerate(names):
            turns = model.turns(campaign)
            if not turns:
                return names[:place]
            make, is_taken = OUTCOMES[name]
            model.post(campaign, turns[0], f"foretold-{place}", outcome=make(), is_taken=is_taken)
            if name in ENDS_THE_SHARE:
                return names[: place + 1]
        return names

    def _share(self, key, outcomes):
        template_id = self.connection.execute(
            "SELECT template_id FROM campaign WHERE campaign_id = %s", [key]
        ).fetchone()["template_id"]
        order = ShareOrder(
            campaign_id=uuid.UUID(key),
            account=find_account(self.connection, self.account.name),
            template=get_template(self.connection, template_id),
            timing=TIMING,
            in_flight=1,
        )

        async def run():
            stop = asyncio.Event()
            platform = Scripted(outcomes, stop=stop)
            if not outcomes:
                stop = None
            await asyncio.wait_for(send_share(self.url, platform, order=order, stop=stop), timeout=90)
            return platform.posts

        posts = asyncio.run(run())
        self.posted += [attempt for _, attempt in posts]
        return posts

    def _crash(self, key, campaign, person, *, is_taken):
        attempt = str(self.world.claim(uuid.UUID(key), person))
        self.model.claim(campaign, person, attempt, lease_seconds=CRASH_LEASE_SECONDS)
        self.model.attempts[attempt].is_taken = is_taken

    def _record_late(self, key, *, is_definite):
        attempt = self.model.attempts[key]
        if not is_definite:
            self.world.end(uuid.UUID(key), outcome="unknown", state="unknown", reason="no_answer")
            self.model.record(key, "unknown")
        elif attempt.is_taken:
            self.world.end(uuid.UUID(key), outcome="accepted", state="sent", mid=f"m-{next(_MIDS)}")
            self.model.record(key, "accepted")
        else:
            self.world.end(uuid.UUID(key), outcome="not_sent", state="ready")
            self.model.record(key, "not_sent")

    def _echo(self, key):
        attempt = self.model.attempts[key]
        event = {
            "sender": {"id": self.account.external_id},
            "recipient": {"id": user_id(attempt.person)},
            "timestamp": int(attempt.started_at.timestamp() * 1000),
            "message": {"mid": f"m-of-{key}", "is_echo": True, "metadata": key, "text": "Hello!"},
        }
        body = {"object": "page", "entry": [{"id": self.account.external_id, "messaging": [event]}]}
        store_receipt(self.connection, json.dumps(body).encode())
        reconcile_inbox(self.connection, timing=TIMING)
        self.model.echo(key)


def _empty(connection):
    """Take everything out of the tables but what the migrations put there."""
    rows = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'windowcast'::regnamespace AND relkind IN ('r', 'p') "
        "AND relname NOT IN ('migration', 'message_move', 'campaign_move') AND NOT relispartition"
    ).fetchall()
    connection.execute(f"TRUNCATE {', '.join(row['relname'] for row in rows)} RESTART IDENTITY CASCADE")
