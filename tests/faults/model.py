"""What must happen, in a few lines of Python: campaigns, attempts and people without a database, for comparison.

Time stands still within a step and is a plain datetime; one account sends without a pace.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from domain.outcome import Accepted, AccountStopped, NotSent, Outcome, Refused, Throttled, Unknown
from domain.pace import Timing, wait_after

DAY = timedelta(hours=24)
PERSON_WAIT = timedelta(seconds=30)


@dataclass
class Attempt:
    """One intention to POST. `is_taken` is what the platform really did, whatever anybody was told."""

    campaign: "Campaign"
    person: int
    started_at: datetime
    opener_at: datetime
    lease_until: datetime
    is_taken: bool = False
    outcome: str | None = None
    is_settled: bool = False


@dataclass
class Message:
    """One row of a campaign."""

    place: int
    state: str = "ready"
    attempt: str | None = None
    closes_at: datetime | None = None
    not_before: datetime | None = None


@dataclass
class Campaign:
    """One campaign and its messages by person."""

    messages: dict[int, Message]
    state: str = "scheduled"
    is_paused_by_account: bool = False
    has_started: bool = False

    def count(self, *states: str) -> int:
        return sum(message.state in states for message in self.messages.values())


@dataclass
class Model:
    """The account, its people, its campaigns."""

    now: datetime
    timing: Timing
    openers: dict[int, datetime] = field(default_factory=dict)
    opted_out: set[int] = field(default_factory=set)
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    attempts: dict[str, Attempt] = field(default_factory=dict)
    is_account_paused: bool = False
    not_before: datetime | None = None
    away_count: int = 0
    _places: count = field(default_factory=count)

    # whom a window lets through

    def is_reachable(self, person: int) -> bool:
        """Say whether an attempt may be made for a person now."""
        opener = self.openers.get(person)
        reserve = timedelta(seconds=self.timing.margin_seconds + self.timing.reserve_seconds)
        return person not in self.opted_out and opener is not None and opener + DAY > self.now + reserve

    def turns(self, campaign: Campaign) -> list[int]:
        """Return the people whom a claim may take now, in the order of their turns."""
        if campaign.state != "sending" or self.is_account_paused or (self.not_before and self.not_before > self.now):
            return []
        waiting = {one.person for one in self.attempts.values() if not one.is_settled}
        free = {
            person: message
            for person, message in campaign.messages.items()
            if message.state == "ready"
            and person not in waiting
            and self.is_reachable(person)
            and (message.not_before is None or message.not_before <= self.now)
        }
        return sorted(free, key=lambda person: (free[person].closes_at, free[person].place))

    # what people and the platform do

    def write(self, person: int, at: datetime) -> None:
        self.openers[person] = opener = max(at, self.openers.get(person, at))
        for campaign in self.campaigns.values():
            message = campaign.messages.get(person)
            if message and message.state == "ready" and message.closes_at and message.closes_at < self._closing(opener):
                message.closes_at = self._closing(opener)

    def opt_out(self, person: int) -> None:
        self.opted_out.add(person)
        for campaign in self.campaigns.values():
            message = campaign.messages.get(person)
            if message and message.state == "ready" and campaign.state in ("sending", "paused"):
                message.state = "ineligible"

    def upload(self, name: str, people: list[int]) -> None:
        self.campaigns[name] = Campaign({person: Message(next(self._places)) for person in people})
        if not any(self.is_reachable(person) for person in people):
            self.campaigns[name].state = "refused"
            self._set_aside(self.campaigns[name])

    def start(self, campaign: Campaign) -> None:
        for person, message in campaign.messages.items():
            if message.state == "ready" and person in self.openers:
                message.closes_at = self._closing(self.openers[person])
        self._set_aside(campaign)
        campaign.state, campaign.has_started = "sending", True

    # what senders do

    def keep_up(self, campaign: Campaign) -> None:
        """What every share does first: rescue, settle, close turns that are over."""
        for key, attempt in self.attempts.items():
            if attempt.outcome is None and attempt.lease_until < self.now:
                attempt.outcome = "unknown"
                self._move(key, "unknown")
            ends = min(attempt.opener_at, attempt.started_at) + DAY
            if attempt.outcome == "unknown" and ends < self.now:
                attempt.is_settled = True
        for person, message in campaign.messages.items():
            is_closed = message.closes_at and message.closes_at <= self.now + self._reserve()
            if campaign.state == "sending" and message.state == "ready" and is_closed:
                opener = self.openers[person]
                if self._closing(opener) <= self.now + self._reserve():
                    message.state = "expired"

    def claim(self, campaign: Campaign, person: int, key: str, *, lease_seconds: float) -> None:
        lease_until = self.now + timedelta(seconds=lease_seconds)
        self.attempts[key] = Attempt(campaign, person, self.now, self.openers[person], lease_until)
        campaign.messages[person].state, campaign.messages[person].attempt = "sending", key

    def post(self, campaign: Campaign, person: int, key: str, *, outcome: Outcome, is_taken: bool) -> None:
        """An attempt is made, and its outcome is recorded at once."""
        self.claim(campaign, person, key, lease_seconds=self.timing.lease_seconds)
        self.attempts[key].is_taken = is_taken
        match outcome:
            case Accepted():
                self.record(key, "accepted")
                self.away_count = 0
            case Refused():
                self.record(key, "refused")
                self.away_count = 0
            case Unknown():
                self.record(key, "unknown")
            case NotSent(service_away=False):
                wait = PERSON_WAIT if outcome.answer.code is not None else None
                self.record(key, "not_sent", not_before=self.now + wait if wait else None)
            case NotSent():
                self.record(key, "not_sent")
                self._push_back(None)
            case Throttled():
                self.record(key, "not_sent")
                self._push_back(outcome.wait_seconds)
            case AccountStopped():
                self.record(key, "not_sent")
                self.pause_account()

    def record(self, key: str, outcome: str, *, not_before: datetime | None = None) -> None:
        """An outcome is recorded, in time or long after: what is decided stays decided."""
        attempt = self.attempts[key]
        goes_on = attempt.campaign.state in ("sending", "paused")
        if attempt.outcome not in (None, "unknown"):
            return
        if attempt.outcome == "unknown" and outcome == "not_sent" and not goes_on:
            return
        attempt.outcome = outcome
        attempt.is_settled = attempt.is_settled or outcome != "unknown"
        state = {"accepted": "sent", "refused": "failed", "not_sent": "ready", "unknown": "unknown"}[outcome]
        if self._move(key, state) and state == "ready":
            attempt.campaign.messages[attempt.person].not_before = not_before

    def echo(self, key: str) -> None:
        attempt = self.attempts[key]
        if attempt.outcome in (None, "unknown"):
            attempt.outcome, attempt.is_settled = "accepted", True
            self._move(key, "sent")

    # what people at the controls do

    def pause_account(self) -> None:
        self.is_account_paused = True
        for campaign in self.campaigns.values():
            if campaign.state == "sending":
                campaign.state, campaign.is_paused_by_account = "paused", True

    def resume_account(self) -> None:
        self.is_account_paused, self.not_before, self.away_count = False, None, 0
        for campaign in self.campaigns.values():
            if campaign.state == "paused" and campaign.is_paused_by_account:
                campaign.state, campaign.is_paused_by_account = "sending", False

    def cancel(self, campaign: Campaign) -> None:
        campaign.state, campaign.is_paused_by_account = "cancelled", False
        self._cancel_ready(campaign)

    def close(self, campaign: Campaign) -> None:
        if campaign.state == "cancelled":
            self._cancel_ready(campaign)
        elif campaign.state == "sending" and not campaign.count("ready", "sending"):
            campaign.state = "finished"

    def _closing(self, opener: datetime) -> datetime:
        return opener + DAY - timedelta(seconds=self.timing.margin_seconds)

    def _reserve(self) -> timedelta:
        return timedelta(seconds=self.timing.reserve_seconds)

    def _set_aside(self, campaign: Campaign) -> None:
        for person, message in campaign.messages.items():
            if message.state == "ready" and not self.is_reachable(person):
                message.state = "ineligible"

    def _cancel_ready(self, campaign: Campaign) -> None:
        for message in campaign.messages.values():
            if message.state == "ready":
                message.state = "cancelled"

    def _move(self, key: str, state: str) -> bool:
        message = self.attempts[key].campaign.messages[self.attempts[key].person]
        if message.attempt != key or message.state not in ("sending", "unknown") or message.state == state:
            return False
        message.state = state
        return True

    def _push_back(self, named_seconds: float | None) -> None:
        self.away_count += 1
        wait = timedelta(seconds=wait_after(self.away_count, named_seconds=named_seconds))
        self.not_before = max(self.not_before or self.now, self.now + wait)
