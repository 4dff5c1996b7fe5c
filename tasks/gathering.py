"""One statement for what many ask at once: while it runs, the next ones gather."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from domain.errors import ServiceAwayError

_Ask = TypeVar("_Ask")
_Answer = TypeVar("_Answer")


class Gathering(Generic[_Ask, _Answer]):
    """Answers asks, many of them together. A hundred accounts so cost no more commits than one.

    `do` answers asks, one answer for each in their order. `fits` says whether an ask may join others in one call of it;
    what does not fit waits for the next. `forget` is told the answer that nobody waits for any longer.
    """

    def __init__(
        self,
        do: Callable[[Sequence[_Ask]], Awaitable[Sequence[_Answer]]],
        *,
        fits: Callable[[Sequence[_Ask], _Ask], bool],
        forget: Callable[[_Answer], Awaitable[None]] | None = None,
    ) -> None:
        self._do = do
        self._fits = fits
        self._forget = forget
        self._waiting: list[tuple[_Ask, asyncio.Future[_Answer]]] = []
        self._running: asyncio.Task[None] | None = None

    async def ask(self, ask: _Ask) -> _Answer:
        """Return what `do` answers to this one. Raises what it raises."""
        done: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((ask, done))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await done

    async def idle(self) -> None:
        """Wait until nothing is being answered: those who asked may have been cancelled."""
        if self._running is not None:
            await asyncio.wait([self._running])

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._answer(self._take())
        finally:
            self._running = None

    def _take(self) -> list[tuple[_Ask, asyncio.Future[_Answer]]]:
        taken, left, asks = [self._waiting[0]], [], [self._waiting[0][0]]
        for one in self._waiting[1:]:
            if self._fits(asks, one[0]):
                taken.append(one)
                asks.append(one[0])
            else:
                left.append(one)
        self._waiting = left
        return taken

    async def _answer(self, taken: Sequence[tuple[_Ask, asyncio.Future[_Answer]]]) -> None:
        try:
            answers = await self._do([ask for ask, _ in taken])
        except Exception as error:  # noqa: BLE001  # it is handed to whoever waits
            if len(taken) > 1 and not isinstance(error, ServiceAwayError):
                # What is wrong with one of them must not cost the others.
                for one in taken:
                    await self._answer([one])
                return
            for _, done in taken:
                if not done.done():
                    done.set_exception(error)
            return
        for (_, done), answer in zip(taken, answers, strict=True):
            if not done.done():
                done.set_result(answer)
            elif self._forget is not None:
                await self._forget(answer)
