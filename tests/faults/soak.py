"""F8 as a program: senders, a database, a network and a platform that all fail at random, again and again.

`python tests/faults/soak.py --seconds 600 --seed 7`, or `make soak`. The seed is printed; so are, at the end, the
numbers and what happened how often. Everything that must hold is checked at the end, and the exit code says so.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

if __name__ == "__main__":
    ROOT = Path(__file__).resolve().parents[2]
    sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests/faults")]

from proxy import proxying
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tasks.windows import timing_of

PER_SECOND = 30
LONGEST_FREEZE_SECONDS = 4.0
# What the platform takes after it has hung up is taken by then, and so is in its log and in an echo.
LATEST_ACCEPTANCE_SECONDS = 4.0

FAULTS = [
    ("sent_but_dropped", {"every": 11}),
    ("dropped", {"every": 17}),
    ("sent_but_error", {"every": 19}),
    ({"kind": "perform_then_hang", "seconds": 2}, {"every": 23}),
    ("unknown_error", {"every": 29}),
    ({"kind": "garbage", "form": "html"}, {"every": 31}),
    ("sent_late", {"every": 37}),
    ("person_blocked", {"every": 41}),
    ({"kind": "perform_then_drop", "reset": True}, {"every": 43}),
    ({"kind": "garbage", "form": "truncated_json"}, {"every": 47}),
    ({"kind": "garbage", "form": "repeated_message_id"}, {"every": 59}),
    ("person_bothered", {"every": 53}),
    ({"preset": "throttled", "seconds": 1}, {"after": 60, "every": 400}),
]


@dataclass(frozen=True)
class Havoc:
    """What is left to happen: how long, how often, to how many senders."""

    seconds: float
    senders: int = 4
    shortest_pause: float = 0.05
    longest_pause: float = 0.6

    @property
    def people(self) -> int:
        """So many that there is work to the end."""
        return max(150, int(self.seconds * PER_SECOND * 0.7))


class Cutter:
    """A proxy in a thread of its own, before the database or the platform; it cuts all its connections on demand."""

    def __init__(self, connect) -> None:
        self._connect = connect
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._loop.close()

    @property
    def port(self) -> int:
        return self._proxy.port

    def cut(self) -> None:
        """End every connection that goes through here, wherever its statements and answers are."""
        self._loop.call_soon_threadsafe(self._cut)

    def _cut(self) -> None:
        for connection in list(self._proxy.connections):
            connection.cancel()

    async def _serve(self) -> None:
        self._over = asyncio.Event()
        async with proxying(self._connect) as self._proxy:
            self._ready.set()
            await self._over.wait()


class Trouble:
    """Keeps senders of a scene at work and lets something happen to one of them, or to what they stand on."""

    def __init__(self, scene, server, *, rng, stack, senders) -> None:
        self._scene = scene
        self._server = server
        self._rng = rng
        self._stack = stack
        self._cutters = self._put_cutters_between()
        self._senders = [self._new_sender() for _ in range(senders)]
        self._thaw_at = {}
        self.happened = Counter()

    def go_on(self) -> None:
        """Let the next thing happen, and replace who died of the last one."""
        self._thaw_those_whose_time_has_come()
        acts = [self._kill, self._freeze, self._restart, self._carry, self._cut_database, self._cut_platform]
        act = self._rng.choices(acts, weights=[3, 4, 1, 6, 2, 2])[0]
        act()
        self.happened[act.__name__.strip("_")] += 1
        self._senders = [sender if sender.is_running else self._new_sender() for sender in self._senders]

    def calm_down(self) -> None:
        """Thaw everybody and wait until all have ended."""
        for sender in self._senders:
            sender.thaw()
        for sender in self._senders:
            sender.wait()

    def _put_cutters_between(self) -> dict[str, Cutter]:
        folder = conninfo_to_dict(self._scene.database)["host"]
        platform = urlsplit(self._scene.sandbox.url)
        cutters = {
            "database": Cutter(lambda: asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")),
            "platform": Cutter(lambda: asyncio.open_connection(platform.hostname, platform.port)),
        }
        return {name: self._stack.enter_context(cutter) for name, cutter in cutters.items()}

    def _new_sender(self):
        # Half of them by way of the cutters, half straight.
        ways = {}
        if self._rng.random() < 0.5:
            url = make_conninfo(self._scene.database, host="127.0.0.1", port=self._cutters["database"].port)
            ways["WINDOWCAST_DATABASE_URL"] = url
        if self._rng.random() < 0.5:
            ways["WINDOWCAST_GRAPH_URL"] = f"http://127.0.0.1:{self._cutters['platform'].port}"
        return self._stack.enter_context(self._scene.start_sender(by=ways))

    def _kill(self) -> None:
        self._rng.choice(self._senders).kill()

    def _freeze(self) -> None:
        sender = self._rng.choice(self._senders)
        sender.freeze()
        self._thaw_at[sender] = time.monotonic() + self._rng.uniform(0.1, LONGEST_FREEZE_SECONDS)

    def _restart(self) -> None:
        self._server.restart_hard()

    def _carry(self) -> None:
        self._scene.carry_webhooks()

    def _cut_database(self) -> None:
        self._cutters["database"].cut()

    def _cut_platform(self) -> None:
        self._cutters["platform"].cut()

    def _thaw_those_whose_time_has_come(self) -> None:
        for sender, moment in list(self._thaw_at.items()):
            if time.monotonic() >= moment:
                del self._thaw_at[sender]
                sender.thaw()


def scene_fields(havoc: Havoc, rng: random.Random) -> dict[str, object]:
    """Return what the scene is made of: every second window closes while the campaign runs, and no error pauses it."""
    hours = {n: 24 - rng.uniform(9, 9 + havoc.seconds) / 3600 if n % 2 else 1.0 for n in range(havoc.people)}
    fields = {"people": havoc.people, "per_second": PER_SECOND, "in_flight": 20, "error_share_limit": 0.0}
    return {**fields, "hours_ago": hours.get}


def wreak(havoc: Havoc, scene, server, *, rng: random.Random):
    """Let everything fail for a while, then nothing any more, and a last run end the campaign; return the evidence."""
    for fault, rule in FAULTS:
        scene.add_fault(fault, **rule)
    with ExitStack() as stack:
        trouble = Trouble(scene, server, rng=rng, stack=stack, senders=havoc.senders)
        end = time.monotonic() + havoc.seconds
        while time.monotonic() < end:
            time.sleep(rng.uniform(havoc.shortest_pause, havoc.longest_pause))
            trouble.go_on()
        trouble.calm_down()
    scene.sandbox.clear_faults()
    time.sleep(LATEST_ACCEPTANCE_SECONDS)
    scene.run_until_done(longest_seconds=90 + 3 * havoc.seconds)
    found = scene.evidence()
    print(f"{dict(trouble.happened)}")
    print(
        f"{len(found.posts)} POSTs, {len(found.accepted)} accepted, {found.unknown_before_echoes} unknown before the "
        f"last echoes, now {found.states}"
    )
    assert set(found.states) <= {"sent", "unknown", "failed", "expired", "ineligible"}
    unknown = {person for person, row in found.messages.items() if row["state"] == "unknown"}
    assert unknown.isdisjoint(found.accepted_people)
    return found


def new_seed() -> int:
    """Return the seed that the environment names, or a new one, and print it."""
    seed = int(os.environ.get("WINDOWCAST_SOAK_SEED") or time.time_ns() % 1_000_000)
    print(f"WINDOWCAST_SOAK_SEED={seed}")
    return seed


@contextmanager
def _stage(havoc: Havoc, rng: random.Random):
    from scene import TOKEN, Scene

    import servers
    from sandbox.process import running_sandbox

    os.environ["WINDOWCAST_TEST_TOKEN"] = TOKEN
    server = servers.private_18()
    try:
        server.make_template()
        with running_sandbox() as sandbox, tempfile.TemporaryDirectory() as folder:
            yield Scene(server.url(server.create()), sandbox, Path(folder), **scene_fields(havoc, rng)), server
    finally:
        server.stop()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--senders", type=int, default=4)
    given = parser.parse_args()
    if given.seed is not None:
        os.environ["WINDOWCAST_SOAK_SEED"] = str(given.seed)
    rng, havoc = random.Random(new_seed()), Havoc(given.seconds, senders=given.senders)
    with _stage(havoc, rng) as (scene, server):
        print(f"{havoc.people} people, {havoc.senders} senders, leases of {timing_of(scene.settings).lease_seconds} s")
        wreak(havoc, scene, server, rng=rng)
    print("Nothing was sent twice, late or lost, and every promise about the tables holds.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
