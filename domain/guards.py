"""When a person is asked, or at least told, before a send goes on."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

# A start within this time of the one that was set is in time: a worker looks for runs every second or two.
LATE_TOLERANCE: Final = timedelta(seconds=60)


@dataclass(frozen=True)
class Guards:
    """The limits of what happens without a person: time spans and a count, and None where nobody is asked."""

    most_late: timedelta | None = timedelta(minutes=60)  # a timed campaign that starts later is paused instead
    warn_after: timedelta | None = timedelta(hours=6)  # the newest interaction is older: somebody is told
    refuse_after: timedelta | None = None  # the newest interaction is older: nobody is judged by it
    overlap: timedelta = timedelta(hours=24)  # who got a campaign message within this time is counted in the plan
    approval_above: int | None = None  # more recipients than this: a second person is asked

    def is_large(self, recipients: int) -> bool:
        """Say whether so many recipients need a second person's word."""
        return self.approval_above is not None and recipients > self.approval_above

    def is_too_late(self, late: timedelta) -> bool:
        """Say whether a start that late needs a person's word."""
        return self.most_late is not None and late > self.most_late

    def is_old(self, age: timedelta) -> bool:
        """Say whether somebody is to be told that the newest interaction is that old."""
        return self.warn_after is not None and age > self.warn_after

    def is_too_old(self, age: timedelta) -> bool:
        """Say whether nobody may be judged by interactions the newest of which is that old."""
        return self.refuse_after is not None and age > self.refuse_after
