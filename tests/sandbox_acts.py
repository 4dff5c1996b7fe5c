"""Every act that the sandbox can be told of, beside its event in the shape that Meta's documents give it, by hand."""

import json

from sandbox.clock import Clock
from sandbox.message_ids import MessageIds
from sandbox.platform import Platform

PAGE, INSTAGRAM = "100200300400500", "17841400000000001"
PERSON = "25381719828140932"
AT = 1_800_000_000_123
SECONDS = 1_800_000_000
URL = "https://cdn.sandbox.invalid/media/1"

TO_PAGE = {"sender": {"id": PERSON}, "recipient": {"id": PAGE}, "timestamp": AT}
TO_INSTAGRAM = {"sender": {"id": PERSON}, "recipient": {"id": INSTAGRAM}, "timestamp": AT}
LINK = {"ref": "spring", "source": "SHORTLINK", "type": "OPEN_THREAD"}
AD = {"ref": "spring", "source": "ADS", "type": "OPEN_THREAD", "ad_id": "77"}
OPTIN = {
    "type": "notification_messages",
    "payload": "sandbox",
    "notification_messages_token": f"token-of-{PERSON}",
    "notification_messages_timezone": "UTC",
    "token_expiry_timestamp": 2145916800000,
    "user_token_status": "NOT_REFRESHED",
    "title": "News of the shop",
}
COMMENT = {
    "from": {"id": PERSON, "name": f"Person {PERSON}"},
    "post": {"id": f"{PAGE}_1", "permalink_url": f"https://www.facebook.com/{PAGE}_1"},
    "message": "Lovely",
    "post_id": f"{PAGE}_1",
    "comment_id": "1_2",
    "parent_id": f"{PAGE}_1",
    "created_time": SECONDS,
    "item": "comment",
    "verb": "add",
}
GONE = {name: value for name, value in COMMENT.items() if name not in ("message", "post")}
POST = {
    "from": {"id": PERSON, "name": f"Person {PERSON}"},
    "message": "Lovely",
    "post_id": f"{PAGE}_9",
    "created_time": SECONDS,
    "item": "post",
    "verb": "add",
}

# What a person does on a Page, and the event in messaging[].
PAGE_EVENTS = {
    "text": ({}, {"message": {"mid": "m_A", "text": "Hello"}}),
    "media": (
        {"attachment": "image"},
        {"message": {"mid": "m_A", "attachments": [{"type": "image", "payload": {"url": URL}}]}},
    ),
    "media with text": (
        {"attachment": "video", "text": "Look"},
        {"message": {"mid": "m_A", "text": "Look", "attachments": [{"type": "video", "payload": {"url": URL}}]}},
    ),
    "sticker": (
        {"attachment": "sticker"},
        {
            "message": {
                "mid": "m_A",
                "attachments": [{"type": "sticker", "payload": {"url": URL, "sticker_id": 369239263222822}}],
            }
        },
    ),
    "place": (
        {"attachment": "location"},
        {
            "message": {
                "mid": "m_A",
                "attachments": [{"type": "location", "payload": {"coordinates": {"lat": 52.5, "long": 13.4}}}],
            }
        },
    ),
    "quick reply": (
        {"text": "Red", "quick_reply": "RED"},
        {"message": {"mid": "m_A", "text": "Red", "quick_reply": {"payload": "RED"}}},
    ),
    "reply": (
        {"reply_to": "m_B"},
        {"message": {"mid": "m_A", "text": "Hello", "reply_to": {"mid": "m_B", "is_self_reply": False}}},
    ),
    "ad message": (
        {"kind": "ad_message", "ref": "spring", "ad_id": "77"},
        {"message": {"mid": "m_A", "text": "Hello", "referral": AD}},
    ),
    "get started": (
        {"kind": "postback", "payload": "GO"},
        {"postback": {"mid": "m_A", "title": "Get Started", "payload": "GO"}},
    ),
    "menu": (
        {"kind": "postback", "title": "Prices", "payload": "PRICES"},
        {"postback": {"mid": "m_A", "title": "Prices", "payload": "PRICES"}},
    ),
    "postback of a link": (
        {"kind": "postback", "payload": "GO", "referral": "SHORTLINK", "ref": "spring"},
        {"postback": {"mid": "m_A", "title": "Get Started", "payload": "GO", "referral": LINK}},
    ),
    "postback of an ad": (
        {"kind": "postback", "payload": "GO", "referral": "ADS", "ref": "spring"},
        {
            "postback": {
                "mid": "m_A",
                "title": "Get Started",
                "payload": "GO",
                "referral": AD | {"ad_id": "6045246247433"},
            }
        },
    ),
    "postback without mid and title": (
        {"kind": "postback", "payload": "GO", "odd": ["no_mid", "no_title"]},
        {"postback": {"payload": "GO"}},
    ),
    "m.me": ({"kind": "m_me", "ref": "spring"}, {"referral": LINK}),
    "ad alone": (
        {"kind": "ad_referral", "ref": "spring", "ad_id": "77"},
        {"referral": AD | {"ads_context_data": {"ad_title": "Tea week", "post_id": "1700000000000001"}}},
    ),
    "react": (
        {"kind": "reaction", "emoji": "😢", "reaction": "sad"},
        {"reaction": {"mid": "m_A", "action": "react", "emoji": "😢", "reaction": "sad"}},
    ),
    "unreact": ({"kind": "unreact"}, {"reaction": {"mid": "m_A", "action": "unreact"}}),
    "plugin": ({"kind": "plugin", "ref": "spring"}, {"optin": {"ref": "spring"}}),
    "plugin with user_ref": (
        {"kind": "plugin", "ref": "spring", "user_ref": "u-1"},
        {"optin": {"ref": "spring", "user_ref": "u-1"}},
    ),
    "marketing": ({"kind": "marketing_opt_in"}, {"optin": OPTIN}),
    "marketing stopped": (
        {"kind": "marketing_stop"},
        {"optin": OPTIN | {"notification_messages_status": "STOP_NOTIFICATIONS"}},
    ),
    "marketing resumed": (
        {"kind": "marketing_resume"},
        {"optin": OPTIN | {"notification_messages_status": "RESUME_NOTIFICATIONS"}},
    ),
    "edit": ({"kind": "edit", "text": "Hullo"}, {"message_edit": {"mid": "m_A", "text": "Hullo", "num_edit": 1}}),
    "read": ({"kind": "read"}, {"read": {"watermark": AT}}),
    "linked": (
        {"kind": "account_linking", "authorization_code": "code"},
        {"account_linking": {"status": "linked", "authorization_code": "code"}},
    ),
    "unlinked": ({"kind": "account_linking", "status": "unlinked"}, {"account_linking": {"status": "unlinked"}}),
}

# The same for an Instagram account.
INSTAGRAM_EVENTS = {
    "text": ({}, {"message": {"mid": "A", "text": "Hello"}}),
    "story reply": (
        {"story_reply": "5"},
        {"message": {"mid": "A", "text": "Hello", "reply_to": {"story": {"url": URL, "id": "5"}}}},
    ),
    "story mention": (
        {"attachment": "story_mention"},
        {"message": {"mid": "A", "attachments": [{"type": "story_mention", "payload": {"url": URL}}]}},
    ),
    "heart": ({"attachment": "like_heart"}, {"message": {"mid": "A", "attachments": [{"type": "like_heart"}]}}),
    "unsupported": (
        {"attachment": "unsupported_type"},
        {"message": {"mid": "A", "attachments": [{"type": "unsupported_type"}], "is_unsupported": True}},
    ),
    "quick reply": (
        {"text": "Red", "quick_reply": "RED"},
        {"message": {"mid": "A", "text": "Red", "quick_reply": {"payload": "RED"}}},
    ),
    "ad message": (
        {"kind": "ad_message", "ref": "spring", "ad_id": "77"},
        {"message": {"mid": "A", "text": "Hello", "referral": AD}},
    ),
    "icebreaker": (
        {"kind": "postback", "title": "Where are you?", "payload": "WHERE"},
        {"postback": {"mid": "A", "title": "Where are you?", "payload": "WHERE"}},
    ),
    "ig.me": ({"kind": "ig_me", "ref": "spring"}, {"referral": LINK}),
    "ad alone": (
        {"kind": "ad_referral", "ref": "spring", "ad_id": "77"},
        {"referral": AD | {"ads_context_data": {"ad_title": "Tea week", "post_id": "1700000000000001"}}},
    ),
    "react": ({"kind": "reaction"}, {"reaction": {"mid": "A", "action": "react", "emoji": "❤", "reaction": "love"}}),
    "unreact": ({"kind": "unreact"}, {"reaction": {"mid": "A", "action": "unreact"}}),
    "unsend": ({"kind": "unsend"}, {"message": {"mid": "A", "is_deleted": True}}),
    "edit": ({"kind": "edit", "text": "Hullo"}, {"message_edit": {"mid": "A", "text": "Hullo", "num_edit": 1}}),
    "read": ({"kind": "read"}, {"read": {"mid": "A"}}),
}

# What a person does under posts, and the event in changes[].
CHANGES = {
    "comment": ({"kind": "comment"}, COMMENT),
    "answer to a comment": (
        {"kind": "comment", "post_id": f"{PAGE}_5", "parent_id": "1_1"},
        COMMENT
        | {
            "post": {"id": f"{PAGE}_5", "permalink_url": f"https://www.facebook.com/{PAGE}_5"},
            "post_id": f"{PAGE}_5",
            "parent_id": "1_1",
        },
    ),
    "edited": ({"kind": "comment_edited"}, COMMENT | {"verb": "edited"}),
    "hidden": ({"kind": "comment_hidden"}, COMMENT | {"verb": "hide"}),
    "unhidden": ({"kind": "comment_unhidden"}, COMMENT | {"verb": "unhide"}),
    "removed": ({"kind": "comment_removed"}, GONE | {"verb": "remove"}),
    "post": ({"kind": "visitor_post", "post_id": f"{PAGE}_9"}, POST),
    "post edited": ({"kind": "visitor_post_edited", "post_id": f"{PAGE}_9"}, POST | {"verb": "edited"}),
    "post removed": (
        {"kind": "visitor_post_removed", "post_id": f"{PAGE}_9"},
        {name: value for name, value in POST.items() if name != "message"} | {"verb": "remove"},
    ),
}
INSTAGRAM_COMMENT = {
    "id": "1_2",
    "text": "Lovely",
    "from": {"id": PERSON, "username": f"person.{PERSON}"},
    "media": {"id": "18000000000000001", "media_product_type": "FEED"},
}

# What accounts, other apps and Meta do, and the event in messaging[].
ECHO = {"sender": {"id": PAGE}, "recipient": {"id": PERSON}, "timestamp": AT}
PAGE_ACTS = {
    "echo of the inbox": (
        {"kind": "echo", "user_id": PERSON, "text": "Hi", "mid": "A"},
        ECHO | {"message": {"is_echo": True, "mid": "m_A", "app_id": 26390203743090, "text": "Hi"}},
    ),
    "echo of another app": (
        {"kind": "echo", "user_id": PERSON, "text": "Hi", "mid": "A", "app_id": 5, "metadata": "theirs"},
        ECHO | {"message": {"is_echo": True, "mid": "m_A", "app_id": 5, "metadata": "theirs", "text": "Hi"}},
    ),
    "echo the wrong way round": (
        {"kind": "echo", "user_id": PERSON, "text": "Hi", "mid": "A", "odd": ["swapped"]},
        TO_PAGE | {"message": {"is_echo": True, "mid": "m_A", "app_id": 26390203743090, "text": "Hi"}},
    ),
    "delivery by ids": (
        {"kind": "delivery", "user_id": PERSON, "mids": ["m_A", "m_B"], "watermark": 1_458_668_856_253},
        TO_PAGE | {"delivery": {"mids": ["m_A", "m_B"], "watermark": 1_458_668_856_253}},
    ),
    "delivery by watermark": (
        {"kind": "delivery", "user_id": PERSON},
        TO_PAGE | {"delivery": {"watermark": AT}},
    ),
    "delivery without a time": (
        {"kind": "delivery", "user_id": PERSON, "mids": ["m_A"], "odd": ["no_time"]},
        {
            "sender": {"id": PERSON},
            "recipient": {"id": PAGE},
            "delivery": {"mids": ["m_A"], "watermark": AT},
        },
    ),
    "warning": (
        {"kind": "policy", "action": "warning", "reason": "Spam"},
        {
            "recipient": {"id": PAGE},
            "timestamp": AT,
            "policy_enforcement": {"action": "warning", "reason": "Spam"},
        },
    ),
    "block in the other spelling": (
        {"kind": "policy", "action": "block", "reason": "Spam", "odd": ["hyphen"]},
        {"recipient": {"id": PAGE}, "timestamp": AT, "policy-enforcement": {"action": "block", "reason": "Spam"}},
    ),
    "unblock": (
        {"kind": "policy", "action": "unblock"},
        {"recipient": {"id": PAGE}, "timestamp": AT, "policy_enforcement": {"action": "unblock"}},
    ),
    "pass": (
        {"kind": "thread_control", "action": "pass", "user_id": PERSON, "app_id": 5, "metadata": "note"},
        TO_PAGE
        | {
            "pass_thread_control": {
                "previous_owner_app_id": "1517776481860111",
                "new_owner_app_id": "5",
                "metadata": "note",
            }
        },
    ),
    "take": (
        {"kind": "thread_control", "action": "take", "user_id": PERSON, "app_id": 5},
        TO_PAGE | {"take_thread_control": {"previous_owner_app_id": "1517776481860111", "new_owner_app_id": "5"}},
    ),
    "request": (
        {"kind": "thread_control", "action": "request", "user_id": PERSON, "app_id": 5},
        TO_PAGE | {"request_thread_control": {"requested_owner_app_id": "5"}},
    ),
    "roles": (
        {"kind": "app_roles", "app_id": 5, "roles": ["secondary_receiver"]},
        {"recipient": {"id": PAGE}, "timestamp": AT, "app_roles": {"5": ["secondary_receiver"]}},
    ),
}


def new_platform() -> Platform:
    """Return a platform with a Page and an Instagram account, at a time that stands still."""
    platform = Platform(clock=Clock(lambda: AT / 1000), ids=MessageIds(b"seed"))
    platform.put_account({"external_id": PAGE})
    platform.put_account({"external_id": INSTAGRAM, "channel": "instagram"})
    return platform


def entries(platform):
    """Return the entries of all bodies published."""
    platform.catch_up()
    queue = platform.teller.queue
    bodies = [json.loads(body.body) for _, body in queue.after(0, queue.published_count)]
    return [entry for body in bodies for entry in body["entry"]]


def people_told(platform, account, item):
    """Let a person do something; return the one entry that tells of it."""
    platform.people_act([{"account": account, "user_id": PERSON, "webhook": True, "mid": "m_A", **item}])
    (entry,) = entries(platform)
    return entry


def page_told(platform, account, item):
    """Let an account or an app do something; return the one entry that tells of it."""
    platform.page_act([{"account": account, **item}])
    (entry,) = entries(platform)
    return entry
