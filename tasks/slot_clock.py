"""The server's clock as this process sees it: slots are booked on that clock and waited for on the monotonic one."""

from collections import deque
from typing import Final

_KEPT_SAMPLES: Final = 64
_STEP_SECONDS: Final = 1.0


class SlotClock:
    """Translates moments of the database's clock to this process's monotonic clock.

    Each answer of the database bounds the difference of the two clocks from above: the server read its clock before the
    answer arrived. The least bound of the last answers is kept. It is too late by no more than the fastest answer took
    to arrive, and never too early; slow commits and waits for locks do not move it.
    """

    def __init__(self) -> None:
        self._bounds: deque[float] = deque(maxlen=_KEPT_SAMPLES)

    def learn(self, *, asked: float, answered: float, server_epoch: float) -> None:
        """Take one sample: monotonic seconds before and after a statement, and the server's clock within it."""
        bound = answered - server_epoch
        # Outside the interval by more than a second means that the server's clock was set: old samples lie.
        if self._bounds and not asked - server_epoch - _STEP_SECONDS <= min(self._bounds) <= bound + _STEP_SECONDS:
            self._bounds.clear()
        self._bounds.append(bound)

    def local(self, server_epoch: float) -> float:
        """Return the monotonic time of a moment on the server's clock. Raises ValueError before the first sample."""
        return server_epoch + min(self._bounds)
