"""POST /messages: performed by the platform, or struck by a fault; logged either way."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Final

import orjson

from sandbox.errors import SENT_BUT_UNREADABLE
from sandbox.faults import Fault, FaultKind, GarbageForm
from sandbox.people import AccountState
from sandbox.platform import Answer, Platform, Post, error_answer
from sandbox.send_rules import named_recipient, structured
from sandbox.truth import PostRecord

_HTML: Final = b"<!DOCTYPE html><html><head><title>Error</title></head><body>Sorry, something went wrong.</body></html>"
_ANSWERING: Final = frozenset({FaultKind.ERROR, FaultKind.PERFORM_THEN_ERROR, FaultKind.GARBAGE, FaultKind.THROTTLE})
_PERFORMING: Final = frozenset({FaultKind.PERFORM_THEN_DROP, FaultKind.PERFORM_THEN_HANG})
_HANGING: Final = frozenset({FaultKind.HANG, FaultKind.PERFORM_THEN_HANG})


@dataclass(frozen=True, slots=True)
class Dropped:
    """The connection is closed without an answer; with a reset (RST) if so asked."""

    is_reset: bool


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A POST, the account it is about, whom it names, and the fault that strikes it."""

    post: Post
    state: AccountState | None
    recipient: str | None
    fault: Fault | None = None


@dataclass
class SendApi:
    """Takes POSTs for a platform. Those performed after their connection was closed are in `late` until then."""

    platform: Platform
    late: set[asyncio.Task[Answer]] = field(default_factory=set)

    async def take(self, post: Post) -> Answer | Dropped:
        """Perform the POST, or let a fault strike it; log it, and return what its client gets."""
        platform = self.platform
        recipient = named_recipient(post.parameters)
        state = platform.account_of(post.node, post.token, person=recipient)
        arrival = _Arrival(post, state, recipient)
        if platform.faults.entries:
            ids = state.account.ids if state else (post.node,)
            fault = platform.faults.take(ids, recipient)
            if fault is not None:
                return await self._struck(replace(arrival, fault=fault), fault)
        answer = self._performed(arrival)
        self._log(arrival, answer)
        return answer

    async def close(self) -> None:
        """Give up what was to be performed later."""
        for task in self.late:
            task.cancel()
        await asyncio.gather(*self.late, return_exceptions=True)

    async def _struck(self, arrival: _Arrival, fault: Fault) -> Answer | Dropped:
        """Let the fault happen to the POST."""
        if fault.kind in _ANSWERING:
            return self._answered(arrival, fault)
        if fault.kind is FaultKind.DELAY:
            return await self._perform_late(arrival, fault, is_answered=True)
        if fault.kind is FaultKind.DROP_THEN_PERFORM:
            task = asyncio.create_task(self._perform_late(arrival, fault, is_answered=False))
            self.late.add(task)
            task.add_done_callback(self.late.discard)
            return Dropped(fault.is_reset)
        performed = self._performed(arrival) if fault.kind in _PERFORMING else None
        # Logged before the wait, so that a test sees a POST that hangs.
        self._log(arrival, performed, is_answered=False)
        if fault.kind in _HANGING:
            await asyncio.sleep(fault.seconds)
        return Dropped(fault.is_reset)

    def _answered(self, arrival: _Arrival, fault: Fault) -> Answer:
        """Return and log the answer of a fault that answers; what was performed stands in the log too."""
        if fault.kind is FaultKind.THROTTLE and arrival.state is not None and fault.error is not None:
            self.platform.throttle(arrival.state, fault.error, seconds=fault.seconds)
            answer = self._performed(arrival)
        elif fault.kind is FaultKind.GARBAGE:
            earlier_id = arrival.state.last_message_id if arrival.state else None
            done = self._performed(arrival) if fault.is_performed else None
            answer = _garbage(fault.form, arrival.recipient, done, earlier_id=earlier_id)
        else:
            done = self._performed(arrival) if fault.kind is FaultKind.PERFORM_THEN_ERROR else None
            error = error_answer(fault.error or SENT_BUT_UNREADABLE)
            answer = replace(error, message=done.message if done else None)
        self._log(arrival, answer)
        return answer

    async def _perform_late(self, arrival: _Arrival, fault: Fault, *, is_answered: bool) -> Answer:
        """Log the POST now, perform it after the fault's seconds, and complete its record."""
        record = self._log(arrival, None)
        await asyncio.sleep(fault.seconds)
        answer = self.platform.perform(arrival.post, arrival.state, post_number=record.number)
        self.platform.truth.complete_post(_completed(record, answer, is_answered=is_answered))
        return answer

    def _performed(self, arrival: _Arrival) -> Answer:
        """Do what the POST asks, as if nothing struck it."""
        number = self.platform.truth.next_post_number()
        return self.platform.perform(arrival.post, arrival.state, post_number=number)

    def _log(self, arrival: _Arrival, answer: Answer | None, *, is_answered: bool = True) -> PostRecord:
        """Log the POST with what became of it up to now."""
        truth, post, fault = self.platform.truth, arrival.post, arrival.fault
        message = structured(post.parameters.get("message"))
        metadata = message.get("metadata") if isinstance(message, dict) else None
        error = answer.error if answer is not None and is_answered else None
        record = PostRecord(
            number=truth.next_post_number(),
            account=arrival.state.account.external_id if arrival.state else post.node,
            recipient_id=arrival.recipient,
            metadata=metadata if isinstance(metadata, str) else None,
            platform_ms=self.platform.clock.now_ms(),
            arrived=post.arrived,
            http_status=answer.status if answer is not None and is_answered else None,
            code=None if error is None else error.code,
            subcode=None if error is None else error.subcode,
            fault=None if fault is None else fault.kind.value,
            accepted_number=None if answer is None or answer.message is None else answer.message.number,
        )
        truth.add_post(record)
        return record


def _completed(record: PostRecord, answer: Answer, *, is_answered: bool) -> PostRecord:
    """Return the record with what became of the POST in the end; an answer that nobody got is not in it."""
    accepted = None if answer.message is None else answer.message.number
    if not is_answered:
        return replace(record, accepted_number=accepted)
    code, subcode = (None, None) if answer.error is None else (answer.error.code, answer.error.subcode)
    return replace(record, http_status=answer.status, code=code, subcode=subcode, accepted_number=accepted)


def spoilt_body(form: GarbageForm, body: bytes) -> bytes:
    """Return what a garbage fault makes of the body of a read: a page, nothing, or its first half."""
    match form:
        case GarbageForm.HTML:
            return _HTML
        case GarbageForm.EMPTY:
            return b""
        case _:
            return body[: len(body) // 2]


def _garbage(form: GarbageForm, recipient: str | None, done: Answer | None, *, earlier_id: str | None) -> Answer:
    """Return a 200 that proves nothing; `done` is what was performed, `earlier_id` the account's message before."""
    message = None if done is None else done.message
    sound = {"recipient_id": recipient, "message_id": message.message_id if message else "AG5Hz2Uq7tuwNEhXfYYKj8mJEM"}
    match form:
        case GarbageForm.HTML:
            body = _HTML
        case GarbageForm.EMPTY:
            body = b""
        case GarbageForm.TRUNCATED_JSON:
            body = orjson.dumps(sound)[:-12]
        case GarbageForm.NO_MESSAGE_ID:
            body = orjson.dumps({"recipient_id": recipient})
        case GarbageForm.REPEATED_MESSAGE_ID:
            body = orjson.dumps({**sound, "message_id": earlier_id or sound["message_id"]})
    return Answer(200, body, message=message)
