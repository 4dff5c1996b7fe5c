"""A sender in a process of its own: sends campaigns, and says when each POST started and what it cost."""

import asyncio
import json
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "benchmarks")]

from parts.stage import Stage

from clients.graph.messenger import GraphMessenger, Route
from factories import TOKEN
from tasks.sending import send_share


@dataclass(frozen=True)
class Sent:
    """What one sender did: accepted messages, seconds, CPU seconds, and the starts of its POSTs by account."""

    accepted: int
    seconds: float
    cpu_seconds: float
    starts: dict[str, list[float]]


class NotingMessenger:
    """A messenger that notes when a POST starts, on the monotonic clock that all processes of a machine share."""

    def __init__(self, messenger: GraphMessenger) -> None:
        self._messenger = messenger
        self.starts: list[float] = []

    @property
    def usage(self) -> float | None:
        return self._messenger.usage

    async def send(self, recipient_id, *, content, metadata):
        self.starts.append(time.monotonic())
        return await self._messenger.send(recipient_id, content=content, metadata=metadata)


async def send_campaigns(url: str, campaign_ids, *, base_url: str, limit: int) -> Sent:
    """Send campaigns at once in this process, each of its own account."""
    orders = [Stage.order(url, campaign_id, limit=limit) for campaign_id in campaign_ids]
    async with AsyncExitStack() as stack:
        messengers = []
        for order in orders:
            route = Route(order.account.channel, order.account.external_id, token=TOKEN)
            messenger = GraphMessenger(route, base_url=base_url, version="v25.0")
            messengers.append(NotingMessenger(await stack.enter_async_context(messenger)))
        started, cpu = time.perf_counter(), time.process_time()
        shares = (
            send_share(url, messenger, order=replace(order))
            for messenger, order in zip(messengers, orders, strict=True)
        )
        reports = await asyncio.gather(*shares)
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    starts = {order.account.external_id: one.starts for order, one in zip(orders, messengers, strict=True)}
    return Sent(sum(report.accepted for report in reports), seconds, cpu_seconds, starts)


async def send_in_processes(processes: int, *, url: str, campaign_ids, base_url: str, limit: int) -> list[Sent]:
    """Start senders, let them go together when all of them stand ready, and return what each did."""
    command = [sys.executable, __file__, url, base_url, str(limit), *map(str, campaign_ids)]
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE, "limit": 1 << 26}
    children = [await asyncio.create_subprocess_exec(*command, **pipes) for _ in range(processes)]
    try:
        for child in children:
            await child.stdout.readline()
        for child in children:
            child.stdin.write(b"go\n")
        return [Sent(**json.loads(await child.stdout.readline())) for child in children]
    finally:
        for child in children:
            if child.returncode is None:
                child.terminate()
            await child.wait()


def main() -> None:
    url, base_url, limit, *campaign_ids = sys.argv[1:]
    print("ready", flush=True)
    sys.stdin.readline()
    ids = [UUID(one) for one in campaign_ids]
    sent = asyncio.run(send_campaigns(url, ids, base_url=base_url, limit=int(limit)))
    print(json.dumps(sent.__dict__), flush=True)


if __name__ == "__main__":
    main()
