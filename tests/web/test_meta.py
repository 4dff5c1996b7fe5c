"""What the receiver of Meta's webhooks takes and refuses, and what stands in the inbox afterwards."""

import asyncio
import hashlib
import hmac
import json

import psycopg
import pytest
from posting import OTHER_SECRET, PATH, SECRET, TOKEN, counted, event, signature, signed, stored
from receiving import asking, make_receiver

BODY = b'{"object":"page","entry":[{"id":"1001","text":"\\u00e9 \\ud83d\\ude00 https:\\/\\/a"}]}'
EMOJI = '{"object":"page","text":"😀"}'.encode()
GOOD = {"hub.mode": "subscribe", "hub.verify_token": TOKEN, "hub.challenge": "1158201444"}
FLIPPED = signature(BODY)[:-1] + ("0" if signature(BODY)[-1] != "0" else "1")


async def test_a_challenge_with_the_right_token_comes_back_as_plain_text(http):
    answer = await http.get(PATH, params=GOOD)

    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("token", [TOKEN[:-1], TOKEN + "x", TOKEN.lower(), "", " " + TOKEN, "\x00", "é😀"])
async def test_a_wrong_token_is_refused(http, token):
    answer = await http.get(PATH, params=GOOD | {"hub.verify_token": token})

    assert (answer.status_code, answer.content) == (403, b"")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"hub.challenge": "<script>alert(1)</script>"}, id="markup"),
        pytest.param({"hub.challenge": "12 34"}, id="a blank"),
        pytest.param({"hub.challenge": "12\n"}, id="a line's end"),
        pytest.param({"hub.challenge": "١٢٣"}, id="other digits"),  # that is the case
        pytest.param({"hub.challenge": "-1"}, id="a sign"),
        pytest.param({"hub.challenge": ""}, id="an empty challenge"),
        pytest.param({"hub.challenge": "1" * 65}, id="a long one"),
        pytest.param({"hub.challenge": None}, id="no challenge"),
        pytest.param({"hub.verify_token": None}, id="no token"),
        pytest.param({"hub.mode": None}, id="no mode"),
        pytest.param({"hub.mode": "unsubscribe"}, id="another mode"),
    ],
)
async def test_a_malformed_challenge_is_refused_with_nothing_of_it_in_the_answer(http, change):
    parameters = {name: value for name, value in (GOOD | change).items() if value is not None}

    answer = await http.get(PATH, params=parameters)

    assert (answer.status_code, answer.content) == (400, b"")


async def test_who_guesses_tokens_is_not_listened_to_for_a_while(http):
    guesses = [(await http.get(PATH, params=GOOD | {"hub.verify_token": str(n)})).status_code for n in range(12)]
    right = await http.get(PATH, params=GOOD)

    assert guesses == [403] * 10 + [429] * 2
    assert right.status_code == 429


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param(BODY, {}, id="no signature"),
        pytest.param(BODY, {"X-Hub-Signature-256": ""}, id="an empty one"),
        pytest.param(BODY, {"X-Hub-Signature-256": FLIPPED}, id="its last digit changed"),
        pytest.param(BODY[:-1] + b" ", signed(BODY), id="the body's last byte changed"),
        pytest.param(bytes([BODY[0] ^ 1]) + BODY[1:], signed(BODY), id="a bit of the body flipped"),
        pytest.param(BODY + b"\n", signed(BODY), id="a line's end added"),
        pytest.param(b"", signed(BODY), id="the body lost"),
        pytest.param(BODY, {"X-Hub-Signature-256": signature(BODY).upper()}, id="upper case"),
        pytest.param(BODY, {"X-Hub-Signature-256": "sha256=" + signature(BODY)[7:].upper()}, id="upper case digits"),
        pytest.param(BODY, {"X-Hub-Signature-256": signature(BODY)[:-1]}, id="too short"),
        pytest.param(BODY, {"X-Hub-Signature-256": signature(BODY) + "0"}, id="too long"),
        pytest.param(BODY, {"X-Hub-Signature-256": signature(BODY)[7:]}, id="without its name"),
        pytest.param(BODY, {"X-Hub-Signature-256": f"{signature(BODY)},{signature(BODY)}"}, id="two in one header"),
        pytest.param(
            BODY,
            {"X-Hub-Signature": "sha1=" + hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest()},
            id="the old one alone",
        ),
        pytest.param(
            BODY,
            {"X-Hub-Signature-256": "sha1=" + hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest()},
            id="the old one under the new name",
        ),
        pytest.param(json.dumps(json.loads(BODY)).encode(), signed(BODY), id="the same JSON written anew"),
        pytest.param(json.dumps(json.loads(EMOJI)).encode(), signed(EMOJI), id="an emoji escaped on the way"),
        pytest.param(BODY, signed(BODY, "another secret"), id="another secret"),
        pytest.param(BODY, signed(BODY, f"{SECRET}, {OTHER_SECRET}"), id="both secrets in one"),
        pytest.param(BODY, signed(BODY, ""), id="no secret"),
    ],
)
async def test_a_body_without_a_valid_signature_is_refused_and_not_kept(http, inbox, caplog, body, headers):
    answer = await http.post(PATH, content=body, headers=headers)

    assert (answer.status_code, answer.content) == (403, b"")
    assert stored(inbox) == []
    (line,) = caplog.records
    assert (line.getMessage(), line.length, line.client) == ("bad signature", len(body), "127.0.0.1")


async def test_two_signature_headers_are_refused_though_both_are_right(http, inbox):
    headers = [("X-Hub-Signature-256", signature(BODY)), ("x-hub-signature-256", signature(BODY))]

    answer = await http.post(PATH, content=BODY, headers=headers)

    assert (answer.status_code, answer.content) == (403, b"")
    assert stored(inbox) == []


@pytest.mark.parametrize("secret", [SECRET, OTHER_SECRET])
async def test_each_secret_signs_and_the_old_signature_is_not_looked_at(http, inbox, secret):
    answer = await http.post(PATH, content=BODY, headers=signed(BODY, secret) | {"X-Hub-Signature": "sha1=nonsense"})

    assert (answer.status_code, answer.content) == (200, b"")
    assert stored(inbox) == [BODY]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"no JSON at all", id="no JSON"),
        pytest.param(b'{"object":"page","entry":[', id="JSON that breaks off"),
        pytest.param(EMOJI, id="an emoji, not escaped"),
        pytest.param(b'{"text":"\\ud800"}', id="half a surrogate pair"),
        pytest.param(b'{"text":"\\u0000"}', id="an escaped NUL"),
        pytest.param(b"\x00\xff\xfe\x00", id="NUL and bytes that are no UTF-8"),
        pytest.param(b"[" * 50_000, id="deep"),
        pytest.param(b'{"id":' + b"9" * 20_000 + b"}", id="a huge number"),
        pytest.param(b'{"object":"page","object":"instagram"}', id="a key twice"),
        pytest.param(b'{"object":"page","entry":[{"id":"99","messaging":[{}]}]}', id="a Page that nobody knows"),
        pytest.param(b"'); DROP TABLE receipt_inbox; --", id="SQL"),
        pytest.param(b"%(bodies)s %s %%", id="placeholders"),
    ],
)
async def test_a_signed_body_is_kept_byte_for_byte_whatever_it_holds(http, inbox, body):
    answer = await http.post(PATH, content=body, headers=signed(body) | {"Content-Type": "text/html"})

    assert (answer.status_code, answer.content) == (200, b"")
    assert stored(inbox) == [body]


async def test_the_same_bytes_are_kept_once(http, inbox):
    answers = await asyncio.gather(*(http.post(PATH, content=BODY, headers=signed(BODY)) for _ in range(10)))
    metrics = (await http.get("/metrics")).text

    assert {answer.status_code for answer in answers} == {200}
    assert stored(inbox) == [BODY]
    assert (counted(metrics, "bodies_stored_total"), counted(metrics, "bodies_known_total")) == (1, 9)


async def test_two_receivers_that_are_sent_the_same_bodies_at_once_keep_each_once(inbox):
    bodies = [event(number) for number in range(300)]

    async with asking(make_receiver(inbox)) as one, asking(make_receiver(inbox)) as other:
        posts = [one.post(PATH, content=body, headers=signed(body)) for body in bodies]
        posts += [other.post(PATH, content=body, headers=signed(body)) for body in reversed(bodies)]
        answers = await asyncio.gather(*posts)

    assert {answer.status_code for answer in answers} == {200}
    assert sorted(stored(inbox)) == sorted(bodies)


async def test_what_comes_while_a_statement_runs_is_stored_by_the_next_one(http, inbox):
    with psycopg.connect(inbox) as holder:
        holder.execute("LOCK TABLE windowcast.receipt_inbox IN SHARE MODE")
        posts = [asyncio.create_task(http.post(PATH, content=event(n), headers=signed(event(n)))) for n in range(100)]
        await asyncio.sleep(0.3)
        was_answered = any(post.done() for post in posts)
        holder.rollback()
        answers = await asyncio.gather(*posts)
    metrics = (await http.get("/metrics")).text

    assert not was_answered
    assert {answer.status_code for answer in answers} == {200}
    assert len(stored(inbox)) == 100
    assert counted(metrics, "store_seconds_count") <= 3


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/docs", 404),
        ("GET", "/redoc", 404),
        ("GET", "/openapi.json", 404),
        ("POST", "/webhooks", 404),
        ("POST", "/webhooks/meta/", 404),
        ("PUT", PATH, 405),
        ("DELETE", "/healthz", 405),
    ],
)
async def test_what_we_do_not_have_is_answered_with_nothing(http, method, path, status):
    answer = await http.request(method, path)

    assert (answer.status_code, answer.content) == (status, b"")


async def test_a_path_asked_for_in_another_way_tells_all_its_ways(http):
    answers = [await http.request("OPTIONS", path) for path in (PATH, "/healthz")]

    assert [answer.headers["allow"] for answer in answers] == ["GET, POST", "GET"]


async def test_the_counters_say_why_bodies_were_refused_and_hold_no_secret(http):
    await http.get(PATH, params=GOOD | {"hub.verify_token": "wrong"})
    await http.get(PATH)
    await http.post(PATH, content=BODY)
    await http.post(PATH, content=BODY, headers=signed(BODY))
    metrics = (await http.get("/metrics")).text

    for why in ("wrong_token", "malformed", "bad_signature"):
        assert counted(metrics, f'refused_total{{why="{why}"}}') == 1
    assert counted(metrics, "bodies_received_total") == 2
    assert counted(metrics, "body_bytes_received_total") == 2 * len(BODY)
    assert "CANARY" not in metrics
