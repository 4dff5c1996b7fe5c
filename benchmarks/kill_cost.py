"""What a kill -9 costs a sender, in certainty, copies and lost messages; beside a sender that reads, POSTs and marks.

Both send the same campaigns to the same sandbox with the same number of messages under way, are killed at the same
random moments, and are started again until nothing is left. `kill_cost.py [KILLS [SEED]]`.
"""

import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests/faults")]

import psycopg
from scene import TOKEN, Scene

import servers
from sandbox.process import running_sandbox

PAGE_PACE = 40
# About what a call to the Graph API takes.
LATENCY_SECONDS = 0.15
# What a kill must find: work under way. A sender without a pace sends this many in some seconds.
PEOPLE = {"paced": 200, "unpaced": 2_000}


@dataclass
class Cost:
    """What the kills of one sender cost, added up."""

    posted_before: int = 0
    unknown: int = 0
    unknown_after_echoes: int = 0
    copies: int = 0
    lost: int = 0

    def line(self, name: str, kills: int) -> str:
        """Return a row of the table: averages of a kill, and totals of what must never happen."""
        return (
            f"| {name} | {self.posted_before / kills:.0f} | {self.unknown / kills:.1f} | "
            f"{self.unknown_after_echoes / kills:.1f} | {self.copies} | {self.lost} |"
        )


def main() -> None:
    """Print a table with one row for each sender and pace."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    os.environ["WINDOWCAST_TEST_TOKEN"] = TOKEN
    server = servers.private_18(options="-c fsync=on -c full_page_writes=on")
    server.make_template()
    print(
        f"{datetime.now(UTC):%Y-%m-%d} {kills} kills of each, seed {seed}, fsync and synchronous_commit on, "
        f"{LATENCY_SECONDS * 1000:.0f} ms for an answer"
    )
    print("| sender | posted before a kill | unknown after a kill | after the echoes | copies | lost from sight |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    try:
        with running_sandbox() as sandbox, tempfile.TemporaryDirectory() as folder:
            for pace in PEOPLE:
                for name, kill in {"Windowcast": kill_ours, "read, POST, mark": kill_naive}.items():
                    cost, rng = Cost(), random.Random(seed)
                    for _ in range(kills):
                        scene = new_scene(server, sandbox, Path(folder), pace)
                        kill(scene, cost, rng=rng)
                        sandbox.clear_faults()
                        server.drop(server.name_of(scene.database))
                    print(cost.line(f"{name}, {pace}", kills), flush=True)
    finally:
        server.stop()


def new_scene(server, sandbox, folder: Path, pace: str) -> Scene:
    """Make a campaign that is ready to be sent, with the settings of production but for a shorter lease."""
    per_second = PAGE_PACE if pace == "paced" else None
    scene = Scene(
        server.url(server.create()), sandbox, folder, people=PEOPLE[pace], per_second=per_second, in_flight=200
    )
    scene.add_fault({"kind": "delay", "seconds": LATENCY_SECONDS})
    return scene


def wait_for_a_moment(scene: Scene, rng: random.Random) -> None:
    """Wait until the sender is at work, and then for a random part of its work."""
    deadline = time.monotonic() + 60
    while not scene.posts():
        if time.monotonic() > deadline:
            raise RuntimeError("the sender does not begin")
        time.sleep(0.01)
    time.sleep(rng.uniform(0, 3.0 if scene.account.per_second else 0.8))


def kill_ours(scene: Scene, cost: Cost, *, rng: random.Random) -> None:
    """Kill a sender of ours, let another one end the campaign, read the echoes, and count."""
    with scene.start_sender() as sender:
        wait_for_a_moment(scene, rng)
        sender.kill()
        cost.posted_before += len(scene.posts())
    scene.run_until_done()
    cost.unknown += scene.states().get("unknown", 0)
    found = scene.evidence()
    cost.unknown_after_echoes += found.states.get("unknown", 0)
    count_truth(scene, cost, accounted=set(found.messages))


def kill_naive(scene: Scene, cost: Cost, *, rng: random.Random) -> None:
    """Kill a sender that keeps a mark in a table of its own, and start it again until every row is marked."""
    with psycopg.connect(scene.database, autocommit=True) as connection:
        connection.execute("CREATE TABLE public.naive AS SELECT user_id, false AS is_sent FROM windowcast.message_list")
        connection.execute("CREATE UNIQUE INDEX ON public.naive (user_id)")
    with ExitStack() as stack:
        sender = stack.enter_context(start_naive(scene))
        wait_for_a_moment(scene, rng)
        sender.kill()
        sender.wait()
        cost.posted_before += len(scene.posts())
    with start_naive(scene) as sender:
        if sender.wait() != 0:
            raise RuntimeError("the naive sender failed")
    with psycopg.connect(scene.database) as connection:
        marked = {row[0] for row in connection.execute("SELECT user_id FROM public.naive WHERE is_sent")}
    count_truth(scene, cost, accounted=marked)


def count_truth(scene: Scene, cost: Cost, *, accounted: set[str]) -> None:
    """Count what the platform really did: second copies, and people of whom the sender's table says nothing."""
    accepted = Counter(one.recipient_id for one in scene.accepted())
    cost.copies += sum(count - 1 for count in accepted.values())
    cost.lost += scene.size - len(accounted)


def start_naive(scene: Scene) -> subprocess.Popen:
    """Start the alternative as a process of its own."""
    pace = str(scene.account.per_second or 0)
    words = ["naive", scene.database, scene.sandbox.url, scene.account.external_id, pace]
    return subprocess.Popen([sys.executable, __file__, *words])


async def send_naively(database: str, url: str, page: str, per_second: float) -> None:
    """Read what is not marked, POST it, mark it; 200 at once, no more of them a second than the pace."""
    import aiohttp

    places, mark = asyncio.Semaphore(200), asyncio.Lock()
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        cursor = await connection.execute("SELECT user_id FROM public.naive WHERE NOT is_sent")
        people = [row[0] for row in await cursor.fetchall()]
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with aiohttp.ClientSession(headers=headers) as session:

            async def send(person: str) -> None:
                async with places:
                    body = {"recipient": {"id": person}, "messaging_type": "UPDATE", "message": {"text": "Hello!"}}
                    async with session.post(f"{url}/v25.0/{page}/messages", json=body) as answer:
                        await answer.read()
                    if answer.status == 200:
                        async with mark:
                            await connection.execute(
                                "UPDATE public.naive SET is_sent = true WHERE user_id = %s", [person]
                            )

            async with asyncio.TaskGroup() as group:
                for person in people:
                    group.create_task(send(person))
                    await asyncio.sleep(1 / per_second if per_second else 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["naive"]:
        asyncio.run(send_naively(*sys.argv[2:5], float(sys.argv[5])))
    else:
        main()
