"""Why an account leaves a person in peace."""

from datetime import timedelta
from enum import StrEnum
from typing import Final


class SuppressionKind(StrEnum):
    """How long a person is left in peace."""

    OPTED_OUT = "opted_out"  # they asked for no more messages: for good
    ERASED = "erased"  # their data was erased: for good, by the keyed hash that stands for their id
    UNAVAILABLE = "unavailable"  # the platform cannot reach them: for a while, or until they write


# Code 551 and its kind: the person blocked the account, left, or is not receiving messages. To ask again and again for
# people who cannot be reached looks like spam; a week is our own choice, no document names a time.
COOL_OFF: Final = timedelta(days=7)
