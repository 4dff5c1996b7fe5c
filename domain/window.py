"""The 24-hour window: what opens it, how long it lasts, and what a campaign can reach before windows close."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final, TypeAlias

# Meta: a business may message a person for 24 hours after the person's last action (Send messages, 2026-05-05).
WINDOW: Final = timedelta(hours=24)

# Meta: a comment or visitor post allows one private reply within 7 days (Private replies, 2026-04-16).
ENTITLEMENT: Final = timedelta(days=7)

# An interaction further ahead of the clock than this opens no window, ever: its time cannot be right.
FUTURE_TOLERANCE: Final = timedelta(seconds=60)

# Meta: in a rolling 24 hours a business may make 200 calls for each person it can message (Rate limiting, 2026-03-23).
CALLS_PER_ENGAGED: Final = 200

# People whose windows close together: in how many whole seconds they can no longer be sent to, and how many they are.
Closing: TypeAlias = tuple[int, int]

# Another campaign of the account: in how many seconds it begins (0 or less: it is sending), and how many it will reach.
Load: TypeAlias = tuple[int | Fraction, int | Fraction]


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
class Entitlement:
    """What allows one private reply: the platform's id of a comment or of a visitor's post."""

    object_id: str
    kind: InteractionKind


@dataclass(frozen=True)
class Forecast:
    """What a campaign can reach, if nobody writes again. Times in seconds from its start."""

    eligible_now: int
    eligible_at_send: int
    closing_before_turn: int
    seconds: float | None  # None: the account keeps no pace, so no time can be foretold

    @property
    def reached(self) -> int:
        """How many people get their turn."""
        return self.eligible_at_send - self.closing_before_turn


@dataclass(frozen=True)
class _Leg:
    """From `at` seconds on, until the next leg, we get `per_second` slots; `had` is what we got before."""

    at: Fraction
    had: Fraction
    per_second: Fraction


# A leg in whole numbers: until which whole second it holds, and a, b, d such that by the second c we had (a + b c) / d.
_Line: TypeAlias = tuple[float, int, int, int]


def forecast(
    eligible_now: int, *, closings: Iterable[Closing], per_second: float | None, others: Sequence[Load] = ()
) -> Forecast:
    """Foretell a send in order of closing windows.

    `closings` count from the start, in any order; `per_second` is the pace of the account, `others` its other
    campaigns, their times counted from the same start. People whose window closes before their turn cost no slot.

    The campaigns of an account share its pace equally: of three that have somebody to send to, each gets a third of the
    slots, and the rest share anew when one of them is through. Exact when there are no others; with them, to within a
    slot of each.
    """
    ordered = sorted(closings)
    eligible = sum(count for _, count in ordered)
    if per_second is None:
        return Forecast(eligible_now, eligible, 0, None)
    legs = _legs(_exact(per_second), others)
    sent = _reached(ordered, _lines(legs))
    return Forecast(eligible_now, eligible, eligible - sent, round(float(_seconds_for(sent, legs)), 1))


def latest_start(closings: Iterable[Closing], *, per_second: float | None, others: Sequence[Load] = ()) -> int | None:
    """Return in how many seconds a send may begin at the latest and still reach everybody who can be reached now.

    All times count from now. None: not even a start now reaches them all, or there is nobody.
    """
    ordered = [one for one in sorted(closings) if one[1]]

    def missed(start: int) -> int:
        reached = reached_from(start, closings=ordered, per_second=per_second, others=others)
        return sum(count for _, count in ordered) - reached

    if not ordered or missed(0):
        return None
    # A later start never reaches more, so the first one that misses somebody can be searched for by halves.
    return bisect_left(range(ordered[0][0] + 1), 1, key=missed) - 1


def lowest_pace(closings: Iterable[Closing], *, others: Sequence[Load] = ()) -> float | None:
    """Return the lowest pace, in whole hundredths of a message a second, at which no window closes before its turn.

    Times count from the start. None: no pace is enough, as with two people whose windows close within the first second.
    """
    ordered = [one for one in sorted(closings) if one[1]]
    alone = _lowest_alone(ordered)
    if alone is None:
        return None

    def missed(hundredths: int) -> int:
        reached = _reached(ordered, _lines(_legs(Fraction(hundredths, 100), others)))
        return sum(count for _, count in ordered) - reached

    # Of a pace shared with n others we have at least one slot in n + 1, and a higher pace never misses more.
    paces = range(alone, alone * (len(others) + 1) + 1)
    return (alone + bisect_left(paces, 0, key=lambda hundredths: -missed(hundredths))) / 100


def reached_from(
    start: int, *, closings: Iterable[Closing], per_second: float | None, others: Sequence[Load] = ()
) -> int:
    """Return how many people a send reaches that begins in `start` seconds, if nobody writes again.

    All times count from now. Until the start the other campaigns share the pace without us. A later start never reaches
    more: every slot it has, an earlier one has sooner.
    """
    left = sorted((closes_in - start, count) for closes_in, count in closings if closes_in >= start)
    if per_second is None:
        return sum(count for _, count in left)
    pace = _exact(per_second)
    return _reached(left, _lines(_legs(pace, left_over(others, per_second=per_second, seconds=start))))


def left_over(others: Sequence[Load], *, per_second: float | None, seconds: int) -> list[Load]:
    """Return what is left of the account's other campaigns when they have shared its pace without us for so long.

    The times of what is returned count from then. Without a pace nothing is taken from anybody: all stay as they are.
    """
    if per_second is None or not others or not seconds:
        return list(others)
    return _share_out(others, _exact(per_second), claimants=0, until=seconds)[1]


def closings_per_hour(closings: Iterable[Closing], *, hours: int = 24) -> list[int]:
    """Return how many windows close in each of the next hours; what closes earlier or later is left out."""
    counts = [0] * hours
    for closes_in, count in closings:
        if 0 <= closes_in < 3600 * hours:
            counts[closes_in // 3600] += count
    return counts


def _exact(per_second: float) -> Fraction:
    """Return the pace that was meant: 0.3 is three tenths, not the nearest binary fraction."""
    return Fraction(str(per_second))


def _legs(per_second: Fraction, others: Sequence[Load]) -> list[_Leg]:
    return _share_out(others, per_second, claimants=1)[0]


def _share_out(
    others: Sequence[Load], per_second: Fraction, *, claimants: int, until: int | None = None
) -> tuple[list[_Leg], list[Load]]:
    """Play out how the campaigns share the pace; `claimants` is 1 with ours among them, which is then never through.

    Returns how our slots grow, and what is left of the others at `until`.
    """
    coming = sorted((Fraction(max(0, begins)), Fraction(people)) for begins, people in others if people > 0)
    left: list[Fraction] = []
    legs: list[_Leg] = []
    at = had = Fraction(0)
    while True:
        while coming and coming[0][0] <= at:
            left.append(coming.pop(0)[1])
        share = per_second / max(1, len(left) + claimants)
        legs.append(_Leg(at, had, share))
        steps = [begins - at for begins, _ in coming[:1]] + [min(left) / share for _ in left[:1]]
        if until is not None:
            steps.append(until - at)
        if not steps or at == until:
            return legs, [(0, people) for people in left] + [(begins - at, people) for begins, people in coming]
        step = min(steps)
        left = [people - share * step for people in left if people > share * step]
        at += step
        had += share * step


def _lines(legs: Sequence[_Leg]) -> list[_Line]:
    """Put legs into whole numbers, so that a million people are counted without fractions."""
    lines: list[_Line] = []
    for leg, following in zip(legs, [*legs[1:], None], strict=True):
        offset = leg.had - leg.at * leg.per_second
        d = math.lcm(offset.denominator, leg.per_second.denominator)
        until = math.inf if following is None else math.ceil(following.at)
        lines.append((until, int(offset * d), int(leg.per_second * d), d))
    return lines


def _reached(ordered: Iterable[Closing], lines: Sequence[_Line]) -> int:
    """Count who gets a turn, in one pass over the closings in their order."""
    coming = iter(lines)
    until, a, b, d = next(coming)
    sent = 0
    for closes_in, count in ordered:
        while closes_in >= until:
            until, a, b, d = next(coming)
        # Slots start at 0, so `closes_in` seconds hold one slot more than their product with the pace.
        free = (a + b * closes_in) // d + 1 - sent
        if free > 0:
            sent += min(count, free)
    return sent


def _seconds_for(sent: int, legs: Sequence[_Leg]) -> Fraction:
    """Return after how many seconds we have had so many slots."""
    leg = max((leg for leg in legs if leg.had <= sent), key=lambda leg: leg.at)
    return leg.at + (sent - leg.had) / leg.per_second


def _lowest_alone(ordered: Iterable[Closing]) -> int | None:
    """Return the lowest pace of a campaign that shares with nobody, in hundredths: each has a slot in time."""
    lowest, people = 1, 0
    for closes_in, count in ordered:
        people += count
        if closes_in < 0 or (closes_in == 0 and people > 1):
            return None
        if people > 1:
            lowest = max(lowest, -(-100 * (people - 1) // closes_in))
    return lowest
