"""The share of errors among a sender's last messages: when it is large, something is wrong with all of them."""

from collections import Counter, deque
from typing import Final

from domain.reasons import Reason

# So few say nothing yet: three refusals of four are an accident, thirty of forty are none.
_FEWEST: Final = 40
_LAST: Final = 200


class ErrorShare:
    """The last outcomes of one sender, each a reason if it was refused or is unclear, else None.

    `limit` is the share (0 to 1) that must not be passed; 0 sets no limit.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._last: deque[Reason | None] = deque(maxlen=_LAST)

    def add(self, reason: Reason | None) -> None:
        """Take one outcome: why it is an error, or None for a message that was accepted."""
        self._last.append(reason)

    def sentence(self) -> str | None:
        """Say that the share is too large, and which error is the most frequent; None while it is not."""
        errors = [reason for reason in self._last if reason is not None]
        if not self._limit or len(self._last) < _FEWEST or len(errors) <= self._limit * len(self._last):
            return None
        most, times = Counter(errors).most_common(1)[0]
        return f"{len(errors)} of the last {len(self._last)} messages ended in an error, most of them {most} ({times})"
