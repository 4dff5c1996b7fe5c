"""What Prefect adds to a campaign: time, CPU, and growth of its database, beside the same campaign run without it.

Sent without a pace, so that what depends on how much is sent (shares, tasks, their log lines and events) takes seconds.
What depends on how long it takes (heartbeats, looks, progress) is measured by the minute on a campaign that is sent at
its pace, and counted for as long as 100,000 messages take at that pace: in the large form alone.
"""

import asyncio
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
for folder in (ROOT, ROOT / "tests", ROOT / "tests" / "flows", ROOT / "benchmarks"):
    sys.path.insert(0, str(folder))

import psutil
from parts.stage import Bars, Stage, open_stage
from parts.trivial_server import trivial_server
from prefect_machine import COMMAND, PrefectServer, running_server, wait_until

from domain.pace import DEFAULT_PER_SECOND
from factories import TOKEN
from tasks.running import SHARE_MESSAGES

MESSAGES = 100_000
CAMPAIGN_SECONDS = MESSAGES / DEFAULT_PER_SECOND
MOST_SHARE = 0.02
MOST_BYTES = 2_000_000
# The server's recorder writes what a run has done some seconds after it.
SETTLE_SECONDS = 6
# Heartbeats, looks and updates of the progress come each 30 s. No share ends meanwhile, since shares are counted above.
MINUTES_AT_PACE = 1.5


@dataclass(frozen=True)
class Cost:
    """What sending a campaign took: wall time and CPU of its process, and CPU of the Prefect server meanwhile."""

    seconds: float
    cpu_seconds: float
    server_cpu_seconds: float = 0.0


def main() -> None:
    """Measure both, in one run on one server."""
    is_large = "large" in sys.argv[1:]
    messages = MESSAGES if is_large else MESSAGES // 10
    bars = Bars(f"what Prefect adds to a campaign of {messages:,} in shares of {SHARE_MESSAGES:,}, without a pace")
    with open_stage() as stage:
        asyncio.run(measure(stage, bars, messages=messages, is_large=is_large))
    bars.end()


async def measure(stage: Stage, bars: Bars, *, messages: int, is_large: bool) -> None:
    home = Path(tempfile.mkdtemp(prefix="windowcast-bench-"))
    async with trivial_server() as platform:
        os.environ.update(
            WINDOWCAST_HOME=str(home),
            WINDOWCAST_TEST_TOKEN=TOKEN,
            WINDOWCAST_GRAPH_URL=platform.url,
            WINDOWCAST_DATABASE_URL=stage.new_database(),
        )
        with running_server(home) as server:
            assert server.windowcast("deploy").returncode == 0
            await asyncio.sleep(SETTLE_SECONDS)
            added, growth = measure_shares(stage, bars, server, messages=messages)
            if is_large:
                measure_all(stage, bars, server, added=added, growth=growth)


def measure_shares(stage: Stage, bars: Bars, server: PrefectServer, *, messages: int) -> tuple[Cost, int]:
    """Send a campaign without Prefect and one under it; return what the second took more, and the growth in bytes."""
    url = os.environ["WINDOWCAST_DATABASE_URL"]
    alone, legged = (str(stage.campaign(url, messages).campaign_id) for _ in range(2))
    stage.settle(url)
    direct = run_alone(server, alone)
    before = size_of(server)
    prefect = run_under_prefect(server, legged)
    after = size_of(server)
    added = Cost(
        max(0.0, prefect.seconds - direct.seconds),
        max(0.0, prefect.cpu_seconds - direct.cpu_seconds),
        prefect.server_cpu_seconds,
    )
    shares = -(-messages // SHARE_MESSAGES)
    bars.say(f"{shares} shares: `campaigns run` {direct.seconds:.1f} s, {direct.cpu_seconds:.1f} s of CPU")
    bars.say(f"{shares} shares: a run of Prefect {prefect.seconds:.1f} s, {prefect.cpu_seconds:.1f} s of CPU")
    bars.say(f"  the server's CPU for it {prefect.server_cpu_seconds:.1f} s (what it takes when idle taken off)")
    bars.say(f"  its database grows by {kilobytes(after.total - before.total)}: {after.grown_since(before)}")
    return added, after.total - before.total


def measure_all(stage: Stage, bars: Bars, server: PrefectServer, *, added: Cost, growth: int) -> None:
    """Measure what a minute at the pace takes, and say what all of a campaign does."""
    minutes = CAMPAIGN_SECONDS / 60
    a_minute, grown = measure_a_minute(stage, bars, server)
    bars.say(f"{MESSAGES:,} messages at {DEFAULT_PER_SECOND} a second take {CAMPAIGN_SECONDS:,.0f} s:")
    bars.check(
        f"  time that Prefect adds {added.seconds:.1f} s ({added.seconds / CAMPAIGN_SECONDS:.2%})",
        holds=added.seconds <= MOST_SHARE * CAMPAIGN_SECONDS,
        bar=f"under {MOST_SHARE:.0%}",
    )
    cpu = added.cpu_seconds + added.server_cpu_seconds + a_minute * minutes
    bars.check(
        f"  CPU that Prefect adds {cpu:.1f} s ({cpu / CAMPAIGN_SECONDS:.2%} of a core), of it "
        f"{a_minute * minutes:.1f} s that depend on the time",
        holds=cpu <= MOST_SHARE * CAMPAIGN_SECONDS,
        bar=f"under {MOST_SHARE:.0%}",
    )
    size = growth + grown * minutes
    bars.check(
        f"  growth of Prefect's database {kilobytes(size)}, of it {kilobytes(grown * minutes)} that depend on the time",
        holds=size < MOST_BYTES,
        bar=f"under {kilobytes(MOST_BYTES)}",
    )


def measure_a_minute(stage: Stage, bars: Bars, server: PrefectServer) -> tuple[float, float]:
    """Return what a minute at the pace takes of the server's CPU beyond an idle one, and the growth in bytes.

    What the flow's own process does meanwhile (a heartbeat and an update each half minute) is some milliseconds beside
    its sending, less than two such processes differ in.
    """
    url = os.environ["WINDOWCAST_DATABASE_URL"]
    people = round(DEFAULT_PER_SECOND * 60 * (MINUTES_AT_PACE + 1))
    campaign_id = str(stage.campaign(url, people, per_second=DEFAULT_PER_SECOND).campaign_id)
    flow = subprocess.Popen(**engine(server, campaign_id))
    try:
        time.sleep(SETTLE_SECONDS + 10)  # its start is told by then
        before, idle = size_of(server), idle_share(server)
        began = server_cpu(server)
        time.sleep(60 * MINUTES_AT_PACE)
        cpu, after = server_cpu(server) - began, size_of(server)
    finally:
        flow.terminate()
        flow.wait()
    cpu_a_minute = cpu / MINUTES_AT_PACE
    grown_a_minute = (after.total - before.total) / MINUTES_AT_PACE
    bars.say(
        f"a minute at {DEFAULT_PER_SECOND} a second: the server's CPU {cpu_a_minute:.2f} s (idle {60 * idle:.2f} s)"
    )
    bars.say(f"  its database grows by {kilobytes(grown_a_minute)}: {after.grown_since(before)} in {MINUTES_AT_PACE}")
    return max(0.0, cpu_a_minute - 60 * idle), grown_a_minute


def run_alone(server: PrefectServer, campaign_id: str) -> Cost:
    """Send a campaign by `windowcast campaigns run`, which needs no Prefect."""
    return _timed([*COMMAND, "campaigns", "run", campaign_id, "--json"], server.environment())


def run_under_prefect(server: PrefectServer, campaign_id: str) -> Cost:
    """Send a campaign in a run of the server, in the process that a worker starts for it."""
    idle, began, at = idle_share(server), server_cpu(server), time.monotonic()
    started = engine(server, campaign_id)
    cost = _timed(started["args"], started["env"])
    time.sleep(SETTLE_SECONDS)
    spent = server_cpu(server) - began - idle * (time.monotonic() - at)
    return Cost(cost.seconds, cost.cpu_seconds, max(0.0, spent))


def engine(server: PrefectServer, campaign_id: str) -> dict:
    """Make a run of a campaign on the server; return how its process is started."""
    deployment = server.call("deployments/name/send-campaign/send-campaign", method="GET")
    run = server.call(
        f"deployments/{deployment['id']}/create_flow_run",
        {"parameters": {"campaign_id": campaign_id}, "state": {"type": "PENDING"}},
    )
    return {
        "args": [sys.executable, "-m", "deployments.prefect_run"],
        "env": {**server.environment(), "PREFECT__FLOW_RUN_ID": run["id"]},
        "cwd": ROOT,
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }


def _timed(command: list[str], environment: dict[str, str]) -> Cost:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr[-2000:]
    return Cost(seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def idle_share(server: PrefectServer, *, seconds: float = 5) -> float:
    """Return which share of a core the server takes just now."""
    began = server_cpu(server)
    time.sleep(seconds)
    return (server_cpu(server) - began) / seconds


def server_cpu(server: PrefectServer) -> float:
    """Return the CPU seconds of the server so far: of whoever listens at its address."""
    port = str(server.url.rpartition(":")[2].partition("/")[0])
    one = next(child for child in psutil.Process().children() if port in child.cmdline())
    return sum(sum(each.cpu_times()[:2]) for each in (one, *one.children(recursive=True)))


@dataclass(frozen=True)
class Size:
    """How large the server's database is when its free pages are taken out, in bytes, and how many rows tables have."""

    total: int
    rows: dict[str, int]

    def grown_since(self, before: "Size") -> str:
        """Say which tables have more rows than before."""
        more = {name: count - before.rows.get(name, 0) for name, count in self.rows.items()}
        return ", ".join(f"{name} +{count}" for name, count in sorted(more.items()) if count > 0)


def size_of(server: PrefectServer) -> Size:
    """Measure a copy of the server's database: its write-ahead log counts, pages that were given back do not."""
    wait_until((server.home / "server" / "prefect.db").exists, seconds=10)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.db"
        with closing(sqlite3.connect(server.home / "server" / "prefect.db", timeout=30)) as database:
            database.execute("VACUUM INTO ?", [str(copy)])
        with closing(sqlite3.connect(copy)) as database:
            names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            rows = {name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}
        return Size(copy.stat().st_size, rows)


def kilobytes(size: float) -> str:
    return f"{size / 1000:,.0f} kB"


if __name__ == "__main__":
    main()
