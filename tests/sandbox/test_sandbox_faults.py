"""Each kind of fault over HTTP: what the client sees, what was really done, and what the log says of it."""

import asyncio
import time

import aiohttp
import pytest

from sandbox.faults import FaultRule, read_fault

PAGE = "100200300400500"
PERSON = "25381719828140932"
TOKEN = "sandbox-token"
BODY = {"recipient": {"id": PERSON}, "messaging_type": "UPDATE", "message": {"text": "Hello", "metadata": "a-1"}}


@pytest.fixture
def strike(http, platform):
    """Add a fault, POST one message raw, and return (status, body bytes) or the kind of silence."""

    async def post(fault, *, timeout_seconds=60.0):
        platform.faults.add(FaultRule(read_fault(fault), count=1))
        headers = {"Authorization": f"Bearer {TOKEN}"}
        timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        try:
            async with http.post(f"/v25.0/{PAGE}/messages", json=BODY, headers=headers, timeout=timeout) as response:
                return response.status, await response.read()
        except aiohttp.ServerDisconnectedError:
            return "closed"
        except aiohttp.ClientOSError:
            return "reset"
        except TimeoutError:
            return "silent"

    return post


def counts(platform):
    return len(platform.truth.posts), len(platform.truth.accepted)


async def test_an_error_does_nothing_and_answers_what_was_asked(strike, platform):
    status, body = await strike({"kind": "error", "code": 2, "http_status": 503})

    assert status == 503
    assert b'"code":2' in body
    assert counts(platform) == (1, 0)
    assert (platform.truth.posts[0].fault, platform.truth.posts[0].code) == ("error", 2)


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize(("kind", "accepted"), [("drop", 0), ("perform_then_drop", 1)])
async def test_a_drop_closes_without_an_answer(strike, platform, kind, accepted, reset):
    assert await strike({"kind": kind, "reset": reset}) == ("reset" if reset else "closed")

    assert counts(platform) == (1, accepted)
    post = platform.truth.posts[0]
    assert (post.http_status, post.fault, post.metadata) == (None, kind, "a-1")
    assert post.accepted_number == (1 if accepted else None)


async def test_a_message_can_be_accepted_and_answered_as_an_error(strike, platform):
    status, body = await strike("sent_but_error")

    assert status == 500
    assert b'"error_subcode":1357046' in body
    assert counts(platform) == (1, 1)
    assert platform.truth.posts[0].accepted_number == 1


@pytest.mark.parametrize(("kind", "accepted"), [("hang", 0), ("perform_then_hang", 1)])
async def test_a_hanging_post_is_in_the_log_while_it_hangs(strike, platform, kind, accepted):
    assert await strike({"kind": kind, "seconds": 30}, timeout_seconds=0.5) == "silent"

    assert counts(platform) == (1, accepted)


async def test_a_hanging_post_is_closed_in_the_end(strike, platform):
    assert await strike({"kind": "perform_then_hang", "seconds": 0.1}) == "closed"

    assert counts(platform) == (1, 1)


async def test_a_delayed_post_is_answered_late(strike, platform):
    begun = time.monotonic()

    status, _ = await strike({"kind": "delay", "seconds": 0.3})

    assert status == 200
    assert time.monotonic() - begun >= 0.3
    assert (platform.truth.posts[0].http_status, platform.truth.posts[0].accepted_number) == (200, 1)


async def test_a_delayed_post_is_performed_though_its_client_has_gone(strike, platform):
    assert await strike({"kind": "delay", "seconds": 1.5}, timeout_seconds=0.5) == "silent"
    before = counts(platform)

    await performed(platform)

    assert (before, counts(platform)) == ((1, 0), (1, 1))


async def performed(platform):
    """Wait until the message is accepted after all."""
    for _ in range(3_000):
        if platform.truth.accepted:
            return
        await asyncio.sleep(0.02)
    raise TimeoutError


async def test_a_dropped_post_can_be_performed_later(strike, platform):
    assert await strike({"kind": "drop_then_perform", "seconds": 0.5}) == "closed"
    before = counts(platform)

    await performed(platform)

    assert (before, counts(platform)) == ((1, 0), (1, 1))
    assert (platform.truth.posts[0].http_status, platform.truth.posts[0].accepted_number) == (None, 1)
    assert platform.truth.summary().by_answer == {"none": 1}


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize(
    ("form", "shows"),
    [
        ("html", lambda body: body.startswith(b"<!DOCTYPE html>")),
        ("empty", lambda body: body == b""),
        ("truncated_json", lambda body: body.startswith(b"{") and not body.endswith(b"}")),
        ("no_message_id", lambda body: b"message_id" not in body and b"recipient_id" in body),
        ("repeated_message_id", lambda body: b"message_id" in body),
    ],
)
async def test_garbage_is_a_200_that_proves_nothing(strike, platform, form, shows, accepted):
    status, body = await strike({"kind": "garbage", "form": form, "accepted": accepted})

    assert status == 200
    assert shows(body)
    assert counts(platform) == (1, int(accepted))


async def test_a_repeated_message_id_is_the_one_answered_before(strike, send):
    _, before, _ = await send("First")

    _, body = await strike({"kind": "garbage", "form": "repeated_message_id", "accepted": False})

    assert before["message_id"].encode() in body


async def test_a_throttle_lasts_for_its_seconds_and_strikes_every_post_of_the_account(strike, send, platform):
    status, body = await strike({"kind": "throttle", "code": 80006, "seconds": 60})
    during, answer, headers = await send()
    platform.monotonic = lambda: time.monotonic() + 61
    after, _, _ = await send()

    assert (status, during, after) == (400, 400, 200)
    assert b'"code":80006' in body
    assert answer["error"]["code"] == 80006
    assert f'"{PAGE}"' in headers["X-Business-Use-Case-Usage"]
    assert counts(platform) == (3, 1)


async def test_a_performing_fault_does_not_accept_what_must_be_refused(strike, platform):
    platform.clock.advance(90_000)

    assert await strike("sent_but_dropped") == "closed"

    assert counts(platform) == (1, 0)
