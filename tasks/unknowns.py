"""What is unknown: looked up in the conversations of its account until it is proven sent, or absent, or given up."""

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from clients.graph.conversations import ConversationReader, NoPage, Page
from clients.graph.messenger import Route
from clients.graph.webhook_events import echoes_in
from clients.graph.webhook_told import Echoed
from clients.postgres import Connection, connect
from clients.settings import Settings
from domain.account import Account
from domain.evidence import (
    LOOK_UPS,
    Conversation,
    LookUpResult,
    LookUpTiming,
    OtherMessage,
    Question,
    SeenMessage,
    Verdict,
    judge,
)
from domain.outcome import ProviderAnswer
from domain.pace import Timing, wait_after
from domain.template import Channel, Provider, Template, TextContent, render
from sql import query
from tasks.accounts import account_token
from tasks.decisions import Author, prove, resend_absent
from tasks.reconcile import reconcile_inbox
from tasks.recording import words_of
from tasks.templates import get_template
from tasks.windows import timing_of

logger = logging.getLogger("windowcast.unknowns")

# The platform may be away for look-ups alone; after so many without an answer in a row the next run asks again.
_MOST_WITHOUT_ANSWER: Final = 3
# A turn that is later than this is given up: it would use up what is in hand for the way there.
_TURN_TOLERANCE_SECONDS: Final = 0.1
# So many webhook bodies are read at most to see that webhooks are alive; each of them is an echo of the account.
_MOST_BODIES: Final = 1000
_POLICY: Final = "the campaign (--resend-unknown)"


@dataclass
class ResolveReport:
    """What one pass over the unknown messages did, and what is left of them.

    `unknown` messages remain; of them `given_up` have no proof to come, `due` could be looked up now and were not for
    lack of time or patience, and the next of the others is due in `next_in_seconds` (None: there is none).
    `ready_again` are those that policy B lets go a second time. `stopped_by` says what ended the pass early.
    """

    looked_up: int = 0
    found: int = 0
    absent: int = 0
    unclear: int = 0
    without_answer: int = 0
    settled_by_echo: int = 0
    ready_again: int = 0
    unknown: int = 0
    given_up: int = 0
    due: int = 0
    next_in_seconds: float | None = None
    grace_seconds: float = 0.0
    stopped_by: str = ""
    campaign_ids: set[UUID] = field(default_factory=set)  # of what is ready again


@dataclass(frozen=True)
class _Due:
    """An unknown attempt that is looked up now."""

    look_up_id: int
    attempt_id: UUID
    message_id: int
    campaign_id: UUID
    user_id: str
    text: str | None
    started_at: datetime
    over_at: datetime
    provider_message_id: str | None
    resends_unknown: bool


@dataclass(frozen=True)
class _Reading:
    """What a look-up read: a conversation, or why there is none."""

    pages: int
    conversation: Conversation | None = None
    none: NoPage | None = None


async def resolve_unknowns(
    url: str,
    account: Account,
    *,
    chosen: Settings,
    limit_seconds: float,
    campaign_id: UUID | None = None,
    timing: LookUpTiming = LOOK_UPS,
    stop: asyncio.Event | None = None,
) -> ResolveReport:
    """Look up the unknown messages of an account (of one campaign, if named) that are past their grace.

    Soonest-closing window first, at the look-ups' own pace over all workers, for at most `limit_seconds` and until
    `stop` is set; returns at once when nothing is due. Any number may run at once, and again after a crash: all they
    know is in the tables. Raises ConfigurationError without a token, and ServiceAwayError when Postgres is away.
    """
    with connect(url) as connection:
        resolver = _Resolver(connection, account, chosen=chosen, campaign_id=campaign_id, timing=timing)
        resolver.prepare()
        if resolver.report.due and account.provider is Provider.GRAPH and limit_seconds > 0:
            await resolver.run(give_up_at=time.monotonic() + limit_seconds, stop=stop or asyncio.Event())
            resolver.look_out()
        return resolver.report


def list_accounts_with_unknowns(connection: Connection) -> list[str]:
    """Return the names of the accounts for which proof of something unknown is still sought."""
    return [row["name"] for row in connection.execute(query("unknowns/list_accounts"))]


class _Resolver:
    """One pass over the unknown messages of an account."""

    def __init__(
        self,
        connection: Connection,
        account: Account,
        *,
        chosen: Settings,
        campaign_id: UUID | None,
        timing: LookUpTiming,
    ) -> None:
        self.report = ResolveReport()
        self._connection = connection
        self._account = account
        self._settings = chosen
        self._sending: Timing = timing_of(chosen)
        self._campaign_id = campaign_id
        self._timing = timing
        self._whom = {"account_id": account.account_id, "campaign_id": campaign_id}
        self._templates: dict[int, Template] = {}
        self._without_answer = 0
        self._give_up_at = 0.0
        self._stop = asyncio.Event()

    def prepare(self) -> None:
        """Rescue what dead workers left, let waiting echoes speak first, and see what is due."""
        self._connection.execute(query("attempts/rescue"))
        self.report.settled_by_echo = reconcile_inbox(self._connection, timing=self._sending).settled
        row = self._row(
            query("look_ups/note_acceptances"),
            least_grace_seconds=self._timing.least_grace_seconds,
            acceptances=self._timing.acceptances,
        )
        self.report.grace_seconds = row["grace_seconds"]
        self.look_out()

    def look_out(self) -> None:
        """Count what is left, and see when the next look-up is due."""
        row = self._row(query("look_ups/outlook"), grace_seconds=self.report.grace_seconds)
        self.report.unknown = row["unknown_count"]
        self.report.given_up = row["settled_count"]
        self.report.due = row["due_count"]
        self.report.next_in_seconds = None if row["due_count"] else row["next_in_seconds"]

    async def run(self, *, give_up_at: float, stop: asyncio.Event) -> None:
        self._give_up_at, self._stop = give_up_at, stop
        async with self._open_reader() as reader:
            while not self.report.stopped_by and await self._take_turn():
                due = self._begin()
                if due is None:
                    return
                await self._look_up(reader, due)

    # the pace

    async def _take_turn(self) -> bool:
        """Wait for the account's next look-up; False when there is none before this pass is over.

        A turn that this process comes to late is given up for a new one: late calls would meet those of others.
        """
        while True:
            asked = time.monotonic()
            row = self._row(query("look_ups/book"), gap_seconds=self._timing.gap_seconds)
            due_at = asked + max(0.0, row["wait_seconds"])
            if row["is_throttled"]:
                self.report.stopped_by = "the platform asked to wait with look-ups"
                return False
            if due_at > self._give_up_at:
                self.report.stopped_by = "the time for it is over"
                return False
            await self._sleep_until(due_at)
            if self._stop.is_set():
                self.report.stopped_by = "stopped as asked"
                return False
            if not self._timing.gap_seconds or time.monotonic() - due_at <= _TURN_TOLERANCE_SECONDS:
                return True

    async def _sleep_until(self, moment: float) -> None:
        seconds = moment - time.monotonic()
        if seconds > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), timeout=seconds)

    def _push_back(self, none: NoPage) -> None:
        count = self._row(query("look_ups/read_pace"))["throttle_count"] + 1
        self._connection.execute(
            query("look_ups/push_back"),
            {
                "account_id": self._account.account_id,
                "wait_seconds": wait_after(count, named_seconds=none.wait_seconds),
            },
        )
        self.report.stopped_by = "the platform asked to wait with look-ups"

    # one look-up

    def _begin(self) -> _Due | None:
        row = self._connection.execute(
            query("look_ups/begin"), {**self._whom, "grace_seconds": self.report.grace_seconds}
        ).fetchone()
        if row is None:
            return None
        return _Due(
            look_up_id=row["look_up_id"],
            attempt_id=row["attempt_id"],
            message_id=row["message_id"],
            campaign_id=row["campaign_id"],
            user_id=row["user_id"],
            text=_text_of(self._template(row["template_id"]), row["cells"]),
            started_at=row["started_at"],
            over_at=row["over_at"],
            provider_message_id=row["provider_message_id"],
            resends_unknown=row["resends_unknown"],
        )

    async def _look_up(self, reader: ConversationReader, due: _Due) -> None:
        self.report.looked_up += 1
        reading = await self._read(reader, due)
        verdict = self._verdict(due, reading)
        with self._connection.transaction():
            self._keep(due, verdict, pages=reading.pages)
            if verdict.message is not None:
                self._settle(due, verdict.message)
        if reading.none is not None:
            self._heed(reading.none)
            return
        self._without_answer = 0
        self._connection.execute(query("look_ups/forget_throttles"), {"account_id": self._account.account_id})
        if verdict.result is LookUpResult.ABSENT and due.resends_unknown:
            self._resend(due)

    async def _read(self, reader: ConversationReader, due: _Due) -> _Reading:
        """Read the conversation back past the attempt, as far as pages and time allow."""
        page = await reader.first_page(due.user_id)
        messages: list[SeenMessage] = []
        pages = 1
        while isinstance(page, Page):
            messages += page.messages
            is_enough = self._reaches_back(messages, due) or pages >= self._timing.most_pages
            if page.after is None or is_enough or not await self._take_turn():
                return _Reading(pages, Conversation(tuple(messages), is_whole=page.after is None))
            page = await reader.next_page(page)
            pages += 1
        return _Reading(pages, none=page)

    def _reaches_back(self, messages: list[SeenMessage], due: _Due) -> bool:
        start = due.started_at - timedelta(seconds=self._timing.skew_seconds)
        return any(message.created_at is not None and message.created_at < start for message in messages)

    def _verdict(self, due: _Due, reading: _Reading) -> Verdict:
        if reading.conversation is None:
            none = reading.none or NoPage(LookUpResult.NO_ANSWER, ProviderAnswer())
            return Verdict(none.result, words_of(none.answer))
        question, skew = self._question(due), self._timing.skew_seconds
        verdict = judge(question, reading.conversation, skew_seconds=skew)
        if verdict.result is LookUpResult.ABSENT:
            return verdict  # echoes could only explain more of what is not there
        foreign_ids = self._foreign_ids(due)
        return judge(replace(question, foreign_ids=foreign_ids), reading.conversation, skew_seconds=skew)

    def _question(self, due: _Due) -> Question:
        others = self._connection.execute(
            query("unknowns/list_other_attempts"),
            {"account_id": self._account.account_id, "user_id": due.user_id, "attempt_id": due.attempt_id},
        ).fetchall()
        return Question(
            user_id=due.user_id,
            account_ids=self._route().account_ids,
            text=due.text,
            started_at=due.started_at,
            latest_at=due.over_at + timedelta(seconds=self.report.grace_seconds),
            message_id=due.provider_message_id,
            others=tuple(OtherMessage(row["slot_at"], row["provider_message_id"]) for row in others),
        )

    def _foreign_ids(self, due: _Due) -> frozenset[str]:
        """Return the ids of messages to this person that an echo shows to be another's than this attempt.

        On Messenger the echo of our message carries the attempt's id, so one without it is another app's or was typed
        in the inbox. Instagram documents no metadata in echoes: there an echo without it excludes nothing.
        """
        start = due.started_at - timedelta(seconds=self._timing.skew_seconds)
        echoes = self._echoes(due.user_id, since=start)
        is_told = self._account.channel is Channel.MESSENGER
        return frozenset(
            echo.mid
            for _, echo in echoes
            if echo.mid and echo.attempt_id != due.attempt_id and (is_told or echo.attempt_id is not None)
        )

    def _keep(self, due: _Due, verdict: Verdict, *, pages: int) -> None:
        self._connection.execute(
            query("look_ups/finish"),
            {
                "look_up_id": due.look_up_id,
                "result": verdict.result,
                "page_count": pages,
                "detail": verdict.why.replace("\x00", "") or None,
            },
        )
        match verdict.result:
            case LookUpResult.FOUND:
                pass  # counted where it settles
            case LookUpResult.ABSENT:
                self.report.absent += 1
            case LookUpResult.UNCLEAR:
                self.report.unclear += 1
            case _:
                self.report.without_answer += 1

    def _settle(self, due: _Due, message: SeenMessage) -> None:
        if prove(self._connection, due.attempt_id, provider_message_id=message.message_id or None):
            self.report.found += 1
            self._connection.execute(
                query("receipts/keep_platform_times"),
                {"attempt_ids": [due.attempt_id], "sent_at": [message.created_at]},
            )
            logger.info("unknown message found", extra={"message_id": due.message_id})

    def _heed(self, none: NoPage) -> None:
        """Go on, or end the pass, as an answer that showed nothing asks for."""
        if none.result is LookUpResult.THROTTLED:
            self._push_back(none)
            return
        if none.is_account_stopped:
            self.report.stopped_by = f"the platform says: {words_of(none.answer)}"
            return
        self._without_answer = self._without_answer + 1 if none.result is LookUpResult.NO_ANSWER else 0
        if self._without_answer >= _MOST_WITHOUT_ANSWER:
            self.report.stopped_by = f"the platform does not answer look-ups ({words_of(none.answer)})"

    # policy B

    def _resend(self, due: _Due) -> None:
        """Let a message go a second time if all that policy B asks for is there; otherwise it stays unknown."""
        row = self._connection.execute(
            query("unknowns/is_absent_twice"),
            {"attempt_id": due.attempt_id, "grace_seconds": self.report.grace_seconds},
        ).fetchone()
        if row is None or not row["is_absent"] or not self._webhooks_are_alive(due):
            return
        # An echo that came in during the look-up has the last word.
        self.report.settled_by_echo += reconcile_inbox(self._connection, timing=self._sending).settled
        because = "absent in two look-ups, webhooks alive, window open"
        if resend_absent(
            self._connection,
            due.campaign_id,
            message_id=due.message_id,
            author=Author(_POLICY, because),
            timing=self._sending,
        ):
            self.report.ready_again += 1
            self.report.campaign_ids.add(due.campaign_id)
            logger.warning("unknown message is absent and ready again", extra={"message_id": due.message_id})

    def _webhooks_are_alive(self, due: _Due) -> bool:
        """Say whether the inbox holds an echo of this account, of whichever message, received after the POST was over.

        Only an echo shows that echoes are subscribed and reach us: that of our message would have come the same way.
        """
        own = self._account.external_id
        return any(external_id == own for external_id, _ in self._echoes(own, since=due.over_at))

    def _echoes(self, digits: str, *, since: datetime) -> list[tuple[str | None, Echoed]]:
        rows = self._connection.execute(
            query("unknowns/list_echo_bodies"), {"since": since, "digits": digits, "most": _MOST_BODIES}
        ).fetchall()
        return [echo for row in rows for echo in echoes_in(row["body"])]

    # what it needs

    def _row(self, statement: bytes, **parameters: Any) -> dict[str, Any]:
        row = self._connection.execute(statement, {**self._whom, **parameters}).fetchone()
        if row is None:
            raise LookupError("a statement that always returns a row returned none")
        return row

    def _template(self, template_id: int) -> Template:
        if template_id not in self._templates:
            self._templates[template_id] = get_template(self._connection, template_id)
        return self._templates[template_id]

    def _route(self) -> Route:
        account = self._account
        return Route(
            channel=account.channel,
            external_id=account.external_id,
            page_id=account.page_id,
            token=account_token(account),
        )

    def _open_reader(self) -> ConversationReader:
        return ConversationReader(
            self._route(),
            base_url=self._settings.graph_url,
            version=self._settings.graph_version,
            read_timeout_seconds=self._sending.read_timeout_seconds,
            connect_timeout_seconds=self._sending.connect_timeout_seconds,
        )


def _text_of(template: Template, cells: list[str]) -> str | None:
    """Return the text that was sent; None for a content that has no single one."""
    if not isinstance(template.content, TextContent):
        return None
    return render(template.content.text, dict(zip(template.variables, cells, strict=True)))
