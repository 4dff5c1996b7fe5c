"""One process that serves a platform on loopback: the Graph API for senders, /sandbox for tests."""

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson
from aiohttp import web

from sandbox.carrier import Carrier
from sandbox.control_api import ControlApi
from sandbox.graph_api import GraphApi
from sandbox.message_ids import MessageIds
from sandbox.platform import Platform
from sandbox.scene import set_scene
from sandbox.truth import TruthLog

_HOST: Final = "127.0.0.1"
_BODY_MOST_BYTES: Final = 512 * 1024 * 1024
_BACKLOG: Final = 1024

# Events wait this long for others to share their body; the log's file is never further behind than this either.
_TICK_SECONDS: Final = 0.05

_GRAPH: Final = web.AppKey("graph", GraphApi)


@dataclass(frozen=True)
class ServerSettings:
    """How to serve. Port 0 is any free one; `parent_pid` is the process whose end ends the server.

    `app_secret` is of accounts that are given none; a `seed` makes ids, orders and people the same each time.
    """

    port: int = 0
    log_path: Path | None = None
    webhook_url: str | None = None
    ready_path: Path | None = None
    parent_pid: int | None = None
    keep_alive_seconds: float = 75.0
    app_secret: str | None = None
    seed: int | None = None
    scene_path: Path | None = None


def build_app(platform: Platform) -> web.Application:
    """Return the web application of a platform."""
    app = web.Application(client_max_size=_BODY_MOST_BYTES)
    graph = app[_GRAPH] = GraphApi(platform)
    app.add_routes(ControlApi(platform).routes())
    app.router.add_route("*", "/{path:.*}", graph.answer)
    return app


@asynccontextmanager
async def serving(platform: Platform, settings: ServerSettings | None = None) -> AsyncIterator[str]:
    """Serve the platform on loopback while the context lasts, and yield the base URL."""
    settings = settings or ServerSettings()
    app = build_app(platform)
    carrier = Carrier(platform)
    if settings.webhook_url:
        platform.change_webhooks({"url": settings.webhook_url})
    # Calls that hang on purpose must not hold up the end.
    runner = web.AppRunner(
        app,
        access_log=None,
        keepalive_timeout=settings.keep_alive_seconds,
        handler_cancellation=False,
        shutdown_timeout=0.2,
    )
    await runner.setup()
    site = web.TCPSite(runner, _HOST, settings.port, backlog=_BACKLOG)
    await site.start()
    ticks = asyncio.create_task(_tick(platform, carrier))
    try:
        yield f"http://{_HOST}:{runner.addresses[0][1]}"
    finally:
        ticks.cancel()
        with suppress(asyncio.CancelledError):
            await ticks
        await runner.cleanup()
        await app[_GRAPH].send_api.close()
        await carrier.close()
        platform.truth.flush()


async def serve(settings: ServerSettings, *, announce: Callable[[str], None] = print) -> None:
    """Serve a new platform until SIGTERM, SIGINT or the parent's end; `announce` gets one JSON line when ready.

    Raises ControlError for a webhook URL that is not on loopback or a scene that makes no sense, OSError for a port
    that is taken.
    """
    # A hundred thousand live objects make the collector's usual thresholds cost half the throughput.
    gc.set_threshold(100_000, 50, 100)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    platform = new_platform(settings)
    try:
        async with serving(platform, settings) as url:
            _say_ready(url, settings, announce)
            await _until(ended, settings.parent_pid)
    finally:
        platform.truth.close()


def new_platform(settings: ServerSettings) -> Platform:
    """Return a platform, with accounts and people if there is a scene.

    Raises OSError if the log cannot be written, ControlError for a scene that makes no sense.
    """
    platform = Platform(truth=TruthLog(settings.log_path))
    if settings.app_secret:
        platform.app_secret = settings.app_secret
    if settings.seed is not None:
        platform.ids = MessageIds(str(settings.seed).encode())
        platform.change_webhooks({"seed": settings.seed})
    if settings.scene_path is not None:
        set_scene(platform, settings.scene_path)
    return platform


def _say_ready(url: str, settings: ServerSettings, announce: Callable[[str], None]) -> None:
    """Print the line and write the ready file; the file appears whole or not at all."""
    line = orjson.dumps({"url": url, "pid": os.getpid()}).decode()
    announce(line)
    if settings.ready_path is not None:
        part = settings.ready_path.with_name(settings.ready_path.name + ".part")
        part.write_text(line)
        part.replace(settings.ready_path)


async def _until(ended: asyncio.Event, parent_pid: int | None) -> None:
    """Wait for the event, or until the parent is no longer the parent: then nobody is left who would end us."""
    while parent_pid is None or os.getppid() == parent_pid:
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), timeout=0.2)
            return


async def _tick(platform: Platform, carrier: Carrier) -> None:
    """Do what is due, publish bodies, carry them and write the log, again and again."""
    while True:
        await asyncio.sleep(_TICK_SECONDS)
        platform.tick()
        carrier.pick_up()
        platform.truth.flush()
