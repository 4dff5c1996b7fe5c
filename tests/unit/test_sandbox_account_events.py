"""What accounts, other apps and Meta do, and the event that tells of it, in its exact shape."""

import json

import pytest

from sandbox.errors import ControlError
from sandbox.page_acts import PageActKind
from sandbox_acts import AT, COMMENT, INSTAGRAM, PAGE, PAGE_ACTS, PERSON, SECONDS, entries, new_platform, page_told


@pytest.fixture
def platform():
    return new_platform()


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


def test_the_fixtures_cover_every_kind_of_what_accounts_do():
    covered = {item["kind"] for item, _ in PAGE_ACTS.values()} | {"own_comment", "test_event"}

    assert covered == {kind.value for kind in PageActKind}


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


def test_instagram_has_no_deliveries(platform):
    with pytest.raises(ControlError, match="Instagram"):
        platform.page_act([{"account": INSTAGRAM, "kind": "delivery", "user_id": PERSON}])
