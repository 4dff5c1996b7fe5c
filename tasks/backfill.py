"""History from the platform: an account's conversations, the newest first, for what its people wrote last.

The Conversations API tells of messages alone: who only tapped a button or reacted is not found by it, so windows are
missed by it and never invented (Conversations API, 2026-02-11). One call is one step and one transaction, and what is
left to do stands in the tables: a killed process costs the call that it was at, and several share the walk.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from clients.graph.conversations import ConversationList, ConversationReader, ListedConversation, NoPage, Page
from clients.postgres import Connection, connect
from clients.settings import Settings
from domain.account import Account
from domain.errors import ServiceAwayError, UnfinishedError
from domain.evidence import LOOK_UPS, LookUpResult, LookUpTiming, SeenMessage
from domain.window import InteractionKind
from sql import query
from tasks.interactions import Interaction, store_interactions
from tasks.look_up_pace import LookUpPace, Turn, open_reader
from tasks.planning import duration
from tasks.recording import words_of
from tasks.windows import timing_of

logger = logging.getLogger("windowcast.backfill")

# The platform may be away; after so many calls without an answer in a row a person or the next run tries again.
_MOST_TRIES: Final = 3
# Codes of the Graph API that say nothing about what was asked for, and no code at all.
_PASSING_CODES: Final = frozenset({None, 1, 2})
# The newest 20 messages of a conversation can be read (Conversations API), in pages of 10.
_MOST_PAGES: Final = 2
# A process that keeps a conversation for longer than this is gone: a call lasts half a minute at most.
_TAKEN_SECONDS: Final = 60.0
_AGAIN_SECONDS: Final = 5.0
# A wait that the platform asks for is waited out; a longer one is told, and the next run goes on.
_LONGEST_WAIT_SECONDS: Final = 300.0
_POLL_SECONDS: Final = 1.0
_LONGEST_USER_ID: Final = 32
_KEPT: Final = "what was read is kept, and the same command goes on from there"


@dataclass
class BackfillReport:
    """What one run read; a conversation that was written in meanwhile is read again.

    `silent` are conversations whose readable messages are all from the account, `skipped` could not be read. `new`
    messages were not known before; `newest_at` is the newest message of a person.
    """

    calls: int = 0
    people: int = 0
    new: int = 0
    silent: int = 0
    skipped: int = 0
    newest_at: datetime | None = None

    @property
    def conversations(self) -> int:
        """How many conversations were read, or could not be."""
        return self.people + self.silent + self.skipped


_Tell: TypeAlias = Callable[[BackfillReport], None]


async def backfill(
    url: str,
    account: Account,
    *,
    chosen: Settings,
    since: datetime | None = None,
    restarts: bool = False,
    timing: LookUpTiming = LOOK_UPS,
    stop: asyncio.Event | None = None,
    tell: _Tell | None = None,
) -> BackfillReport:
    """Read the account's conversations that were last written in since `since` (None: all of them).

    What is new since an earlier walk comes first, then the walk goes on where that one ended; with `restarts` it is
    forgotten. Raises UnfinishedError with a sentence when the platform refuses the account, asks for a long wait, or
    `stop` is set, ServiceAwayError when it does not answer, and ConfigurationError without a token.
    """
    reader = open_reader(account, chosen=chosen)
    with connect(url) as connection:
        if restarts:
            connection.execute(query("backfill/forget"), {"account_id": account.account_id})
        pace = LookUpPace(connection, account.account_id, gap_seconds=timing.gap_seconds, stop=stop)
        async with reader:
            walk = _Walk(connection, account, reader=reader, pace=pace, chosen=chosen, since=since, tell=tell)
            await walk.run()
            return walk.report


class _Walk:
    """One run through an account's conversations."""

    def __init__(
        self,
        connection: Connection,
        account: Account,
        *,
        reader: ConversationReader,
        pace: LookUpPace,
        chosen: Settings,
        since: datetime | None,
        tell: _Tell | None,
    ) -> None:
        self.report = BackfillReport()
        self._connection = connection
        self._account = account
        self._whom = {"account_id": account.account_id}
        self._own_ids = frozenset((account.external_id, account.page_id))
        self._reader = reader
        self._pace = pace
        self._sending = timing_of(chosen)
        self._since = since
        self._tell = tell or _tell_nobody
        self._without_answer = 0

    async def run(self) -> None:
        """Read what is new since an earlier walk, then on down, and last what was written in meanwhile."""
        begun = self._standing()
        if begun["top_at"] is not None:
            await self._catch_up(begun["top_at"])
        pages = await self._go_down()
        if pages > 1:
            await self._catch_up(self._standing()["top_at"])
        await self._read_waiting(waits_for_others=True)

    # the list

    async def _go_down(self) -> int:
        """Read the list on from where the walk stands, down to its end or to `since`; return how many pages."""
        pages = 0
        while not self._is_down(self._standing()):
            await self._turn()
            # What another process is just reading says where the next page begins: this turn is given up for it.
            with self._only_lister() as is_ours:
                if is_ours and not self._is_down(standing := self._standing()):
                    await self._read_page(standing["next_cursor"])
                    pages += 1
            await self._read_waiting()
        return pages

    async def _read_page(self, cursor: str | None) -> None:
        """Read the page of the list behind a cursor and keep it, and that the walk is past it."""
        listed = await self._list(cursor)
        with self._connection.transaction():
            self._take_in(listed.conversations)
            self._connection.execute(
                query("backfill/go_down"),
                {
                    **self._whom,
                    "cursor": cursor,
                    "next_cursor": listed.after,
                    "newest_at": max(_times(listed), default=None),
                    "oldest_at": min(_times(listed), default=None),
                },
            )

    @contextmanager
    def _only_lister(self) -> Iterator[bool]:
        """Keep other processes from reading this account's list on; say whether none is doing so."""
        is_ours = self._row(query("backfill/take_list"))["is_ours"]
        try:
            yield is_ours
        finally:
            if is_ours and not self._connection.closed:
                self._connection.execute(query("backfill/give_list_back"), self._whom)

    def _is_down(self, standing: dict[str, Any]) -> bool:
        bottom_at = standing["bottom_at"]
        is_past = self._since is not None and bottom_at is not None and bottom_at < self._since
        return bool(standing["is_whole"]) or is_past

    async def _catch_up(self, top_at: datetime) -> None:
        """Read the list from its top down to where the walk began: people who wrote since have come up there."""
        cursor, newest_at = None, top_at
        while True:
            await self._turn()
            listed = await self._list(cursor)
            # Those of the very second at the top may have been written in after it was read.
            self._take_in([one for one in listed.conversations if one.updated_at is None or one.updated_at >= top_at])
            await self._read_waiting()
            newest_at = max([newest_at, *_times(listed)])
            if listed.after is None or min(_times(listed), default=newest_at) < top_at:
                break
            cursor = listed.after
        self._connection.execute(query("backfill/raise_top"), {**self._whom, "newest_at": newest_at})

    async def _list(self, cursor: str | None) -> ConversationList:
        """Read a page of the list; its caller has taken the turn. Messages come with it, unless that is too much."""
        shows_messages, tries = True, 0
        while True:
            self.report.calls += 1
            answer = await self._reader.list_conversations(after=cursor, shows_messages=shows_messages)
            self._heed(answer)
            if isinstance(answer, ConversationList):
                return answer
            tries += answer.result is not LookUpResult.THROTTLED
            if tries == _MOST_TRIES:
                raise ServiceAwayError(
                    f"The platform does not show the conversations of {self._account.name} "
                    f"({words_of(answer.answer)}); {_KEPT}, and --restart begins anew."
                )
            shows_messages = shows_messages and answer.answer.code is None
            await self._turn()

    def _take_in(self, listed: Sequence[ListedConversation]) -> None:
        """Keep what the list shows of conversations, and which of them are to be read by themselves."""
        acts = [self._newest_act(one.messages) for one in listed]
        waiting = [
            (one, None if one.messages is None else one.messages.after)
            for one, act in zip(listed, acts, strict=True)
            if act is None and (one.messages is None or one.messages.after is not None)
        ]
        self.report.silent += acts.count(None) - len(waiting)
        with self._connection.transaction():
            self._store([act for act in acts if act is not None])
            self._connection.execute(
                query("backfill/await"),
                {
                    **self._whom,
                    "conversation_ids": [one.conversation_id for one, _ in waiting],
                    "updated_at": [one.updated_at for one, _ in waiting],
                    "next_cursors": [after for _, after in waiting],
                },
            )
        self._tell(self.report)

    # one conversation

    async def _read_waiting(self, *, waits_for_others: bool = False) -> None:
        """Read the conversations that wait, whoever listed them."""
        while True:
            taken = self._connection.execute(
                query("backfill/take"), {**self._whom, "taken_seconds": _TAKEN_SECONDS}
            ).fetchone()
            if taken is not None:
                await self._turn()
                await self._read(taken)
            elif waits_for_others and self._count_left():
                self._refuse_if_stopped(await self._pace.sleep(_POLL_SECONDS))
            else:
                return

    async def _read(self, taken: dict[str, Any]) -> None:
        """Read a page of one conversation and keep what it shows, or how far it was read."""
        pages = taken["page_count"] + 1
        which = {**self._whom, "conversation_id": taken["conversation_id"]}
        self.report.calls += 1
        answer = await self._reader.read_acts(taken["conversation_id"], after=taken["next_cursor"])
        with self._connection.transaction():
            if isinstance(answer, NoPage):
                self._pass_over(answer, which, tries=taken["try_count"])
            elif (act := self._newest_act(answer)) is not None:
                self._store([act])
                self._connection.execute(query("backfill/finish"), which)
            elif answer.after is not None and pages < _MOST_PAGES:
                turned = {**which, "next_cursor": answer.after, "page_count": pages}
                self._connection.execute(query("backfill/turn_page"), turned)
            else:
                self.report.silent += 1
                self._connection.execute(query("backfill/finish"), which)
        self._heed(answer)
        self._tell(self.report)

    def _pass_over(self, none: NoPage, which: dict[str, Any], *, tries: int) -> None:
        """Skip a conversation that cannot be read; one without an answer is tried again first."""
        if none.is_account_stopped or none.result is LookUpResult.THROTTLED:
            self._connection.execute(query("backfill/put_back"), {**which, "again_seconds": 0, "try_count": tries - 1})
        elif _is_passing(none) and tries < _MOST_TRIES:
            again = {**which, "again_seconds": _AGAIN_SECONDS, "try_count": tries}
            self._connection.execute(query("backfill/put_back"), again)
        else:
            self._connection.execute(query("backfill/finish"), which)
            self.report.skipped += 1
            logger.info("conversation skipped", extra={"account": self._account.name, "code": none.answer.code})

    def _count_left(self) -> int:
        return int(self._row(query("backfill/count_left"))["left_count"])

    # what was found

    def _newest_act(self, page: Page | None) -> SeenMessage | None:
        """Return the newest message of a page that is from neither the Page nor the Instagram account."""
        newest: SeenMessage | None = None
        for one in () if page is None else page.messages:
            is_act = one.message_id and one.created_at and one.from_id not in self._own_ids and _is_user_id(one.from_id)
            if is_act and (newest is None or _time_of(one) > _time_of(newest)):
                newest = one
        return newest

    def _store(self, acts: Sequence[SeenMessage]) -> None:
        """Keep the messages of people as interactions, under the ids that webhooks tell of them."""
        interactions = [
            Interaction(
                account_id=self._account.account_id,
                user_id=str(one.from_id),
                kind=InteractionKind.MESSAGE,
                occurred_at=_time_of(one),
                # Webhooks put `m_` before it, reads do at times, and a webhook's copy is kept without it.
                event_id=one.message_id.removeprefix("m_"),
            )
            for one in acts
        ]
        _, new_count = store_interactions(self._connection, interactions, timing=self._sending)
        self.report.people += len(interactions)
        self.report.new += new_count
        known = [] if self.report.newest_at is None else [self.report.newest_at]
        self.report.newest_at = max([*known, *(one.occurred_at for one in interactions)], default=None)

    # the pace, and what ends a run

    async def _turn(self) -> None:
        """Wait for the account's next call. Raises UnfinishedError when asked to stop, or for a long wait."""
        while (turn := await self._pace.take_turn(give_up_at=math.inf)) is not Turn.TAKEN:
            self._refuse_if_stopped(turn is Turn.STOPPED)
            seconds = self._pace.seconds_to_wait()
            if seconds > _LONGEST_WAIT_SECONDS:
                raise UnfinishedError(
                    f"The platform asks to wait {duration(seconds)} before more conversations of {self._account.name} "
                    f"are read; {_KEPT}."
                )
            self._refuse_if_stopped(await self._pace.sleep(seconds))

    def _heed(self, answer: ConversationList | Page | NoPage) -> None:
        """Let others wait as the platform asks; raise when no further call would fare better."""
        if not isinstance(answer, NoPage):
            self._without_answer = 0
            self._pace.forget_throttles()
            return
        if answer.is_account_stopped:
            raise UnfinishedError(
                f"The platform refuses to show conversations of {self._account.name} ({words_of(answer.answer)}); "
                f"`windowcast accounts check {self._account.name}` says whose its token is, and {_KEPT}."
            )
        if answer.result is LookUpResult.THROTTLED:
            self._pace.push_back(answer)
        self._without_answer = self._without_answer + 1 if _is_passing(answer) else 0
        if self._without_answer == _MOST_TRIES:
            raise ServiceAwayError(f"The platform does not answer ({words_of(answer.answer)}); {_KEPT}.")

    def _refuse_if_stopped(self, is_stopped: bool) -> None:  # noqa: FBT001  # what the sleep tells
        if is_stopped:
            raise UnfinishedError(f"Stopped as asked; {_KEPT}.")

    def _standing(self) -> dict[str, Any]:
        return self._row(query("backfill/begin"))

    def _row(self, statement: bytes) -> dict[str, Any]:
        row = self._connection.execute(statement, self._whom).fetchone()
        if row is None:
            raise LookupError("a statement that always returns a row returned none")
        return row


def _tell_nobody(_: BackfillReport) -> None:
    pass


def _is_passing(none: NoPage) -> bool:
    """Say whether it says nothing about what was asked for: no answer, or the platform's "try again" (1 and 2)."""
    return none.result is LookUpResult.NO_ANSWER and none.answer.code in _PASSING_CODES


def _times(listed: ConversationList) -> list[datetime]:
    return [one.updated_at for one in listed.conversations if one.updated_at is not None]


def _time_of(message: SeenMessage) -> datetime:
    assert message.created_at is not None
    return message.created_at


def _is_user_id(text: str | None) -> bool:
    return text is not None and text.isascii() and text.isdigit() and len(text) <= _LONGEST_USER_ID
