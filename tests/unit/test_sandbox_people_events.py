"""What people do, and the event that tells of it, in its exact shape."""

import pytest

from domain.template import Channel
from domain.window import OPENERS, InteractionKind
from sandbox.acts import NOT_ON, OPENING, ActKind
from sandbox.errors import ControlError
from sandbox_acts import (
    AT,
    CHANGES,
    INSTAGRAM,
    INSTAGRAM_COMMENT,
    INSTAGRAM_EVENTS,
    PAGE,
    PAGE_EVENTS,
    PERSON,
    SECONDS,
    TO_INSTAGRAM,
    TO_PAGE,
    entries,
    new_platform,
    people_told,
)


@pytest.fixture
def platform():
    return new_platform()


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


def test_a_read_on_instagram_is_of_one_message(platform):
    with pytest.raises(ControlError, match="mid"):
        platform.people_act([{"account": INSTAGRAM, "user_id": PERSON, "kind": "read"}])
