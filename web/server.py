"""Serving the receiver: a listening socket, uvicorn with its bounds, and an end in good order."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Final

import uvicorn

from domain.errors import UsageError
from web.app import create_app
from web.connections import ConnectionLimits, bounded
from web.receiver import Receiver

_KEEP_ALIVE_SECONDS: Final = 5
# More than a body may take to arrive and to be stored, so that what is under way is finished.
_END_WITHIN_SECONDS: Final = 8
_BACKLOG: Final = 1024


def listen(host: str, port: int, *, is_shared: bool = False) -> socket.socket:
    """Return a listening socket (port 0: any that is free); a shared port may be listened on by several receivers.

    Raises UsageError when nothing can listen there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG, reuse_port=is_shared)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(
            f"Nothing can listen on {host}, port {port} ({reason}); name another with --host or --port."
        ) from error


def address_of(listener: socket.socket) -> str:
    """Return the address that a listening socket is reached under."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve(
    receiver: Receiver,
    *,
    listener: socket.socket,
    stop: asyncio.Event,
    limits: ConnectionLimits,
    announce: Callable[[], None],
) -> None:
    """Serve until `stop` is set: then take no more, finish what is under way, and end. Says when it began."""
    config = uvicorn.Config(
        create_app(receiver),
        http=bounded(limits, receiver.meters),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,  # its lines would hold the verify token
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_END_WITHIN_SECONDS,
    )
    server = _Server(config, announce=announce)
    receiver.meters.connections.set_function(lambda: len(server.server_state.connections))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    server.should_exit = True
    await serving


class _Server(uvicorn.Server):
    """uvicorn's server without its way with signals, after which the process would end by the signal and not with 0."""

    def __init__(self, config: uvicorn.Config, *, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._announce()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
