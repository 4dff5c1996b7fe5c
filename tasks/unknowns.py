"""What is unknown: looked up in the conversations of its account until it is proven sent, or absent, or given up."""

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from clients.graph.conversations import ConversationReader, NoPage, Page
from clients.postgres import Connection, connect
from clients.settings import Settings
from domain.account import Account
from domain.evidence import (
    LOOK_UPS,
    Conversation,
    LookUpResult,
    LookUpTiming,
    SeenMessage,
    Verdict,
)
from domain.template import Provider, Template, TextContent, render
from sql import query
from tasks.decisions import Author, prove, resend_absent
from tasks.look_up_pace import LookUpPace, Turn, open_reader
from tasks.look_ups import Due, LookUpJudge, Reading
from tasks.reconcile import settle_by_inbox
from tasks.recording import words_of
from tasks.templates import get_template
from tasks.windows import timing_of

logger = logging.getLogger("windowcast.unknowns")

# The platform may be away for look-ups alone; after so many without an answer in a row the next run asks again.
_MOST_WITHOUT_ANSWER: Final = 3
_STOPPED_BY: Final = {
    Turn.THROTTLED: "the platform asked to wait with look-ups",
    Turn.TOO_LATE: "the time for it is over",
    Turn.STOPPED: "stopped as asked",
}
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
        self._sending = timing_of(chosen)
        self._campaign_id = campaign_id
        self._timing = timing
        self._whom = {"account_id": account.account_id, "campaign_id": campaign_id}
        self._judge = LookUpJudge(connection, account, timing=timing)
        self._templates: dict[int, Template] = {}
        self._without_answer = 0
        self._give_up_at = 0.0
        self._pace = self._pace_until(asyncio.Event())

    def prepare(self) -> None:
        """Rescue what dead workers left, let waiting echoes speak first, and see what is due."""
        self._connection.execute(query("attempts/rescue"))
        self.report.settled_by_echo = settle_by_inbox(self._connection, timing=self._sending)
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
        self._give_up_at, self._pace = give_up_at, self._pace_until(stop)
        async with open_reader(self._account, chosen=self._settings) as reader:
            while not self.report.stopped_by and await self._take_turn():
                due = self._begin()
                if due is None:
                    return
                await self._look_up(reader, due)

    # the pace

    def _pace_until(self, stop: asyncio.Event) -> LookUpPace:
        return LookUpPace(self._connection, self._account.account_id, gap_seconds=self._timing.gap_seconds, stop=stop)

    async def _take_turn(self) -> bool:
        """Wait for the account's next look-up; False when there is none before this pass is over."""
        turn = await self._pace.take_turn(give_up_at=self._give_up_at)
        self.report.stopped_by = _STOPPED_BY.get(turn, "")
        return turn is Turn.TAKEN

    # one look-up

    def _begin(self) -> Due | None:
        row = self._connection.execute(
            query("look_ups/begin"), {**self._whom, "grace_seconds": self.report.grace_seconds}
        ).fetchone()
        if row is None:
            return None
        return Due(
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

    async def _look_up(self, reader: ConversationReader, due: Due) -> None:
        self.report.looked_up += 1
        reading = await self._read(reader, due)
        verdict = self._judge.verdict(due, reading, grace_seconds=self.report.grace_seconds)
        with self._connection.transaction():
            self._keep(due, verdict, pages=reading.pages)
            if verdict.message is not None:
                self._settle(due, verdict.message)
        if reading.none is not None:
            self._heed(reading.none)
            return
        self._without_answer = 0
        self._pace.forget_throttles()
        if verdict.result is LookUpResult.ABSENT and due.resends_unknown:
            self._resend(due)

    async def _read(self, reader: ConversationReader, due: Due) -> Reading:
        """Read the conversation back past the attempt, as far as pages and time allow."""
        page = await reader.first_page(due.user_id)
        messages: list[SeenMessage] = []
        pages = 1
        while isinstance(page, Page):
            messages += page.messages
            is_enough = self._judge.reaches_back(messages, due) or pages >= self._timing.most_pages
            if page.after is None or is_enough or not await self._take_turn():
                return Reading(pages, Conversation(tuple(messages), is_whole=page.after is None))
            page = await reader.next_page(page)
            pages += 1
        return Reading(pages, none=page)

    def _keep(self, due: Due, verdict: Verdict, *, pages: int) -> None:
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

    def _settle(self, due: Due, message: SeenMessage) -> None:
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
            self._pace.push_back(none)
            self.report.stopped_by = _STOPPED_BY[Turn.THROTTLED]
            return
        if none.is_account_stopped:
            self.report.stopped_by = f"the platform says: {words_of(none.answer)}"
            return
        self._without_answer = self._without_answer + 1 if none.result is LookUpResult.NO_ANSWER else 0
        if self._without_answer >= _MOST_WITHOUT_ANSWER:
            self.report.stopped_by = f"the platform does not answer look-ups ({words_of(none.answer)})"

    # policy B

    def _resend(self, due: Due) -> None:
        """Let a message go a second time if all that policy B asks for is there; otherwise it stays unknown."""
        row = self._connection.execute(
            query("unknowns/is_absent_twice"),
            {"attempt_id": due.attempt_id, "grace_seconds": self.report.grace_seconds},
        ).fetchone()
        if row is None or not row["is_absent"] or not self._judge.webhooks_are_alive(due):
            return
        # An echo that came in during the look-up has the last word.
        self.report.settled_by_echo += settle_by_inbox(self._connection, timing=self._sending)
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


def _text_of(template: Template, cells: list[str]) -> str | None:
    """Return the text that was sent; None for a content that has no single one."""
    if not isinstance(template.content, TextContent):
        return None
    return render(template.content.text, dict(zip(template.variables, cells, strict=True)))
