"""Evidence about an unknown message: what a conversation proves, what it does not, and how long one waits to ask.

The platform shows no metadata on reads (Conversations API), so a message of ours is known there by its id, or by text
and time. What counts, and why, stands in docs/decisions/0009-what-a-look-up-proves.md.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final


class LookUpResult(StrEnum):
    """What one look at a conversation showed."""

    FOUND = "found"  # it is there
    ABSENT = "absent"  # the conversation was read back past the attempt, and it is not there
    UNCLEAR = "unclear"  # something was shown, and it proves neither
    THROTTLED = "throttled"  # the platform asked to wait
    REFUSED = "refused"
    NO_ANSWER = "no_answer"


class DecisionKind(StrEnum):
    """What was decided about a message where evidence alone decides nothing."""

    SENT = "sent"  # a person says that the unknown message was sent
    ABSENT = "absent"  # a person, or the campaign's policy after two look-ups, says that it was not
    RETRY = "retry"  # a refused message may be sent again


@dataclass(frozen=True)
class LookUpTiming:
    """The times of look-ups, in seconds, and how far one reads.

    `skew_seconds` is how far the platform's clock may be from ours: as much as we allow an interaction to be ahead.
    `gap_seconds` keeps us below 2 calls a second for each Page (Meta, Rate limiting, 2026-03-23): three turns span 1.3
    seconds, so 0.3 are in hand for a late start and for the way there. The newest 20 messages of a conversation can be
    read; they come in pages of 10, since 20 long ones may be more than an answer may hold.
    """

    least_grace_seconds: float = 120.0
    acceptances: float = 5.0
    skew_seconds: float = 60.0
    gap_seconds: float = 0.65
    most_pages: int = 2


# Two minutes: an order of magnitude above every acceptance that was measured or is documented; five times the slowest
# that the account itself has shown, where that is more (sending-protocol.md, step 8).
LOOK_UPS: Final = LookUpTiming()


@dataclass(frozen=True)
class SeenMessage:
    """One message of a conversation as the platform shows it; what could not be read of it is None."""

    message_id: str
    created_at: datetime | None
    from_id: str | None
    to_ids: tuple[str, ...]
    text: str | None


@dataclass(frozen=True)
class Conversation:
    """What was read of one conversation, in the platform's order. `is_whole`: there was no further page."""

    messages: tuple[SeenMessage, ...]
    is_whole: bool


@dataclass(frozen=True)
class OtherMessage:
    """Another message of ours to the same person, sent or perhaps sent at about `at`; its id, where we know it."""

    at: datetime
    message_id: str | None


@dataclass(frozen=True)
class Question:
    """What is sought: our message to a person, and all that tells it from others.

    `text` is what we rendered (None: no text). Its time lies between `started_at` and `latest_at`. `others` are our
    other messages to this person; `foreign_ids` those that an echo has shown not to be this one.
    """

    user_id: str
    account_ids: tuple[str, ...]
    text: str | None
    started_at: datetime
    latest_at: datetime
    message_id: str | None = None
    others: tuple[OtherMessage, ...] = ()
    foreign_ids: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Verdict:
    """What a conversation proves: found, with the message; absent; or unclear. `why` is for people."""

    result: LookUpResult
    why: str
    message: SeenMessage | None = None


# Of a conversation only this many messages can be read; a whole one with fewer hides none (Conversations API).
_READABLE: Final = 20


def bare_id(message_id: str) -> str:
    """Return a message id without the `m_` that webhooks and conversations put before it and answers may not."""
    return message_id.removeprefix("m_")


def judge(question: Question, conversation: Conversation, *, skew_seconds: float) -> Verdict:
    """Say what a conversation proves about our message. Anything that is not plain is unclear."""
    seen = conversation.messages
    if any(not _is_between(message, question) for message in seen):
        return _unclear("it shows a message that is not between this person and the account")
    by_id = _with_id(seen, question.message_id)
    if by_id is not None:
        return Verdict(LookUpResult.FOUND, "a message with the id that the platform gave is there", by_id)
    skew = timedelta(seconds=skew_seconds)
    unexplained = _unexplained(question, seen)
    same = [message for message in unexplained if _has_text(message, question.text)]
    if same:
        return _judge_same(question, same, seen=seen, skew=skew)
    if any(_may_be_ours(message, question, skew=skew) for message in unexplained):
        return _unclear("the account sent something about that time that is none of our known messages")
    return _judge_absence(question, conversation, skew=skew)


def _judge_same(
    question: Question, same: Sequence[SeenMessage], *, seen: Sequence[SeenMessage], skew: timedelta
) -> Verdict:
    """Judge messages with our text: one alone, in time, from the account, and no other of ours that it could be."""
    if len(same) > 1:
        return _unclear("the same text is there more than once")
    if not _is_in_time(same[0], question, skew=skew):
        return _unclear("the same text is there, at another time")
    if same[0].from_id not in question.account_ids:
        return _unclear("the same text is there, from a sender that is not known")
    if _unseen_others(question, seen, skew=skew):
        return _unclear("another message of ours to this person, whose id is not known there, could be the one")
    return Verdict(LookUpResult.FOUND, "one message with this text and time is there", same[0])


def _judge_absence(question: Question, conversation: Conversation, *, skew: timedelta) -> Verdict:
    times = [message.created_at for message in conversation.messages]
    known = [time for time in times if time is not None]
    if len(known) < len(times):
        return _unclear("the time of a message could not be read")
    if not any(time < question.started_at - skew for time in known):
        return _unclear("it does not reach back past the attempt")
    is_in_order = all(later >= earlier for later, earlier in pairwise(known))
    if not is_in_order and not (conversation.is_whole and len(known) < _READABLE):
        return _unclear("its messages are not in order, so some may be hidden")
    return Verdict(LookUpResult.ABSENT, "read back past the attempt, and it is not there")


def _unclear(why: str) -> Verdict:
    return Verdict(LookUpResult.UNCLEAR, why)


def _is_between(message: SeenMessage, question: Question) -> bool:
    """Say whether a message belongs to this conversation; one that does not say between whom it is, does."""
    people = {message.from_id, *message.to_ids} - {None, *question.account_ids}
    return people <= {question.user_id}


def _with_id(seen: Sequence[SeenMessage], message_id: str | None) -> SeenMessage | None:
    if message_id is None:
        return None
    return next((message for message in seen if bare_id(message.message_id) == bare_id(message_id)), None)


def _unexplained(question: Question, seen: Sequence[SeenMessage]) -> list[SeenMessage]:
    """Return what the person did not send and no other message of ours, nor a foreign echo, explains."""
    known = {bare_id(other.message_id) for other in question.others if other.message_id is not None}
    known |= {bare_id(message_id) for message_id in question.foreign_ids}
    return [
        message for message in seen if message.from_id != question.user_id and bare_id(message.message_id) not in known
    ]


def _unseen_others(question: Question, seen: Sequence[SeenMessage], *, skew: timedelta) -> bool:
    """Say whether a message of ours that could stand in what was read is not found there by its id."""
    ids = {bare_id(message.message_id) for message in seen}
    oldest = min((message.created_at for message in seen if message.created_at is not None), default=None)
    return any(
        (other.message_id is None or bare_id(other.message_id) not in ids)
        and (oldest is None or other.at >= oldest - skew)
        for other in question.others
    )


def _has_text(message: SeenMessage, text: str | None) -> bool:
    return bool(text) and message.text is not None and _plain(message.text) == _plain(text or "")


def _plain(text: str) -> str:
    """Return a text as it is compared: one form of each letter, one blank for every run of blanks."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _is_in_time(message: SeenMessage, question: Question, *, skew: timedelta) -> bool:
    return (
        message.created_at is not None and question.started_at - skew <= message.created_at <= question.latest_at + skew
    )


def _may_be_ours(message: SeenMessage, question: Question, *, skew: timedelta) -> bool:
    """Say whether a message that nothing explains could be ours all the same: by its time, or by not being readable."""
    if message.created_at is None or message.from_id is None:
        return True
    if not message.text:
        return message.created_at >= question.started_at - skew
    return _is_in_time(message, question, skew=skew)
