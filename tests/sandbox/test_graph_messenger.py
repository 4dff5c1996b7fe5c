"""The Graph sender on real sockets: what each fault of the wire and each answer of the platform becomes."""

import asyncio
import datetime as dt
import ipaddress
import json
import logging
import socket
import ssl
import struct
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from clients.graph.messenger import CheckResult, GraphMessenger, Route
from domain.errors import ConfigurationError
from domain.outcome import Accepted, AccountStopped, NotSent, ProviderAnswer, Refused, Throttled, Unknown
from domain.reasons import Reason

CANARY = "EAAcanary0123456789tokenZZ"
PERSON = "25381719828140932"
TEXT = {"kind": "text", "text": "Grüße \U0001f600"}
ACCEPTED = b'{"recipient_id":"25381719828140932","message_id":"m_AG5"}'


@dataclass
class Seen:
    """What reached the server: the requests whole, and how many connections brought them."""

    requests: list[bytes] = field(default_factory=list)
    connections: int = 0


async def read_request(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((line.split(b":")[1] for line in head.lower().split(b"\r\n") if b"content-length" in line), b"0")
    return head + await reader.readexactly(int(length))


def http(status, body=b"", *headers):
    lines = [f"HTTP/1.1 {status} X".encode(), f"Content-Length: {len(body)}".encode(), *headers, b"", body]
    return b"\r\n".join(lines)


@asynccontextmanager
async def platform(*script, tls=None):
    """Serve on loopback: each request gets the next step of the script (bytes to write, or a coroutine function)."""
    seen = Seen()
    steps = iter(script)
    serving = []

    async def serve(reader, writer):
        serving.append(asyncio.current_task())
        seen.connections += 1
        try:
            while True:
                seen.requests.append(await read_request(reader))
                step = next(steps)
                if isinstance(step, bytes):
                    writer.write(step)
                    await writer.drain()
                else:
                    await step(writer)
        except (asyncio.IncompleteReadError, OSError, StopIteration):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    scheme = "http" if tls is None else "https"
    try:
        yield f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}", seen
    finally:
        server.close()
        await server.wait_closed()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


def messenger_at(base_url, *, page_id=None, channel="messenger", **options):
    route = Route(channel=channel, external_id="1001", page_id=page_id, token=CANARY)
    return GraphMessenger(route, base_url=base_url, version="v25.0", **{"read_timeout_seconds": 0.3, **options})


async def send_to(base_url, **options):
    async with messenger_at(base_url, **options) as messenger:
        return await messenger.send(PERSON, content=TEXT, metadata="attempt-1")


async def send_against(*script, **options):
    async with platform(*script) as (base_url, seen):
        return await send_to(base_url, **options), seen


def refused_by(code, subcode=None, status=400):
    body = json.dumps({"error": {"message": "no", "code": code, "error_subcode": subcode}}).encode()
    return http(status, body)


# Steps of a script


async def reset(writer):
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def hang_up(writer):
    writer.close()
    raise OSError


async def say_nothing(_writer):
    await asyncio.sleep(2)


async def drip(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def stop_half_way(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + ACCEPTED)
    await hang_up(writer)


async def never_end(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
    for _ in range(100):
        writer.write(b" " * 65_536)
        await writer.drain()


# Answers of the platform


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


# Faults before the first byte: not sent


async def test_a_refused_connection_is_not_sent_and_the_service_away():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))

        outcome = await send_to(f"http://127.0.0.1:{taken.getsockname()[1]}")

    assert outcome == NotSent(ProviderAnswer(text="the connection was refused"), service_away=True)


async def test_an_unknown_host_is_not_sent_and_the_service_away():
    outcome = await send_to("http://graph.invalid")

    assert outcome == NotSent(ProviderAnswer(text="its name is not known"), service_away=True)


async def test_a_server_that_takes_no_connection_in_time_is_not_sent_and_the_service_away():
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        with socket.create_connection(full.getsockname()), socket.socket() as second:
            second.setblocking(False)
            second.connect_ex(full.getsockname())

            outcome = await send_to(f"http://127.0.0.1:{full.getsockname()[1]}", connect_timeout_seconds=0.2)

    assert outcome == NotSent(ProviderAnswer(text="no connection within the time for it"), service_away=True)


async def test_a_tls_handshake_that_hangs_is_not_sent_although_tcp_is_connected():
    bytes_seen = []

    gone = asyncio.Event()

    async def swallow(reader, writer):
        while piece := await reader.read(10_000):
            bytes_seen.append(piece)
        writer.close()
        gone.set()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]

        outcome = await send_to(f"https://127.0.0.1:{port}", connect_timeout_seconds=0.2)
        await gone.wait()

    assert outcome == NotSent(ProviderAnswer(text="no connection within the time for it"), service_away=True)
    assert not any(b"POST" in seen or CANARY.encode() in seen for seen in bytes_seen)


async def test_a_certificate_that_nobody_vouches_for_is_not_sent(tmp_path):
    async with platform(http(200, ACCEPTED), tls=self_signed(tmp_path)) as (base_url, seen):
        outcome = await send_to(base_url)

    assert outcome == NotSent(ProviderAnswer(text="its certificate is not trusted"), service_away=True)
    assert seen.requests == []


async def test_a_server_without_tls_is_not_sent():
    async with platform() as (base_url, seen):
        outcome = await send_to(base_url.replace("http:", "https:"), connect_timeout_seconds=0.5)

    assert isinstance(outcome, NotSent)
    assert outcome.service_away
    assert seen.requests == []


async def test_without_a_free_connection_nothing_is_sent_and_the_service_is_not_called_away():
    async with (
        platform(say_nothing) as (base_url, seen),
        messenger_at(base_url, connections=1, read_timeout_seconds=1.5) as messenger,
    ):
        first = asyncio.create_task(messenger.send(PERSON, content=TEXT, metadata="a"))
        await asyncio.sleep(0.1)

        second = await messenger.send(PERSON, content=TEXT, metadata="b")
        await first

    assert second == NotSent(ProviderAnswer(text="no connection of this process was free"), service_away=False)
    assert len(seen.requests) == 1


# Faults after it: unknown


@pytest.mark.parametrize(
    ("step", "reason", "words"),
    [
        pytest.param(say_nothing, Reason.NO_ANSWER, "no whole answer within the time for it", id="read timeout"),
        pytest.param(hang_up, Reason.NO_ANSWER, "it hung up without an answer", id="closed without an answer"),
        pytest.param(reset, Reason.NO_ANSWER, "the connection broke", id="reset"),
        pytest.param(stop_half_way, Reason.UNCLEAR_ANSWER, "the answer broke off", id="truncated body"),
        pytest.param(never_end, Reason.UNCLEAR_ANSWER, "the answer was far too long", id="endless body"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", Reason.UNCLEAR_ANSWER, "the answer was no HTTP", id="garbage"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            Reason.UNCLEAR_ANSWER,
            None,
            id="garbage in the body",
        ),
    ],
)
async def test_a_fault_after_the_request_left_is_unknown_and_never_repeated(step, reason, words):
    outcome, seen = await send_against(step, http(200, ACCEPTED))

    assert isinstance(outcome, Unknown)
    assert outcome.reason is reason
    assert words is None or outcome.answer.text == words
    assert len(seen.requests) == 1


async def test_an_answer_that_comes_in_drops_ends_with_the_read_timeout():
    started = asyncio.get_running_loop().time()

    outcome, seen = await send_against(drip, connect_timeout_seconds=0.2)

    assert outcome == Unknown(Reason.UNCLEAR_ANSWER, ProviderAnswer(text="no whole answer within the time for it"))
    assert asyncio.get_running_loop().time() - started < 2
    assert len(seen.requests) == 1


@pytest.mark.parametrize("step", [hang_up, reset], ids=["closed", "reset"])
async def test_a_kept_connection_that_dies_under_the_second_post_is_unknown_and_not_repeated(step):
    async with (
        platform(http(200, ACCEPTED), step, http(200, ACCEPTED)) as (base_url, seen),
        messenger_at(base_url) as messenger,
    ):
        first = await messenger.send(PERSON, content=TEXT, metadata="a")
        second = await messenger.send(PERSON, content=TEXT, metadata="b")

    assert first == Accepted("m_AG5")
    assert isinstance(second, Unknown)
    assert second.reason is Reason.NO_ANSWER
    assert (len(seen.requests), seen.connections) == (2, 1)


async def test_a_connection_that_the_server_closed_while_it_was_idle_is_not_used_again():
    async def answer_and_close(writer):
        writer.write(http(200, ACCEPTED))
        await hang_up(writer)

    async with (
        platform(*[answer_and_close] * 20) as (base_url, seen),
        messenger_at(base_url) as messenger,
    ):
        outcomes = []
        for _ in range(20):
            outcomes.append(await messenger.send(PERSON, content=TEXT, metadata="a"))
            await asyncio.sleep(0.01)

    assert outcomes == [Accepted("m_AG5")] * 20
    assert seen.connections == 20


async def test_a_cancelled_send_stays_cancelled_and_gives_its_connection_back():
    async with (
        platform(say_nothing, http(200, ACCEPTED)) as (base_url, _),
        messenger_at(base_url, connections=1, read_timeout_seconds=5) as messenger,
    ):
        sending = asyncio.create_task(messenger.send(PERSON, content=TEXT, metadata="a"))
        await asyncio.sleep(0.1)

        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending

        assert await messenger.send(PERSON, content=TEXT, metadata="b") == Accepted("m_AG5")


async def test_many_sends_at_once_are_each_posted_once():
    async with (
        platform(*[http(200, ACCEPTED)] * 300) as (base_url, seen),
        messenger_at(base_url, connections=50, read_timeout_seconds=10) as messenger,
    ):
        outcomes = await asyncio.gather(
            *(messenger.send(PERSON, content=TEXT, metadata=str(number)) for number in range(300))
        )

    assert outcomes == [Accepted("m_AG5")] * 300
    assert len({json.loads(request.split(b"\r\n\r\n")[1])["message"]["metadata"] for request in seen.requests}) == 300
    assert len(seen.requests) == 300
    assert seen.connections <= 50


# The token, the environment, the settings


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


async def test_content_of_another_kind_is_a_mistake_of_the_caller_and_nothing_is_sent():
    async with platform(http(200, ACCEPTED)) as (base_url, seen), messenger_at(base_url) as messenger:
        with pytest.raises(ValueError, match="kind"):
            await messenger.send(PERSON, content={"kind": "dance"}, metadata="a")

    assert seen.requests == []


# Looking at the account


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
    async with platform(answer) as (base_url, seen), messenger_at(base_url) as messenger:
        check = await messenger.check()

    assert (check.result, check.account_id) == (result, account_id)
    assert seen.requests[0].startswith(b"GET /v25.0/me?fields=id,name HTTP/1.1\r\n")
    assert CANARY.encode() not in seen.requests[0].split(b"\r\n")[0]


def self_signed(folder):
    """Return a server's TLS context with a certificate of its own making, good for a day."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
