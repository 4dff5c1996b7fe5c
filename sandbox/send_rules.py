"""What a Send API body must look like: parameters in, a request or Meta's refusal out. Source: facts/meta.md 1, 2."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from domain.template import Channel
from sandbox.errors import (
    EMPTY_MESSAGE,
    MESSAGE_WITH_ACTION,
    NO_HUMAN_AGENT,
    NOT_AN_ID,
    RECIPIENT_REQUIRED,
    Refusal,
    bad_parameter,
)


class RecipientKind(StrEnum):
    """How a request names its recipient. Other ways exist at Meta; nobody in the sandbox can be reached by them."""

    USER = "id"
    COMMENT = "comment_id"
    POST = "post_id"


@dataclass(frozen=True, slots=True)
class SendRequest:
    """A well-formed request. Without a message it is a sender action; `content` is the message as one text."""

    recipient_kind: RecipientKind
    recipient: str
    text: str | None = None
    content: str = ""
    metadata: str | None = None
    attachment_ids: tuple[str, ...] = ()
    sender_action: str | None = None


TEXT_BELOW_CHARACTERS: Final = 2000
INSTAGRAM_TEXT_MOST_BYTES: Final = 1000
METADATA_BELOW_CHARACTERS: Final = 1000
QUICK_REPLIES_MOST: Final = 13
TITLE_MOST: Final = 20
PAYLOAD_MOST: Final = 1000
ELEMENTS_MOST: Final = 10
ELEMENT_TEXT_MOST: Final = 80
BUTTONS_MOST: Final = 3
BUTTON_TEXT_MOST: Final = 640
IMAGES_MOST: Final = 30

_MESSAGING_TYPES: Final = ("RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY")
_NOTIFICATION_TYPES: Final = ("REGULAR", "SILENT_PUSH", "NO_PUSH")
_SENDER_ACTIONS: Final = ("typing_on", "typing_off", "mark_seen")
_MEDIA_TYPES: Final = ("audio", "file", "image", "video")
_QUICK_REPLY_TYPES: Final = ("text", "user_phone_number", "user_email")
_BUTTON_TYPES: Final = ("web_url", "postback", "phone_number")
_MESSAGE_FIELDS: Final = frozenset({"text", "attachment", "attachments", "quick_replies", "metadata", "sticker_id"})


def refuse(text: str, subcode: int | None = None) -> Refusal:
    """Return the refusal with error 100 and this text."""
    return Refusal(bad_parameter(text, subcode))


def structured(value: object) -> object:
    """Return the object or list that a form field holds as JSON text; anything else as it is."""
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return value
    try:
        parsed: object = orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
    return parsed


def named_recipient(parameters: Mapping[str, Any]) -> str | None:
    """Return the id, comment or post that a request names as its recipient, however wrong the rest is, or None."""
    recipient = structured(parameters.get("recipient"))
    if not isinstance(recipient, dict):
        return None
    value = next((recipient[kind] for kind in RecipientKind if kind in recipient), None)
    return str(value) if isinstance(value, (str, int)) else None


def read_send_request(parameters: Mapping[str, Any], channel: Channel) -> SendRequest:
    """Return the request that a JSON or form body holds. Raises Refusal with Meta's error."""
    kind, recipient = _recipient(parameters)
    message, action = structured(parameters.get("message")), parameters.get("sender_action")
    if action is not None:
        return _sender_action(kind, recipient, action=action, message=message)
    if not isinstance(message, dict) or not message:
        raise Refusal(EMPTY_MESSAGE)
    _check_messaging_type(parameters, channel)
    _check_tag(parameters)
    if parameters.get("notification_type", "REGULAR") not in _NOTIFICATION_TYPES:
        raise refuse(f"Param notification_type must be one of {{{', '.join(_NOTIFICATION_TYPES)}}}")
    return _message(kind, recipient, message=message, channel=channel)


def _recipient(parameters: Mapping[str, Any]) -> tuple[RecipientKind, str]:
    """Return how the recipient is named, and by what."""
    recipient = structured(parameters.get("recipient"))
    if not isinstance(recipient, dict) or not recipient:
        raise Refusal(RECIPIENT_REQUIRED)
    named = [kind for kind in RecipientKind if kind in recipient]
    if len(named) != 1 or len(recipient) != 1:
        raise refuse("Param recipient must name exactly one of id, comment_id, post_id that this account can reach")
    kind, value = named[0], recipient[named[0]]
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if kind is RecipientKind.USER and not _is_id(value):
        raise Refusal(NOT_AN_ID)
    if not isinstance(value, str) or not value:
        raise refuse(f"Param recipient[{kind}] must be a valid ID string")
    return kind, value


def _is_id(value: object) -> bool:
    """Tell whether the value is a text of ASCII digits."""
    return isinstance(value, str) and value.isascii() and value.isdigit()


def _sender_action(kind: RecipientKind, recipient: str, *, action: object, message: object) -> SendRequest:
    """Return the request for a sender action, which never comes with a message."""
    if message is not None:
        raise Refusal(MESSAGE_WITH_ACTION)
    if action not in _SENDER_ACTIONS:
        raise refuse(f"Param sender_action must be one of {{{', '.join(_SENDER_ACTIONS)}}}")
    return SendRequest(kind, recipient, sender_action=str(action))


def _check_messaging_type(parameters: Mapping[str, Any], channel: Channel) -> None:
    """Refuse a missing or unknown messaging_type. Instagram's samples leave it out, so there it may be missing."""
    given = parameters.get("messaging_type")
    if given is None and channel is Channel.INSTAGRAM:
        return
    if given not in _MESSAGING_TYPES:
        raise refuse(f"Param messaging_type must be one of {{{', '.join(_MESSAGING_TYPES)}}}")
    if given == "UTILITY":
        raise refuse("There is no approved utility template of this name")
    if given == "MESSAGE_TAG" and parameters.get("tag") is None:
        raise refuse("Param tag is required with messaging_type MESSAGE_TAG")


def _check_tag(parameters: Mapping[str, Any]) -> None:
    """Refuse every tag: the old ones died on 2026-04-27, and this app has no right to the others (facts, 4)."""
    tag = parameters.get("tag")
    if tag is None:
        return
    if tag == "HUMAN_AGENT":
        raise Refusal(NO_HUMAN_AGENT)
    raise refuse("The message tag is no longer supported or not valid for this message")


def _message(kind: RecipientKind, recipient: str, *, message: dict[str, Any], channel: Channel) -> SendRequest:
    """Return the request for a message whose parts are within the documented limits."""
    unknown = sorted(set(message) - _MESSAGE_FIELDS)
    if unknown:
        raise refuse(f"Unexpected key {unknown[0]!r} on param message")
    text, metadata = message.get("text"), message.get("metadata")
    attachments = _attachments(message)
    _check_text(text, channel, has_attachments=bool(attachments) or "sticker_id" in message)
    if metadata is not None and (not isinstance(metadata, str) or len(metadata) >= METADATA_BELOW_CHARACTERS):
        raise refuse(f"Param message[metadata] must be a string below {METADATA_BELOW_CHARACTERS} characters")
    _check_quick_replies(structured(message.get("quick_replies")))
    ids = tuple(found for one in attachments if (found := _attachment_id(one)) is not None)
    return SendRequest(kind, recipient, text, _content(message, text), metadata, ids)


def _content(message: dict[str, Any], text: str | None) -> str:
    """Return what the person would see as one text, without our metadata."""
    if text is not None and message.keys() <= {"text", "metadata"}:
        return text
    seen = {key: value for key, value in message.items() if key != "metadata"}
    return orjson.dumps(seen, option=orjson.OPT_SORT_KEYS).decode()


def _check_text(text: object, channel: Channel, *, has_attachments: bool) -> None:
    """Refuse a missing, empty or overlong text, and a text beside attachments."""
    if text is None and has_attachments:
        return
    if text is not None and not isinstance(text, str):
        raise refuse("Param message[text] must be a string")
    if text is None or not text.strip():
        raise Refusal(EMPTY_MESSAGE)
    if has_attachments:
        raise refuse("Param message must hold either text or attachment, not both")
    if channel is Channel.MESSENGER and len(text) >= TEXT_BELOW_CHARACTERS:
        raise refuse(f"Length of param message[text] must be less than {TEXT_BELOW_CHARACTERS}")
    if channel is Channel.INSTAGRAM and len(text.encode()) > INSTAGRAM_TEXT_MOST_BYTES:
        raise refuse(f"Param message[text] must be {INSTAGRAM_TEXT_MOST_BYTES} bytes or less in UTF-8")


def _attachments(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the attachments, checked: one of any type, or up to thirty images."""
    one, several = structured(message.get("attachment")), structured(message.get("attachments"))
    if one is None and several is None:
        return []
    listed = [one] if several is None else several
    if not isinstance(listed, list) or not 0 < len(listed) <= IMAGES_MOST or (one is not None and several is not None):
        raise refuse(f"Param message must hold one attachment, or 1 to {IMAGES_MOST} images as attachments")
    for attachment in listed:
        check_attachment(attachment)
        if several is not None and attachment["type"] != "image":
            raise refuse("Param message[attachments] may hold images only")
    return listed


def check_attachment(attachment: object) -> None:
    """Refuse an attachment of an unknown type, or whose payload is not within the limits. Raises Refusal."""
    if not isinstance(attachment, dict) or not isinstance(attachment.get("payload"), dict):
        raise refuse("Param attachment must hold a type and a payload")
    payload = attachment["payload"]
    if attachment.get("type") == "template":
        _check_template(payload)
    elif attachment.get("type") not in _MEDIA_TYPES:
        raise refuse(f"Param attachment[type] must be one of {{{', '.join(_MEDIA_TYPES)}, template}}")
    elif payload.get("attachment_id") is not None:
        if not _is_id(payload["attachment_id"]):
            raise refuse("Param attachment_id must be a valid ID string")
    elif not _is_url(payload.get("url")):
        raise refuse("Param payload[url] must be an absolute URL")


def _attachment_id(attachment: dict[str, Any]) -> str | None:
    """Return the id of an attachment uploaded before, if that is what the attachment names."""
    value = attachment["payload"].get("attachment_id")
    return value if isinstance(value, str) else None


def _is_url(value: object) -> bool:
    """Tell whether the value is an absolute http(s) URL. Nothing is ever fetched."""
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _check_template(payload: dict[str, Any]) -> None:
    """Refuse a template other than generic, button and media, or one beyond its limits."""
    match payload.get("template_type"):
        case "generic":
            for element in _listed(payload.get("elements"), "elements", most=ELEMENTS_MOST):
                _check_card(element)
        case "button":
            _check_length(payload.get("text"), "text", most=BUTTON_TEXT_MOST)
            _check_buttons(payload.get("buttons"))
        case "media":
            _listed(payload.get("elements"), "elements", most=1)
        case _:
            raise refuse("Param payload[template_type] must be one of {generic, button, media}")


def _check_card(element: object) -> None:
    """Refuse a card without a title and one more property, or beyond its limits."""
    if not isinstance(element, dict):
        raise refuse("Param elements must hold objects")
    _check_length(element.get("title"), "title", most=ELEMENT_TEXT_MOST)
    if not {"subtitle", "image_url", "default_action", "buttons"} & set(element):
        raise refuse("An element must have a title and at least one more property")
    if "subtitle" in element:
        _check_length(element["subtitle"], "subtitle", most=ELEMENT_TEXT_MOST)
    if "image_url" in element and not _is_url(element["image_url"]):
        raise refuse("Param image_url must be an absolute URL")
    if "buttons" in element:
        _check_buttons(element["buttons"])


def _check_buttons(buttons: object) -> None:
    """Refuse other than one to three buttons, and a button beyond its limits."""
    for button in _listed(buttons, "buttons", most=BUTTONS_MOST):
        if not isinstance(button, dict) or button.get("type") not in _BUTTON_TYPES:
            raise refuse(f"Param button[type] must be one of {{{', '.join(_BUTTON_TYPES)}}}")
        _check_length(button.get("title"), "title", most=TITLE_MOST)
        if button["type"] == "web_url":
            if not _is_url(button.get("url")):
                raise refuse("Param button[url] must be an absolute URL")
        else:
            _check_length(button.get("payload"), "payload", most=PAYLOAD_MOST)


def _check_quick_replies(replies: object) -> None:
    """Refuse more than thirteen quick replies, and one beyond its limits."""
    if replies is None:
        return
    for reply in _listed(replies, "quick_replies", most=QUICK_REPLIES_MOST):
        if not isinstance(reply, dict) or reply.get("content_type") not in _QUICK_REPLY_TYPES:
            raise refuse(f"Param content_type must be one of {{{', '.join(_QUICK_REPLY_TYPES)}}}")
        if reply["content_type"] == "text":
            _check_length(reply.get("title"), "title", most=TITLE_MOST)
            _check_length(reply.get("payload"), "payload", most=PAYLOAD_MOST)


def _listed(value: object, name: str, *, most: int) -> list[Any]:
    """Return the value if it is a list of 1 to `most` items."""
    parsed = structured(value)
    if not isinstance(parsed, list) or not 0 < len(parsed) <= most:
        raise refuse(f"Param {name} must hold 1 to {most} items")
    return parsed


def _check_length(value: object, name: str, *, most: int) -> None:
    """Refuse anything but a text of 1 to `most` characters."""
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise refuse(f"Param {name} must be a string of 1 to {most} characters")
