"""The wire on real sockets: the shapes of whole answers, the reuse of connections, and the heads of requests."""

import asyncio

import pytest

from clients.graph.transport import Failure, Fault, Reply, Wire, WireLimits
from scripted_platform import http, platform, say_nothing

QUICK = WireLimits(connections=5, connect_seconds=1.0, read_seconds=1.0)


async def exchange_once(wire):
    return await wire.exchange(wire.request_head("POST", "/messages", headers={}), content=b"{}")


async def exchange_against(*script, limits=QUICK):
    async with platform(*script) as (url, seen), Wire(url, limits) as wire:
        return await exchange_once(wire), seen


async def answer_until_the_end(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nX-One: 1\r\n\r\nwhole ")
    await writer.drain()
    await asyncio.sleep(0.01)
    writer.write(b"body")
    writer.close()
    raise OSError


async def answer_byte_by_byte(writer):
    for position in range(len(answer := http(200, b"whole body", b"X-One: 1"))):
        writer.write(answer[position : position + 1])
        await writer.drain()
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(http(200, b"whole body", b"X-One: 1"), id="with its length"),
        pytest.param(answer_byte_by_byte, id="byte by byte"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nX-One: 1\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nwhole \r\n4\r\nbody\r\n0\r\n\r\n",
            id="in chunks",
        ),
        pytest.param(answer_until_the_end, id="until the connection ends"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + http(200, b"whole body", b"X-One: 1"), id="after a 100"),
        pytest.param(http(200, b"whole body", b"x-oNE: 1", b"X-One: 2"), id="with a header twice"),
    ],
)
async def test_a_whole_answer_is_read_in_every_shape(step):
    answer, _ = await exchange_against(step)

    assert isinstance(answer, Reply)
    assert (answer.status, answer.headers["x-one"], answer.body) == (200, "1", b"whole body")


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_that_has_no_body_by_its_status_ends_with_its_head(status):
    answer, _ = await exchange_against(f"HTTP/1.1 {status} X\r\n\r\n".encode())

    assert answer == Reply(status, {}, b"")


async def test_headers_without_an_end_are_given_up():
    answer, _ = await exchange_against(b"HTTP/1.1 200 OK\r\nX-One: " + b"1" * 300_000)

    assert answer == Failure(Fault.BROKEN_ANSWER, "the answer was far too long")


async def test_a_change_of_the_protocol_is_no_answer():
    answer, _ = await exchange_against(b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")

    assert answer == Failure(Fault.BROKEN_ANSWER, "the answer was no HTTP")


async def test_one_connection_serves_exchanges_that_follow_each_other():
    async with platform(*[http(200, b"{}")] * 3) as (url, seen), Wire(url, QUICK) as wire:
        for _ in range(3):
            await exchange_once(wire)

    assert (len(seen.requests), seen.connections) == (3, 1)


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(http(200, b"{}", b"Connection: close"), id="the server closes"),
        pytest.param(http(200, b"{}").replace(b"1.1", b"1.0", 1), id="HTTP/1.0"),
        pytest.param(http(200, b"{}") + b"more", id="more than the answer"),
        pytest.param(say_nothing, id="no answer"),
    ],
)
async def test_a_connection_is_not_used_again_after_its_last_answer(first):
    limits = WireLimits(read_seconds=0.2)
    async with platform(first, http(200, b"{}")) as (url, seen), Wire(url, limits) as wire:
        await exchange_once(wire)

        answer = await exchange_once(wire)

    assert answer == Reply(200, {"content-length": "2"}, b"{}")
    assert (len(seen.requests), seen.connections) == (2, 2)


async def test_a_connection_on_which_something_comes_unasked_is_not_used_again():
    async def answer_and_say_more(writer):
        writer.write(http(200, b"{}"))
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.write(http(408, b"idle"))
        await writer.drain()

    async with platform(answer_and_say_more, http(200, b"{}")) as (url, seen), Wire(url, QUICK) as wire:
        await exchange_once(wire)
        await asyncio.sleep(0.1)

        answer = await exchange_once(wire)

    assert isinstance(answer, Reply)
    assert answer.status == 200
    assert seen.connections == 2


async def test_a_connection_that_was_idle_for_too_long_is_closed_and_not_used():
    closed = asyncio.Queue()

    async def serve(reader, writer):
        while await reader.read(1000):
            writer.write(http(200, b"{}"))
        writer.close()
        closed.put_nowait(None)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        async with Wire(url, WireLimits(idle_seconds=0)) as wire:
            await exchange_once(wire)
            await asyncio.sleep(0.01)
            assert closed.empty()

            await exchange_once(wire)
            await closed.get()
        await closed.get()


async def test_the_answer_to_a_cancelled_exchange_is_not_given_to_the_next():
    async def answer_late(writer):
        await asyncio.sleep(0.1)
        writer.write(http(200, b"late"))

    async with platform(answer_late, http(200, b"own")) as (url, _), Wire(url, WireLimits(connections=1)) as wire:
        cancelled = asyncio.create_task(exchange_once(wire))
        await asyncio.sleep(0.05)
        cancelled.cancel()
        await asyncio.wait([cancelled])

        answer = await exchange_once(wire)

    assert isinstance(answer, Reply)
    assert answer.body == b"own"


async def test_a_host_of_several_addresses_is_reached_at_the_one_that_answers():
    # The server listens on 127.0.0.1 alone; where localhost is ::1 as well, that address refuses.
    async with platform(http(200, b"{}")) as (url, seen), Wire(url.replace("127.0.0.1", "localhost"), QUICK) as wire:
        answer = await exchange_once(wire)

    assert isinstance(answer, Reply)
    assert b"\r\nHost: localhost:" in seen.requests[0]


@pytest.mark.parametrize(
    ("root", "host"),
    [
        ("https://graph.example/v25.0", b"graph.example"),
        ("https://graph.example:443/v25.0", b"graph.example"),
        ("https://graph.example:8443/v25.0", b"graph.example:8443"),
        ("http://[::1]:80/v25.0", b"[::1]"),
        ("http://büro.example/v25.0", b"xn--bro-hoa.example"),
    ],
)
def test_a_request_names_its_host_and_the_path_below_the_root(root, host):
    head = Wire(root, QUICK).request_head("GET", "/me?fields=id", headers={"X-One": "1"})

    first, *lines = head.split(b"\r\n")
    assert first == b"GET /v25.0/me?fields=id HTTP/1.1"
    assert b"Host: " + host in lines
    assert b"X-One: 1" in lines


@pytest.mark.parametrize(
    ("target", "value"), [("/a b", "1"), ("/a\r\nX: 1", "1"), ("/ä", "1"), ("/a", "1\r\nX: 1"), ("/a", "é")], ids=repr
)
def test_a_request_that_would_have_a_line_more_is_refused(target, value):
    with pytest.raises(ValueError, match="characters"):
        Wire("http://graph.example", QUICK).request_head("GET", target, headers={"X-One": value})
