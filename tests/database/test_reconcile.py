"""Receipts: what each proves of a message, before and after its answer and its echo."""

from datetime import timedelta

import pytest

from domain.template import Channel
from events import DAY, SECOND, Scene, milliseconds
from tasks.database import broken_promises


def test_echo_delivery_and_read_move_a_message_with_the_platforms_own_times(scene):
    (one,) = scene.sent
    scene.answer(one)

    scene.tell(scene.platform.echo(1, scene.at + 1, mid=f"m_{one.mid}", attempt_id=one.attempt_id))
    scene.reconcile()
    assert scene.stands() == ("sent", 1, None, None)
    scene.tell(scene.platform.delivery(1, scene.at + 2, mids=[f"m_{one.mid}"]))
    assert scene.reconcile().delivered == 1
    assert scene.stands() == ("delivered", 1, 2, None)
    scene.tell(scene.platform.read(1, scene.at + 9, watermark=scene.at + 3))

    assert scene.reconcile().read == 1
    assert scene.stands() == ("read", 1, 2, 9)
    assert broken_promises(scene.connection) == {}


def test_p20_what_was_read_is_never_less_and_a_read_implies_the_delivery(scene):
    (one,) = scene.sent
    scene.answer(one)
    scene.tell(scene.platform.read(1, scene.at + 9, watermark=scene.at + 61 * SECOND))
    scene.reconcile()
    first = scene.stands()

    scene.tell(scene.platform.delivery(1, scene.at + 70 * SECOND, mids=[one.mid]))
    assert scene.reconcile().delivered == 0
    later = scene.stands()
    scene.tell(scene.platform.delivery(1, scene.at + 5, mids=[one.mid]))
    scene.reconcile()

    read_at = 61 * SECOND
    assert first == ("read", None, read_at, read_at)
    assert later == first
    assert scene.stands() == ("read", None, 5, read_at)


def test_p21_a_watermark_touches_only_what_was_sent_to_that_person_by_then(world, tmp_path):
    scene, other = Scene(world, tmp_path, numbers=(1, 2)), Scene(world, tmp_path, numbers=(1,))
    scene.answer_all()
    other.answer_all()
    first, second = scene.sent
    at = scene.at
    for stage in (scene, other):
        for one in stage.sent:
            stage.tell(stage.platform.echo(one.number, at + 100, mid=one.mid, attempt_id=one.attempt_id))

    scene.tell(scene.platform.read(1, at + 200, watermark=at + 99))
    scene.reconcile()
    assert {scene.stands(first)[0], scene.stands(second)[0], other.stands()[0]} == {"sent"}
    scene.tell(scene.platform.read(1, at + 201, watermark=at + 100))
    scene.reconcile()

    assert scene.stands(first) == ("read", 100, 201, 201)
    assert scene.stands(second)[0] == "sent"  # the same account, another person
    assert other.stands()[0] == "sent"  # the same person's id on another account


def test_a_watermark_of_a_message_without_an_echo_counts_from_our_acceptance_with_a_margin(scene_18):
    scene = scene_18
    (one,) = scene.sent
    scene.answer(one)
    accepted = milliseconds(scene.row()["sent_at"])

    scene.tell(scene.platform.read(1, accepted + 59 * SECOND, watermark=accepted + 59 * SECOND))
    scene.reconcile()
    assert scene.stands()[0] == "sent"
    # The delivery says that it was sent by then, so the read from before covers it after all.
    scene.tell(scene.platform.delivery(1, accepted + 2, mids=[one.mid]))
    scene.reconcile()

    assert scene.stands()[0] == "read"
    assert scene.row()["read_at"] - scene.row()["sent_at"] < timedelta(seconds=60)


def test_a_delivery_without_ids_is_a_watermark(scene_18):
    scene = scene_18
    (one,) = scene.sent
    scene.answer(one)
    scene.tell(scene.platform.echo(1, scene.at, mid=one.mid, attempt_id=one.attempt_id))

    scene.tell(scene.platform.delivery(1, scene.at + 7, watermark=scene.at + 1))
    scene.reconcile()

    assert scene.stands() == ("delivered", 0, 7, None)


@pytest.mark.parametrize("mid", ["{}-of-us", "m_{}-of-us"], ids=["answered without m_", "answered with m_"])
def test_p22_a_receipt_that_comes_before_its_answer_waits_and_is_applied_then(world, tmp_path, mid):
    scene = Scene(world, tmp_path, mid=mid)
    (one,) = scene.sent
    scene.tell(scene.platform.delivery(1, scene.at + 2, mids=["m_1-of-us", "m_of-another-app"]))
    scene.tell(scene.platform.read(1, scene.at + 120 * SECOND, watermark=scene.at + 119 * SECOND))
    scene.reconcile()
    assert scene.row()["state"] == "sending"
    assert scene.waiting() == ["1-of-us", "of-another-app"]

    scene.answer(one)
    report = scene.reconcile()

    assert (report.bodies, report.read) == (0, 1)
    assert scene.stands() == ("read", None, 2, 120 * SECOND)
    assert scene.waiting() == ["of-another-app"]
    assert broken_promises(scene.connection) == {}


def test_p22_a_receipt_that_comes_before_its_echo_waits_for_it(scene):
    (one,) = scene.sent
    scene.lose_answer(one)
    scene.tell(scene.platform.delivery(1, scene.at + 3, mids=[f"m_{one.mid}"]))
    scene.reconcile()
    assert scene.row()["state"] == "unknown"

    scene.tell(scene.platform.echo(1, scene.at + 1, mid=f"m_{one.mid}", attempt_id=one.attempt_id))
    report = scene.reconcile()

    assert (report.settled, report.delivered) == (1, 1)
    assert scene.stands() == ("delivered", 1, 3, None)
    assert scene.waiting() == []


def test_an_echo_before_the_answer_takes_the_waiting_receipts_and_the_answer_changes_nothing(scene_18):
    scene = scene_18
    (one,) = scene.sent
    at = scene.at
    scene.tell(scene.platform.echo(1, at + 1, mid=one.mid, attempt_id=one.attempt_id))
    scene.tell(scene.platform.delivery(1, at + 3, mids=[one.mid]), scene.platform.read(1, at + 5, watermark=at + 4))
    scene.reconcile()

    assert scene.answer(one) == 0
    scene.reconcile()

    assert scene.stands() == ("read", 1, 3, 5)


def test_receipts_by_the_id_of_an_echo_that_is_not_that_of_the_answer_count_in_any_order(scene_18):
    scene = scene_18
    (one,) = scene.sent
    scene.answer(one, mid="the-answers")
    scene.tell(scene.platform.delivery(1, scene.at + 3, mids=["m_the-echos"]))
    scene.reconcile()
    assert scene.stands()[0] == "sent"

    scene.tell(scene.platform.echo(1, scene.at + 1, mid="m_the-echos", attempt_id=one.attempt_id))
    scene.reconcile()
    assert scene.stands() == ("delivered", 1, 3, None)
    scene.tell(scene.platform.delivery(1, scene.at + 2, mids=["m_the-echos"]))
    scene.reconcile()

    assert scene.stands() == ("delivered", 1, 2, None)


def test_a_watermark_never_proves_what_is_unknown_and_a_receipt_by_its_id_does(scene):
    (one,) = scene.sent
    scene.lose_answer(one)
    scene.tell(scene.platform.read(1, scene.at + DAY, watermark=scene.at + DAY))
    scene.reconcile()
    assert scene.row()["state"] == "unknown"

    # An unclear answer that named an id all the same.
    scene.connection.execute("UPDATE attempt SET provider_message_id = %s", [f"m_{one.mid}"])
    scene.tell(scene.platform.delivery(1, scene.at + 3, mids=[one.mid]))
    report = scene.reconcile()

    assert (report.settled, scene.row()["outcome"]) == (1, "accepted")
    assert scene.stands() == ("read", None, 3, DAY)
    assert broken_promises(scene.connection) == {}


def test_p23_an_instagram_message_goes_from_sent_to_read_by_its_id(world, tmp_path):
    scene = Scene(world, tmp_path, numbers=(1, 2), channel=Channel.INSTAGRAM)
    scene.answer_all()
    first, second = scene.sent

    scene.tell(scene.platform.read(1, scene.at + 7, mid=first.mid))
    report = scene.reconcile()

    assert (report.delivered, report.read) == (0, 1)
    assert scene.stands(first) == ("read", None, None, 7)
    assert scene.stands(second) == ("sent", None, None, None)
    assert broken_promises(scene.connection) == {}


def test_an_instagram_echo_without_our_metadata_tells_a_time_and_proves_nothing(world_18, tmp_path):
    scene = Scene(world_18, tmp_path, numbers=(1, 2), channel=Channel.INSTAGRAM)
    first, second = scene.sent
    scene.lose_answer(second)
    for one in scene.sent:
        scene.tell(scene.platform.echo(one.number, scene.at + one.number, mid=one.mid))
    scene.reconcile()
    assert scene.row(second)["state"] == "unknown"

    scene.answer(first)
    scene.reconcile()

    assert scene.stands(first) == ("sent", 1, None, None)
    assert scene.row(second)["state"] == "unknown"
    assert scene.waiting() == [second.mid]


def test_an_echo_of_another_app_on_messenger_is_not_kept(scene_18):
    scene_18.tell(scene_18.platform.echo(1, scene_18.at, mid="of-the-inbox"))

    assert scene_18.reconcile().events == 1
    assert scene_18.waiting() == []


def test_what_has_no_receipt_for_days_says_so_until_one_comes(world, tmp_path):
    scene = Scene(world, tmp_path, numbers=(1, 2, 3))
    scene.answer_all()
    first, second, third = scene.sent
    scene.tell(scene.platform.echo(3, scene.at, mid=third.mid, attempt_id=third.attempt_id))
    world.put_clock_ahead(days=2.9)
    assert scene.reconcile().missing == 0

    world.put_clock_ahead(days=3.1)
    report, again = scene.reconcile(), scene.reconcile()
    assert (report.missing, again.missing) == (2, 0)
    assert [scene.row(one)["reason"] for one in scene.sent] == ["no_receipt", "no_receipt", None]
    assert {scene.row(one)["state"] for one in scene.sent} == {"sent"}
    scene.tell(scene.platform.delivery(1, scene.at + 3 * DAY, mids=[first.mid]))
    scene.tell(scene.platform.echo(2, scene.at, mid=second.mid, attempt_id=second.attempt_id))
    scene.reconcile()

    assert [scene.row(one)["reason"] for one in scene.sent] == [None, None, None]
    assert [scene.row(one)["state"] for one in scene.sent] == ["delivered", "sent", "sent"]
    assert broken_promises(world.connection) == {}


def test_the_days_without_a_receipt_are_a_setting(scene_18):
    scene = scene_18
    scene.answer_all()
    scene.world.put_clock_ahead(days=4)

    assert scene.reconcile(no_receipt_days=7).missing == 0
    assert scene.reconcile(no_receipt_days=1).missing == 1
