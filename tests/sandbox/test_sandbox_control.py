"""The control API over HTTP, and webhooks carried to a receiver."""

import asyncio
import base64
import hashlib
import hmac
import io
import json

import pytest
from aiohttp import web

from sandbox.platform import Platform
from sandbox.server import ServerSettings, serving

PAGE = "100200300400500"
PERSON = "25381719828140932"


async def get(http, path):
    async with http.get(f"/sandbox/{path}") as response:
        return response.status, await response.json()


async def post(http, path, body):
    async with http.post(f"/sandbox/{path}", json=body) as response:
        return response.status, await response.json()


async def test_a_hundred_thousand_people_are_taken_in_one_body(http):
    acts = [
        {"account": PAGE, "user_id": str(10**15 + number), "occurred_at": "2026-01-01T00:00:00Z"}
        for number in range(100_000)
    ]

    async with http.post("/sandbox/people", data=io.BytesIO(json.dumps(acts).encode())) as response:
        status, answer = response.status, await response.json()

    assert (status, answer["count"]) == (200, 100_000)
    assert (await get(http, "accounts"))[1][0]["people"] == 100_001


async def test_a_comment_made_up_by_the_sandbox_can_be_answered(http, send):
    _, answer = await post(http, "people", [{"account": PAGE, "user_id": "777777", "kind": "comment"}])

    status, body, _ = await send(recipient={"comment_id": answer["object_ids"][0]})

    assert (status, body["recipient_id"]) == (200, "777777")


async def test_both_logs_are_read_from_a_number_on(http, send):
    for number in range(3):
        await send(f"Number {number}")
    await send(person="999999")

    _, log = await get(http, "log?after=1&limit=1")
    _, posts = await get(http, "posts?after=2")

    assert [(one["number"], one["text"], one["window_open"]) for one in log] == [(2, "Number 1", True)]
    assert [(one["number"], one["accepted_number"], one["subcode"]) for one in posts] == [
        (3, 3, None),
        (4, None, 2018001),
    ]


async def test_the_summary_counts_what_a_test_asks_first(http, send):
    await post(http, "faults", {"fault": "person_blocked", "after": 2})
    for _ in range(3):
        await send("The same")

    assert (await get(http, "summary"))[1] == {
        "accepted": 2,
        "duplicates": 1,
        "late": 0,
        "posts": 3,
        "by_fault": {"error": 1},
        "by_answer": {"200": 2, "551": 1},
    }


async def test_faults_are_listed_and_cleared_with_their_throttles(http, send):
    await post(http, "faults", [{"fault": {"preset": "throttled", "seconds": 60}, "count": 1}])
    throttled, _, _ = await send()
    _, listed = await get(http, "faults")
    async with http.delete("/sandbox/faults") as response:
        assert response.status == 200
    after, _, _ = await send()

    assert (throttled, after) == (400, 200)
    whom = {"account": None, "user_id": None, "call": "messages"}
    assert listed["rules"] == [{**whom, "kind": "throttle", "seen": 1, "struck": 1}]


async def test_moving_the_clock_closes_windows(http, send):
    _, moved = await post(http, "clock", {"advance_seconds": 86_400})
    outside, _, _ = await send()
    _, back = await post(http, "clock", {"offset_seconds": 0})
    inside, _, _ = await send()

    assert (moved["offset_seconds"], back["offset_seconds"]) == (86_400, 0)
    assert (outside, inside) == (403, 200)


async def test_the_clock_can_be_told_the_time(http):
    _, told = await post(http, "clock", {"now": "2027-03-28T01:00:00+01:00"})

    assert told["now"].startswith("2027-03-28T00:00:0")


async def test_the_24_hour_rule_can_be_switched_off_and_what_is_late_is_counted(http, send):
    await post(http, "rules", {"window_rule": False})
    await post(http, "clock", {"advance_seconds": 90_000})

    assert (await send())[0] == 200
    assert (await get(http, "summary"))[1]["late"] == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("accounts", [{"external_id": PAGE, "channel": "fax"}]),
        ("accounts", ["x"]),
        ("people", [{"account": "nobody", "user_id": "12345"}]),
        ("people", 5),
        ("faults", {"fault": "nonsense"}),
        ("clock", {"offset_seconds": "soon"}),
        ("clock", {"offset_seconds": 1, "advance_seconds": 1}),
        ("rules", {"gravity": False}),
        ("webhooks", {"hold": "yes"}),
        ("webhooks", []),
    ],
)
async def test_a_senseless_control_call_is_refused_with_a_sentence(http, path, body):
    status, answer = await post(http, path, body)

    assert status == 400
    assert isinstance(answer["error"], str)


@pytest.mark.parametrize("path", ["log?after=x", "webhooks?limit=-1"])
async def test_a_senseless_page_is_refused(http, path):
    assert (await get(http, path))[0] == 400


async def test_a_webhook_can_be_carried_by_hand(http):
    await post(http, "people", [{"account": PAGE, "user_id": PERSON, "text": "Grüße", "webhook": True}])

    _, (queued,) = await get(http, "webhooks?after=0")

    body = base64.b64decode(queued["body_base64"])
    expected = hmac.new(b"lamp-secret", body, hashlib.sha256).hexdigest()
    assert rb"Gr\u00fc\u00dfe" in body
    assert queued["number"] == 1
    assert queued["headers"]["X-Hub-Signature-256"] == f"sha256={expected}"


async def test_held_webhooks_come_when_released(http):
    await post(http, "webhooks", {"hold": True})
    await post(http, "people", [{"account": PAGE, "user_id": PERSON, "webhook": True}])
    _, while_held = await get(http, "webhooks")
    _, released = await post(http, "webhooks/release", {})

    assert (while_held, released) == ([], {"released": 1})
    assert len((await get(http, "webhooks"))[1]) == 1


async def receive(platform, statuses, *, tries):
    """Run a receiver that answers with these statuses in turn, the last for ever, and return what it got."""
    got, is_full = [], asyncio.Event()

    async def take(request):
        got.append((request.headers["X-Hub-Signature-256"], await request.read()))
        if len(got) == tries:
            is_full.set()
        return web.Response(status=statuses[min(len(got), len(statuses)) - 1])

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    async with serving(platform, ServerSettings(webhook_url=url)):
        platform.people_act([{"account": PAGE, "user_id": PERSON, "webhook": True}])
        await asyncio.wait_for(is_full.wait(), timeout=60)
        # Time for a try too many to come.
        await asyncio.sleep(0.2)
    await runner.cleanup()
    return got


async def test_webhooks_are_carried_to_the_url_and_tried_again_until_taken(platform):
    got = await receive(platform, [500, 403, 200], tries=3)

    assert len(got) == 3
    assert len(set(got)) == 1


async def test_an_account_whose_webhooks_all_fail_is_unsubscribed(platform):
    platform.change_webhooks({"retry_pauses": [0.0, 0.0]})

    got = await receive(platform, [503], tries=3)
    platform.people_act([{"account": PAGE, "user_id": PERSON, "webhook": True}])
    platform.catch_up()

    assert len(got) == 3
    assert platform.teller.unsubscribed == {PAGE}
    assert platform.teller.queue.published_count == 1


async def test_an_unsubscribed_account_can_subscribe_again(http, platform):
    platform.teller.unsubscribed.add(PAGE)

    async with http.post(f"/v25.0/{PAGE}/subscribed_apps?access_token=sandbox-token") as response:
        assert await response.json() == {"success": True}

    assert platform.teller.unsubscribed == set()


async def test_a_new_platform_knows_nobody(http):
    assert Platform().accounts == {}
    assert (await get(http, "rules"))[1] == {"window_rule": True}
