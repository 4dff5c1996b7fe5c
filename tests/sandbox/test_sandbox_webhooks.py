"""Webhooks over HTTP: what the control API makes happen, and bodies carried to a receiver that fails or recovers."""

import asyncio
import hashlib
import hmac
import json
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from sandbox.server import serving

PAGE = "100200300400500"
PERSON = "25381719828140932"
OTHER_PAGE = "100200300400501"


class Receiver:
    """Answers each POST with the next of `statuses`, the last for ever, and keeps what it got."""

    def __init__(self, *statuses):
        self.statuses = list(statuses)
        self.got = []

    async def take(self, request):
        self.got.append((await request.read(), dict(request.headers)))
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return web.Response(status=status)

    def texts(self):
        bodies = [json.loads(body) for body, _ in self.got]
        events = [event for body in bodies for entry in body["entry"] for event in entry["messaging"]]
        return [event["message"]["text"] for event in events]


@asynccontextmanager
async def receiving(*statuses):
    """Run a receiver and yield it with its URL."""
    receiver = Receiver(*statuses)
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield receiver, f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    finally:
        await runner.cleanup()


async def control(http, path, body):
    async with http.post(f"/sandbox/{path}", json=body) as response:
        answer = await response.json()
        assert response.status == 200, answer
        return answer


async def read(http, path):
    async with http.get(f"/sandbox/{path}") as response:
        return await response.json()


async def until(condition, *, seconds=60.0):
    """Wait until the condition holds, then a little longer, so that what comes too much is seen as well."""
    for _ in range(int(seconds / 0.02)):
        if condition():
            await asyncio.sleep(0.15)
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came about")


def says(text, **more):
    return {"account": PAGE, "user_id": PERSON, "text": text, "webhook": True, **more}


async def test_a_receiver_may_come_later_and_gets_what_is_published_from_then_on(http):
    await control(http, "people", [says("Before")])
    await read(http, "webhooks")
    async with receiving(200) as (receiver, url):
        await control(http, "webhooks", {"url": url})
        await control(http, "people", [says("After")])
        await until(lambda: receiver.got)

        assert receiver.texts() == ["After"]

        await control(http, "webhooks/replay", {"numbers": [1]})
        await until(lambda: len(receiver.got) == 2)

        assert receiver.texts() == ["After", "Before"]


async def test_a_body_that_was_not_taken_is_tried_again_when_the_sandboxs_clock_says_so(http):
    async with receiving(503, 503, 200) as (receiver, url):
        await control(http, "webhooks", {"url": url, "retry_pauses": [0, 600]})
        await control(http, "people", [says("Again and again")])
        await until(lambda: len(receiver.got) == 2)
        waiting = (await read(http, "webhooks"))[0]
        await control(http, "clock", {"advance_seconds": 601})
        await until(lambda: len(receiver.got) == 3)
        taken = (await read(http, "webhooks"))[0]

    assert len({(body, headers["X-Hub-Signature-256"]) for body, headers in receiver.got}) == 1
    assert (waiting["tries"], waiting["last_status"], waiting["is_taken"]) == (2, 503, False)
    assert (taken["tries"], taken["last_status"], taken["is_taken"]) == (3, 200, True)


async def test_a_replay_after_its_retry_is_the_same_body_once_more(http):
    async with receiving(500, 200) as (receiver, url):
        await control(http, "webhooks", {"url": url})
        await control(http, "people", [says("Twice")])
        await until(lambda: len(receiver.got) == 2)
        answer = await control(http, "webhooks/replay", {"numbers": [1, 1]})
        await until(lambda: len(receiver.got) == 4)

    assert answer == {"numbers": [2, 3]}
    assert len({body for body, _ in receiver.got}) == 1
    told = await read(http, "told")
    assert [(line["event"], line["body"], line["is_repeat"]) for line in told] == [
        (1, 1, False),
        (1, 2, True),
        (1, 3, True),
    ]


async def test_an_hour_of_failure_unsubscribes_the_account_until_it_subscribes_again(http, platform):
    async with receiving(503) as (receiver, url):
        await control(http, "webhooks", {"url": url})
        await control(http, "people", [says("Lost")])
        begun = platform.clock.offset_seconds
        while (await read(http, "accounts"))[0]["is_subscribed"]:
            tries = len(receiver.got)
            await control(http, "clock", {"advance_seconds": 300})
            for _ in range(20):
                await asyncio.sleep(0.01)
                if len(receiver.got) > tries:
                    break
        passed = platform.clock.offset_seconds - begun
        await control(http, "people", [says("Never told")])
        receiver.statuses = [200]
        async with http.post(f"/v25.0/{PAGE}/subscribed_apps?access_token=sandbox-token") as response:
            assert response.status == 200
        await control(http, "people", [says("Told again")])
        await until(lambda: receiver.texts()[-1] == "Told again")

    assert passed >= 3600
    assert len(receiver.got) == 11 + 1
    assert set(receiver.texts()[:-1]) == {"Lost"}


async def test_a_badly_signed_body_is_carried_once_and_its_refusal_unsubscribes_nobody(http, platform):
    async with receiving(403) as (receiver, url):
        await control(http, "webhooks", {"url": url, "bad_signature": 1, "retry_pauses": [0]})
        await control(http, "people", [says("Forged")])
        await until(lambda: receiver.got)

    assert len(receiver.got) == 1
    assert platform.teller.unsubscribed == set()


async def test_an_app_with_a_secret_that_the_receiver_does_not_know_is_unsubscribed(http, platform):
    async with receiving(403) as (receiver, url):
        await control(http, "accounts", [{"external_id": PAGE, "webhook_secret": "another"}])
        await control(http, "webhooks", {"url": url, "retry_pauses": [0]})
        await control(http, "people", [says("Foreign")])
        await until(lambda: platform.teller.unsubscribed)

    assert len(receiver.got) == 2
    assert platform.teller.unsubscribed == {PAGE}


async def test_a_lost_connection_is_a_failed_try(http):
    async with receiving(200) as (_, url):
        pass
    await control(http, "webhooks", {"url": url, "retry_pauses": [0, 600]})
    await control(http, "people", [says("Nobody there")])

    for _ in range(100):
        (body,) = await read(http, "webhooks")
        if body["tries"] == 2:
            break
        await asyncio.sleep(0.02)

    assert (body["tries"], body["last_status"], body["is_taken"]) == (2, None, False)


async def test_no_body_goes_to_another_machine(http):
    async with http.post("/sandbox/webhooks", json={"url": "http://192.0.2.1/hook"}) as response:
        assert response.status == 400
        assert "loopback" in (await response.json())["error"]


async def test_a_thousand_events_of_several_accounts_share_one_signed_body(http, platform):
    platform.put_account({"external_id": OTHER_PAGE, "app_secret": "lamp-secret"})
    async with receiving(200) as (receiver, url):
        await control(http, "webhooks", {"url": url, "batch_size": 1000, "mix_accounts": True, "entry_size": 1})
        acts = [says(f"{number}", account=PAGE if number % 2 else OTHER_PAGE) for number in range(1000)]
        await control(http, "people", acts)
        await until(lambda: receiver.got)

    ((body, headers),) = receiver.got
    entries = json.loads(body)["entry"]
    assert len(entries) == 1000
    assert {entry["id"] for entry in entries} == {PAGE, OTHER_PAGE}
    assert body.isascii()
    assert headers["X-Hub-Signature-256"] == f"sha256={hmac.new(b'lamp-secret', body, hashlib.sha256).hexdigest()}"


async def test_held_bodies_are_released_by_count(http):
    await control(http, "webhooks", {"hold": True, "batch_size": 1})
    await control(http, "people", [says("One"), says("Two"), says("Three")])
    first = await control(http, "webhooks/release", {"count": 1})
    published = len(await read(http, "webhooks"))
    rest = await control(http, "webhooks/release", {})

    assert (first, published, rest) == ({"released": 1}, 1, {"released": 2})


async def test_late_bodies_wait_for_the_sandboxs_clock(http):
    await control(http, "webhooks", {"late": 1, "late_seconds": 86_400})
    await control(http, "people", [says("A day old")])
    soon = await read(http, "webhooks")
    await control(http, "clock", {"advance_seconds": 86_401})
    (later,) = await read(http, "webhooks")

    assert soon == []
    (line,) = await read(http, "told")
    assert line["told_ms"] - line["at_ms"] >= 86_400_000
    assert later["number"] == line["body"] == 1


async def test_the_settings_show_whose_receipts_differ_and_what_is_due(http, send):
    await control(http, "webhooks", {"account": PAGE, "delivery_mids": False})
    state = await control(http, "webhooks", {"read_share": 0, "delivery_after_seconds": 60})
    await send()
    after = await read(http, "webhooks/settings")

    assert state["settings"]["delivery_after_seconds"] == 60.0
    assert state["accounts"] == {PAGE: {"delivery_mids": False}}
    assert (state["due"], after["due"]) == (0, 1)


async def test_what_accounts_and_apps_do_is_asked_for_over_http(http, send):
    answer = await control(http, "page", [{"account": PAGE, "kind": "policy", "action": "block"}])
    refused, body, _ = await send()

    assert answer == {"count": 1}
    assert (refused, body["error"]["error_subcode"]) == (403, 1893063)
    assert [line["kind"] for line in await read(http, "told")] == ["policy_block"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("page", [{"account": PAGE, "kind": "party"}]),
        ("page", "x"),
        ("webhooks/replay", {"numbers": [1]}),
        ("webhooks/replay", {"numbers": 1}),
        ("webhooks/replay", {}),
        ("webhooks/release", {"count": -1}),
        ("webhooks/release", {"count": "all"}),
        ("webhooks/release", {"number": 1}),
        ("webhooks", {"batch_size": 1001}),
        ("webhooks", {"account": "nobody", "echo": False}),
    ],
)
async def test_a_senseless_call_about_webhooks_is_refused_with_a_sentence(http, path, body):
    async with http.post(f"/sandbox/{path}", json=body) as response:
        answer = await response.json()

    assert response.status == 400
    assert isinstance(answer["error"], str)


async def test_a_flood_is_carried_whole_while_calls_are_answered(platform):
    async with receiving(200) as (receiver, url), serving(platform) as base, aiohttp.ClientSession(base) as http:
        await control(http, "webhooks", {"url": url, "batch_size": 1})
        await control(http, "people", [says(f"{number}") for number in range(500)])
        await until(lambda: len(receiver.got) == 500)

    assert sorted(map(int, receiver.texts())) == list(range(500))
