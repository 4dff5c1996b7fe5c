"""The command that applies the inbox, kept running beside the receiver as a child process."""

import asyncio
import logging
import sys
import time
from collections.abc import Sequence
from typing import Final

logger = logging.getLogger("windowcast.webhooks")

_FIRST_WAIT_SECONDS: Final = 1.0
_MOST_WAIT_SECONDS: Final = 60.0
# A child that ran this long was well: the next death starts the waits anew.
_WELL_SECONDS: Final = 60.0
_END_WITHIN_SECONDS: Final = 10.0


class Follower:
    """Starts the child, starts it again after growing waits when it dies, and ends it when cancelled."""

    def __init__(self, command: Sequence[str], *, first_wait_seconds: float = _FIRST_WAIT_SECONDS) -> None:
        self._command = command
        self._first_wait_seconds = first_wait_seconds
        self.start_count = 0
        self.is_running = False

    async def run(self) -> None:
        """Keep the child running until cancelled."""
        wait = self._first_wait_seconds
        while True:
            started = time.monotonic()
            code = await self._run_once()
            if time.monotonic() - started > _WELL_SECONDS:
                wait = self._first_wait_seconds
            logger.warning("the reconciling child ended", extra={"exit_code": code, "again_in_seconds": wait})
            await asyncio.sleep(wait)
            wait = min(_MOST_WAIT_SECONDS, wait * 2)

    async def _run_once(self) -> int:
        # What it prints goes where the receiver's own news go: the receiver's output is its address and nothing else.
        child = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.DEVNULL, stdout=sys.__stderr__
        )
        self.start_count += 1
        self.is_running = True
        try:
            return await child.wait()
        finally:
            self.is_running = False
            await _end(child)


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        return
    child.terminate()
    try:
        async with asyncio.timeout(_END_WITHIN_SECONDS):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()
