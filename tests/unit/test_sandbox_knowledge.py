"""What a receiver must know by the log of told events: beside a small story told by hand."""

import random

import pytest

from sandbox.clock import Clock
from sandbox.knowledge import Entitlement, Knowledge, what_is_known
from sandbox.message_ids import MessageIds
from sandbox.platform import Platform

PAGE, INSTAGRAM = "1001", "17841400000000001"
ADA, BEN = "25381719828140932", "25381719828140934"
AT = 1_800_000_000_123


@pytest.fixture
def platform():
    platform = Platform(clock=Clock(lambda: AT / 1000), ids=MessageIds(b"seed"))
    platform.put_account({"external_id": PAGE})
    platform.put_account({"external_id": INSTAGRAM, "channel": "instagram"})
    return platform


def act(platform, *items, account=PAGE):
    platform.people_act([{"account": account, "user_id": ADA, "webhook": True, **item} for item in items])


def page(platform, *items):
    platform.page_act([{"account": PAGE, **item} for item in items])


def told(platform):
    platform.catch_up()
    return platform.teller.queue.told.after(0, 1000)


def known(platform, **how):
    return what_is_known(told(platform), **how)


def test_the_newest_opener_of_each_person_counts_whatever_else_they_do(platform):
    act(
        platform,
        {"occurred_at": AT - 5000},
        {"kind": "reaction", "occurred_at": AT - 1000},
        {"kind": "postback", "occurred_at": AT - 3000},
        {"kind": "unreact"},
        {"kind": "ad_referral"},
        {"kind": "marketing_opt_in"},
        {"kind": "read"},
        {"user_id": BEN, "kind": "m_me", "occurred_at": AT - 4000, "odd": ["seconds"]},
    )

    assert known(platform).openers == {(PAGE, ADA): (AT - 1000, "reaction"), (PAGE, BEN): (AT - 4123, "m_me")}


def test_comments_and_posts_may_be_answered_until_they_are_taken_back(platform):
    act(
        platform,
        {"kind": "comment", "comment_id": "1_1"},
        {"kind": "comment", "comment_id": "1_2"},
        {"kind": "comment_removed", "comment_id": "1_2"},
        {"kind": "visitor_post", "post_id": "1_9"},
    )
    act(platform, {"kind": "comment", "comment_id": "7", "odd": ["field_value"]}, account=INSTAGRAM)
    page(platform, {"kind": "own_comment", "comment_id": "1_3"})

    found = known(platform)

    second = AT - 123
    assert found.entitlements == {
        (PAGE, "1_1"): Entitlement("comment", ADA, second),
        (PAGE, "1_2"): Entitlement("comment", ADA, second, second),
        (PAGE, "1_9"): Entitlement("visitor_post", ADA, second),
        (INSTAGRAM, "7"): Entitlement("comment", ADA, second),
    }
    assert found.openers == {}


def test_echoes_deliveries_and_reads_are_known_by_id_or_by_watermark(platform):
    page(
        platform,
        {"kind": "echo", "user_id": ADA, "mid": "A"},
        {"kind": "delivery", "user_id": ADA, "mids": ["m_A", "m_B"], "watermark": AT - 1},
        {"kind": "delivery", "user_id": ADA, "odd": ["no_time"]},
    )
    act(platform, {"kind": "read"})
    act(platform, {"kind": "read", "mid": "C"}, account=INSTAGRAM)

    assert known(platform) == Knowledge(
        sent={(PAGE, "m_A"): AT},
        delivered={(PAGE, "m_A"), (PAGE, "m_B")},
        read={(INSTAGRAM, "C")},
        watermarks={
            (PAGE, ADA, "delivery", AT - 1),
            (PAGE, ADA, "delivery", AT),
            (PAGE, ADA, "read", AT),
        },
    )


def test_the_newest_word_on_marketing_and_on_the_policy_counts(platform):
    act(
        platform,
        {"kind": "marketing_stop", "occurred_at": AT - 2000},
        {"kind": "marketing_resume", "occurred_at": AT - 3000},
        {"kind": "marketing_stop", "user_id": BEN, "occurred_at": AT - 3000},
        {"kind": "marketing_resume", "user_id": BEN, "occurred_at": AT - 2000},
    )
    page(platform, {"kind": "policy", "action": "block"}, {"kind": "policy", "action": "warning"})

    found = known(platform)

    assert found.stopped == {(PAGE, ADA): True, (PAGE, BEN): False}
    assert found.blocked == {PAGE: True}


def test_what_was_lost_badly_signed_not_taken_or_of_the_test_button_proves_nothing(platform):
    platform.change_webhooks({"batch_size": 1, "drop": 2, "bad_signature": 3})
    act(platform, *({"occurred_at": AT - 1000 * number} for number in (4, 3, 2, 1)))
    page(platform, {"kind": "test_event"})

    everything = told(platform)

    assert [line.body for line in everything if line.kind == "message"].count(None) == 2
    assert known(platform).openers == {(PAGE, ADA): (AT - 4000, "message")}
    assert known(platform, taken=[]).openers == {}


def test_neither_order_nor_repetition_changes_what_is_known(platform):
    platform.change_webhooks({"batch_size": 1, "duplicate": 2})
    act(
        platform,
        {"occurred_at": AT - 5000},
        {"kind": "comment", "comment_id": "1_2"},
        {"kind": "comment_removed", "comment_id": "1_2"},
        {"kind": "marketing_stop"},
        {"kind": "reaction", "occurred_at": AT - 1000},
    )
    page(platform, {"kind": "policy", "action": "block"}, {"kind": "policy", "action": "unblock"})
    lines = told(platform)
    first = what_is_known(lines)

    for seed in range(20):
        shuffled = [*lines, *lines]
        random.Random(seed).shuffle(shuffled)
        assert what_is_known(shuffled) == first
