"""A TCP proxy between a sender and a server, which can cut a connection at a chosen statement."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum

_READ_BYTES = 65_536


class Cut(StrEnum):
    """When a connection ends."""

    AT_ONCE = "at_once"  # the statement has left, nobody knows whether it runs
    BEFORE_THE_ANSWER = "before_the_answer"  # the server has done it and says so, which nobody hears


@dataclass
class Proxy:
    """Carries connections to a server; cuts one, once, after `statement` went by for the `pass_number`-th time.

    Statements are found by their text, which psycopg sends while it has not prepared them: the first five times.
    """

    port: int
    statement: bytes = b""
    cut: Cut = Cut.AT_ONCE
    passes_left: int = 0
    cuts: int = 0
    holds: bool = False  # the answer is not cut off but kept back, until the proxy or the client ends
    connections: set[asyncio.Task] = field(default_factory=set)

    def cut_after(self, statement: bytes, *, cut: Cut, pass_number: int = 1) -> None:
        """Cut the connection that carries this statement."""
        self.statement, self.cut, self.passes_left = statement, cut, pass_number

    def is_due(self, piece: bytes) -> bool:
        """Count the passes of the statement in a piece that a client sent, and say whether to cut now."""
        if self.passes_left == 0 or self.statement not in piece:
            return False
        self.passes_left -= 1
        return self.passes_left == 0


@asynccontextmanager
async def proxying(connect, *, port=0) -> AsyncIterator[Proxy]:
    """Listen on a loopback port (0: any that is free) and carry each connection to the one that `connect()` opens."""

    async def carry(reader, writer) -> None:
        proxy.connections.add(asyncio.current_task())
        try:
            upstream = await connect()
        except (OSError, asyncio.CancelledError):
            # The server is away, or we are cut before it answers: the client is let go.
            writer.transport.abort()
            proxy.connections.discard(asyncio.current_task())
            return
        try:
            # The proxy's own end is no error of a connection.
            with suppress(asyncio.CancelledError):
                await _carry(proxy, (reader, writer), upstream)
        finally:
            for one in (writer, upstream[1]):
                one.transport.abort()
            proxy.connections.discard(asyncio.current_task())

    server = await asyncio.start_server(carry, "127.0.0.1", port)
    proxy = Proxy(server.sockets[0].getsockname()[1])
    try:
        yield proxy
    finally:
        server.close()
        for connection in list(proxy.connections):
            connection.cancel()
        await asyncio.gather(*proxy.connections, return_exceptions=True)


async def _carry(proxy: Proxy, client, upstream) -> None:
    """Carry bytes both ways until one side ends, or the cut."""
    is_deaf = asyncio.Event()
    ways = [
        asyncio.create_task(_to_server(proxy, client[0], upstream[1], is_deaf)),
        asyncio.create_task(_to_client(proxy, upstream[0], client[1], is_deaf)),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _to_server(proxy: Proxy, reader, writer, is_deaf) -> None:
    sent = b""
    while piece := await reader.read(_READ_BYTES):
        # A statement may be torn apart: its beginning is looked for in the end of what came before, too.
        is_due = proxy.is_due(sent[1 - len(proxy.statement) :] + piece)
        sent = piece
        if is_due and proxy.cut is Cut.BEFORE_THE_ANSWER:
            is_deaf.set()
        writer.write(piece)
        await writer.drain()
        if is_due and proxy.cut is Cut.AT_ONCE:
            proxy.cuts += 1
            return


async def _to_client(proxy: Proxy, reader, writer, is_deaf) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(_READ_BYTES):
            if is_deaf.is_set():
                proxy.cuts += 1
                if proxy.holds:
                    await asyncio.Event().wait()
                return
            writer.write(piece)
            await writer.drain()
