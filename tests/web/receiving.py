"""A receiver in this process: its app without a server for what needs none, and under uvicorn for what does."""

import asyncio
from contextlib import asynccontextmanager

import httpx
from posting import OTHER_SECRET, SECRET, TOKEN

from tasks.inbox import InboxLimits
from web.app import create_app
from web.body import BodyLimits
from web.connections import ConnectionLimits
from web.receiver import Keys, Receiver
from web.server import address_of, listen, serve

KEYS = Keys((SECRET.encode(), OTHER_SECRET.encode()), TOKEN.encode())
BODY_LIMITS = BodyLimits(100_000)
# Where its patience is not what is tried, hundreds of requests on one busy loop must not wear it out.
PATIENT = InboxLimits(patience_seconds=30)


def make_receiver(url, *, body_limits=BODY_LIMITS, inbox_limits=PATIENT, **more) -> Receiver:
    return Receiver(url, keys=KEYS, body_limits=body_limits, inbox_limits=inbox_limits, **more)


@asynccontextmanager
async def asking(receiver: Receiver):
    """Run a receiver's app and give a client that calls it without a server."""
    app = create_app(receiver)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://receiver") as http,
    ):
        yield http


@asynccontextmanager
async def listening(receiver: Receiver, *, limits: ConnectionLimits):
    """Run a receiver under its real server on a free port, and give its address."""
    stop, begun = asyncio.Event(), asyncio.Event()
    with listen("127.0.0.1", 0) as listener:
        address = address_of(listener)
        server = asyncio.create_task(serve(receiver, listener=listener, stop=stop, limits=limits, announce=begun.set))
        await begun.wait()
        try:
            yield address
        finally:
            stop.set()
            await server
