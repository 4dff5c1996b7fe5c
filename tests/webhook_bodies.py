"""Webhook bodies as the platform makes them, for tests of what is read out of them."""

import json
from uuid import UUID

from clients.graph.webhook_events import read_body
from clients.graph.webhook_told import Acted
from domain.template import Channel
from domain.window import OPENERS, InteractionKind

PAGE, PERSON, IG, IGSID = "370873143344730", "6780462125377510", "17841452691600098", "1254459154682919"
AT = 1_763_990_000_123
ATTEMPT = UUID("0192f0c1-0000-7000-8000-000000000001")
AD = {"ref": "tea", "ad_id": "6045246247433", "source": "ADS", "type": "OPEN_THREAD"}
LINK = {"ref": "shop", "source": "SHORTLINK", "type": "OPEN_THREAD"}


def from_person(*, channel=Channel.MESSENGER, at=AT, **parts):
    account, person = (PAGE, PERSON) if channel is Channel.MESSENGER else (IG, IGSID)
    return {"sender": {"id": person}, "recipient": {"id": account}, "timestamp": at, **parts}


def body(*events, channel=Channel.MESSENGER, key="messaging", at=AT):
    account = PAGE if channel is Channel.MESSENGER else IG
    name = "page" if channel is Channel.MESSENGER else "instagram"
    return json.dumps({"object": name, "entry": [{"id": account, "time": at, key: list(events)}]}).encode()


def told(raw):
    return [one for entry in read_body(raw).entries for one in entry.told]


def opened(raw):
    return [one for one in told(raw) if isinstance(one, Acted) and one.kind in OPENERS]


# What a person does: the event of the platform, and the kind and the id that it becomes.
ACTS = {
    "a text": ({"message": {"mid": "m_A1", "text": "hi"}}, InteractionKind.MESSAGE, "A1"),
    "a quick reply": (
        {"message": {"mid": "m_A2", "text": "Red", "quick_reply": {"payload": "RED"}}},
        InteractionKind.MESSAGE,
        "A2",
    ),
    "a sticker": (
        {"message": {"mid": "m_A3", "attachments": [{"type": "sticker", "payload": {"sticker_id": 369239263222822}}]}},
        InteractionKind.MESSAGE,
        "A3",
    ),
    "something that the platform cannot show": (
        {"message": {"mid": "m_A4", "is_unsupported": True}},
        InteractionKind.MESSAGE,
        "A4",
    ),
    "a message that says it is no echo": (
        {"message": {"mid": "m_A5", "text": "hi", "is_echo": False}},
        InteractionKind.MESSAGE,
        "A5",
    ),
    "a message after an ad": (
        {"message": {"mid": "m_A6", "text": "hi", "referral": AD}},
        InteractionKind.AD_MESSAGE,
        "A6",
    ),
    "Get Started": (
        {"postback": {"mid": "m_A7", "title": "Get Started", "payload": "X"}},
        InteractionKind.POSTBACK,
        "A7",
    ),
    "a postback without an id": ({"postback": {"payload": "X"}}, InteractionKind.POSTBACK, "derived:"),
    "a reaction": (
        {"reaction": {"mid": "m_A8", "action": "react", "emoji": "\U0001f622", "reaction": "sad"}},
        InteractionKind.REACTION,
        "derived:",
    ),
}
