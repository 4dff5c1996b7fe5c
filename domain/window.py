"""The 24-hour window: what opens it, how long it lasts, and what a campaign can reach before windows close."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

# Meta: a business may message a person for 24 hours after the person's last action (Send messages, 2026-05-05).
WINDOW: Final = timedelta(hours=24)

# Meta: a comment or visitor post allows one private reply within 7 days (Private replies, 2026-04-16).
ENTITLEMENT: Final = timedelta(days=7)

# An interaction further ahead of the clock than this opens no window, ever: its time cannot be right.
FUTURE_TOLERANCE: Final = timedelta(seconds=60)


class InteractionKind(StrEnum):
    """What a person did."""

    MESSAGE = "message"
    POSTBACK = "postback"  # Get Started and other calls to action
    AD_MESSAGE = "ad_message"  # a message after a Click-to-Messenger ad
    M_ME = "m_me"
    IG_ME = "ig_me"
    REACTION = "reaction"
    COMMENT = "comment"
    VISITOR_POST = "visitor_post"
    PLUGIN = "plugin"


# A comment or visitor post does not open a window: it allows one private reply, and only an answer to it opens one.
OPENERS: Final = frozenset(InteractionKind) - {InteractionKind.COMMENT, InteractionKind.VISITOR_POST}


@dataclass(frozen=True)
class Forecast:
    """What a campaign can reach, if nobody writes again. Times in seconds from its start."""

    eligible_now: int
    eligible_at_send: int
    closing_before_turn: int
    seconds: float | None  # None: the account keeps no pace, so no time can be foretold


def forecast(eligible_now: int, *, closings: Iterable[tuple[int, int]], per_second: float | None) -> Forecast:
    """Foretell a send in order of closing windows.

    `closings` are pairs (whole seconds from the start until that many people can no longer be sent to, how many
    people), in any order; `per_second` is the pace. People whose window closes before their turn cost no slot.
    """
    ordered = sorted(closings)
    eligible = sum(count for _, count in ordered)
    if per_second is None:
        return Forecast(eligible_now, eligible, 0, None)
    sent = 0
    for closes_in, count in ordered:
        # Slots start at 0, so `closes_in` seconds hold one slot more than their product with the pace.
        slots = math.floor(closes_in * per_second) + 1
        sent += max(0, min(count, slots - sent))
    return Forecast(eligible_now, eligible, eligible - sent, round(sent / per_second, 1))
