"""Webhook bodies: Meta's shapes, escapes and signatures; batches; and all that may go wrong on their way."""

import hashlib
import hmac
import json

import pytest

from domain.template import Channel
from sandbox.errors import ControlError
from sandbox.fields import with_changes
from sandbox.loopback import loopback_url
from sandbox.platform import Platform, Post
from sandbox.webhook_queue import WebhookQueue, WebhookSettings
from sandbox.webhooks import Event, Place, QueuedBody, Signing, Subscriber, envelope, raw_body

PAGE, INSTAGRAM = "1001", "17841400000000001"
PERSON = "25381719828140932"
BLUE_LAMP = Subscriber(PAGE, "page", "lamp-secret")
RED_LAMP = Subscriber("1002", "page", "lamp-secret")


def queue_of(**settings):
    return WebhookQueue(WebhookSettings(**settings))


def fill(queue, count, *, first=0, subscriber=BLUE_LAMP):
    for number in range(first, first + count):
        queue.add(subscriber, Event({"number": number}, kind="message", at_ms=number), now_ms=1)


def bodies_of(queue, *, now_ms=1):
    queue.publish(now_ms=now_ms)
    return [body for _, body in queue.after(0, queue.published_count)]


def numbers_in(body):
    read = json.loads(body.body)
    entries = read[0]["entry"] if isinstance(read, list) else read["entry"]
    return [item["number"] for entry in entries for item in entry["messaging"]]


def published(queue, *, now_ms=1):
    return [numbers_in(body) for body in bodies_of(queue, now_ms=now_ms)]


def events_after_sending(channel, person, **settings):
    platform = Platform()
    platform.change_webhooks(settings)
    account = PAGE if channel is Channel.MESSENGER else INSTAGRAM
    platform.put_account({"external_id": account, "token": "t", "channel": channel.value})
    platform.people_act([{"account": account, "user_id": person}])
    message = {"text": "Hi", "metadata": "attempt-1"}
    parameters = {"recipient": {"id": person}, "messaging_type": "UPDATE", "message": message}
    answer = platform.perform(Post(account, "t", parameters, 0.0), platform.account_of(account, "t"), post_number=1)
    bodies = [json.loads(one.body) for one in bodies_of(platform.teller.queue)]
    return json.loads(answer.body)["message_id"], [item for body in bodies for item in body["entry"][0]["messaging"]]


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


def test_an_accepted_messenger_message_is_echoed_delivered_and_read():
    message_id, (echo, delivery, read) = events_after_sending(Channel.MESSENGER, PERSON, read_share=1.0)

    assert (echo["sender"]["id"], echo["recipient"]["id"]) == (PAGE, PERSON)
    assert echo["message"] == {
        "is_echo": True,
        "mid": f"m_{message_id}",
        "app_id": 1517776481860111,
        "metadata": "attempt-1",
        "text": "Hi",
    }
    assert delivery["delivery"]["mids"] == [f"m_{message_id}"]
    assert delivery["delivery"]["watermark"] > echo["timestamp"]
    assert read["read"]["watermark"] >= echo["timestamp"]


def test_an_accepted_instagram_message_has_no_delivery_is_read_by_mid_and_echoes_no_metadata():
    message_id, (echo, read) = events_after_sending(Channel.INSTAGRAM, PERSON, read_share=1.0)

    assert echo["message"] == {"is_echo": True, "mid": message_id, "text": "Hi"}
    assert read["read"] == {"mid": message_id}


def test_instagram_echoes_carry_metadata_if_so_set():
    _, (echo,) = events_after_sending(Channel.INSTAGRAM, PERSON, read_share=0.0, instagram_metadata=True)

    assert echo["message"]["metadata"] == "attempt-1"


def test_echo_and_delivery_can_be_switched_off():
    _, events = events_after_sending(Channel.MESSENGER, PERSON, echo=False, delivery=False, read_share=0.0)

    assert events == []


def test_about_the_set_share_of_people_read_and_always_the_same_ones():
    people = [str(25381719828140000 + number) for number in range(60)]

    def readers():
        return [len(events_after_sending(Channel.MESSENGER, person, read_share=0.5)[1]) == 3 for person in people]

    first = readers()
    assert first == readers()
    assert 15 < sum(first) < 45


def test_events_share_bodies_up_to_the_batch_size():
    queue = queue_of(batch_size=3)
    fill(queue, 7)

    assert published(queue) == [[0, 1, 2], [3, 4, 5], [6]]


def test_held_bodies_are_published_when_released_and_holding_goes_on():
    queue = queue_of(batch_size=2, hold=True)
    fill(queue, 4)
    while_held = published(queue)

    released = queue.release(now_ms=1)
    fill(queue, 2, first=4)

    assert (while_held, released) == ([], 2)
    assert published(queue) == [[0, 1], [2, 3]]


def test_reordered_events_are_all_there_in_another_order():
    queue = queue_of(batch_size=3, reorder=True)
    fill(queue, 12)

    numbers = [number for body in published(queue) for number in body]

    assert numbers != list(range(12))
    assert sorted(numbers) == list(range(12))


def test_each_nth_body_is_dropped_doubled_or_badly_signed():
    queue = queue_of(batch_size=1, drop=3, duplicate=2, bad_signature=5)
    fill(queue, 5)

    bodies = published(queue)

    assert bodies == [[0], [1], [1], [3], [3], [4]]
    assert queue.dropped_count == 1
    right = [is_rightly_signed(body) for body in bodies_of(queue)]
    assert right == [True, True, True, True, True, False]


def is_rightly_signed(body):
    expected = hmac.new(b"lamp-secret", body.body, hashlib.sha256).hexdigest()
    return body.headers.get("X-Hub-Signature-256") == f"sha256={expected}"


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


def test_late_bodies_come_when_their_hour_has_come_on_the_clock_they_are_published_by():
    queue = queue_of(batch_size=1, late=2, late_seconds=86_400)
    fill(queue, 4)
    soon = published(queue)

    assert soon == [[0], [2]]
    assert published(queue, now_ms=86_400_000) == [[0], [2]]
    assert published(queue, now_ms=86_400_001) == [[0], [2], [1], [3]]


def test_a_doubled_body_that_is_late_is_late_twice():
    queue = queue_of(batch_size=1, late=1, late_seconds=1, duplicate=1)
    fill(queue, 1)

    assert published(queue) == []
    assert published(queue, now_ms=1001) == [[0], [0]]


def test_a_replay_is_the_same_bytes_under_a_new_number():
    queue = queue_of(batch_size=1)
    fill(queue, 3)
    published(queue)

    numbers = queue.replay([2, 2], now_ms=5)

    assert numbers == [4, 5]
    assert queue.body(4) == queue.body(5) == queue.body(2)
    assert queue.body(4).headers == queue.body(2).headers


@pytest.mark.parametrize("number", [0, 4, -1, "1", True, None])
def test_what_was_never_published_cannot_be_replayed(number):
    queue = queue_of(batch_size=1)
    fill(queue, 3)
    published(queue)

    with pytest.raises(ControlError, match="from 1 to 3"):
        queue.replay([number], now_ms=5)


def test_held_bodies_are_released_a_few_at_a_time():
    queue = queue_of(batch_size=1, hold=True)
    fill(queue, 4)

    released = [queue.release(now_ms=1, count=1), queue.release(now_ms=1, count=2), queue.release(now_ms=1)]

    assert released == [1, 2, 1]
    assert published(queue) == [[0], [1], [2], [3]]


def test_each_nth_body_is_wrapped_in_a_list():
    queue = queue_of(batch_size=1, wrapped=2)
    fill(queue, 2)

    assert [type(json.loads(body.body)) for body in bodies_of(queue)] == [dict, list]
    assert published(queue) == [[0], [1]]


def test_one_seed_gives_one_order_and_another_seed_another():
    def order(seed):
        queue = WebhookQueue()
        queue.use(WebhookSettings(reorder=True, batch_size=3, seed=seed), now_ms=0)
        fill(queue, 30)
        return published(queue)

    assert order(7) == order(7)
    assert order(7) != order(8)


def test_the_log_says_of_each_event_in_which_bodies_it_was_told_and_which_were_lost():
    queue = queue_of(batch_size=2, duplicate=2, drop=3, bad_signature=4)
    fill(queue, 8)
    published(queue)
    queue.replay([1], now_ms=9)

    lines = queue.told.after(0, 100)

    seen = [(line.event, line.body, line.signing, line.is_repeat) for line in lines]
    right, wrong = "right", "wrong"
    # The fourth body is doubled as well: each second one is.
    assert seen == [
        (5, None, right, False),
        (6, None, right, False),
        (1, 1, right, False),
        (2, 1, right, False),
        (3, 2, right, False),
        (4, 2, right, False),
        (3, 3, right, True),
        (4, 3, right, True),
        (7, 4, wrong, False),
        (8, 4, wrong, False),
        (7, 5, wrong, True),
        (8, 5, wrong, True),
        (1, 6, right, True),
        (2, 6, right, True),
    ]
    assert [line.number for line in lines] == list(range(1, 15))
    assert queue.told.after(12, 1) == lines[12:13]
    assert queue.told.after(5, 4) == lines[5:9]
    assert queue.told.after(14, 4) == []


def test_what_is_held_is_not_told():
    queue = queue_of(hold=True)
    fill(queue, 2)
    queue.publish(now_ms=1)
    while_held = queue.told.after(0, 10)
    queue.release(now_ms=1_000)

    assert while_held == []
    assert [(line.at_ms, line.told_ms) for line in queue.told.after(0, 10)] == [(0, 1_000), (1, 1_000)]


@pytest.mark.parametrize("signing", Signing)
def test_a_body_is_read_from_its_record_as_it_was(signing):
    body = QueuedBody((PAGE, "1002"), b'{"a":1}\n\n', "secret", signing, ({"event": 1, "kind": "echo"},))

    assert QueuedBody.unpacked(body.packed()) == body


def test_bodies_are_numbered_from_one_and_paged():
    queue = queue_of(batch_size=1)
    fill(queue, 5)
    queue.publish(now_ms=1)

    assert [number for number, _ in queue.after(2, 2)] == [3, 4]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:80/a", "http://[::1]/", "http://localhost:9/x", "https://127.8.9.1/"]
)
def test_webhooks_may_go_to_this_machine(url):
    assert loopback_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "http://10.0.0.1/",
        "http://127.0.0.1.example.com/",
        "ftp://127.0.0.1/",
        "http://0.0.0.0/",
        "",
    ],
)
def test_webhooks_never_leave_this_machine(url):
    with pytest.raises(ControlError):
        loopback_url(url)


def test_settings_keep_their_types_and_true_means_each_body():
    settings = with_changes(WebhookSettings(), {"duplicate": True, "late_seconds": 1, "retry_pauses": [0, 0.5]})

    assert (settings.duplicate, settings.late_seconds, settings.retry_pauses) == (1, 1.0, (0, 0.5))


@pytest.mark.parametrize(
    "changes",
    [
        {"colour": 1},
        {"hold": 1},
        {"drop": "often"},
        {"batch_size": -1},
        {"batch_size": 1001},
        {"retry_pauses": ["soon"]},
        {"url": "http://example.com/"},
        {"url": 5},
    ],
)
def test_unknown_settings_and_wrong_types_are_refused(changes):
    with pytest.raises(ControlError):
        with_changes(WebhookSettings(), changes)
