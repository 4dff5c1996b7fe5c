"""The log of told events: which event was told in which body, when, and how it was signed."""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sandbox.webhooks import QueuedBody


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """One line of the log.

    `event` is the event's own number, the same however often it is told; `body` the number of the body that told it,
    None if it was lost; `at_ms` the event's time on the platform's clock, `told_ms` when the body was published;
    `place`, `object_ids`, `watermark_ms` and `odd` as in `Event`. `is_repeat`: an earlier body with the same bytes told
    it before.
    """

    number: int
    event: int
    kind: str
    account: str
    user_id: str
    at_ms: int
    object_ids: list[str]
    place: str
    watermark_ms: int | None
    odd: list[str]
    body: int | None
    told_ms: int
    signing: str
    is_repeat: bool


def _numbers() -> "array[int]":
    return array("Q")


@dataclass
class ToldLog:
    """Keeps of each telling only which body it was of: `read` brings that back, with what it says of its events.

    Lines are numbered from 1; `_ends` are the numbers of the last lines of the tellings. Body 0 is none.
    """

    read: Callable[[int], QueuedBody]
    _made: "array[int]" = field(default_factory=_numbers)
    _bodies: "array[int]" = field(default_factory=_numbers)
    _told_ms: "array[int]" = field(default_factory=_numbers)
    _repeats: bytearray = field(default_factory=bytearray)
    _ends: "array[int]" = field(default_factory=_numbers)

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def note(self, made: int, *, size: int, body: int | None, told_ms: int, is_repeat: bool = False) -> None:
        """Note that a body of `size` events was published as number `body`, or lost (None)."""
        self._ends.append(len(self) + size)
        self._made.append(made)
        self._bodies.append(body or 0)
        self._told_ms.append(told_ms)
        self._repeats.append(is_repeat)

    def after(self, number: int, limit: int) -> list[ToldEvent]:
        """Return up to `limit` lines, beginning behind `number`."""
        lines: list[ToldEvent] = []
        for telling in range(bisect_right(self._ends, number), len(self._ends)):
            if len(lines) >= limit:
                break
            lines += [line for line in self._lines(telling) if line.number > number]
        return lines[:limit]

    def _lines(self, telling: int) -> Iterator[ToldEvent]:
        """Yield the lines of one telling."""
        body = self.read(self._made[telling])
        first = self._ends[telling] - len(body.events) + 1
        for number, event in enumerate(body.events, start=first):
            yield ToldEvent(
                number=number,
                body=self._bodies[telling] or None,
                told_ms=self._told_ms[telling],
                signing=body.signing,
                is_repeat=bool(self._repeats[telling]),
                **event,
            )
