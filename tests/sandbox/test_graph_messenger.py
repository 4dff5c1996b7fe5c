"""The Graph sender on real sockets: what it posts, what each answer of the platform becomes, and what it refuses."""

import json
import logging

import pytest

from clients.graph.messenger import CheckResult, GraphMessenger, Route
from domain.errors import ConfigurationError
from domain.outcome import Accepted, AccountStopped, ProviderAnswer, Refused, Throttled, Unknown
from domain.reasons import Reason
from domain.window import Entitlement, InteractionKind
from scripted_platform import (
    ACCEPTED,
    CANARY,
    PERSON,
    TEXT,
    hang_up,
    http,
    messenger_at,
    platform,
    say_nothing,
    send_against,
)


def refused_by(code, subcode=None, status=400):
    body = json.dumps({"error": {"message": "no", "code": code, "error_subcode": subcode}}).encode()
    return http(status, body)


async def test_an_accepted_message_is_posted_once_as_documented():
    outcome, seen = await send_against(http(200, ACCEPTED))

    head, body = seen.requests[0].split(b"\r\n\r\n")
    assert outcome == Accepted("m_AG5")
    assert head.startswith(b"POST /v25.0/1001/messages HTTP/1.1\r\n")
    assert f"authorization: bearer {CANARY.lower()}" in head.decode().lower()
    assert b"content-type: application/json" in head.lower()
    assert json.loads(body) == {
        "recipient": {"id": PERSON},
        "messaging_type": "UPDATE",
        "message": {"text": TEXT["text"], "metadata": "attempt-1"},
    }
    assert len(seen.requests) == 1


@pytest.mark.parametrize(
    ("kind", "name"), [(InteractionKind.COMMENT, "comment_id"), (InteractionKind.VISITOR_POST, "post_id")]
)
async def test_a_private_reply_names_the_comment_or_the_post_and_no_person(kind, name):
    async with platform(http(200, ACCEPTED)) as (base_url, seen), messenger_at(base_url) as messenger:
        outcome = await messenger.reply(Entitlement("690_759", kind), content=TEXT, metadata="attempt-1")

    _, body = seen.requests[0].split(b"\r\n\r\n")
    assert outcome == Accepted("m_AG5")
    assert json.loads(body) == {
        "recipient": {name: "690_759"},
        "messaging_type": "RESPONSE",
        "message": {"text": TEXT["text"], "metadata": "attempt-1"},
    }


async def test_an_instagram_account_posts_to_its_page_and_carries_metadata_too():
    outcome, seen = await send_against(http(200, ACCEPTED), page_id="2002", channel="instagram")

    assert outcome == Accepted("m_AG5")
    assert seen.requests[0].startswith(b"POST /v25.0/2002/messages ")
    assert b'"metadata":"attempt-1"' in seen.requests[0]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        pytest.param(
            refused_by(10, 2018278),
            Refused(Reason.OUTSIDE_WINDOW, ProviderAnswer(10, 2018278, "no")),
            id="outside window",
        ),
        pytest.param(
            refused_by(551, status=403),
            Refused(Reason.PERSON_UNAVAILABLE, ProviderAnswer(551, None, "no")),
            id="person gone",
        ),
        pytest.param(refused_by(190, 463, 401), AccountStopped(ProviderAnswer(190, 463, "no")), id="dead token"),
        pytest.param(refused_by(613), Throttled(ProviderAnswer(613, None, "no")), id="throttled"),
        pytest.param(refused_by(4, status=429), Throttled(ProviderAnswer(4, None, "no")), id="429 with Graph JSON"),
        pytest.param(
            http(429, b"slow down", b"Retry-After: 5"),
            Unknown(Reason.UNCLEAR_ANSWER, ProviderAnswer(text="HTTP 429 without a Graph error")),
            id="429 of somebody in between",
        ),
        pytest.param(
            refused_by(190, status=500),
            Unknown(Reason.UNCLEAR_ANSWER, ProviderAnswer(190, None, "no")),
            id="5xx with Graph JSON",
        ),
        pytest.param(
            http(502, b"<html>bad gateway</html>"),
            Unknown(Reason.UNCLEAR_ANSWER, ProviderAnswer(text="HTTP 502 without a Graph error")),
            id="5xx without",
        ),
        pytest.param(
            http(200, b'{"message_id": '),
            Unknown(Reason.UNCLEAR_ANSWER, ProviderAnswer(text="success without a message_id")),
            id="bad JSON",
        ),
        pytest.param(
            http(200, b'{"error": {"code": 1, "message": "no"}}'),
            Unknown(Reason.UNCLEAR_ANSWER, ProviderAnswer(1, None, "no")),
            id="success with an error",
        ),
        pytest.param(
            http(200, b'{"recipient_id": "1"}'),
            Unknown(Reason.UNCLEAR_ANSWER, ProviderAnswer(text="success without a message_id")),
            id="success without an id",
        ),
        pytest.param(
            refused_by(2), Unknown(Reason.UNCLEAR_ANSWER, ProviderAnswer(2, None, "no")), id="code 2 may be sent"
        ),
    ],
)
async def test_an_answer_becomes_its_outcome_after_one_post(answer, outcome):
    result, seen = await send_against(answer)

    assert result == outcome
    assert len(seen.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_and_proves_nothing(status):
    async with platform(http(200, ACCEPTED)) as (elsewhere, seen_elsewhere):
        answer = http(status, b"", f"Location: {elsewhere}/v25.0/1001/messages".encode())

        outcome, seen = await send_against(answer)

    assert outcome == Unknown(Reason.UNCLEAR_ANSWER, ProviderAnswer(text=f"HTTP {status} without a Graph error"))
    assert len(seen.requests) == 1
    assert seen_elsewhere.requests == []


async def test_a_throttle_names_its_wait_and_usage_is_remembered():
    usage = b'X-Business-Use-Case-Usage: {"1001": [{"call_count": 104, "estimated_time_to_regain_access": 3}]}'
    body = b'{"error": {"code": 80006, "message": "no"}}'
    async with (
        platform(http(400, body, usage), http(200, ACCEPTED)) as (base_url, _),
        messenger_at(base_url) as messenger,
    ):
        before = messenger.usage

        throttled = await messenger.send(PERSON, content=TEXT, metadata="a")
        await messenger.send(PERSON, content=TEXT, metadata="b")

        assert before is None
        assert throttled == Throttled(ProviderAnswer(80006, None, "no"), 180.0)
        assert messenger.usage == 104.0


async def test_the_token_shows_in_no_repr_no_outcome_and_no_log(caplog):
    caplog.set_level(logging.DEBUG)
    quoting = json.dumps({"error": {"code": 77777, "message": f"Malformed access token {CANARY}"}}).encode()
    async with (
        platform(http(400, quoting), hang_up, b"garbage\r\n\r\n") as (base_url, _),
        messenger_at(base_url) as messenger,
    ):
        outcomes = [await messenger.send(PERSON, content=TEXT, metadata="a") for _ in range(3)]
        shown = [repr(messenger), repr(messenger._route), repr(messenger._wire), repr(outcomes), caplog.text]
    closed = messenger_at(base_url)
    with pytest.raises(RuntimeError) as raised:
        await closed.send(PERSON, content=TEXT, metadata="a")

    assert len(outcomes) == 3
    assert "77777" in caplog.text
    assert not any(CANARY in text for text in [*shown, repr(raised.value)])


@pytest.mark.parametrize("token", ["", f"{CANARY}\r\nX: 1", f"{CANARY} ", f"{CANARY}é"], ids=repr)
def test_a_token_that_cannot_be_one_is_refused_without_being_shown(token):
    with pytest.raises(ConfigurationError) as raised:
        Route(channel="messenger", external_id="1001", token=token)

    assert CANARY not in repr(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("account_id", ["", "..", "1/2", "1?x=1", "1001 "])
def test_an_account_id_that_would_change_the_path_is_refused(account_id):
    with pytest.raises(ConfigurationError):
        Route(channel="messenger", external_id=account_id, token=CANARY)


@pytest.mark.parametrize(
    "base_url",
    [
        "graph.example",
        "ftp://graph.example",
        "https://user:pass@graph.example",
        "https://graph.example/v25.0",
        "https://graph.example?x=1",
        "https://graph.example:port",
        "https://graph..example",
        "https://",
    ],
)
def test_an_address_that_is_more_or_less_than_scheme_host_and_port_is_refused(base_url):
    with pytest.raises(ConfigurationError) as raised:
        messenger_at(base_url)

    assert "pass" not in str(raised.value)


@pytest.mark.parametrize("version", ["25.0", "v25", "v25.0/", "latest"])
def test_a_version_that_is_none_is_refused(version):
    route = Route(channel="messenger", external_id="1001", token=CANARY)

    with pytest.raises(ConfigurationError):
        GraphMessenger(route, base_url="https://graph.example", version=version)


async def test_the_environments_proxy_is_not_used(monkeypatch):
    async with platform() as (proxy_url, proxied):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy_url)

        outcome, seen = await send_against(http(200, ACCEPTED))

    assert outcome == Accepted("m_AG5")
    assert (len(seen.requests), proxied.connections) == (1, 0)


async def test_cookies_of_the_server_are_not_sent_back():
    async with (
        platform(http(200, ACCEPTED, b"Set-Cookie: a=b"), http(200, ACCEPTED)) as (base_url, seen),
        messenger_at(base_url) as messenger,
    ):
        for _ in range(2):
            await messenger.send(PERSON, content=TEXT, metadata="a")

    assert b"cookie" not in seen.requests[1].lower()


async def test_media_are_sent_as_an_attachment_that_the_platform_may_use_again():
    async with platform(http(200, ACCEPTED)) as (base_url, seen), messenger_at(base_url) as messenger:
        content = {"kind": "video", "url": "https://cdn.test/a.mp4"}
        outcome = await messenger.send(PERSON, content=content, metadata="a")

    assert outcome == Accepted("m_AG5")
    message = json.loads(seen.requests[0].partition(b"\r\n\r\n")[2])["message"]
    attachment = {"type": "video", "payload": {"url": "https://cdn.test/a.mp4", "is_reusable": True}}
    assert message == {"attachment": attachment, "metadata": "a"}


async def test_half_a_surrogate_pair_is_left_to_the_platform_to_refuse():
    async with platform(refused_by(100)) as (base_url, seen), messenger_at(base_url) as messenger:
        outcome = await messenger.send(PERSON, content={"kind": "text", "text": "half \ud83d"}, metadata="a")

    assert isinstance(outcome, Refused)
    assert b'"half \\ud83d"' in seen.requests[0]


async def test_an_answer_with_half_a_surrogate_pair_is_read_nevertheless():
    outcome, _ = await send_against(http(400, b'{"error": {"code": 100, "message": "half \\ud83d"}}'))

    assert outcome == Refused(Reason.MESSAGE_REFUSED, ProviderAnswer(100, None, "half ?"))


async def test_content_of_another_kind_is_a_mistake_of_the_caller_and_nothing_is_sent():
    async with platform(http(200, ACCEPTED)) as (base_url, seen), messenger_at(base_url) as messenger:
        with pytest.raises(ValueError, match="kind"):
            await messenger.send(PERSON, content={"kind": "dance"}, metadata="a")

    assert seen.requests == []


@pytest.mark.parametrize(
    ("answer", "result", "account_id"),
    [
        pytest.param(http(200, b'{"id": "1001", "name": "Bakery"}'), CheckResult.WORKING, "1001", id="working"),
        pytest.param(http(200, b'{"id": "3", "name": "Other"}'), CheckResult.OTHER_ACCOUNT, "3", id="other account"),
        pytest.param(refused_by(190, status=401), CheckResult.REFUSED, None, id="dead token"),
        pytest.param(refused_by(4), CheckResult.NO_ANSWER, None, id="throttled"),
        pytest.param(refused_by(190, status=500), CheckResult.NO_ANSWER, None, id="5xx"),
        pytest.param(http(200, b"<html>"), CheckResult.NO_ANSWER, None, id="no JSON"),
        pytest.param(say_nothing, CheckResult.NO_ANSWER, None, id="timeout"),
    ],
)
async def test_a_check_says_whose_token_it_is(answer, result, account_id):
    patience = 0.3 if answer is say_nothing else 30
    async with (
        platform(answer) as (base_url, seen),
        messenger_at(base_url, read_timeout_seconds=patience) as messenger,
    ):
        check = await messenger.check()

    assert (check.result, check.account_id) == (result, account_id)
    assert seen.requests[0].startswith(b"GET /v25.0/me?fields=id,name HTTP/1.1\r\n")
    assert CANARY.encode() not in seen.requests[0].split(b"\r\n")[0]
