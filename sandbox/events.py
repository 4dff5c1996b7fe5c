"""What people do, in the exact shapes of Meta's webhooks; comments and posts are in `changes`. Source: meta.md 3."""

from typing import Any, Final

from domain.template import Channel
from sandbox.acts import Act, ActKind
from sandbox.changes import act_change
from sandbox.message_ids import webhook_id
from sandbox.webhooks import Event

_AD_ID: Final = "6045246247433"
_MEDIA_URL: Final = "https://cdn.sandbox.invalid/media/1"
_STICKER_ID: Final = 369239263222822
_TOKEN_ENDS_MS: Final = 2145916800000
_REACTIONS: Final = {"emoji": "\u2764", "reaction": "love"}
_MARKETING_STATUS: Final = {
    ActKind.MARKETING_STOP: "STOP_NOTIFICATIONS",
    ActKind.MARKETING_RESUME: "RESUME_NOTIFICATIONS",
}


def act_event(account_id: str, act: Act, channel: Channel) -> Event:
    """Return the event by which the platform tells what a person did."""
    if act.object_id:
        return act_change(account_id, act, channel)
    mid = webhook_id(act.bare_id, channel) if act.bare_id else ""
    part = _act_part(act, mid, channel)
    ids = (mid,) if mid else ()
    watermark_ms = part.get("read", {}).get("watermark")
    return Event(_head(account_id, act) | part, act.kind, act.user_id, act.at_ms, ids, watermark_ms=watermark_ms)


def _head(account_id: str, act: Act) -> dict[str, Any]:
    """Return who, to whom and when. The checkbox names nobody, a guest's sender is a user_ref."""
    head: dict[str, Any] = {"recipient": {"id": account_id}, "timestamp": act.at_ms}
    if act.kind is ActKind.CHECKBOX:
        return head
    sender = {"id": act.user_id} if act.user_id else {"user_ref": act.details["user_ref"]}
    return {"sender": sender, **head}


def _act_part(act: Act, mid: str, channel: Channel) -> dict[str, Any]:
    """Return the part of a messaging event that differs by kind."""
    match act.kind:
        case ActKind.MESSAGE | ActKind.AD_MESSAGE:
            return {"message": _message(act, mid)}
        case ActKind.POSTBACK | ActKind.GUEST_POSTBACK:
            return {"postback": _postback(act, mid)}
        case ActKind.M_ME | ActKind.IG_ME:
            return {"referral": _referral(act, "SHORTLINK")}
        case ActKind.AD_REFERRAL:
            shown = {"ad_title": "Tea week", "post_id": "1700000000000001"}
            return {"referral": {**_referral(act, "ADS"), "ads_context_data": shown}}
        case ActKind.REACTION:
            return {"reaction": {"mid": mid, "action": "react", **_REACTIONS, **act.details}}
        case ActKind.UNREACT:
            return {"reaction": {"mid": mid, "action": "unreact"}}
        case ActKind.MARKETING_OPT_IN | ActKind.MARKETING_STOP | ActKind.MARKETING_RESUME:
            return {"optin": _marketing_optin(act)}
        case ActKind.EDIT:
            return {"message_edit": {"mid": mid, "text": act.text, "num_edit": 1}}
        case ActKind.UNSEND:
            return {"message": {"mid": mid, "is_deleted": True}}
        case ActKind.READ:
            return {"read": _read(act, mid, channel)}
        case ActKind.ACCOUNT_LINKING:
            return {"account_linking": _account_linking(act)}
        case _:
            return {"optin": {name: act.details[name] for name in ("ref", "user_ref") if name in act.details}}


def _message(act: Act, mid: str) -> dict[str, Any]:
    """Return a message: text, an attachment, a quick reply, a reply to a message or to a story, after an ad or not."""
    details = act.details
    message: dict[str, Any] = {"mid": mid}
    if act.text:
        message["text"] = act.text
    if "quick_reply" in details:
        message["quick_reply"] = {"payload": details["quick_reply"]}
    if "reply_to" in details:
        message["reply_to"] = {"mid": details["reply_to"], "is_self_reply": False}
    if "story_reply" in details:
        message["reply_to"] = {"story": {"url": _MEDIA_URL, "id": details["story_reply"]}}
    if "attachment" in details:
        message["attachments"] = [_attachment(details["attachment"])]
    if details.get("attachment") == "unsupported_type":
        message["is_unsupported"] = True
    if act.kind is ActKind.AD_MESSAGE:
        message["referral"] = _referral(act, "ADS")
    return message


def _attachment(kind: str) -> dict[str, Any]:
    """Return an attachment with the payload of its type."""
    match kind:
        case "sticker":
            return {"type": kind, "payload": {"url": _MEDIA_URL, "sticker_id": _STICKER_ID}}
        case "location":
            return {"type": kind, "payload": {"coordinates": {"lat": 52.5, "long": 13.4}}}
        case "like_heart" | "unsupported_type":
            return {"type": kind}
        case _:
            return {"type": kind, "payload": {"url": _MEDIA_URL}}


def _postback(act: Act, mid: str) -> dict[str, Any]:
    """Return a tap on Get Started, a button, the menu or an icebreaker; with the link or ad that led there, if any."""
    postback: dict[str, Any] = {
        "mid": mid,
        "title": act.details.get("title", "Get Started"),
        "payload": act.details.get("payload", act.text),
    }
    if "referral" in act.details:
        postback["referral"] = _referral(act, act.details["referral"])
    return postback


def _referral(act: Act, source: str) -> dict[str, Any]:
    """Return the link or the ad that a person came by."""
    referral = {"ref": act.details.get("ref", "sandbox"), "source": source, "type": "OPEN_THREAD"}
    return {**referral, "ad_id": act.details.get("ad_id", _AD_ID)} if source == "ADS" else referral


def _marketing_optin(act: Act) -> dict[str, Any]:
    """Return an opt-in to marketing messages, or that it was stopped or resumed."""
    optin: dict[str, Any] = {
        "type": "notification_messages",
        "payload": act.details.get("payload", "sandbox"),
        "notification_messages_token": f"token-of-{act.user_id}",
        "notification_messages_timezone": "UTC",
        "token_expiry_timestamp": _TOKEN_ENDS_MS,
        "user_token_status": "NOT_REFRESHED",
        "title": act.details.get("title", "News of the shop"),
    }
    if act.kind in _MARKETING_STATUS:
        optin["notification_messages_status"] = _MARKETING_STATUS[act.kind]
    return optin


def _account_linking(act: Act) -> dict[str, Any]:
    """Return that a person linked or unlinked their account; only a link has a code."""
    status = act.details.get("status", "linked")
    code = {"authorization_code": act.details.get("authorization_code", "sandbox")} if status == "linked" else {}
    return {"status": status, **code}


def _read(act: Act, mid: str, channel: Channel) -> dict[str, Any]:
    """Return what a person read: one message on Instagram, everything up to now on Messenger."""
    return {"mid": mid} if channel is Channel.INSTAGRAM else {"watermark": act.at_ms}


def echo_event(account_id: str, user_id: str, *, at_ms: int, message: dict[str, Any], kind: str = "echo") -> Event:
    """Return the echo of a message the account sent; `message` holds mid, text and what else it carries."""
    item = {
        "sender": {"id": account_id},
        "recipient": {"id": user_id},
        "timestamp": at_ms,
        "message": {"is_echo": True, **message},
    }
    return Event(item, kind, user_id, at_ms, (message["mid"],))


def delivery_event(
    account_id: str, user_id: str, *, at_ms: int, watermark_ms: int, mids: tuple[str, ...] = ()
) -> Event:
    """Return Messenger's delivery of everything sent before the watermark, with the messages' ids or without."""
    delivery: dict[str, Any] = {"mids": list(mids)} if mids else {}
    item = _from_person(account_id, user_id, at_ms) | {"delivery": delivery | {"watermark": watermark_ms}}
    return Event(item, "delivery", user_id, at_ms, mids, watermark_ms=watermark_ms)


def read_event(account_id: str, user_id: str, *, at_ms: int, watermark_ms: int, mid: str, channel: Channel) -> Event:
    """Return the read of a message: by its id on Instagram, by a watermark from its time on on Messenger."""
    is_instagram = channel is Channel.INSTAGRAM
    read = {"mid": mid} if is_instagram else {"watermark": watermark_ms}
    item = _from_person(account_id, user_id, at_ms) | {"read": read}
    if is_instagram:
        return Event(item, "read", user_id, at_ms, (mid,))
    return Event(item, "read", user_id, at_ms, watermark_ms=watermark_ms)


def _from_person(account_id: str, user_id: str, at_ms: int) -> dict[str, Any]:
    """Return the head of an event whose sender is the person."""
    return {"sender": {"id": user_id}, "recipient": {"id": account_id}, "timestamp": at_ms}
