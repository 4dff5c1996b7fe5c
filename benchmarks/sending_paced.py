"""Sending at a pace: one account over two processes, and a hundred accounts in one."""

import asyncio
import sys
from bisect import bisect_left
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from parts.sender import send_in_processes
from parts.stage import Bars, Stage, open_stage
from parts.trivial_server import trivial_server

from domain.pace import DEFAULT_PER_SECOND, MOST_SLOT_WAIT_SECONDS, claim_size

LATENCY_SECONDS = 0.1
MOST_IN_A_SECOND = 41
LEAST_SUSTAINED = 39.0
ACCOUNTS, ACCOUNT_PACE = 100, 10
MOST_DEVIATION = 0.02


def main() -> None:
    is_large = "large" in sys.argv[1:]
    seconds = 120 if is_large else 20
    bars = Bars(f"sending at a pace for {seconds} s, fsync and synchronous_commit on, server's latency 100 ms")
    with open_stage() as stage:
        asyncio.run(measure_one_account(stage, bars, seconds=seconds))
        asyncio.run(measure_many_accounts(stage, bars, seconds=seconds))
    bars.end()


async def measure_one_account(stage: Stage, bars: Bars, *, seconds: int) -> None:
    url = stage.new_database()
    order = stage.campaign(url, DEFAULT_PER_SECOND * seconds, per_second=DEFAULT_PER_SECOND)
    stage.settle(url)
    async with trivial_server(LATENCY_SECONDS) as server:
        sent = await send_in_processes(
            2, url=url, campaign_ids=[order.campaign_id], base_url=server.url, limit=order.limit
        )
        arrivals = sorted((await server.arrivals())[order.account.external_id])
    starts = sorted(start for one in sent for times in one.starts.values() for start in times)
    shares = " and ".join(str(one.accepted) for one in sent)
    bars.check(
        f"{DEFAULT_PER_SECOND}/s over two processes ({shares}): at most {most_in_a_second(starts)} POSTs started "
        f"in any sliding second; at the server at most {most_in_a_second(arrivals)} arrived",
        holds=most_in_a_second(starts) <= MOST_IN_A_SECOND,
        bar=f"at most {MOST_IN_A_SECOND} started",
    )
    bars.check(
        f"  sustained: {rate_of(starts):.2f}/s",
        holds=rate_of(starts) >= LEAST_SUSTAINED,
        bar=f"{LEAST_SUSTAINED:.0f}/s",
    )
    bars.say(f"  a kill of both leaves at most {2 * most_under_way(DEFAULT_PER_SECOND)} messages unknown")


async def measure_many_accounts(stage: Stage, bars: Bars, *, seconds: int) -> None:
    url = stage.new_database()
    people = ACCOUNT_PACE * seconds
    orders = [stage.campaign(url, people, per_second=ACCOUNT_PACE) for _ in range(ACCOUNTS)]
    stage.settle(url)
    async with trivial_server(LATENCY_SECONDS) as server:
        ids = [order.campaign_id for order in orders]
        (sent,) = await send_in_processes(1, url=url, campaign_ids=ids, base_url=server.url, limit=people)
    off = sorted(abs(rate_of(sorted(times)) / ACCOUNT_PACE - 1) for times in sent.starts.values())
    is_all = len(off) == ACCOUNTS and sent.accepted == ACCOUNTS * people
    bars.check(
        f"{ACCOUNTS} accounts at {ACCOUNT_PACE}/s in a process ({sent.cpu_seconds / sent.seconds:.0%} of a core): the "
        f"furthest from its pace is {off[-1]:.1%} off, the median {off[len(off) // 2]:.1%}",
        holds=is_all and off[-1] <= MOST_DEVIATION,
        bar=f"every one within {MOST_DEVIATION:.0%}",
    )
    bars.say(f"  a kill leaves at most {most_under_way(ACCOUNT_PACE)} messages of each account unknown")


def most_in_a_second(moments: list[float]) -> int:
    """Return the most moments of a sorted list that lie within one second, wherever it begins."""
    return max(bisect_left(moments, first + 1) - index for index, first in enumerate(moments))


def rate_of(moments: list[float]) -> float:
    """Return moments a second, over the intervals between the first and the last."""
    return (len(moments) - 1) / (moments[-1] - moments[0])


def most_under_way(per_second: float) -> int:
    """Return how many messages of one process can be claimed and not recorded, if nothing is late.

    Those whose slots are booked ahead, a claim more, and those whose answer is on its way.
    """
    return round(per_second * (MOST_SLOT_WAIT_SECONDS + LATENCY_SECONDS)) + claim_size(per_second, free_places=200)


if __name__ == "__main__":
    main()
