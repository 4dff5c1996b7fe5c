"""What a claim costs while few or very many messages are ready; the same statement that a sender uses."""

import sys
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from parts.stage import TIMING, Bars, Stage, open_stage
from uuid_utils.compat import uuid7

from clients.postgres import connect
from sql import query
from tasks.windows import claim_parameters

FEW = 1_000
SIZE = 10  # a quarter second of the default pace
TURNS = 90
MOST_RATIO = 1.3


def main() -> None:
    many = 1_000_000 if "large" in sys.argv[1:] else 100_000
    bars = Bars(f"a claim of {SIZE} with {FEW:,} or {many:,} messages ready, in turns, fsync and synchronous_commit on")
    with open_stage() as stage:
        seconds = measure(stage, people=(FEW, many))
    few, large = median(seconds[FEW]), median(seconds[many])
    bars.check(
        f"{FEW:,} ready: {few * 1000:.2f} ms; {many:,} ready: {large * 1000:.2f} ms; {large / few:.2f} times",
        holds=large / few <= MOST_RATIO,
        bar=f"at most {MOST_RATIO} times",
    )
    bars.say(f"  a kill right after it leaves {SIZE} messages unknown")
    bars.end()


def measure(stage: Stage, *, people: tuple[int, ...]) -> dict[int, list[float]]:
    """Return seconds of claims by the number of ready messages; each kind has a database of its own."""
    urls = {count: stage.new_database() for count in people}
    orders = {count: stage.campaign(url, count) for count, url in urls.items()}
    seconds: dict[int, list[float]] = {count: [] for count in people}
    for url in urls.values():
        stage.settle(url)
    with connect(urls[people[0]]) as first, connect(urls[people[1]]) as second:
        connections = dict(zip(people, (first, second), strict=True))
        for _ in range(TURNS):
            for count in people:
                seconds[count].append(claim(connections[count], orders[count].campaign_id))
    return {count: times[10:] for count, times in seconds.items()}  # the first ones read from the disk and plan


def claim(connection, campaign_id) -> float:
    parameters = {
        "campaign_ids": [campaign_id],
        **claim_parameters(TIMING),
        "mosts": [SIZE],
        "are_media": [False],
        "aheads": [0.1],
        "media_gap_seconds": 0.1,
        "worker": "benchmark",
        "attempt_ids": [uuid7() for _ in range(SIZE)],
    }
    started = time.perf_counter()
    rows = connection.execute(query("messages/claim"), parameters).fetchall()
    seconds = time.perf_counter() - started
    if len(rows) != SIZE:
        raise RuntimeError(f"a claim of {SIZE} took {len(rows)}")
    return seconds


if __name__ == "__main__":
    main()
