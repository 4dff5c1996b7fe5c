"""Sending a share of a campaign: claim, POST once, record; many messages under way at once, each accounted for."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, assert_never

from domain.errors import ServiceAwayError
from domain.outcome import (
    Accepted,
    AccountStopped,
    NotSent,
    Outcome,
    ProviderAnswer,
    Refused,
    Throttled,
    Unknown,
)
from domain.pace import (
    MOST_IDLE_SECONDS,
    ahead_seconds,
    claim_lead_seconds,
    claim_size,
    slot_tolerance_seconds,
)
from domain.reasons import Reason
from sql import query
from tasks.claiming import Claimer, Intent, Slot, Wish, shared_claimer
from tasks.recording import REPEATED_ID, Recorder, shared_recorder
from tasks.restraint import Restraint
from tasks.share import Messenger, ShareEnd, ShareOrder, ShareReport
from tasks.windows import window_parameters

logger = logging.getLogger("windowcast.sending")

# Times in a row that the platform may be away before a run ends: with doubling waits, about half a minute.
_MOST_AWAY: Final = 6
_MOST_PER_RECORD: Final = 200
_SHORT_WAIT_SECONDS: Final = 0.05
_LONG_WAIT_SECONDS: Final = 1.0
# A campaign that gives way to another looks again this often: the other one may have ended meanwhile.
_MOST_TURN_WAIT_SECONDS: Final = 0.25
_STAGGER_SECONDS: Final = 0.25


async def send_share(
    url: str, messenger: Messenger, *, order: ShareOrder, stop: asyncio.Event | None = None
) -> ShareReport:
    """Claim and send messages of a campaign until `limit` are claimed, nothing is left, or nothing can go on.

    Running it twice, in many processes, or again after a crash is harmless: the claim alone decides who sends what.
    When `stop` is set, messages whose POST has begun are finished and recorded, the others go back to ready.
    Raises ServiceAwayError when Postgres stays away longer than the order's patience.
    """
    async with shared_recorder(url, patience_seconds=order.timing.lease_seconds) as recorder:
        timing, patience = order.timing, order.patience_seconds
        async with shared_claimer(url, recorder, timing=timing, patience_seconds=patience) as claimer:
            share = _Share(messenger, claimer, recorder, order=order, stop=stop or asyncio.Event())
            with claimer.sending(order.campaign_id):
                return await share.run()


class _Share:
    """The state of one running share: what is under way, and what must be recorded."""

    def __init__(
        self, messenger: Messenger, claimer: Claimer, recorder: Recorder, *, order: ShareOrder, stop: asyncio.Event
    ) -> None:
        self._messenger = messenger
        self._order = order
        self._stop = stop
        self._report = ShareReport()
        self._claimer = claimer
        self._claiming = claimer.connection
        self._recorder = recorder
        self._restraint = Restraint(recorder.connection, messenger, order=order, report=self._report)
        self._deliveries: set[asyncio.Task[None]] = set()
        self._outcomes: asyncio.Queue[tuple[Intent, Outcome]] = asyncio.Queue()
        self._message_ids: set[str] = set()  # the platform's, of this share: two may be under way at once
        self._claimed = 0
        self._under_way = 0  # claimed and not recorded yet
        self._room = asyncio.Event()
        self._moved_at = time.monotonic()
        self._is_media = order.template.content.is_media
        self._variables = order.template.variables  # read from the text once

    async def run(self) -> ShareReport:
        recorder = asyncio.create_task(self._record_outcomes())
        try:
            self._report.end = await self._claim_until_done()
        except BaseException:
            self._stop.set()  # what has not begun is given back; what has begun is finished
            raise
        finally:
            if self._deliveries:
                await asyncio.wait(self._deliveries)
            await self._outcomes.join()
            recorder.cancel()
            await asyncio.gather(recorder, return_exceptions=True)
        return self._report

    # claiming

    async def _claim_until_done(self) -> ShareEnd:
        await self._stagger()
        while not self._stop.is_set():
            await self._claimer.keep_up()
            places = min(self._order.in_flight - self._under_way, self._order.limit - self._claimed)
            size = claim_size(self._order.account.per_second, free_places=places)
            if size == 0 and self._claimed >= self._order.limit:
                return ShareEnd.LIMIT_REACHED
            if size == 0:
                await self._wait_for_room()
                continue
            intents = await self._claim(size)
            if intents:
                self._begin(intents)
                await self._pause_for_slots(intents)
                continue
            end = await self._wait_for_turns()
            if end is not None:
                return end
        return ShareEnd.STOPPED

    async def _stagger(self) -> None:
        """Let accounts that are started at one moment claim, and POST, at moments of their own."""
        pace = self._order.account.per_second
        if pace is not None:
            await self._sleep(self._claimer.stagger_seconds(_STAGGER_SECONDS))

    async def _wait_for_room(self) -> None:
        self._room.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._room.wait(), timeout=_LONG_WAIT_SECONDS)

    async def _claim(self, size: int) -> list[Intent]:
        return await self._claimer.claim(self._wish(size))

    def _wish(self, most: int) -> Wish:
        account = self._order.account
        return Wish(
            self._order.campaign_id,
            account.account_id,
            most=most,
            is_media=self._is_media,
            ahead_seconds=ahead_seconds(account.per_second),
        )

    def _begin(self, intents: Sequence[Intent]) -> None:
        self._claimed += len(intents)
        self._under_way += len(intents)
        for intent in intents:
            delivery = asyncio.create_task(self._deliver(intent))
            self._deliveries.add(delivery)
            delivery.add_done_callback(self._deliveries.discard)

    async def _pause_for_slots(self, intents: Sequence[Intent]) -> None:
        """Leave slots to other workers: the next claim comes shortly before the last slot of this one."""
        pace = self._order.account.per_second
        if pace is not None:
            await self._sleep(intents[-1].slot.at - time.monotonic() - claim_lead_seconds(pace))

    async def _wait_for_turns(self) -> ShareEnd | None:
        """Find out why nothing could be claimed; wait a little, or say why the share is over."""
        if await self._claimer.close_turns([self._order.campaign_id]):
            return None
        parameters = {**self._claimer.parameters, "campaign_id": self._order.campaign_id}
        standing = await self._claiming.row(query("campaigns/standing"), parameters)
        if standing["is_account_paused"] or standing["state"] != "sending":
            self._report.detail = standing["account_pause_reason"] or standing["pause_reason"] or ""
            return ShareEnd.PAUSED
        if self._under_way:
            await self._wait_for_room()
            return None
        if standing["is_holding"] and await self._recover_held():
            return None
        if standing["private_replies"] and await self._claimer.close_replies(self._order.campaign_id):
            return None
        if not standing["has_ready"] and not standing["has_sending"]:
            return ShareEnd.NOTHING_LEFT
        if self._restraint.is_away and standing["away_count"] >= _MOST_AWAY:
            return ShareEnd.PLATFORM_AWAY
        wait = await self._seconds_to_wait(standing)
        if wait is None or time.monotonic() - self._moved_at + wait > MOST_IDLE_SECONDS:
            return ShareEnd.WAITING
        await self._sleep(min(_LONG_WAIT_SECONDS, wait))
        return None

    async def _seconds_to_wait(self, standing: Mapping[str, Any]) -> float | None:
        """Return how long it takes until something may be claimed; None when nothing is to be waited for."""
        if not standing["has_ready"]:
            return _LONG_WAIT_SECONDS  # another worker's attempts, or a dead one's until their lease is over
        account_wait = max(standing["platform_wait_seconds"], standing["slot_wait_seconds"])
        if self._is_media:
            account_wait = max(account_wait, standing["media_wait_seconds"])
        if account_wait > 0:
            return float(account_wait)
        if standing["turn_wait_seconds"] > 0:
            self._moved_at = time.monotonic()  # it moves: others of its account are sent first
            return float(min(standing["turn_wait_seconds"], _MOST_TURN_WAIT_SECONDS))
        if await self._set_aside_suppressed():
            return _SHORT_WAIT_SECONDS
        people = await self._claiming.row(query("messages/people_wait"), {"campaign_id": self._order.campaign_id})
        wait = people["wait_seconds"]
        if wait is not None and standing["private_replies"] and standing["reply_wait_seconds"] > 0:
            self._moved_at = time.monotonic()  # it moves: one private reply every few seconds
            wait = min(max(wait, standing["reply_wait_seconds"]), _LONG_WAIT_SECONDS)
        return None if wait is None else float(max(wait, _SHORT_WAIT_SECONDS))

    async def _set_aside_suppressed(self) -> bool:
        parameters = {"campaign_id": self._order.campaign_id, "account_id": self._order.account.account_id}
        row = await self._claiming.row(query("messages/set_aside_suppressed"), parameters)
        return bool(row["moved_count"])

    async def _recover_held(self) -> bool:
        """Let people in who were waited for and have written; what stores interactions does so at once."""
        parameters = {"campaign_id": self._order.campaign_id, **window_parameters(self._order.timing)}
        row = await self._claiming.row(query("campaigns/recover_held"), parameters)
        if row["recovered_count"]:
            await self._claiming.row(query("messages/date_windows"), parameters)
        return bool(row["recovered_count"])

    async def _sleep(self, seconds: float) -> None:
        if seconds > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), timeout=seconds)

    # delivering

    async def _deliver(self, intent: Intent) -> None:
        try:
            outcome = await self._send(intent)
        except Exception:
            # A fault of ours in one message must not sink the others. It may have happened after the POST: unknown.
            logger.exception("delivery failed", extra={"message_id": intent.message_id})
            outcome = Unknown(Reason.NO_ANSWER, ProviderAnswer(text="the delivery failed inside Windowcast"))
        await self._outcomes.put((intent, outcome))

    async def _send(self, intent: Intent) -> Outcome:
        slot = await self._await_slot(intent)
        if slot is None:
            return NotSent(ProviderAnswer())
        content = self._order.template.content.rendered(dict(zip(self._variables, intent.cells, strict=True)))
        # The fence: a process that was frozen since its slot may have lost its lease. Nothing awaits between here and
        # the first byte but the connection itself.
        if time.monotonic() - slot.earliest > self._order.timing.fence_margin_seconds:
            return NotSent(ProviderAnswer())
        timing = self._order.timing
        try:
            async with asyncio.timeout(timing.connect_timeout_seconds + timing.read_timeout_seconds):
                outcome = await self._post(intent, content=content)
        except TimeoutError:
            return Unknown(Reason.NO_ANSWER, ProviderAnswer(text="no answer within the time that a POST may take"))
        return self._unless_repeated(outcome)

    async def _post(self, intent: Intent, *, content: Mapping[str, object]) -> Outcome:
        metadata = str(intent.attempt_id)
        if intent.entitlement is not None:
            return await self._messenger.reply(intent.entitlement, content=content, metadata=metadata)
        return await self._messenger.send(intent.user_id, content=content, metadata=metadata)

    def _unless_repeated(self, outcome: Outcome) -> Outcome:
        """Doubt an acceptance whose message id is on its way to the table already; the table knows all earlier ones."""
        if not isinstance(outcome, Accepted):
            return outcome
        if outcome.provider_message_id in self._message_ids:
            self._log_repeated_id()
            return REPEATED_ID
        self._message_ids.add(outcome.provider_message_id)
        return outcome

    def _log_repeated_id(self) -> None:
        logger.error("message id given twice", extra={"account_id": self._order.account.account_id})

    async def _await_slot(self, intent: Intent) -> Slot | None:
        """Wait for the slot and return it; one that went by is taken anew. None: the message may not be sent now."""
        slot: Slot | None = intent.slot
        pace = self._order.account.per_second
        while slot is not None:
            await self._sleep(slot.at - time.monotonic())
            if self._stop.is_set() or self._restraint.holds:
                return None
            if pace is None or time.monotonic() - slot.at <= slot_tolerance_seconds(pace):
                return slot
            most = claim_size(pace, free_places=self._order.in_flight)
            slot = await self._claimer.retake(intent.attempt_id, self._wish(most))
        return None

    # recording

    async def _record_outcomes(self) -> None:
        while True:
            batch = [await self._outcomes.get()]
            while len(batch) < _MOST_PER_RECORD and not self._outcomes.empty():
                batch.append(self._outcomes.get_nowait())
            try:
                await self._record(batch)
            except ServiceAwayError:
                # Letting go is safe: the leases end, the attempts become unknown, and echoes tell what happened.
                logger.error("outcomes could not be recorded in time", extra={"message_count": len(batch)})  # noqa: TRY400  # no fault of ours: no trace
            except Exception:
                logger.exception("outcomes could not be recorded", extra={"message_count": len(batch)})
            finally:
                self._under_way -= len(batch)
                self._room.set()
                for _ in batch:
                    self._outcomes.task_done()

    async def _record(self, batch: Sequence[tuple[Intent, Outcome]]) -> None:
        doubted = await self._recorder.write([(intent.attempt_id, outcome) for intent, outcome in batch])
        outcomes = [REPEATED_ID if intent.attempt_id in doubted else outcome for intent, outcome in batch]
        for outcome in outcomes:
            self._count(outcome)
        for _ in doubted:
            self._log_repeated_id()
        await self._restraint.obey(outcomes)

    def _count(self, outcome: Outcome) -> None:
        match outcome:
            case Accepted():
                self._report.accepted += 1
                self._moved_at = time.monotonic()
            case Refused():
                self._report.refused += 1
                self._moved_at = time.monotonic()
            case Unknown():
                self._report.unknown += 1
                self._moved_at = time.monotonic()
            case NotSent() | Throttled() | AccountStopped():
                self._report.not_sent += 1
                self._claimed -= 1  # it will be claimed again, here or elsewhere
            case _:
                assert_never(outcome)
