"""What follows an accepted message: its echo, delivery and read, and what people do who answer by themselves."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from domain.template import Channel
from sandbox.accounts import Account
from sandbox.events import delivery_event, echo_event, read_event
from sandbox.message_ids import webhook_id
from sandbox.truth import AcceptedMessage
from sandbox.webhooks import Event


@dataclass(frozen=True)
class ReceiptSettings:
    """Which receipts come, how long after the message on the sandbox's clock, and what people do next.

    Shares are of people, from 0 to 1; `seed` decides who is in them, and for one seed they are always the same people.
    Of those who were reached, `write_back_share` write, `react_share` react and `opt_out_share` opt out, each within
    `answer_after_seconds`; who answers has read. Without `delivery_mids` a delivery has its watermark alone.
    """

    echo: bool = True
    delivery: bool = True
    delivery_mids: bool = True
    delivery_share: float = 1.0
    read_share: float = 0.5
    echo_after_seconds: float = 0.0
    delivery_after_seconds: float = 0.0
    read_after_seconds: float = 0.0
    write_back_share: float = 0.0
    react_share: float = 0.0
    opt_out_share: float = 0.0
    answer_after_seconds: float = 60.0
    app_id: int = 1517776481860111
    instagram_metadata: bool = False
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Sent:
    """An accepted message, whose it is, and its id as webhooks have it."""

    account: Account
    message: AcceptedMessage
    bare_id: str

    @property
    def mid(self) -> str:
        """The id as webhooks have it."""
        return webhook_id(self.bare_id, self.account.channel)


def receipts_of(sent: Sent, settings: ReceiptSettings) -> Iterator[tuple[int, Event]]:
    """Yield the receipts of a message, each with the time it is told at on the platform's clock."""
    account_id, user_id, at_ms = sent.account.external_id, sent.message.recipient_id, sent.message.platform_ms
    if settings.echo:
        message = _echo_message(sent, settings)
        yield at_ms + _ms(settings.echo_after_seconds), echo_event(account_id, user_id, at_ms=at_ms, message=message)
    if settings.delivery and sent.account.channel is Channel.MESSENGER and _is_delivered(user_id, settings):
        due_ms = at_ms + _ms(settings.delivery_after_seconds)
        mids = (sent.mid,) if settings.delivery_mids else ()
        yield due_ms, delivery_event(account_id, user_id, at_ms=due_ms + 1, watermark_ms=at_ms + 1, mids=mids)
    if _reads(user_id, settings):
        due_ms = at_ms + _ms(settings.read_after_seconds)
        yield (
            due_ms,
            read_event(
                account_id,
                user_id,
                at_ms=due_ms + 2,
                watermark_ms=at_ms + 1,
                mid=sent.mid,
                channel=sent.account.channel,
            ),
        )


def answer_to(sent: Sent, settings: ReceiptSettings) -> dict[str, Any] | None:
    """Return what the person does next, as an act of a control call at its own time; None if nothing."""
    user_id = sent.message.recipient_id
    kind = _answer_kind(user_id, settings, sent.account.channel)
    if kind is None:
        return None
    after_ms = 1000 + int(_draw("when", user_id, settings.seed) * _ms(settings.answer_after_seconds))
    due_ms = sent.message.platform_ms + max(after_ms, _ms(settings.read_after_seconds) + 1000)
    act = {"account": sent.account.external_id, "user_id": user_id, "occurred_at": due_ms, "webhook": True}
    return act | kind | ({"mid": sent.bare_id} if kind["kind"] == "reaction" else {})


def _answer_kind(user_id: str, settings: ReceiptSettings, channel: Channel) -> dict[str, str] | None:
    """Return what kind of thing the person does: one draw decides, so that nobody does two."""
    if not _answers(settings) or not _is_delivered(user_id, settings):
        return None
    draw = _draw("answer", user_id, settings.seed)
    if draw < settings.write_back_share:
        return {"kind": "message", "text": "Thank you!"}
    if draw < settings.write_back_share + settings.react_share:
        return {"kind": "reaction"}
    if draw < settings.write_back_share + settings.react_share + settings.opt_out_share:
        # Instagram has no marketing messages to stop: people say it in words.
        is_messenger = channel is Channel.MESSENGER
        return {"kind": "marketing_stop"} if is_messenger else {"kind": "message", "text": "STOP"}
    return None


def _answers(settings: ReceiptSettings) -> float:
    """Return the share of people who do anything after a message."""
    return settings.write_back_share + settings.react_share + settings.opt_out_share


def _is_delivered(user_id: str, settings: ReceiptSettings) -> bool:
    """Tell whether messages reach the person's device."""
    return _is_among("delivery", user_id, settings.seed, share=settings.delivery_share)


def _reads(user_id: str, settings: ReceiptSettings) -> bool:
    """Tell whether the person reads: whom nothing reaches cannot, and who answers has."""
    if not _is_delivered(user_id, settings):
        return False
    answering = _answers(settings)
    is_answering = _is_among("answer", user_id, settings.seed, share=answering)
    return is_answering or _is_among("read", user_id, settings.seed, share=settings.read_share)


def _is_among(what: str, user_id: str, seed: int, *, share: float) -> bool:
    """Tell whether the person is among this share of people."""
    return share >= 1 or (share > 0 and _draw(what, user_id, seed) < share)


def _draw(what: str, user_id: str, seed: int) -> float:
    """Return a number from 0 to below 1 that is always the same for this person, purpose and seed."""
    # No checksum: those of two purposes would differ by the same bits for everybody, so who answers would never read.
    return int.from_bytes(blake2b(f"{what}/{seed}/{user_id}".encode(), digest_size=4).digest()) / 2**32


def _ms(seconds: float) -> int:
    """Return milliseconds."""
    return int(seconds * 1000)


def _echo_message(sent: Sent, settings: ReceiptSettings) -> dict[str, Any]:
    """Return what an echo says of the message. On Instagram without app_id and metadata, unless so set."""
    message: dict[str, Any] = {"mid": sent.mid}
    if sent.account.channel is Channel.MESSENGER or settings.instagram_metadata:
        message["app_id"] = settings.app_id
        if sent.message.metadata is not None:
            message["metadata"] = sent.message.metadata
    if sent.message.text is not None:
        message["text"] = sent.message.text
    return message
