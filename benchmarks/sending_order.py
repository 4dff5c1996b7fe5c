"""Whom a long campaign loses to closing windows: soonest-closing first beside the order of the file.

A simulation of slots, without a database: at each slot of the pace the next message is taken by the rule of the claim
(`closes_at`, then the row), or by the row alone. A person whose window is over at their slot is lost and costs no slot,
as in sql/messages/close_turns.sql. Where people write again meanwhile, their window opens anew, as in
sql/interactions/raise_turns.sql. The same seed makes the same people for both orders.
"""

import heapq
import random
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from parts.stage import Bars

from domain.pace import DEFAULT_PER_SECOND, Timing
from domain.window import WINDOW, forecast

TIMING = Timing(read_timeout_seconds=20, margin_seconds=30)
PEOPLE = 100_000
HOURS = 24
SEED = 24
WRITING_AGAIN = 0.05  # the share of all people who write again within the campaign


@dataclass(frozen=True)
class Crowd:
    """People in the order of the file: until when each may be sent to, and who writes again at which second."""

    last_turns: list[float]
    writes: list[tuple[float, int]]


def main() -> None:
    bars = Bars(
        f"{PEOPLE:,} people, windows spread over {HOURS} h, {DEFAULT_PER_SECOND}/s, simulated clock, seed {SEED}"
    )
    for share, words in ((0.0, "nobody writes again"), (WRITING_AGAIN, f"{WRITING_AGAIN:.0%} write again meanwhile")):
        crowd = make_crowd(share)
        lost_of_ours, lost_of_the_file = lost(crowd, is_soonest_first=True), lost(crowd, is_soonest_first=False)
        bars.check(
            f"{words}: {lost_of_ours:,} lost soonest-closing first, {lost_of_the_file:,} in the order of the file",
            holds=lost_of_ours <= lost_of_the_file,
            bar="never more than in the order of the file",
        )
    foretold = forecast(
        PEOPLE,
        closings=[(int(last), 1) for last in make_crowd(0.0).last_turns if last >= 0],
        per_second=DEFAULT_PER_SECOND,
    )
    closed = PEOPLE - foretold.eligible_at_send
    bars.say(
        f"`check` foretells {foretold.closing_before_turn:,} lost, beside {closed} whose window was over at the start"
    )
    bars.end()


def make_crowd(share_writing: float) -> Crowd:
    """Make people whose windows close at any time of the next 24 hours."""
    rng = random.Random(SEED)
    # Sent to no later than the reserve before the window's end: a POST has to be over in time.
    reserve = TIMING.margin_seconds + TIMING.reserve_seconds
    last_turns = [rng.uniform(0, WINDOW.total_seconds()) - reserve for _ in range(PEOPLE)]
    writers = rng.sample(range(PEOPLE), int(PEOPLE * share_writing))
    return Crowd(last_turns, sorted((rng.uniform(0, PEOPLE / DEFAULT_PER_SECOND), person) for person in writers))


def lost(crowd: Crowd, *, is_soonest_first: bool) -> int:
    """Return how many people's windows were over when their turn came."""
    last_turns = list(crowd.last_turns)
    waiting = [(last if is_soonest_first else 0.0, person) for person, last in enumerate(last_turns)]
    heapq.heapify(waiting)
    writes = iter(crowd.writes)
    write = next(writes, None)
    slots = lost_people = 0
    done = [False] * PEOPLE
    while waiting:
        now = slots / DEFAULT_PER_SECOND
        while write is not None and write[0] <= now:
            person = write[1]
            if not done[person]:
                reopened = write[0] + WINDOW.total_seconds() - (TIMING.margin_seconds + TIMING.reserve_seconds)
                last_turns[person] = reopened
                if is_soonest_first:
                    heapq.heappush(waiting, (reopened, person))
            write = next(writes, None)
        turn, person = heapq.heappop(waiting)
        if done[person] or (is_soonest_first and turn != last_turns[person]):
            continue  # its turn was put later
        done[person] = True
        if last_turns[person] < now:
            lost_people += 1
        else:
            slots += 1
    return lost_people


if __name__ == "__main__":
    main()
