"""The Graph sender on real sockets: what each fault of the wire becomes, before the first byte and after it."""

import asyncio
import datetime as dt
import ipaddress
import json
import socket
import ssl
import struct

import pytest

from domain.outcome import Accepted, NotSent, ProviderAnswer, Unknown
from domain.reasons import Reason
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
    send_to,
)


async def reset(writer):
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def drip(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
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
    # Only what is to be waited for in vain is given up soon: on a busy machine the others may take their time.
    outcome, seen = await send_against(
        step, http(200, ACCEPTED), read_timeout_seconds=0.3 if step is say_nothing else 30
    )

    assert isinstance(outcome, Unknown)
    assert outcome.reason is reason
    assert words is None or outcome.answer.text == words
    assert len(seen.requests) == 1


async def test_an_answer_that_comes_in_drops_ends_with_the_read_timeout():
    outcome, seen = await send_against(drip, connect_timeout_seconds=1, read_timeout_seconds=0.3)

    assert outcome == Unknown(Reason.UNCLEAR_ANSWER, ProviderAnswer(text="no whole answer within the time for it"))
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
