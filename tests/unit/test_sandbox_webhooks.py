"""Webhook bodies: Meta's shapes, escapes and signatures, and how many events and accounts share one."""

import hashlib
import hmac
import json

import pytest

from sandbox.errors import ControlError
from sandbox.webhook_queue import WebhookSettings
from sandbox.webhooks import Event, Place, QueuedBody, Signing, Subscriber, envelope, raw_body
from sandbox_queue import BLUE_LAMP, INSTAGRAM, PAGE, RED_LAMP, bodies_of, fill, is_rightly_signed, published, queue_of


def test_a_body_is_ascii_with_lower_case_escapes_and_escaped_slashes():
    body = raw_body({"url": "https://a/b", "text": "é😀"})

    assert body == rb'{"url":"https:\/\/a\/b","text":"\u00e9\ud83d\ude00"}'


def test_the_signatures_are_of_the_raw_bytes_with_the_apps_secret():
    queued = QueuedBody((PAGE,), raw_body({"a": "é/"}), "lamp-secret")

    expected = hmac.new(b"lamp-secret", queued.body, hashlib.sha256).hexdigest()
    assert queued.headers["X-Hub-Signature-256"] == f"sha256={expected}"
    assert queued.headers["X-Hub-Signature"].startswith("sha1=")


def test_messaging_is_timed_in_milliseconds_and_changes_in_seconds():
    events = [(BLUE_LAMP, Event({"a": 1})), (BLUE_LAMP, Event({"field": "feed"}, place=Place.CHANGES))]

    body = envelope(events, now_ms=1_800_000_000_123)

    assert body == {
        "object": "page",
        "entry": [
            {"id": PAGE, "time": 1_800_000_000_123, "messaging": [{"a": 1}]},
            {"id": PAGE, "time": 1_800_000_000, "changes": [{"field": "feed"}]},
        ],
    }


def test_events_share_bodies_up_to_the_batch_size():
    queue = queue_of(batch_size=3)
    fill(queue, 7)

    assert published(queue) == [[0, 1, 2], [3, 4, 5], [6]]


def test_old_and_missing_signatures_have_no_sha256_header():
    queue = queue_of(batch_size=1, sha1_only=2, unsigned=3)
    fill(queue, 3)

    full, old, missing = bodies_of(queue)

    assert is_rightly_signed(full)
    assert old.headers.keys() & {"X-Hub-Signature", "X-Hub-Signature-256"} == {"X-Hub-Signature"}
    assert old.headers["X-Hub-Signature"] == f"sha1={hmac.new(b'lamp-secret', old.body, hashlib.sha1).hexdigest()}"
    assert missing.headers.keys() & {"X-Hub-Signature", "X-Hub-Signature-256"} == set()


def test_a_body_holds_a_thousand_events_and_no_more():
    queue = queue_of(batch_size=1000)
    fill(queue, 2001)

    assert [len(body) for body in published(queue)] == [1000, 1000, 1]
    with pytest.raises(ControlError, match="1000"):
        WebhookSettings(batch_size=1001)


def test_entries_hold_as_many_events_as_set():
    queue = queue_of(entry_size=2)
    fill(queue, 5)

    (body,) = bodies_of(queue)

    assert [len(entry["messaging"]) for entry in json.loads(body.body)["entry"]] == [2, 2, 1]


def test_accounts_of_one_app_share_a_body_if_so_set_and_those_of_another_app_never():
    queue = queue_of(mix_accounts=True)
    other_app = Subscriber("1003", "page", "other-secret")
    instagram = Subscriber(INSTAGRAM, "instagram", "lamp-secret")
    for number, subscriber in enumerate([BLUE_LAMP, RED_LAMP, other_app, instagram, BLUE_LAMP]):
        fill(queue, 1, first=number, subscriber=subscriber)

    bodies = bodies_of(queue)

    ids = [[entry["id"] for entry in json.loads(body.body)["entry"]] for body in bodies]
    assert ids == [[PAGE, "1002", PAGE], ["1003"], [INSTAGRAM]]
    assert bodies[0].accounts == (PAGE, "1002")


def test_accounts_have_their_own_bodies_unless_told_otherwise():
    queue = queue_of()
    for subscriber in (BLUE_LAMP, RED_LAMP, BLUE_LAMP):
        fill(queue, 1, subscriber=subscriber)

    assert [body.accounts for body in bodies_of(queue)] == [(PAGE,), ("1002",)]


def test_each_nth_body_is_wrapped_in_a_list():
    queue = queue_of(batch_size=1, wrapped=2)
    fill(queue, 2)

    assert [type(json.loads(body.body)) for body in bodies_of(queue)] == [dict, list]
    assert published(queue) == [[0], [1]]


@pytest.mark.parametrize("signing", Signing)
def test_a_body_is_read_from_its_record_as_it_was(signing):
    body = QueuedBody((PAGE, "1002"), b'{"a":1}\n\n', "secret", signing, ({"event": 1, "kind": "echo"},))

    assert QueuedBody.unpacked(body.packed()) == body


def test_bodies_are_numbered_from_one_and_paged():
    queue = queue_of(batch_size=1)
    fill(queue, 5)
    queue.publish(now_ms=1)

    assert [number for number, _ in queue.after(2, 2)] == [3, 4]
