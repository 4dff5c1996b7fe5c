"""The rules of the sandbox's platform: tokens, windows, private replies, limits, and the log of truth."""

import hashlib
import hmac
import json
from dataclasses import dataclass

import pytest

from sandbox.clock import Clock
from sandbox.errors import ControlError
from sandbox.message_ids import MessageIds
from sandbox.platform import Platform, Post
from sandbox.truth import TruthLog

PAGE, OTHER_PAGE, INSTAGRAM = "1001", "1002", "17841400000000001"
PERSON = "25381719828140932"
DAY_MS = 24 * 3_600_000


@dataclass
class Time:
    seconds: float = 1_800_000_000.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def platform(time):
    platform = Platform(clock=Clock(time), monotonic=time, ids=MessageIds(b"seed"))
    platform.put_account({"external_id": PAGE, "token": "page-token"})
    platform.put_account({"external_id": OTHER_PAGE, "token": "other-token"})
    platform.put_account({"external_id": INSTAGRAM, "channel": "instagram", "token": "ig-token"})
    for account in (PAGE, INSTAGRAM):
        platform.people_act([{"account": account, "user_id": PERSON}])
    return platform


def send(platform, *, node=PAGE, token="page-token", recipient=None, text="Hello", metadata=None, **more):
    message = {"text": text} | ({"metadata": metadata} if metadata else {})
    parameters = {"recipient": recipient or {"id": PERSON}, "messaging_type": "UPDATE", "message": message} | more
    state = platform.account_of(node, token, person=next(iter(parameters["recipient"].values())))
    return platform.perform(Post(node, token, parameters, 0.0), state, post_number=1)


def codes(answer):
    return (answer.error.code, answer.error.subcode) if answer.error else answer.status


@pytest.mark.parametrize(
    ("node", "token", "expected"),
    [
        (PAGE, "page-token", 200),
        ("me", "page-token", 200),
        (PAGE, None, (104, None)),
        (PAGE, "nonsense", (190, None)),
        ("me", "nonsense", (190, None)),
        (PAGE, "other-token", (100, 33)),
        ("999", "page-token", (100, 33)),
        (OTHER_PAGE, "other-token", (100, 2018001)),
        (INSTAGRAM, "ig-token", 200),
    ],
)
def test_a_token_sends_for_its_own_account_to_its_own_people_only(platform, node, token, expected):
    assert codes(send(platform, node=node, token=token)) == expected


def test_a_person_of_another_instagram_account_has_instagrams_own_subcode(platform):
    answer = send(platform, node=INSTAGRAM, token="ig-token", recipient={"id": "999"})

    assert codes(answer) == (100, 2534014)


def test_a_renewed_token_lets_the_old_one_expire(platform):
    platform.put_account({"external_id": PAGE, "token": "new-token"})

    assert codes(send(platform)) == (190, 463)
    assert codes(send(platform, token="new-token")) == 200


def test_an_account_without_a_token_sends_nothing_and_forgets_nobody(platform):
    platform.put_account({"external_id": PAGE, "token": None})
    dead = send(platform)
    platform.put_account({"external_id": PAGE, "token": "page-token"})

    assert codes(dead) == (190, 463)
    assert codes(send(platform)) == 200


@pytest.mark.parametrize(
    ("account", "token", "subcode"), [(PAGE, "page-token", 2018278), (INSTAGRAM, "ig-token", 2534022)]
)
def test_the_window_closes_24_hours_after_the_persons_act_to_the_millisecond(platform, time, account, token, subcode):
    start = time.seconds
    time.seconds = start + 86_399.999
    inside = send(platform, node=account, token=token)
    time.seconds = start + 86_400
    outside = send(platform, node=account, token=token)

    assert codes(inside) == 200
    assert inside.message.window_left_seconds == pytest.approx(0.001, abs=0.0011)
    assert codes(outside) == (10, subcode)


def test_only_a_later_act_moves_the_window(platform, time):
    earlier = int(time.seconds * 1000) - DAY_MS + 5000
    platform.people_act([{"account": PAGE, "user_id": PERSON, "kind": "postback", "occurred_at": earlier}])
    platform.people_act([{"account": PAGE, "user_id": "777777", "kind": "m_me", "occurred_at": earlier}])
    time.seconds += 10

    assert codes(send(platform)) == 200
    assert codes(send(platform, recipient={"id": "777777"})) == (10, 2018278)


def test_a_comment_opens_no_window_but_allows_one_private_reply_within_seven_days(platform, time):
    act = {"account": PAGE, "user_id": "555555", "kind": "comment", "comment_id": "1_2"}
    platform.people_act([act, act | {"comment_id": "1_3"}])

    by_id = send(platform, recipient={"id": "555555"})
    reply = send(platform, recipient={"comment_id": "1_2"}, text="Thank you")
    again = send(platform, recipient={"comment_id": "1_2"}, text="Thank you")
    time.seconds += 7 * 86_400
    too_late = send(platform, recipient={"comment_id": "1_3"})

    assert codes(by_id) == (10, 2018278)
    assert (codes(reply), reply.message.recipient_id, reply.message.allowed_by) == (200, "555555", "private_reply")
    assert codes(again) == codes(too_late) == (100, 2534025)


def test_a_refused_private_reply_keeps_its_right(platform):
    platform.people_act([{"account": PAGE, "user_id": "555555", "kind": "visitor_post", "post_id": "1_9"}])

    refused = send(platform, recipient={"post_id": "1_9"}, text="")

    assert codes(refused) == (100, 2018034)
    assert codes(send(platform, recipient={"post_id": "1_9"})) == 200


def test_without_the_rule_a_late_message_is_taken_and_counted_as_late(platform, time):
    platform.rules = type(platform.rules)(window_rule=False)
    time.seconds += 90_000

    answer = send(platform)

    assert codes(answer) == 200
    assert answer.message.window_left_seconds == pytest.approx(-3600)
    assert platform.truth.summary().late == 1


def test_duplicates_are_the_same_content_to_the_same_person_or_the_same_metadata(platform):
    platform.people_act([{"account": PAGE, "user_id": "666666"}])
    send(platform, text="One", metadata="a")
    send(platform, text="One", metadata="b")
    send(platform, text="Two", metadata="a")
    send(platform, text="One", metadata="c", recipient={"id": "666666"})
    send(platform, text="One", metadata="d", node=INSTAGRAM, token="ig-token")

    summary = platform.truth.summary()

    assert (summary.accepted, summary.duplicates) == (5, 2)


def test_the_answers_id_has_the_prefix_only_where_the_account_says_so(platform):
    without = json.loads(send(platform).body)["message_id"]
    platform.put_account({"external_id": PAGE, "prefixed_ids": True})
    prefixed = json.loads(send(platform).body)["message_id"]
    instagram = json.loads(send(platform, node=INSTAGRAM, token="ig-token").body)["message_id"]

    assert not without.startswith("m_")
    assert prefixed.startswith("m_")
    assert instagram.startswith("aWdfZAG1faXRlbTo")
    assert len(instagram) > 150


def test_more_messages_than_the_limit_in_a_second_are_throttled_with_a_usage_header(platform, time):
    platform.put_account({"external_id": PAGE, "messages_per_second": 2, "limit_code": 80006})
    answers = [codes(send(platform)) for _ in range(3)]
    throttled = send(platform)
    time.seconds += 1.0

    usage = json.loads(dict(throttled.headers)["X-Business-Use-Case-Usage"])
    assert answers == [200, 200, (80006, None)]
    assert usage[PAGE][0]["type"] == "messenger"
    assert codes(send(platform)) == 200


def test_a_wrong_appsecret_proof_is_refused_and_a_right_one_is_not(platform):
    platform.put_account({"external_id": PAGE, "app_secret": "shhhhh"})
    proof = hmac.new(b"shhhhh", b"page-token", hashlib.sha256).hexdigest()

    assert codes(send(platform, appsecret_proof="0" * 64)) == (100, None)
    assert codes(send(platform, appsecret_proof=proof)) == 200


def test_a_page_and_its_instagram_account_share_id_and_token_and_the_person_decides(platform):
    platform.put_account({"external_id": INSTAGRAM, "page_id": PAGE, "token": "page-token"})
    platform.people_act([{"account": INSTAGRAM, "user_id": "888888"}])

    message = send(platform, recipient={"id": "888888"}).message

    assert message.account == INSTAGRAM


@pytest.mark.parametrize(
    "item",
    [
        {"account": "nobody", "user_id": PERSON},
        {"account": PAGE, "user_id": "abc"},
        {"account": PAGE, "user_id": 12345},
        {"account": PAGE, "user_id": PERSON, "kind": "wink"},
        {"account": PAGE, "user_id": PERSON, "kind": "ig_me"},
        {"account": INSTAGRAM, "user_id": PERSON, "kind": "m_me"},
        {"account": PAGE, "user_id": PERSON, "occurred_at": "yesterday"},
        {"account": PAGE, "user_id": PERSON, "occurred_at": "2027-01-15T08:00:00"},
        {"account": PAGE, "user_id": PERSON, "occurred_at": "2099-01-15T08:00:00Z"},
        {"account": PAGE, "user_id": PERSON, "when": 1},
    ],
)
def test_one_senseless_act_stores_none_of_them(platform, item):
    with pytest.raises(ControlError, match="item 2"):
        platform.people_act([{"account": PAGE, "user_id": "123123"}, item])

    assert "123123" not in platform.accounts[PAGE].people


def test_an_iso_time_and_milliseconds_mean_the_same(platform):
    moment = "2027-01-15T09:00:00+01:00"
    platform.people_act([{"account": PAGE, "user_id": "123123", "occurred_at": moment}])
    platform.people_act([{"account": PAGE, "user_id": "123124", "occurred_at": 1_800_000_000_000}])

    people = platform.accounts[PAGE].people
    assert people["123123"].opened_ms == people["123124"].opened_ms == 1_800_000_000_000


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"external_id": 5},
        {"external_id": PAGE, "colour": "red"},
        {"external_id": PAGE, "channel": "fax"},
        {"external_id": PAGE, "limit_code": 5},
        {"external_id": PAGE, "token": 5},
        {"external_id": PAGE, "app_secret": None},
        {"external_id": PAGE, "messages_per_second": "many"},
    ],
)
def test_a_senseless_account_is_refused(platform, item):
    with pytest.raises(ControlError):
        platform.put_account(item)


def test_the_clock_can_be_set_moved_and_named(time):
    clock = Clock(time)

    clock.advance(3600)
    moved = clock.now_ms()
    clock.set_now(1_000_000)

    assert moved == int((time.seconds + 3600) * 1000)
    assert clock.now_ms() == 1_000_000


def test_the_file_holds_every_entry_as_a_line_that_names_its_log(platform, tmp_path):
    path = tmp_path / "truth.jsonl"
    platform.truth = TruthLog(path)
    send(platform, text="Grüße")
    platform.truth.flush()
    send(platform, metadata="a")
    platform.truth.close()

    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    assert [(line["log"], line["number"], line["text"]) for line in lines] == [
        ("accepted", 1, "Grüße"),
        ("accepted", 2, "Hello"),
    ]
