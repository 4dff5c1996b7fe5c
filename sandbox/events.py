"""What people do, and the webhook events in Meta's exact shapes. Source: facts/meta.md section 3."""

from dataclasses import dataclass
from typing import Any, Final

from domain.template import Channel
from domain.window import InteractionKind
from sandbox.message_ids import webhook_id

# A comment or a visitor post allows one private reply and opens nothing.
ENTITLING: Final = frozenset({InteractionKind.COMMENT, InteractionKind.VISITOR_POST})
WRITING: Final = frozenset({InteractionKind.MESSAGE, InteractionKind.AD_MESSAGE})
NOT_ON: Final = {
    Channel.MESSENGER: frozenset({InteractionKind.IG_ME}),
    Channel.INSTAGRAM: frozenset({InteractionKind.M_ME, InteractionKind.VISITOR_POST, InteractionKind.PLUGIN}),
}


@dataclass(frozen=True, slots=True)
class Act:
    """One thing a person did, at `at_ms` on the platform's clock.

    `bare_id` is the message's id without `m_`, where the kind has one; `object_id` names the comment or the post.
    """

    user_id: str
    kind: InteractionKind
    at_ms: int
    text: str
    bare_id: str = ""
    object_id: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One item of a webhook body: of `messaging[]`, or of `changes[]` where `is_change`."""

    item: dict[str, Any]
    is_change: bool = False


def act_event(account_id: str, act: Act, channel: Channel) -> Event:
    """Return the event by which the platform tells what a person did."""
    if act.kind in ENTITLING:
        return _comment(account_id, act) if channel is Channel.MESSENGER else _instagram_comment(act)
    parts = {
        "sender": {"id": act.user_id},
        "recipient": {"id": account_id},
        "timestamp": act.at_ms,
    }
    return Event({**parts, **_act_part(act, webhook_id(act.bare_id, channel))})


def _act_part(act: Act, mid: str) -> dict[str, Any]:
    """Return the part of a messaging event that differs by kind."""
    match act.kind:
        case InteractionKind.MESSAGE:
            return {"message": {"mid": mid, "text": act.text}}
        case InteractionKind.AD_MESSAGE:
            ad = {"ref": "sandbox", "ad_id": "6045246247433", "source": "ADS", "type": "OPEN_THREAD"}
            return {"message": {"mid": mid, "text": act.text, "referral": ad}}
        case InteractionKind.POSTBACK:
            return {"postback": {"mid": mid, "title": "Get Started", "payload": act.text}}
        case InteractionKind.M_ME | InteractionKind.IG_ME:
            return {"referral": {"ref": "sandbox", "source": "SHORTLINK", "type": "OPEN_THREAD"}}
        case InteractionKind.REACTION:
            return {"reaction": {"mid": mid, "action": "react", "emoji": "\u2764", "reaction": "love"}}
        case _:
            return {"optin": {"ref": "sandbox"}}


def _comment(page_id: str, act: Act) -> Event:
    """Return the feed change for a comment on the Page, or for a visitor's post. Its times are in seconds."""
    is_comment = act.kind is InteractionKind.COMMENT
    post_id = f"{page_id}_1" if is_comment else act.object_id
    value: dict[str, Any] = {
        "from": {"id": act.user_id, "name": f"Person {act.user_id}"},
        "message": act.text,
        "post_id": post_id,
        "created_time": act.at_ms // 1000,
        "item": "comment" if is_comment else "post",
        "verb": "add",
    }
    if is_comment:
        value |= {"comment_id": act.object_id, "parent_id": post_id}
    return Event({"field": "feed", "value": value}, is_change=True)


def _instagram_comment(act: Act) -> Event:
    """Return the change for a comment on an Instagram post."""
    value = {
        "id": act.object_id,
        "text": act.text,
        "from": {"id": act.user_id, "username": f"person.{act.user_id}"},
        "media": {"id": "18000000000000001", "media_product_type": "FEED"},
    }
    return Event({"field": "comments", "value": value}, is_change=True)


def echo_event(account_id: str, user_id: str, *, at_ms: int, message: dict[str, Any]) -> Event:
    """Return the echo of a message the account sent; `message` holds mid, text and what else it carries."""
    return Event(
        {
            "sender": {"id": account_id},
            "recipient": {"id": user_id},
            "timestamp": at_ms,
            "message": {"is_echo": True, **message},
        }
    )


def delivery_event(account_id: str, user_id: str, *, at_ms: int, mid: str) -> Event:
    """Return Messenger's delivery of one message. Its watermark covers everything sent before it."""
    delivery = {"mids": [mid], "watermark": at_ms + 1}
    return Event(_from_person(account_id, user_id, at_ms + 1) | {"delivery": delivery})


def read_event(account_id: str, user_id: str, *, at_ms: int, mid: str, channel: Channel) -> Event:
    """Return the read of a message sent at `at_ms`: by watermark on Messenger, by message id on Instagram."""
    read = {"mid": mid} if channel is Channel.INSTAGRAM else {"watermark": at_ms + 1}
    return Event(_from_person(account_id, user_id, at_ms + 2) | {"read": read})


def _from_person(account_id: str, user_id: str, at_ms: int) -> dict[str, Any]:
    """Return the head of an event whose sender is the person."""
    return {"sender": {"id": user_id}, "recipient": {"id": account_id}, "timestamp": at_ms}
