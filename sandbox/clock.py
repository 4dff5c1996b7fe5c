"""The sandbox's own clock: the machine's, shifted by an offset that a test may set."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from sandbox.errors import ControlError


class Clock:
    """Tells the platform's time. Takes the machine's clock in seconds since 1970, so that tests can give their own."""

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self.offset_seconds = 0.0

    def now_ms(self) -> int:
        """Return the platform's time in milliseconds since 1970."""
        return int((self._wall() + self.offset_seconds) * 1000)

    def advance(self, seconds: float) -> None:
        """Move the clock by `seconds`; negative moves it back."""
        self.offset_seconds += seconds

    def set_now(self, now_ms: int) -> None:
        """Choose the offset so that the clock shows `now_ms` at this moment."""
        self.offset_seconds = now_ms / 1000 - self._wall()


def milliseconds_from(value: object) -> int:
    """Return milliseconds since 1970 for an ISO 8601 text with a zone, or for a number of milliseconds.

    Raises ControlError for anything else, also for a text without a zone.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return int(value)
    if not isinstance(value, str):
        raise ControlError(f"{value!r} is not a time: give ISO 8601 with a zone, or milliseconds since 1970")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ControlError(f"{value!r} is not a time in ISO 8601") from None
    if moment.tzinfo is None:
        raise ControlError(f"{value!r} has no zone; write an offset or Z behind it")
    return round(moment.timestamp() * 1000)


def iso_from_milliseconds(moment_ms: int) -> str:
    """Return the moment as ISO 8601 in UTC, with milliseconds."""
    return datetime.fromtimestamp(moment_ms / 1000, UTC).isoformat(timespec="milliseconds")


def graph_time(moment_ms: int) -> str:
    """Return the moment as the Graph API writes it, to the second: 2026-07-12T19:11:07+0000."""
    return datetime.fromtimestamp(moment_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
