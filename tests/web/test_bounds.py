"""Nobody can take more of a receiver than its share: sizes and times of bodies and heads, the number of connections."""

import asyncio
import socket
import time
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import httpx
import pytest
from posting import PATH, counted, event, raw_request, signature, signed, stored
from receiving import BODY_LIMITS, asking, listening, make_receiver

from web.body import BodyLimits
from web.connections import ConnectionLimits

MOST = BODY_LIMITS.most_bytes
LIMITS = ConnectionLimits(most=20, head_seconds=30)


async def in_pieces(body: bytes, size: int = 10_000):
    """A body of which nobody is told the length."""
    for first in range(0, len(body), size):
        yield body[first : first + size]


@pytest.mark.parametrize("length", [MOST - 1, MOST])
async def test_a_body_up_to_the_limit_is_stored(http, inbox, length):
    body = b"x" * length

    answers = [await http.post(PATH, content=content, headers=signed(body)) for content in (body, in_pieces(body))]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert stored(inbox) == [body]


@pytest.mark.parametrize("headers", [{}, signed(b"x" * (MOST + 1))], ids=["unsigned", "signed"])
@pytest.mark.parametrize("is_declared", [True, False])
async def test_a_body_above_the_limit_is_refused_signed_or_not(http, inbox, headers, is_declared):
    body = b"x" * (MOST + 1)

    answer = await http.post(PATH, content=body if is_declared else in_pieces(body), headers=headers)
    metrics = (await http.get("/metrics")).text

    assert (answer.status_code, answer.content) == (413, b"")
    assert counted(metrics, 'refused_total{why="too_large"}') == 1
    assert stored(inbox) == []


async def test_large_bodies_share_a_room_and_small_ones_always_find_one(inbox):
    body = b"x" * MOST
    receiver = make_receiver(inbox, body_limits=BodyLimits(MOST, most_seconds=60, most_bytes_together=MOST))
    is_over = asyncio.Event()

    async def lingering():
        yield body[:-1]
        await is_over.wait()
        yield body[-1:]

    async with asking(receiver) as http:
        first = asyncio.create_task(http.post(PATH, content=lingering(), headers=signed(body)))
        await asyncio.sleep(0.1)
        second = await http.post(PATH, content=body, headers=signed(body))
        small = await http.post(PATH, content=event(1), headers=signed(event(1)))
        is_over.set()
        first = await first
        third = await http.post(PATH, content=b"y" * MOST, headers=signed(b"y" * MOST))

    assert [answer.status_code for answer in (second, small, first, third)] == [503, 200, 200, 200]
    assert second.content == b""


@contextmanager
def connected(address: str):
    """A connection that says nothing of its own."""
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as connection:
        yield connection


async def answer_to(address: str, *pieces: bytes, pause: float = 0.0) -> bytes:
    """Send pieces over a connection of their own, and return all that comes back until it ends."""
    return await asyncio.to_thread(_answer_to, address, pieces, pause)


def _answer_to(address: str, pieces, pause: float) -> bytes:
    answer = b""
    with connected(address) as connection:
        # What is sent after the other side has closed is refused; the answer it gave before is there to be read.
        with suppress(ConnectionError):
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
        with suppress(ConnectionError):
            while piece := connection.recv(65_536):
                answer += piece
    return answer


def status_of(answer: bytes) -> int:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-length: 0" in head
    assert body == b""
    return int(head.split()[1])


async def test_a_body_that_does_not_end_is_given_up(inbox):
    receiver = make_receiver(inbox, body_limits=BodyLimits(MOST, most_seconds=1))
    request = raw_request(event(1))

    async with listening(receiver, limits=LIMITS) as address:
        slow = await answer_to(address, request[:-1])
        quick = await answer_to(address, raw_request(event(2), head="Connection: close\r\n"))

    assert status_of(slow) == 408
    assert status_of(quick) == 200
    assert stored(inbox) == [event(2)]


async def test_whoever_sends_too_much_can_read_that_it_was_too_much(inbox):
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    chunk = b"%x\r\n%b\r\n" % (50_000, b"x" * 50_000)

    async with listening(make_receiver(inbox), limits=LIMITS) as address:
        answer = await answer_to(address, head, *[chunk] * 60)

    assert status_of(answer) == 413


async def test_a_body_that_is_announced_as_too_long_is_not_even_asked_for(inbox):
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {MOST + 1}\r\n\r\n"

    async with listening(make_receiver(inbox), limits=LIMITS) as address:
        answer = await answer_to(address, head.encode())

    assert status_of(answer) == 413


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        pytest.param([b"nonsense\r\n\r\n"], 400, id="no HTTP"),
        pytest.param([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"], 400, id="TLS"),
        pytest.param([b"POST /webhooks/meta HTTP/1.1\r\nContent-Length: x\r\n\r\n"], 400, id="a length in letters"),
        pytest.param([b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], 400, id="HTTP 2"),
        pytest.param([b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"], 400, id="two lengths"),
        pytest.param(
            [b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"],
            400,
            id="a length and chunks",
        ),
        pytest.param([b"GET /healthz HTTP/1.1\r\nHo"], 408, id="a head that breaks off"),
        pytest.param([b""], 408, id="nothing"),
        pytest.param([b"GET /healthz HTTP/1.1\r\nX: ", *[b"x" * 10_000] * 7], 431, id="a header that does not end"),
        pytest.param([b"GET /", *[b"x" * 10_000] * 7], 431, id="an address that does not end"),
        pytest.param([b"GET /healthz HTTP/1.1\r\n", *[b"X: y\r\n" * 2_000] * 6], 431, id="headers that do not end"),
    ],
)
async def test_what_is_no_request_is_answered_with_nothing_and_ended(inbox, pieces, status):
    # Only what is to be waited for in vain is given up soon: on a busy machine the others may take their time.
    limits = ConnectionLimits(most=LIMITS.most, head_seconds=0.3) if status == 408 else LIMITS

    async with listening(make_receiver(inbox), limits=limits) as address:
        answer = await answer_to(address, *pieces, pause=0.01)

    assert status_of(answer) == status


async def test_trailers_that_do_not_end_are_cut_off(inbox):
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX: ".encode()
    receiver = make_receiver(inbox, body_limits=BodyLimits(MOST, most_seconds=30))

    async with listening(receiver, limits=LIMITS) as address:
        answer = await answer_to(address, head, *[b"y" * 10_000] * 9, pause=0.01)

    assert answer == b""


async def test_a_body_in_the_smallest_chunks_is_taken(inbox):
    body = event(1) * 70
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Hub-Signature-256: {signature(body)}\r\n"
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)

    async with listening(make_receiver(inbox), limits=LIMITS) as address:
        answer = await answer_to(address, head.encode() + b"Transfer-Encoding: chunked\r\n\r\n", chunks, b"0\r\n\r\n")

    assert len(chunks) > 65_536
    assert status_of(answer) == 200
    assert stored(inbox) == [body]


async def test_one_connection_too_many_is_refused_and_the_next_is_served_when_one_has_ended(inbox):
    limits = ConnectionLimits(most=3, head_seconds=30)
    ask = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    async with listening(make_receiver(inbox), limits=limits) as address:
        with connected(address), connected(address):
            with connected(address):
                await asyncio.sleep(0.1)
                refused = await answer_to(address, ask)
                posted = await answer_to(address, raw_request(event(1)))
            await asyncio.sleep(0.1)
            served = await answer_to(address, ask)
            metrics = (await answer_to(address, ask.replace(b"/healthz", b"/metrics"))).decode()

    assert (status_of(refused), status_of(posted)) == (503, 503)
    assert served.startswith(b"HTTP/1.1 200")
    assert counted(metrics, 'refused_total{why="too_many_connections"}') == 2
    assert counted(metrics, "connections") == 3
    assert stored(inbox) == []


async def test_far_too_many_connections_are_not_even_listened_to(inbox):
    limits = ConnectionLimits(most=1, head_seconds=30)

    async with listening(make_receiver(inbox), limits=limits) as address:
        with connected(address), connected(address):
            await asyncio.sleep(0.1)
            answer = await answer_to(address, raw_request(event(1)))

    assert answer == b""
    assert stored(inbox) == []


async def test_an_answer_names_no_server(inbox):
    async with listening(make_receiver(inbox), limits=LIMITS) as address, httpx.AsyncClient() as http:
        answers = [
            await http.get(address + "/healthz"),
            await http.post(address + PATH, content=event(1), headers=signed(event(1))),
        ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [set(answer.headers) - {"date", "content-length", "content-type"} for answer in answers] == [set(), set()]
