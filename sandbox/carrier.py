"""Carries webhook bodies to one URL on this machine, with tries that grow rare. Source: facts/meta.md section 7."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final

import aiohttp

from sandbox.platform import Platform
from sandbox.webhook_queue import is_success
from sandbox.webhooks import QueuedBody, Signing

_ANSWER_WITHIN_SECONDS: Final = 5.0
_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True, order=True)
class _Job:
    """A body to carry, when on the platform's clock, and how often that was tried."""

    due_ms: int
    number: int
    tries: int = 0


class Carrier:
    """POSTs every body published while there is a URL, each until it is answered with 2xx or its tries are used up.

    Pauses are counted by the sandbox's clock. After the last try the account is unsubscribed, as Meta does after an
    hour of failure, until it subscribes again.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._session: aiohttp.ClientSession | None = None
        self._next = 1
        self._again: list[_Job] = []
        self._wake = asyncio.Event()
        self._workers: list[asyncio.Task[None]] = []

    def pick_up(self) -> None:
        """Let what was published since the last call, and what is due again, be carried."""
        if not self._platform.teller.queue.settings.url:
            return
        if not self._workers:
            self._workers = [asyncio.create_task(self._work()) for _ in range(_AT_ONCE)]
        self._wake.set()

    async def close(self) -> None:
        """Give up what is on its way."""
        for worker in self._workers:
            worker.cancel()
        for worker in self._workers:
            with suppress(asyncio.CancelledError):
                await worker
        if self._session is not None:
            await self._session.close()

    async def _work(self) -> None:
        """Carry one body after the other."""
        while True:
            job = self._next_job()
            if job is None:
                self._wake.clear()
                await self._wake.wait()
            else:
                await self._carry(job)

    def _next_job(self) -> _Job | None:
        """Return the body whose time has come: one to try again, else the next new one."""
        queue, now_ms = self._platform.teller.queue, self._platform.clock.now_ms()
        if not queue.settings.url:
            return None
        if self._again and self._again[0].due_ms <= now_ms:
            return heappop(self._again)
        number = max(self._next, queue.first_to_carry)
        if number > queue.published_count:
            return None
        self._next = number + 1
        return _Job(now_ms, number)

    async def _carry(self, job: _Job) -> None:
        """Try to deliver a body; unless it was taken, put it back for later or give its accounts up."""
        teller = self._platform.teller
        body = teller.queue.body(job.number)
        if teller.unsubscribed.issuperset(body.accounts):
            return
        status = await self._status(teller.queue.settings.url, body)
        teller.queue.note_try(job.number, status)
        # A spoiled body is a stranger's: nobody tries it again, and its refusal is no failure of the receiver.
        if is_success(status) or body.signing is not Signing.RIGHT:
            return
        pauses = teller.queue.settings.retry_pauses
        if job.tries < len(pauses):
            due_ms = self._platform.clock.now_ms() + int(pauses[job.tries] * 1000)
            heappush(self._again, _Job(due_ms, job.number, job.tries + 1))
        else:
            teller.unsubscribed.update(body.accounts)

    async def _status(self, url: str, body: QueuedBody) -> int | None:
        """POST the body once and return the status of the answer, None without one."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=_ANSWER_WITHIN_SECONDS)
            self._session = aiohttp.ClientSession(timeout=timeout, trust_env=False)
        try:
            async with self._session.post(url, data=body.body, headers=body.headers, allow_redirects=False) as response:
                return response.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None
