"""A server in a process of its own that accepts every POST after a set latency, as cheaply as Python can."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import psutil


@dataclass(frozen=True)
class TrivialServer:
    """A running server: its address, and its process."""

    url: str
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """Return the CPU seconds that it has used."""
        times = self.process.cpu_times()
        return times.user + times.system

    async def arrivals(self) -> dict[str, list[float]]:
        """Return when each POST arrived (this machine's monotonic clock, seconds), by the Page in its path."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/arrivals") as response:
            return json.loads(await response.read())


@asynccontextmanager
async def trivial_server(latency_seconds: float = 0.0) -> AsyncIterator[TrivialServer]:
    """Run one for the length of the block."""
    command = [sys.executable, __file__, str(latency_seconds)]
    child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        yield TrivialServer(json.loads(await child.stdout.readline())["url"], psutil.Process(child.pid))
    finally:
        child.terminate()
        await child.wait()


class _Connection(asyncio.Protocol):
    """One connection: requests with a Content-Length, one after the other; the latency runs from the last byte."""

    def __init__(self, latency_seconds: float, arrivals: dict[str, list[float]]) -> None:
        self._latency_seconds = latency_seconds
        self._arrivals = arrivals
        self._received = b""

    def connection_made(self, transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()

    def data_received(self, piece: bytes) -> None:
        self._received += piece
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._received[:end].lower()
        length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
        if len(self._received) < end + 4 + int(length or 0):
            return
        self._received = b""
        self._answer(head.split(b" ", 2)[1].decode())

    def _answer(self, path: str) -> None:
        if path == "/arrivals":
            self._write(json.dumps(self._arrivals).encode())
            return
        page = self._arrivals.setdefault(path.split("/")[2], [])
        page.append(time.monotonic())
        body = b'{"recipient_id":"1","message_id":"m_%b_%d"}' % (path.split("/")[2].encode(), len(page))
        if self._latency_seconds:
            self._loop.call_later(self._latency_seconds, self._write, body)
        else:
            self._write(body)

    def _write(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        self._transport.write(head + body)


async def _serve(latency_seconds: float) -> None:
    arrivals: dict[str, list[float]] = {}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(latency_seconds, arrivals), "127.0.0.1", 0, backlog=1024)
    print(json.dumps({"url": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"}), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1])))
