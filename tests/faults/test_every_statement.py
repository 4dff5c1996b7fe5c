"""F7: a sender is killed at every statement and every POST of a run of 20 messages, and somebody goes on.

In its short form every seventh point, beginning where the seed says; `make test-faults-all` takes all of them.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PEOPLE = 20
IN_FLIGHT = 4
EVERY = 7
IS_WHOLE = os.environ.get("WINDOWCAST_EVERY_STATEMENT") == "1"
LONGEST_DURING_SECONDS = 0.004
KILLED = (-signal.SIGKILL, -signal.SIGALRM)


@dataclass(frozen=True)
class Kill:
    """The number of the point at which a run dies; where the point lasts, how long after its beginning."""

    number: int
    during_seconds: float


@dataclass(frozen=True)
class Run:
    """One run of a campaign in a fork: its exit code, the points it came to, and how the campaign stood at its end."""

    code: int
    points: list[str]
    state: str | None


class ForkServer:
    """The parent's side of fork_server.py."""

    def __init__(self, process) -> None:
        self._process = process

    def run(self, scene, *, kill_at=0, during_seconds=0.0) -> Run:
        """Send a scene's campaign in a fork that dies at the point of this number (0: at none)."""
        job = {"environment": scene.environment, "campaign_id": str(scene.campaign_id)}
        job |= {"kill_at": kill_at, "during_seconds": during_seconds}
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return Run(**json.loads(self._process.stdout.readline()))


@contextmanager
def serving_forks():
    command = [sys.executable, str(Path(__file__).with_name("fork_server.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            yield ForkServer(process)
        finally:
            process.stdin.close()
            process.wait(20)


@pytest.fixture(scope="module")
def forks():
    with serving_forks() as server:
        yield server


@pytest.fixture(scope="module")
def copies(make_module_scene, private_servers):
    """Make copies of one scene, each in a database of its own and with an account of its own."""
    original = make_module_scene(people=PEOPLE, in_flight=IN_FLIGHT)
    server = private_servers("18")

    @contextmanager
    def copying():
        name = server.create(template=server.name_of(original.database))
        try:
            yield original.copy_in(server.url(name))
        finally:
            server.drop(name)

    return copying


@pytest.fixture(scope="module")
def points(copies, forks):
    """The points of a run that nobody kills, in their order."""
    with copies() as scene:
        run = forks.run(scene)
        assert (run.code, run.state) == (0, "finished")
        assert scene.evidence().states == {"sent": PEOPLE}
    return run.points


def test_f7_the_points_are_all_steps_of_every_message(points):
    counts = Counter(point.split(" ", 1)[0] for point in points)
    named = Counter(points)

    assert counts["before"] == counts["during"] == counts["after"]
    assert named["before POST"] == PEOPLE
    assert sum(count for name, count in named.items() if name.startswith("before -- T1")) >= PEOPLE / IN_FLIGHT
    assert any(name.startswith("before -- T2") for name in named)


def test_f7_a_kill_at_any_point_costs_no_copy_and_no_row(copies, forks, points):
    seed = chosen_seed()
    numbers = range(1, len(points) + 1) if IS_WHOLE else range(1 + seed % EVERY, len(points) + 1, EVERY)
    rng = random.Random(seed)
    kills = [Kill(number, rng.uniform(0, LONGEST_DURING_SECONDS)) for number in numbers]

    with ExitStack() as stack:
        servers = [forks, stack.enter_context(serving_forks())]
        pool = stack.enter_context(ThreadPoolExecutor(len(servers)))
        halves = [kills[turn :: len(servers)] for turn in range(len(servers))]
        died = list(pool.map(lambda server, half: kill_each(half, copies=copies, forks=server), servers, halves))

    # Some runs are over before they come to their point, or before the alarm within it goes off.
    assert sum(died) >= 0.7 * len(kills)


def test_f7_a_crash_of_postgres_between_a_kill_and_the_next_run_changes_nothing(copies, forks, points, private_servers):
    rng = random.Random(chosen_seed())
    numbers = rng.sample(range(1, len(points) + 1), len(points) // 4 if IS_WHOLE else 3)
    kills = [Kill(number, rng.uniform(0, LONGEST_DURING_SECONDS)) for number in numbers]

    died = kill_each(kills, copies=copies, forks=forks, between=private_servers("18").restart_hard)

    assert died >= len(kills) - 1


def chosen_seed() -> int:
    """Return the seed of this run and say it, so that the run can be made again."""
    seed = int(os.environ.get("WINDOWCAST_FAULT_SEED") or time.time_ns() % 1_000_000)
    print(f"WINDOWCAST_FAULT_SEED={seed}")
    return seed


def kill_each(kills, *, copies, forks, between=lambda: None) -> int:
    """Kill a run of its own with each kill, let another run end the campaign, and check both sides.

    Returns how many runs were killed: one may be over before it comes to its point, since no two pass the same number.
    """
    died = 0
    for kill in kills:
        with copies() as scene:
            first = forks.run(scene, kill_at=kill.number, during_seconds=kill.during_seconds)
            between()
            try:
                check_the_next_run(scene, forks)
                assert first.code in (*KILLED, 0)
            except BaseException as error:
                error.add_note(f"{kill} in a run that passed {first.points}")
                raise
            died += first.code in KILLED
    return died


def check_the_next_run(scene, forks) -> None:
    """Go on when the dead one's leases are over, and see that only its messages under way are uncertain."""
    late = scene.timing.lease_seconds + 1
    scene.put_clock_ahead(seconds=late)
    second = forks.run(scene)
    found = scene.evidence(clock_off_seconds=late)
    assert (second.code, second.state) == (0, "finished")
    assert set(found.states) <= {"sent", "unknown"}
    assert found.unknown_before_echoes <= IN_FLIGHT
