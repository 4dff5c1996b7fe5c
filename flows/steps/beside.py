"""What people look at, made while the work itself goes on: a send waits for no picture, and fails for none."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from prefect import get_run_logger

# A send that has begun by then has its first messages under way.
_PAUSE_SECONDS: Final = 2.0


@asynccontextmanager
async def beside(showing: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Show something when the block has gone on for a little, or is over; what goes wrong with it is only logged."""
    over = asyncio.Event()
    shown = asyncio.create_task(_show(showing, over=over))
    try:
        yield
    finally:
        over.set()
        try:
            await shown
        except Exception as error:  # noqa: BLE001  # a server that takes no artifact must not spoil what was sent
            get_run_logger().warning("What was foretold could not be shown (%s).", type(error).__name__)


async def _show(showing: Coroutine[Any, Any, None], *, over: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(over.wait(), timeout=_PAUSE_SECONDS)
    await showing
