"""Carries webhook bodies to one URL on this machine, with tries that grow rare. Source: facts/meta.md section 7."""

import asyncio
import ipaddress
from itertools import chain
from urllib.parse import urlsplit

import aiohttp

from sandbox.errors import ControlError
from sandbox.platform import Platform
from sandbox.webhooks import QueuedBody

_ANSWER_WITHIN_SECONDS = 5.0
_AT_ONCE = 8


def loopback_url(url: str) -> str:
    """Return the URL if it is http(s) to a loopback address, else raise ControlError: nothing leaves the machine."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not _is_loopback(parts.hostname or ""):
        raise ControlError(f"webhooks go to a loopback address only, not to {url!r}")
    return url


def _is_loopback(host: str) -> bool:
    """Tell whether the host is this machine by its literal address, or by the name every machine has for itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Carrier:
    """POSTs every published body, each until it is answered with 2xx or its tries are used up.

    After the last try the account is unsubscribed, as Meta does after an hour of failure, until it subscribes again.
    """

    def __init__(self, platform: Platform, url: str) -> None:
        self._platform = platform
        self._url = loopback_url(url)
        self._session: aiohttp.ClientSession | None = None
        self._seats = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._carried = 0

    def pick_up(self) -> None:
        """Start carrying what was published since the last call."""
        published = self._platform.webhooks.published
        for body in published[self._carried :]:
            task = asyncio.create_task(self._carry(body))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._carried = len(published)

    async def close(self) -> None:
        """Give up what is on its way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def _carry(self, body: QueuedBody) -> None:
        """Try to deliver one body: at once, then after each pause."""
        for pause in chain((0.0,), self._platform.webhooks.settings.retry_pauses):
            await asyncio.sleep(pause)
            if body.account_id in self._platform.unsubscribed:
                return
            async with self._seats:
                if await self._is_taken(body):
                    return
        self._platform.unsubscribed.add(body.account_id)

    async def _is_taken(self, body: QueuedBody) -> bool:
        """POST the body once and tell whether the receiver took it."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=_ANSWER_WITHIN_SECONDS)
            self._session = aiohttp.ClientSession(timeout=timeout, trust_env=False)
        try:
            async with self._session.post(
                self._url, data=body.body, headers=body.headers, allow_redirects=False
            ) as response:
                return response.ok and response.status < 300  # noqa: PLR2004  2xx
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
