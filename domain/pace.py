"""The pace of an account: how much a claim may take, how long a lease must be, and how long to wait after a refusal."""

import math
from dataclasses import dataclass
from typing import Final

# Above 40 messages a second a Page's inbox stops working and the Page cannot send (Meta, Rate limiting, 2026-03-23).
DEFAULT_PER_SECOND: Final = 40

MOST_PER_CLAIM: Final = 50

# Without a pace no slot is booked ahead. Half of the messages that may be under way (200 unless set otherwise) let one
# half be claimed while the other is sent, and share a commit, which costs as much for one message as for a hundred.
MOST_PER_UNPACED_CLAIM: Final = 100

# A claim books slots at most this far ahead: with more, a kill would cost more in certainty than it saves in waiting.
MOST_SLOT_WAIT_SECONDS: Final = 1.25

_CLAIM_SECONDS: Final = 0.25
_LEAST_LEAD_SECONDS: Final = 0.1
_LEAST_AHEAD_SECONDS: Final = 0.05

# However slow the pace, a slot that is past due by more than this is given up.
_MOST_SLOT_TOLERANCE_SECONDS: Final = 0.09
# From the last look at the clock to the POST; so much less than what the bound allows may a slot be past due.
_LOOK_TO_POST_SECONDS: Final = 0.002

# A run ends when nothing can be sent within this time; the sweep or the next run goes on.
MOST_IDLE_SECONDS: Final = 60.0

# Audio and video have a lane of their own inside the account's pace (Meta, Rate limiting: 10 calls a second).
MEDIA_PER_SECOND: Final = 10.0

# Private replies to comments and posts have a lane of their own: 750 an hour and account (Meta, Rate limiting). One
# less, since a slot may be taken anew a little later than it was booked.
REPLY_GAP_SECONDS: Final = 3600 / 749

# From these shares of the platform's limits on (in percent, as its usage headers report them) the pace is divided by so
# much. The limits are rolling, so slowing early is enough to stay below; at 100 the platform refuses.
_SLOWER_FROM: Final = ((95.0, 8.0), (90.0, 4.0), (80.0, 2.0))
SLOWED_FOR_SECONDS: Final = 60.0

_FIRST_WAIT_SECONDS: Final = 1.0
_MOST_WAIT_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Timing:
    """The times that make an attempt safe, in seconds."""

    read_timeout_seconds: float
    margin_seconds: float

    @property
    def lease_seconds(self) -> float:
        """From the slot until an attempt without an outcome counts as unknown."""
        return 2 * self.fence_margin_seconds + self.connect_timeout_seconds + self.read_timeout_seconds

    @property
    def connect_timeout_seconds(self) -> float:
        """How long a connection may take before nothing was sent."""
        return min(5.0, self.read_timeout_seconds)

    @property
    def fence_margin_seconds(self) -> float:
        """How late after its slot a POST may start; as much again ends every lease, for clocks and scheduling."""
        return max(2.0, self.read_timeout_seconds / 4)

    @property
    def reserve_seconds(self) -> float:
        """How long before a window's end (less its margin) a claim must stop, so that the POST is over in time."""
        return (
            MOST_SLOT_WAIT_SECONDS
            + self.fence_margin_seconds
            + self.connect_timeout_seconds
            + self.read_timeout_seconds
        )


def claim_size(per_second: float | None, *, free_places: int) -> int:
    """Return how many messages the next claim may take, within the free places.

    A quarter second of pace, 1 to 50; without a pace 100.
    """
    if per_second is None:
        return max(0, min(MOST_PER_UNPACED_CLAIM, free_places))
    wanted = max(1, math.floor(per_second * _CLAIM_SECONDS))
    return max(0, min(wanted, MOST_PER_CLAIM, free_places))


def claim_lead_seconds(per_second: float) -> float:
    """Return how long before its last slot the next claim is made, so that no slot goes by while it is on its way.

    A tenth of a second after a quarter second of pace; where a claim takes less than that, it may be made earlier, so
    that at any pace slots are booked as far ahead.
    """
    taken = max(1, math.floor(per_second * _CLAIM_SECONDS)) / per_second
    return _LEAST_LEAD_SECONDS + max(0.0, _CLAIM_SECONDS - taken)


def ahead_seconds(per_second: float | None) -> float:
    """Return how far ahead of a claim its slots are booked at least, so that they are not over when its answer arrives.

    An eighth of a second with what a slot may be past due, and a twentieth at least.
    """
    if per_second is None:
        return _LEAST_AHEAD_SECONDS
    return max(_LEAST_AHEAD_SECONDS, 0.125 - slot_tolerance_seconds(per_second))


def slot_tolerance_seconds(per_second: float) -> float:
    """Return how long past due a slot may be when its POST starts; one that is later is given up and taken anew.

    The POSTs of a sliding second have slots of that second and of the tolerance before it, so as long as those are no
    more than 1.025 times the pace, rounded up, the bound holds: 23 ms at 40 a second, 90 ms at 10. It holds for a pace
    that is slowed too, which is the account's divided by a whole number.
    """
    allowed = math.ceil(41 * per_second / 40) / per_second - 1
    return min(_MOST_SLOT_TOLERANCE_SECONDS, allowed - _LOOK_TO_POST_SECONDS)


def slowed_by(usage_percent: float | None) -> float:
    """Return by how much the pace is divided at this usage of the limits, in percent (None: none was told)."""
    if usage_percent is None:
        return 1.0
    return next((times for percent, times in _SLOWER_FROM if usage_percent >= percent), 1.0)


def wait_after(times_in_a_row: int, *, named_seconds: float | None = None) -> float:
    """Return the seconds to wait after the platform was away or asked for patience that many times in a row.

    The time the platform names wins; without one the wait doubles from a second to a minute.
    """
    if named_seconds is not None:
        return max(0.0, named_seconds)
    return float(min(_MOST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2 ** min(10, max(0, times_in_a_row - 1))))
