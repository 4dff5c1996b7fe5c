"""A queue of webhook bodies as the sandbox fills it, and what can be read out of them."""

import hashlib
import hmac
import json

from domain.template import Channel
from sandbox.platform import Platform, Post
from sandbox.webhook_queue import WebhookQueue, WebhookSettings
from sandbox.webhooks import Event, Subscriber

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


def is_rightly_signed(body):
    expected = hmac.new(b"lamp-secret", body.body, hashlib.sha256).hexdigest()
    return body.headers.get("X-Hub-Signature-256") == f"sha256={expected}"
