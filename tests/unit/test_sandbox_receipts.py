"""What follows on the sandbox's clock: receipts by settings, people who answer, standby, blocks, and the log of it."""

import json
from collections import Counter
from dataclasses import asdict, dataclass

import pytest

from sandbox.clock import Clock
from sandbox.errors import ControlError
from sandbox.message_ids import MessageIds
from sandbox.platform import Platform, Post

PAGE, OTHER_PAGE, INSTAGRAM = "1001", "1002", "17841400000000001"
PERSON = "25381719828140932"
PEOPLE = [str(25381719828140000 + number) for number in range(400)]
START_MS = 1_800_000_000_000


@dataclass
class Time:
    seconds: float = START_MS / 1000

    def __call__(self):
        return self.seconds


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def platform(time):
    return new_platform(time)


def new_platform(time, *, people=(PERSON,), **settings):
    platform = Platform(clock=Clock(time), monotonic=time, ids=MessageIds(b"seed"))
    for account in (PAGE, OTHER_PAGE):
        platform.put_account({"external_id": account, "token": account})
    platform.put_account({"external_id": INSTAGRAM, "channel": "instagram", "token": INSTAGRAM})
    platform.people_act(
        [{"account": account, "user_id": one} for account in (PAGE, OTHER_PAGE, INSTAGRAM) for one in people]
    )
    platform.change_webhooks(settings)
    return platform


def send(platform, *, account=PAGE, person=PERSON, text="Hello"):
    recipient = person if isinstance(person, dict) else {"id": person}
    parameters = {"recipient": recipient, "messaging_type": "UPDATE", "message": {"text": text}}
    state = platform.account_of(account, account, person=next(iter(recipient.values())))
    return platform.perform(Post(account, account, parameters, 0.0), state, post_number=1)


def code(answer):
    return (answer.error.code, answer.error.subcode) if answer.error else answer.status


def told(platform):
    """Return the lines of the log of told events."""
    platform.catch_up()
    return [asdict(line) for line in platform.teller.queue.told.after(0, 100_000)]


def kinds(platform):
    return [line["kind"] for line in told(platform)]


def items(platform):
    """Return all events with the name of the array they stand in."""
    platform.catch_up()
    queue = platform.teller.queue
    found = []
    for _, body in queue.after(0, queue.published_count):
        for entry in json.loads(body.body)["entry"]:
            for place in ("messaging", "standby", "changes"):
                found += [(place, item) for item in entry.get(place, ())]
    return found


def test_receipts_come_when_they_are_due_on_the_clock_and_say_so(time):
    platform = new_platform(
        time, read_share=1, echo_after_seconds=1, delivery_after_seconds=5, read_after_seconds=3_600
    )
    send(platform)
    at_once = kinds(platform)
    time.seconds += 5
    soon = kinds(platform)
    platform.clock.advance(3_595)

    assert (at_once, soon, kinds(platform)) == ([], ["echo", "delivery"], ["echo", "delivery", "read"])
    (_, echo), (_, delivery), (_, read) = items(platform)
    assert echo["timestamp"] == START_MS
    assert delivery["timestamp"] == START_MS + 5_001
    assert delivery["delivery"]["watermark"] == read["read"]["watermark"] == START_MS + 1
    assert read["timestamp"] == START_MS + 3_600_002


def test_the_log_names_what_it_told_of(time):
    platform = new_platform(time, read_share=0)
    mid = "m_" + json.loads(send(platform).body)["message_id"]

    echo, delivery = told(platform)

    same = {"account": PAGE, "user_id": PERSON, "object_ids": [mid], "place": "messaging", "body": 1, "odd": []}
    same |= {"signing": "right", "is_repeat": False, "told_ms": START_MS}
    assert echo == same | {"number": 1, "event": 1, "kind": "echo", "at_ms": START_MS, "watermark_ms": None}
    assert delivery == same | {"number": 2, "event": 2, "kind": "delivery", "at_ms": START_MS + 1} | {
        "watermark_ms": START_MS + 1
    }


def test_a_delivery_may_have_its_watermark_alone(time):
    platform = new_platform(time, delivery_mids=False, echo=False, read_share=0)
    send(platform)

    assert items(platform)[0][1]["delivery"] == {"watermark": START_MS + 1}


def test_an_account_may_have_receipts_of_its_own(time):
    platform = new_platform(time, read_share=1)
    platform.change_webhooks({"account": PAGE, "delivery": False, "read_share": 0})
    platform.change_webhooks({"account": PAGE, "app_id": 5})
    platform.change_webhooks({"echo_after_seconds": 0.0, "delivery": True})
    send(platform)
    send(platform, account=OTHER_PAGE)

    by_account = Counter((line["account"], line["kind"]) for line in told(platform))
    assert by_account == {(PAGE, "echo"): 1, (OTHER_PAGE, "echo"): 1, (OTHER_PAGE, "delivery"): 1} | {
        (OTHER_PAGE, "read"): 1
    }
    assert {item["message"]["app_id"] for _, item in items(platform) if "message" in item} == {5, 1517776481860111}


@pytest.mark.parametrize(
    "changes",
    [
        {"account": PAGE, "hold": True},
        {"account": PAGE, "read_share": "all"},
        {"account": "nobody", "echo": False},
        {"account": PAGE, "colour": "red"},
        {"colour": "red"},
        {"read_share": 1, "hold": 1},
    ],
)
def test_senseless_settings_change_nothing(time, changes):
    platform = new_platform(time, read_share=0)

    with pytest.raises(ControlError):
        platform.change_webhooks(changes)

    send(platform)
    assert kinds(platform) == ["echo", "delivery"]


def test_some_are_never_told_to_be_delivered_and_do_not_read(time):
    platform = new_platform(time, people=PEOPLE, echo=False, delivery_share=0.5, read_share=1)
    for person in PEOPLE:
        send(platform, person=person)

    lines = told(platform)

    delivered = {line["user_id"] for line in lines if line["kind"] == "delivery"}
    assert 150 < len(delivered) < 250
    assert {line["user_id"] for line in lines if line["kind"] == "read"} == delivered


def answers_of(time, **settings):
    """Send to everybody, let two minutes pass, and return the platform."""
    shares = {"write_back_share": 0.3, "react_share": 0.2, "opt_out_share": 0.1, "answer_after_seconds": 60}
    platform = new_platform(time, people=PEOPLE, **{**shares, **settings})
    for person in PEOPLE:
        send(platform, person=person, account=settings.get("account", PAGE))
    platform.clock.advance(120)
    platform.catch_up()
    platform.clock.advance(-120)
    return platform


ANSWERS = ("message", "reaction", "marketing_stop")


def test_people_write_back_react_and_opt_out_by_themselves(time):
    platform = answers_of(time, read_share=0.2)

    lines = told(platform)

    by_kind = {kind: {line["user_id"] for line in lines if line["kind"] == kind} for kind in (*ANSWERS, "read")}
    assert 80 < len(by_kind["message"]) < 160
    assert 50 < len(by_kind["reaction"]) < 110
    assert 20 < len(by_kind["marketing_stop"]) < 60
    answering = by_kind["message"] | by_kind["reaction"] | by_kind["marketing_stop"]
    assert sum(map(len, (by_kind[kind] for kind in ANSWERS))) == len(answering)
    assert answering < by_kind["read"]
    times = [line["at_ms"] - START_MS for line in lines if line["kind"] in ANSWERS]
    assert 1_000 <= min(times) < 5_000
    assert 55_000 < max(times) <= 61_000


def test_who_writes_back_opens_a_new_window(time):
    platform = answers_of(time, write_back_share=1, react_share=0, opt_out_share=0)
    platform.people_act([{"account": PAGE, "user_id": "777777"}])
    platform.clock.advance(86_400 + 0.5)

    assert code(send(platform, person=PEOPLE[0])) == 200
    assert code(send(platform, person="777777")) == (10, 2018278)


def test_a_reaction_is_to_the_message_that_was_sent(time):
    platform = answers_of(time, write_back_share=0, react_share=1, opt_out_share=0)

    lines = told(platform)

    echoes = {line["user_id"]: line["object_ids"] for line in lines if line["kind"] == "echo"}
    assert {line["user_id"]: line["object_ids"] for line in lines if line["kind"] == "reaction"} == echoes


def test_one_seed_lets_the_same_people_answer_and_another_seed_others(time):
    def answering(seed):
        lines = told(answers_of(time, seed=seed))
        return {(line["user_id"], line["kind"], line["at_ms"]) for line in lines if line["kind"] in ANSWERS}

    assert answering(7) == answering(7)
    assert answering(7) != answering(8)


def test_one_seed_gives_the_same_bytes(time):
    def bodies():
        platform = answers_of(time, seed=7, reorder=True)
        queue = platform.teller.queue
        return [body.body for _, body in queue.after(0, queue.published_count)]

    assert bodies() == bodies()


def test_on_instagram_people_opt_out_in_words(time):
    platform = new_platform(time, echo=False, read_share=0, opt_out_share=1)
    send(platform, account=INSTAGRAM)
    platform.clock.advance(120)

    assert [item["message"]["text"] for _, item in items(platform) if "message" in item] == ["STOP"]


def test_nobody_answers_unless_told_to(platform):
    send(platform)
    platform.clock.advance(86_400)

    assert set(kinds(platform)) <= {"echo", "delivery", "read"}


def test_a_block_makes_the_account_refuse_sends_until_it_is_lifted(platform):
    policy = {"account": PAGE, "kind": "policy"}
    platform.page_act([policy | {"action": "warning"}])
    warned = code(send(platform))
    platform.page_act([policy | {"action": "block"}])
    blocked = code(send(platform))
    other = code(send(platform, account=OTHER_PAGE))
    platform.page_act([policy | {"action": "warning"}])
    still = code(send(platform))
    platform.page_act([policy | {"action": "unblock"}])

    assert (warned, blocked, other, still, code(send(platform))) == (200, (10, 1893063), 200, (10, 1893063), 200)
    policies = [kind for kind in kinds(platform) if kind.startswith("policy")]
    assert policies == ["policy_warning", "policy_block", "policy_warning", "policy_unblock"]


@pytest.mark.parametrize(("account", "refused"), [(PAGE, (10, 2018300)), (INSTAGRAM, (100, 2534037))])
def test_while_another_app_owns_a_thread_we_hear_in_standby_and_may_not_send(platform, account, refused):
    control = {"account": account, "kind": "thread_control", "user_id": PERSON}
    says = {"account": account, "user_id": PERSON, "kind": "postback", "webhook": True}
    platform.page_act([control | {"action": "take", "app_id": 5}])
    platform.people_act([says, says | {"user_id": "777777"}])
    during = code(send(platform, account=account))
    platform.page_act([control | {"action": "pass", "app_id": 1517776481860111}])
    platform.people_act([says])

    assert (during, code(send(platform, account=account))) == (refused, 200)
    postbacks = [(place, item["postback"].keys()) for place, item in items(platform) if "postback" in item]
    assert postbacks == [
        ("standby", {"mid", "title"}),
        ("messaging", {"mid", "title", "payload"}),
        ("messaging", {"mid", "title", "payload"}),
    ]
    passes = [item["pass_thread_control"] for _, item in items(platform) if "pass_thread_control" in item]
    assert passes == [{"previous_owner_app_id": "5", "new_owner_app_id": "1517776481860111"}]
    assert {line["place"] for line in told(platform)} == {"standby", "messaging"}


def test_what_a_person_does_in_a_thread_of_another_app_still_opens_the_window(platform, time):
    platform.page_act([{"account": PAGE, "kind": "thread_control", "user_id": PERSON, "action": "take"}])
    time.seconds += 86_000
    platform.people_act([{"account": PAGE, "user_id": PERSON, "webhook": True}])
    platform.page_act(
        [{"account": PAGE, "kind": "thread_control", "user_id": PERSON, "action": "pass", "app_id": 1517776481860111}]
    )
    time.seconds += 1_000

    assert code(send(platform)) == 200


@pytest.mark.parametrize(
    "item",
    [
        {"kind": "ad_referral"},
        {"kind": "unreact"},
        {"kind": "read"},
        {"kind": "marketing_opt_in"},
        {"kind": "marketing_resume"},
        {"kind": "account_linking"},
        {"kind": "edit", "mid": "A"},
        {"kind": "comment"},
        {"kind": "comment_edited", "comment_id": "1_2"},
    ],
)
def test_what_opens_no_window_opens_none(platform, item):
    platform.people_act([{"account": PAGE, "user_id": "777777", **item}])

    assert code(send(platform, person="777777")) == (10, 2018278)


def test_a_comment_that_was_removed_can_no_longer_be_answered_and_a_hidden_one_can(platform):
    comment = {"account": PAGE, "user_id": PERSON, "kind": "comment"}
    platform.people_act([comment | {"comment_id": "1_2"}, comment | {"comment_id": "1_3"}])
    platform.people_act(
        [
            comment | {"comment_id": "1_2", "kind": "comment_removed"},
            comment | {"comment_id": "1_3", "kind": "comment_hidden"},
        ]
    )

    removed = send(platform, person={"comment_id": "1_2"})
    hidden = send(platform, person={"comment_id": "1_3"})

    assert (code(removed), code(hidden)) == ((100, 2534025), 200)


def test_an_edit_and_an_unsend_change_the_conversation(platform):
    writes = {"account": INSTAGRAM, "user_id": PERSON}
    platform.people_act([writes | {"mid": "A", "text": "One"}, writes | {"mid": "B", "text": "Two"}])
    platform.people_act(
        [writes | {"kind": "edit", "mid": "A", "text": "Eins"}, writes | {"kind": "unsend", "mid": "B"}]
    )

    thread = platform.accounts[INSTAGRAM].people[PERSON].thread

    assert [message.text for message in thread if message.bare_id in "AB"] == ["Eins"]


def test_what_others_write_for_the_account_stands_in_the_conversation(platform):
    platform.page_act([{"account": PAGE, "kind": "echo", "user_id": PERSON, "text": "By hand"}])

    newest = platform.accounts[PAGE].people[PERSON].thread[-1]

    assert (newest.text, newest.is_from_person) == ("By hand", False)


def test_an_account_is_told_with_the_secret_of_its_own_app(platform):
    platform.put_account({"external_id": INSTAGRAM, "app_secret": "graph", "webhook_secret": "instagram-login"})
    platform.people_act([{"account": INSTAGRAM, "user_id": PERSON, "webhook": True}])
    platform.people_act([{"account": PAGE, "user_id": PERSON, "webhook": True}])
    platform.catch_up()

    queue = platform.teller.queue
    assert {body.accounts[0]: body.app_secret for _, body in queue.after(0, 2)} == {
        INSTAGRAM: "instagram-login",
        PAGE: "sandbox-app-secret",
    }


def test_a_wrong_kind_of_oddity_is_no_field_of_an_account(platform):
    with pytest.raises(ControlError, match="odd is a list"):
        platform.put_account({"external_id": PAGE, "odd": ["strange"]})


def test_what_is_due_is_done_a_part_at_a_time_between_calls(time):
    platform = new_platform(time, people=PEOPLE, echo=False, read_share=0, delivery_after_seconds=10)
    for _ in range(6):
        for person in PEOPLE:
            send(platform, person=person)
    time.seconds += 10

    platform.tick()

    assert len(platform.teller.queue.told) == 2000
    assert len(told(platform)) == 2400
