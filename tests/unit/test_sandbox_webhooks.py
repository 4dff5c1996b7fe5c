"""Webhook bodies: Meta's shapes, escapes and signatures; batches; and all that may go wrong on their way."""

import hashlib
import hmac
import json

import pytest

from domain.template import Channel
from domain.window import InteractionKind
from sandbox.carrier import loopback_url
from sandbox.errors import ControlError
from sandbox.events import NOT_ON, Act, Event, act_event
from sandbox.fields import with_changes
from sandbox.platform import Platform, Post
from sandbox.webhooks import Subscriber, WebhookQueue, WebhookSettings, raw_body, signed_body

PAGE, INSTAGRAM = "1001", "17841400000000001"
PERSON = "25381719828140932"
BLUE_LAMP = Subscriber(PAGE, "page", "lamp-secret")


def queue_of(**settings):
    return WebhookQueue(WebhookSettings(**settings))


def fill(queue, count, *, first=0):
    for number in range(first, first + count):
        queue.add(BLUE_LAMP, Event({"number": number}), now_ms=1)


def published(queue):
    queue.publish(now_ms=1)
    return [[item["number"] for item in json.loads(one.body)["entry"][0]["messaging"]] for one in queue.published]


def events_after_sending(channel, person, **settings):
    platform = Platform()
    platform.webhooks.settings = WebhookSettings(**settings)
    account = PAGE if channel is Channel.MESSENGER else INSTAGRAM
    platform.put_account({"external_id": account, "token": "t", "channel": channel.value})
    platform.people_act([{"account": account, "user_id": person}])
    message = {"text": "Hi", "metadata": "attempt-1"}
    parameters = {"recipient": {"id": person}, "messaging_type": "UPDATE", "message": message}
    answer = platform.perform(Post(account, "t", parameters, 0.0), platform.account_of(account, "t"), post_number=1)
    platform.webhooks.publish(now_ms=1)
    bodies = [json.loads(one.body) for one in platform.webhooks.published]
    return json.loads(answer.body)["message_id"], [item for body in bodies for item in body["entry"][0]["messaging"]]


def test_a_body_is_ascii_with_lower_case_escapes_and_escaped_slashes():
    body = raw_body({"url": "https://a/b", "text": "é😀"})

    assert body == rb'{"url":"https:\/\/a\/b","text":"\u00e9\ud83d\ude00"}'


def test_the_signatures_are_of_the_raw_bytes_with_the_apps_secret():
    queued = signed_body(BLUE_LAMP, [Event({"a": "é/"})], now_ms=5)

    expected = hmac.new(b"lamp-secret", queued.body, hashlib.sha256).hexdigest()
    assert queued.headers["X-Hub-Signature-256"] == f"sha256={expected}"
    assert queued.headers["X-Hub-Signature"].startswith("sha1=")


def test_messaging_is_timed_in_milliseconds_and_changes_in_seconds():
    events = [Event({"a": 1}), Event({"field": "feed"}, is_change=True)]

    body = json.loads(signed_body(BLUE_LAMP, events, now_ms=1_800_000_000_123).body)

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


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("kind", InteractionKind)
def test_every_act_possible_on_a_channel_has_an_event_that_names_the_person(channel, kind):
    if kind in NOT_ON[channel]:
        return

    event = act_event(PAGE, Act(PERSON, kind, 1_800_000_000_000, "Hi", "mid", "1_2"), channel)

    named = event.item["value"]["from"] if event.is_change else event.item["sender"]
    assert named["id"] == PERSON
    assert event.is_change == (kind in (InteractionKind.COMMENT, InteractionKind.VISITOR_POST))


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
    right = [hmac.new(b"lamp-secret", one.body, hashlib.sha256).hexdigest() == one.sha256 for one in queue.published]
    assert right == [True, True, True, True, True, False]


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
    settings = with_changes(WebhookSettings(), {"duplicate": True, "read_share": 1, "retry_pauses": [0, 0.5]})

    assert (settings.duplicate, settings.read_share, settings.retry_pauses) == (1, 1.0, (0, 0.5))


@pytest.mark.parametrize(
    "changes", [{"colour": 1}, {"hold": 1}, {"drop": "often"}, {"batch_size": -1}, {"retry_pauses": ["soon"]}]
)
def test_unknown_settings_and_wrong_types_are_refused(changes):
    with pytest.raises(ControlError):
        with_changes(WebhookSettings(), changes)
