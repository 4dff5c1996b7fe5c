"""Every kind of event in its exact shape, beside fixtures written by hand from Meta's documents."""

import json

import pytest

from domain.template import Channel
from domain.window import OPENERS, InteractionKind
from sandbox.acts import NOT_ON, OPENING, ActKind
from sandbox.clock import Clock
from sandbox.errors import ControlError
from sandbox.message_ids import MessageIds
from sandbox.oddities import Oddity
from sandbox.page_acts import PageActKind
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


@pytest.fixture
def platform():
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
    platform.people_act([{"account": account, "user_id": PERSON, "webhook": True, "mid": "m_A", **item}])
    (entry,) = entries(platform)
    return entry


def page_told(platform, account, item):
    platform.page_act([{"account": account, **item}])
    (entry,) = entries(platform)
    return entry


@pytest.mark.parametrize(("item", "part"), PAGE_EVENTS.values(), ids=PAGE_EVENTS)
def test_what_people_do_on_a_page_is_told_in_messengers_shape(platform, item, part):
    assert people_told(platform, PAGE, item) == {"id": PAGE, "time": AT, "messaging": [TO_PAGE | part]}


@pytest.mark.parametrize(("item", "part"), INSTAGRAM_EVENTS.values(), ids=INSTAGRAM_EVENTS)
def test_what_people_do_on_instagram_is_told_in_its_shape(platform, item, part):
    assert people_told(platform, INSTAGRAM, item) == {
        "id": INSTAGRAM,
        "time": AT,
        "messaging": [TO_INSTAGRAM | part],
    }


@pytest.mark.parametrize(("item", "value"), CHANGES.values(), ids=CHANGES)
def test_comments_and_posts_on_a_page_are_told_as_changes_of_its_feed_in_seconds(platform, item, value):
    entry = people_told(platform, PAGE, {"text": "Lovely", "comment_id": "1_2", **item})

    assert entry == {"id": PAGE, "time": SECONDS, "changes": [{"field": "feed", "value": value}]}


@pytest.mark.parametrize(
    ("item", "value"),
    [({}, INSTAGRAM_COMMENT), ({"parent_id": "1_1"}, INSTAGRAM_COMMENT | {"parent_id": "1_1"})],
    ids=["comment", "answer"],
)
def test_comments_on_instagram_have_both_documented_shapes(platform, item, value):
    comment = {"kind": "comment", "comment_id": "1_2", "text": "Lovely", **item}
    platform.people_act([{"account": INSTAGRAM, "user_id": PERSON, "webhook": True, **comment}])
    platform.people_act([{"account": INSTAGRAM, "user_id": PERSON, "webhook": True, "odd": ["field_value"], **comment}])

    head = {"id": INSTAGRAM, "time": SECONDS}
    assert entries(platform) == [
        head | {"changes": [{"field": "comments", "value": value}]},
        head | {"field": "comments", "value": value},
    ]


def test_a_checkbox_names_a_user_ref_and_nobody(platform):
    platform.people_act([{"account": PAGE, "kind": "checkbox", "user_ref": "u-1", "ref": "spring", "webhook": True}])

    (entry,) = entries(platform)
    assert entry["messaging"] == [
        {"recipient": {"id": PAGE}, "timestamp": AT, "optin": {"ref": "spring", "user_ref": "u-1"}}
    ]
    assert platform.accounts[PAGE].people == {}


def test_a_guests_postback_has_a_user_ref_as_sender(platform):
    item = {"account": PAGE, "kind": "guest_postback", "user_ref": "u-1", "payload": "GO", "mid": "A", "webhook": True}
    platform.people_act([item])

    (entry,) = entries(platform)
    assert entry["messaging"][0]["sender"] == {"user_ref": "u-1"}
    assert entry["messaging"][0]["postback"] == {"mid": "m_A", "title": "Get Started", "payload": "GO"}


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


@pytest.mark.parametrize(("item", "event"), PAGE_ACTS.values(), ids=PAGE_ACTS)
def test_what_accounts_apps_and_meta_do_is_told(platform, item, event):
    assert page_told(platform, PAGE, item) == {"id": PAGE, "time": AT, "messaging": [event]}


def test_an_instagram_owner_who_writes_by_hand_makes_an_echo_without_an_app(platform):
    entry = page_told(platform, INSTAGRAM, {"kind": "echo", "user_id": PERSON, "text": "Hi", "mid": "A"})

    assert entry["messaging"][0]["message"] == {"is_echo": True, "mid": "A", "text": "Hi"}


def test_comments_by_the_account_itself_name_it(platform):
    page = {"kind": "own_comment", "text": "Lovely", "comment_id": "1_2"}
    platform.page_act([{"account": PAGE, **page}, {"account": INSTAGRAM, **page}])

    of_page, of_instagram = (entry["changes"][0]["value"] for entry in entries(platform))

    assert of_page == COMMENT | {"from": {"id": PAGE, "name": f"Person {PAGE}"}}
    assert of_instagram["from"]["id"] == INSTAGRAM
    assert platform.accounts[PAGE].private_replies == {}


@pytest.mark.parametrize(
    ("field", "part"),
    [
        ("messages", {"message": {"mid": "random_mid", "text": "random_text"}}),
        ("messaging_postbacks", {"postback": {"mid": "random_mid", "title": "Test", "payload": "random_payload"}}),
        ("messaging_seen", {"read": {"mid": "last_message_id_read"}}),
    ],
)
def test_the_dashboards_test_button_tells_of_nobody_with_its_time_as_a_text_of_seconds(platform, field, part):
    entry = page_told(platform, PAGE, {"kind": "test_event", "field": field})

    head = {"sender": {"id": "12334"}, "recipient": {"id": "23245"}, "timestamp": "1527459824"}
    assert entry == {"id": PAGE, "time": SECONDS, "changes": [{"field": field, "value": head | part}]}


def test_a_test_event_may_be_the_whole_body(platform):
    platform.page_act([{"account": PAGE, "kind": "test_event", "form": "body"}])
    platform.catch_up()

    body = json.loads(platform.teller.queue.body(1).body)

    assert body.keys() == {"field", "value"}
    assert body["field"] == "messages"


@pytest.mark.parametrize(
    ("odd", "change"),
    [
        ("number_ids", {"sender": {"id": int(PERSON)}, "recipient": {"id": int(PAGE)}}),
        ("seconds", {"timestamp": SECONDS}),
        ("swapped", {}),
        ("hyphen", {}),
    ],
)
def test_oddities_change_an_events_form_and_nothing_where_they_do_not_apply(platform, odd, change):
    entry = people_told(platform, PAGE, {"odd": [odd]})

    assert entry["messaging"] == [TO_PAGE | {"message": {"mid": "m_A", "text": "Hello"}} | change]


FIELDS = {
    "message": ({}, "messages"),
    "postback": ({"kind": "postback"}, "messaging_postbacks"),
    "read": ({"kind": "read"}, "message_reads"),
    "m_me": ({"kind": "m_me"}, "messaging_referrals"),
    "react": ({"kind": "reaction"}, "message_reactions"),
    "plugin": ({"kind": "plugin"}, "messaging_optins"),
}


@pytest.mark.parametrize(("item", "field"), FIELDS.values(), ids=FIELDS)
def test_any_event_can_be_told_with_field_and_value_and_its_time_as_a_text(platform, item, field):
    entry = people_told(platform, PAGE, {"odd": ["field_value"], **item})

    assert entry["time"] == SECONDS
    assert entry["changes"][0]["field"] == field
    assert entry["changes"][0]["value"]["timestamp"] == str(SECONDS)
    assert entry["changes"][0]["value"]["sender"] == {"id": PERSON}


def test_an_accounts_oddities_are_those_of_all_its_events(platform):
    platform.put_account({"external_id": PAGE, "odd": ["seconds", "number_ids"]})

    entry = people_told(platform, PAGE, {"kind": "read"})

    assert entry["messaging"][0]["timestamp"] == SECONDS
    assert entry["messaging"][0]["sender"] == {"id": int(PERSON)}
    (line,) = platform.teller.queue.told.after(0, 10)
    assert (line.at_ms, line.watermark_ms, line.odd) == (AT, AT, ["number_ids", "seconds"])


@pytest.mark.parametrize("odd", Oddity)
@pytest.mark.parametrize("account", [PAGE, INSTAGRAM])
def test_every_event_survives_every_oddity(platform, account, odd):
    channel = platform.accounts[account].account.channel
    kinds = [kind for kind in ActKind if kind not in NOT_ON[channel]]
    names = {"user_ref": "u-1", "mid": "A", "comment_id": "1_2", "post_id": "1_9"}

    for kind in kinds:
        takes_user_ref = kind in (ActKind.PLUGIN, ActKind.CHECKBOX, ActKind.GUEST_POSTBACK)
        own = names if takes_user_ref else {name: value for name, value in names.items() if name != "user_ref"}
        item = {"account": account, "user_id": PERSON, "kind": kind, "webhook": True, "odd": [odd], **own}
        platform.people_act([item])

    platform.catch_up()
    assert [line.kind for line in platform.teller.queue.told.after(0, 100)] == kinds


def test_the_words_of_the_trade_are_among_the_kinds_and_open_the_same_windows():
    assert set(InteractionKind) <= {kind.value for kind in ActKind}
    assert {kind.value for kind in OPENING} == {kind.value for kind in OPENERS}


@pytest.mark.parametrize("channel", Channel)
def test_the_fixtures_cover_every_kind_that_a_channel_has(channel):
    events = PAGE_EVENTS if channel is Channel.MESSENGER else INSTAGRAM_EVENTS
    covered = {item.get("kind", "message") for item, _ in events.values()} | {"comment", "checkbox", "guest_postback"}
    if channel is Channel.MESSENGER:
        covered |= {item["kind"] for item, _ in CHANGES.values()}

    assert {kind.value for kind in ActKind if kind not in NOT_ON[channel]} <= covered


def test_the_fixtures_cover_every_kind_of_what_accounts_do():
    covered = {item["kind"] for item, _ in PAGE_ACTS.values()} | {"own_comment", "test_event"}

    assert covered == {kind.value for kind in PageActKind}


@pytest.mark.parametrize(
    "item",
    [
        {"kind": "m_me", "attachment": "image"},
        {"attachment": "hologram"},
        {"attachment": "story_mention"},
        {"story_reply": "5"},
        {"kind": "unsend"},
        {"kind": "edit", "mid": None},
        {"kind": "comment_removed"},
        {"kind": "visitor_post_edited", "comment_id": "1_2"},
        {"kind": "checkbox"},
        {"kind": "postback", "referral": "QR"},
        {"kind": "postback", "title": 5},
        {"kind": "account_linking", "status": "maybe"},
        {"odd": "seconds"},
        {"odd": ["strange"]},
        {"kind": ["message"]},
    ],
)
def test_a_senseless_act_of_a_person_is_refused_and_not_told(platform, item):
    with pytest.raises(ControlError, match="item 1"):
        platform.people_act([{"account": PAGE, "user_id": PERSON, "webhook": True, **item}])

    assert entries(platform) == []


@pytest.mark.parametrize(
    "item",
    [
        {"kind": "wink"},
        {},
        {"kind": "echo"},
        {"kind": "echo", "user_id": PERSON, "app_id": "5"},
        {"kind": "echo", "user_id": PERSON, "app_id": True},
        {"kind": "echo", "user_id": "Ada"},
        {"kind": "delivery", "user_id": PERSON, "mids": "m_A"},
        {"kind": "policy"},
        {"kind": "policy", "action": "praise"},
        {"kind": "thread_control", "user_id": PERSON, "action": "drop"},
        {"kind": "test_event", "field": "weather"},
        {"kind": "test_event", "form": "letter"},
        {"kind": "policy", "action": "block", "user_id": PERSON},
        {"kind": "policy", "action": "block", "occurred_at": "2099-01-15T08:00:00Z"},
    ],
)
def test_one_senseless_act_of_an_account_lets_none_happen(platform, item):
    with pytest.raises(ControlError, match="item 2"):
        platform.page_act([{"account": PAGE, "kind": "policy", "action": "block"}, {"account": PAGE, **item}])

    assert entries(platform) == []
    assert not platform.accounts[PAGE].is_blocked


def test_a_read_on_instagram_is_of_one_message(platform):
    with pytest.raises(ControlError, match="mid"):
        platform.people_act([{"account": INSTAGRAM, "user_id": PERSON, "kind": "read"}])


def test_instagram_has_no_deliveries(platform):
    with pytest.raises(ControlError, match="Instagram"):
        platform.page_act([{"account": INSTAGRAM, "kind": "delivery", "user_id": PERSON}])
