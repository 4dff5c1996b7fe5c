"""Webhook bodies as they were recorded or documented, of every kind and in both channels, read into our words."""

import json

import pytest

from clients.graph.webhook_events import read_body
from clients.graph.webhook_told import (
    Acted,
    Delivered,
    Echoed,
    Entitled,
    MarketingAnswer,
    PolicyTold,
    Read,
)
from clients.graph.webhook_words import MESSAGING_FIELDS, PASSED_OVER, Why
from domain.receipts import PolicyAction
from domain.template import Channel
from domain.window import OPENERS, InteractionKind
from webhook_bodies import ACTS, AD, AT, ATTEMPT, IG, IGSID, LINK, PAGE, PERSON, body, from_person, told


@pytest.mark.parametrize("key", ["messaging", "standby"])
@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("name", ACTS)
def test_what_a_person_does_is_told_with_its_own_time(name, channel, key):
    part, kind, event_id = ACTS[name]

    (one,) = told(body(from_person(channel=channel, **part), channel=channel, key=key))

    assert (one.kind, one.at_ms, one.user_id) == (kind, AT, PERSON if channel is Channel.MESSENGER else IGSID)
    assert one.event_id.startswith(event_id)


@pytest.mark.parametrize(
    ("channel", "kind"), [(Channel.MESSENGER, InteractionKind.M_ME), (Channel.INSTAGRAM, InteractionKind.IG_ME)]
)
def test_our_own_short_link_opens_a_window_and_an_ad_alone_does_not(channel, kind):
    (link,) = told(body(from_person(channel=channel, referral=LINK), channel=channel))
    ad = read_body(body(from_person(channel=channel, referral=AD), channel=channel))

    assert (link.kind, link.kind in OPENERS) == (kind, True)
    assert (ad.entries, ad.event_count, ad.strange) == ((), 1, {})


# What is understood and means nothing here, or nothing that opens a window.
OPENS_NOTHING = {
    "an unreact": {"reaction": {"mid": "m_1", "action": "unreact"}},
    "an unsent message": {"message": {"mid": "m_1", "is_deleted": True}},
    "a note to oneself": {"message": {"mid": "m_1", "text": "x", "is_self": True}},
    "an edit": {"message_edit": {"mid": "m_1", "text": "new", "num_edit": 1}},
    "an ad": {"referral": AD},
    "an opt-in to marketing": {"optin": {"type": "notification_messages", "notification_messages_token": "1"}},
    "a one-time request": {"optin": {"type": "one_time_notif_req", "payload": "X"}},
    "a pass of the thread": {"pass_thread_control": {"new_owner_app_id": "1", "metadata": "x"}},
    "a taking of the thread": {"take_thread_control": {"previous_owner_app_id": "1"}},
    "a request for the thread": {"request_thread_control": {"requested_owner_app_id": "1"}},
    "roles": {"app_roles": {"1": ["primary_receiver"]}},
    "account linking": {"account_linking": {"status": "linked"}},
    "typing": {"typing": {}},
}


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("name", OPENS_NOTHING)
def test_what_means_nothing_here_is_counted_and_not_strange(name, channel):
    read = read_body(body(from_person(channel=channel, **OPENS_NOTHING[name]), channel=channel))

    assert (read.entries, read.event_count, dict(read.strange)) == ((), 1, {})


def test_every_word_that_is_passed_over_has_its_case():
    assert set(PASSED_OVER) <= {key for parts in OPENS_NOTHING.values() for key in parts}


def test_a_plugin_opens_a_window_for_a_person_with_an_id_alone():
    (one,) = told(body(from_person(optin={"ref": "shop"})))
    nobody = read_body(body({**from_person(optin={"ref": "x", "user_ref": "u"}), "sender": {"user_ref": "u"}}))

    assert (one.kind, one.user_id) == (InteractionKind.PLUGIN, PERSON)
    assert dict(nobody.strange) == {Why.NO_PERSON: 1}


@pytest.mark.parametrize(
    ("status", "is_stop"), [("STOP_NOTIFICATIONS", True), ("RESUME_NOTIFICATIONS", False)], ids=["stop", "resume"]
)
def test_an_answer_to_marketing_messages_is_told_and_opens_nothing(status, is_stop):
    optin = {"type": "notification_messages", "notification_messages_status": status, "title": "Tea"}

    assert told(body(from_person(optin=optin))) == [MarketingAnswer(PERSON, is_stop, AT)]


# receipts


@pytest.mark.parametrize("is_swapped", [False, True], ids=["as documented", "swapped"])
def test_the_person_of_an_echo_is_whoever_is_not_the_page(is_swapped):
    message = {"is_echo": True, "app_id": 1517776481860111, "metadata": str(ATTEMPT), "mid": "m_E", "text": "x"}
    event = {"sender": {"id": PAGE}, "recipient": {"id": PERSON}, "timestamp": AT, "message": message}
    if is_swapped:
        event |= {"sender": event["recipient"], "recipient": event["sender"]}

    assert told(body(event)) == [Echoed(PERSON, "m_E", AT, ATTEMPT)]


@pytest.mark.parametrize("metadata", [None, "", "an inbox of ours", "{0192f0c1}", 7, {"a": 1}])
def test_an_echo_without_an_attempt_of_ours_is_told_as_such(metadata):
    message = {"is_echo": True, "app_id": 26390203743090, "mid": "aWdfZAG1faXRlbTo", "metadata": metadata}
    event = {"sender": {"id": IG}, "recipient": {"id": IGSID}, "timestamp": AT, "message": message}

    assert told(body(event, channel=Channel.INSTAGRAM)) == [Echoed(IGSID, "aWdfZAG1faXRlbTo", AT, None)]


def test_a_delivery_names_its_messages_or_else_a_watermark():
    named = from_person(delivery={"mids": ["m_1", "2"], "watermark": AT - 5})
    unnamed = from_person(delivery={"watermark": AT - 5})
    timeless = {**from_person(delivery={"mids": ["m_1"], "watermark": AT - 5}), "timestamp": None}

    assert told(body(named)) == [Delivered(PERSON, "1", None, AT), Delivered(PERSON, "2", None, AT)]
    assert told(body(unnamed)) == [Delivered(PERSON, None, AT - 5, AT)]
    assert told(body(timeless)) == [Delivered(PERSON, "1", None, AT - 5)]


def test_a_read_is_a_watermark_on_messenger_and_a_message_on_instagram():
    page = from_person(read={"watermark": AT - 217})
    instagram = from_person(channel=Channel.INSTAGRAM, read={"mid": "aWdf"})

    assert told(body(page)) == [Read(PERSON, None, AT - 217, AT)]
    assert told(body(instagram, channel=Channel.INSTAGRAM)) == [Read(IGSID, "aWdf", None, AT)]


def test_what_was_read_up_to_a_moment_is_not_told_before_it():
    assert told(body(from_person(read={"watermark": AT + 9}))) == [Read(PERSON, None, AT + 9, AT + 9)]


# the account


@pytest.mark.parametrize("key", ["policy_enforcement", "policy-enforcement"])
@pytest.mark.parametrize("action", PolicyAction)
def test_a_policy_event_has_no_sender_and_two_spellings(key, action):
    event = {"recipient": {"id": PAGE}, "timestamp": AT, key: {"action": action.value, "reason": "Spam."}}
    bare = {"recipient": {"id": PAGE}, "timestamp": AT, key: {"action": action.value}}

    assert told(body(event, bare)) == [PolicyTold(action, AT, "Spam."), PolicyTold(action, AT, None)]


# comments and posts


def feed(**value):
    return {"field": "feed", "value": {"from": {"id": PERSON, "name": "Somebody"}, "created_time": 1701413571, **value}}


COMMENT = {"item": "comment", "comment_id": "690891113073877_759878495960329", "post_id": f"{PAGE}_1", "message": "?"}


def test_a_comment_on_a_page_entitles_and_its_time_is_in_seconds():
    given = told(body(feed(**COMMENT, verb="add"), key="changes", at=1701413579))

    at, comment = 1_701_413_571_000, COMMENT["comment_id"]
    assert given == [
        Acted(PERSON, InteractionKind.COMMENT, at, comment),
        Entitled(PERSON, InteractionKind.COMMENT, comment, given_at_ms=at),
    ]


@pytest.mark.parametrize("item", ["post", "status"])
def test_a_visitors_post_entitles(item):
    given = told(body(feed(item=item, post_id=f"{PAGE}_9", verb="add"), key="changes"))

    assert given[1] == Entitled(PERSON, InteractionKind.VISITOR_POST, f"{PAGE}_9", given_at_ms=1_701_413_571_000)


@pytest.mark.parametrize(
    ("verb", "field"), [("remove", "removed_at_ms"), ("hide", "hidden_at_ms"), ("unhide", "shown_at_ms")]
)
def test_a_comment_is_taken_back_hidden_and_shown_at_the_time_of_the_entry(verb, field):
    (one,) = told(body(feed(**COMMENT, verb=verb), key="changes", at=1701419999))

    assert getattr(one, field) == 1_701_419_999_000
    assert one.given_at_ms is None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(feed(**COMMENT, verb="add") | {}, id="the page's own comment"),
        pytest.param(feed(**COMMENT, verb="edited"), id="an edit"),
        pytest.param(feed(item="reaction", verb="add", reaction_type="like"), id="a reaction to a post"),
        pytest.param(feed(item="like", verb="add"), id="a like"),
    ],
)
def test_what_else_happens_on_a_feed_means_nothing(change):
    if change["value"].get("verb") == "add" and change["value"]["item"] == "comment":
        change = {**change, "value": {**change["value"], "from": {"id": PAGE, "name": "The Page"}}}

    read = read_body(body(change, key="changes"))

    assert (read.entries, dict(read.strange)) == ((), {})


INSTAGRAM_COMMENT = {
    "field": "comments",
    "value": {
        "id": "17865799348089039",
        "text": "how much?",
        "from": {"id": IGSID, "username": "somebody"},
        "media": {"id": "1", "media_product_type": "FEED"},
    },
}


@pytest.mark.parametrize("is_direct", [False, True], ids=["in changes", "straight in the entry"])
def test_a_comment_on_instagram_has_the_time_of_its_entry(is_direct):
    parts = INSTAGRAM_COMMENT if is_direct else {"changes": [INSTAGRAM_COMMENT]}
    raw = json.dumps({"object": "instagram", "entry": [{"id": IG, "time": 1519399307, **parts}]}).encode()

    assert told(raw) == [
        Acted(IGSID, InteractionKind.COMMENT, 1_519_399_307_000, "17865799348089039"),
        Entitled(IGSID, InteractionKind.COMMENT, "17865799348089039", given_at_ms=1_519_399_307_000),
    ]


def test_the_accounts_own_comment_on_instagram_entitles_nobody():
    own = {**INSTAGRAM_COMMENT, "value": {**INSTAGRAM_COMMENT["value"], "from": {"id": IG}}}

    assert told(body(own, channel=Channel.INSTAGRAM, key="changes")) == []


# oddities


@pytest.mark.parametrize(
    ("stamp", "at_ms"),
    [
        pytest.param(AT, AT, id="milliseconds"),
        pytest.param(str(AT), AT, id="milliseconds as text"),
        pytest.param(1_763_990_000, 1_763_990_000_000, id="seconds"),
        pytest.param("1763990000", 1_763_990_000_000, id="seconds as text"),
    ],
)
def test_times_come_in_milliseconds_and_seconds_as_numbers_and_texts(stamp, at_ms):
    (one,) = told(body(from_person(at=stamp, message={"mid": "m_1", "text": "hi"})))

    assert one.at_ms == at_ms


@pytest.mark.parametrize("stamp", [None, "soon", 10**30, -5, 1, True, [], "", 1e400, 253402300800000])
def test_without_a_usable_time_nothing_is_told_of_a_person(stamp):
    read = read_body(body(from_person(at=stamp, message={"mid": "m_1", "text": "hi"})))

    assert (read.entries, dict(read.strange)) == ((), {Why.NO_TIME: 1})


def test_ids_come_as_numbers_and_as_texts():
    event = from_person(message={"mid": "m_1", "text": "hi"})
    event |= {"sender": {"id": int(PERSON)}, "recipient": {"id": int(PAGE)}}
    raw = json.dumps({"object": "page", "entry": [{"id": int(PAGE), "messaging": [event]}]}).encode()

    (entry,) = read_body(raw).entries

    assert (entry.external_id, entry.told[0].user_id) == (PAGE, PERSON)


def test_bodies_come_wrapped_in_a_list_and_with_many_entries():
    event = from_person(message={"mid": "m_1", "text": "hi"})
    one = json.loads(body(event, event))
    one["entry"] += json.loads(body(event, key="standby"))["entry"]

    assert len(told(json.dumps([one, one]).encode())) == 6


# The dashboard's button "test": its shape, its people and its times.
TEST_CLICK = {
    "sender": {"id": "12334"},
    "recipient": {"id": "23245"},
    "timestamp": "1527459824",
    "message": {"mid": "test_message_id", "text": "test_message"},
}


@pytest.mark.parametrize("field", sorted(MESSAGING_FIELDS))
@pytest.mark.parametrize("shape", ["alone", "in changes", "in the entry"])
def test_a_test_click_of_the_dashboard_is_shown_and_opens_nothing(field, shape):
    change = {"field": field, "value": TEST_CLICK}
    entry = {"id": "0", "time": 1527459824, **({"changes": [change]} if shape == "in changes" else change)}
    raw = change if shape == "alone" else {"object": "page", "entry": [entry]}

    read = read_body(json.dumps(raw).encode())

    assert (read.entries, dict(read.strange)) == ((), {Why.TEST_EVENT: 1})


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", Why.NO_JSON),
        (b"\xff\xfe\x00", Why.NO_JSON),
        (b"[" * 100_000, Why.NO_JSON),
        (b'{"a":' * 100_000, Why.NO_JSON),
        (b"9" * 10_000, Why.NO_JSON),
        (b"null", Why.NO_OBJECT),
        (b"7", Why.NO_OBJECT),
        (b"{}", Why.NO_ENTRY),
        (b'{"object": "page", "entry": {}}', Why.NO_ENTRY),
        (b'{"object": ["page"], "entry": [7]}', Why.NO_OBJECT),
        (b'{"object": "page", "entry": [{}]}', Why.NO_OBJECT),
        (b'{"object": "page", "entry": [{"messaging": {}}]}', Why.NO_OBJECT),
        (b'{"object": "page", "entry": [{"messaging": [{}]}]}', Why.UNKNOWN_EVENT),
        (body(from_person(brand_new={"a": 1})), Why.UNKNOWN_EVENT),
        (body(from_person(message=[])), Why.NO_OBJECT),
        (body(from_person(message={"mid": "m_1", "is_echo": "true"})), Why.UNKNOWN_EVENT),
        (body(from_person(reaction={"mid": "m_1", "action": "love"})), Why.UNKNOWN_EVENT),
        (body(from_person(policy_enforcement={"action": "hug"})), Why.UNKNOWN_EVENT),
        (body(from_person(delivery={"mids": [], "seq": 7})), Why.ABOUT_NOTHING),
        (body(from_person(read={})), Why.ABOUT_NOTHING),
        (body(feed(item="comment", verb="add"), key="changes"), Why.ABOUT_NOTHING),
        (body({**from_person(message={"mid": "m_1"}), "sender": {"id": PAGE}}), Why.BY_THE_ACCOUNT),
        (body({**from_person(message={"mid": "m_1"}), "sender": {"id": "x" * 9}}), Why.NO_PERSON),
        (body({**from_person(message={"mid": "m_1"}), "sender": {"id": 10**40}}), Why.NO_PERSON),
        (body({"field": "mentions", "value": {}}, key="changes"), Why.UNKNOWN_FIELD),
        (body({"field": ["feed"], "value": {}}, key="changes"), Why.UNKNOWN_FIELD),
    ],
)
def test_what_is_not_understood_is_counted_with_its_why(raw, why):
    assert dict(read_body(raw).strange) == {why: 1}


def test_one_strange_event_costs_nothing_beside_it():
    good = from_person(message={"mid": "m_1", "text": "hi"})

    read = read_body(body("x", None, from_person(brand_new=1), good))

    assert (len(told(body("x", None, good))), read.event_count, sum(read.strange.values())) == (1, 4, 3)


def test_half_characters_nul_and_long_ids_become_what_postgres_can_hold():
    raw = body(
        from_person(message={"mid": "m_\ud800\x00x"}),
        from_person(message={"mid": "m_" + "y" * 5000}),
        from_person(message={"mid": "m_é" + "y" * 600}),
    )

    ids = [one.event_id for one in told(raw)]

    assert ids[0] == "?x"
    assert all("\x00" not in one and len(one) <= 500 and one.encode() for one in ids)
    assert len(set(ids)) == 3


def test_a_key_that_stands_twice_counts_as_its_last_value():
    raw = body(from_person(message={"mid": "m_1"})).replace(b'"timestamp"', b'"timestamp": 5, "timestamp"')

    assert [one.at_ms for one in told(raw)] == [AT]
