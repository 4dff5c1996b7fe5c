"""A platform on loopback that answers by a script, byte for byte, and the sender that meets it."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from clients.graph.messenger import GraphMessenger, Route

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
    return GraphMessenger(route, base_url=base_url, version="v25.0", **{"read_timeout_seconds": 30, **options})


async def send_to(base_url, **options):
    async with messenger_at(base_url, **options) as messenger:
        return await messenger.send(PERSON, content=TEXT, metadata="attempt-1")


async def send_against(*script, **options):
    async with platform(*script) as (base_url, seen):
        return await send_to(base_url, **options), seen


async def hang_up(writer):
    writer.close()
    raise OSError


async def say_nothing(_writer):
    await asyncio.sleep(2)
