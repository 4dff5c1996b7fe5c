"""Receiving webhooks: signed posts stored and answered by one process, beside a bare route that only answers."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import psutil
from parts.bare_route import bare_route
from parts.post_load import Answered, Load, post
from parts.stage import Bars, Stage, open_stage

from clients.postgres import connect

SECRET = "benchmark-secret"
CONNECTIONS = 64
COMMITS = 500
LEAST_PER_SECOND = 1_500
PACED_PER_SECOND = 500
MOST_P99_MILLISECONDS = 50
PROGRAM = "import sys; from cli.main import main; sys.exit(main())"


def main() -> None:
    posts, seconds, rounds = (60_000, 30, 5) if "large" in sys.argv[1:] else (10_000, 8, 3)
    bars = Bars(f"receiving {posts:,} signed posts of one event, best of {rounds}, fsync and synchronous_commit on")
    with open_stage() as stage:
        asyncio.run(measure(stage, bars, posts=posts, seconds=seconds, rounds=rounds))
    bars.end()


async def measure(stage: Stage, bars: Bars, *, posts: int, seconds: int, rounds: int) -> None:
    url = stage.new_database()
    rates: dict[str, list[float]] = {"ours": [], "bare": []}
    p99: dict[str, list[float]] = {"ours": [], "bare": [], "commit": []}
    cpu = []
    async with receiver(url) as (ours, process), bare_route() as bare:
        addresses = {"ours": ours, "bare": bare}
        for address in addresses.values():  # the first posts import and plan
            await answered(Load(address, SECRET, 500, CONNECTIONS, first=10**9))
        for number in range(rounds):
            for name, address in addresses.items():
                spent = sum(process.cpu_times()[:2])
                end = await answered(Load(address, SECRET, posts, CONNECTIONS, first=number * 10**7))
                rates[name].append(end.ok / end.seconds)
                if name == "ours":
                    cpu.append((sum(process.cpu_times()[:2]) - spent) / end.ok * 1e6)
                paced = Load(
                    address, SECRET, PACED_PER_SECOND * seconds, CONNECTIONS,
                    first=number * 10**7 + 5 * 10**6, per_second=PACED_PER_SECOND,
                )  # fmt: skip
                p99[name].append((await answered(paced)).p99)
            p99["commit"].append(commit_p99(url))
    expected = rounds * (posts + PACED_PER_SECOND * seconds) + 500
    stored = stored_count(url)
    tell(bars, rates, p99, cpu)
    bars.check(f"{stored:,} bodies are in the inbox", holds=stored == expected, bar=f"exactly {expected:,}")


def tell(bars: Bars, rates, p99, cpu) -> None:
    best = {name: max(values) for name, values in rates.items()}
    bars.check(
        f"ours: {best['ours']:.0f}/s, {min(cpu):.0f} microseconds of CPU each",
        holds=best["ours"] >= LEAST_PER_SECOND,
        bar=f"at least {LEAST_PER_SECOND}/s",
    )
    bars.say(
        f"a bare route that only answers: {best['bare']:.0f}/s; ours has {best['ours'] / best['bare']:.0%} of that, "
        "with the signature and the commit"
    )
    bars.check(
        f"at {PACED_PER_SECOND}/s 99 of 100 are answered within {median(p99['ours']):.1f} ms of when they were due "
        f"in the median round (best {min(p99['ours']):.1f}, worst {max(p99['ours']):.1f})",
        holds=median(p99["ours"]) <= MOST_P99_MILLISECONDS,
        bar=f"at most {MOST_P99_MILLISECONDS} ms",
    )
    bars.say(
        f"by the bare route within {min(p99['bare']):.1f} ms (median round {median(p99['bare']):.1f}, "
        f"worst {max(p99['bare']):.1f}); 99 of 100 bare commits of one row take up to {min(p99['commit']):.1f} ms "
        f"(median round {median(p99['commit']):.1f}, worst {max(p99['commit']):.1f})"
    )


async def answered(load: Load) -> Answered:
    end = await post(load)
    if end.other:
        raise RuntimeError(f"{end.other} of {load.posts} posts were not answered 200")
    return end


def commit_p99(url: str) -> float:
    """Say how long this disk takes for commits one after the other, in milliseconds: nothing can be answered sooner."""
    with connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bare_commit (n integer)")
        times = []
        for number in range(COMMITS):
            began = time.perf_counter()
            connection.execute("INSERT INTO bare_commit VALUES (%(n)s)", {"n": number})
            times.append((time.perf_counter() - began) * 1000)
    return sorted(times)[int(COMMITS * 0.99)]


def stored_count(url: str) -> int:
    with connect(url) as connection:
        return connection.execute("SELECT count(*) AS n FROM receipt_inbox").fetchone()["n"]


@asynccontextmanager
async def receiver(url: str) -> AsyncIterator[tuple[str, psutil.Process]]:
    """Run the receiver as it is run in production, with nothing beside it that reads the inbox."""
    settings = {
        "WINDOWCAST_DATABASE_URL": url,
        "WINDOWCAST_META_APP_SECRETS": SECRET,
        "WINDOWCAST_META_VERIFY_TOKEN": "benchmark",
    }
    words = ["webhooks", "serve", "--port", "0", "--no-reconcile", "--json"]
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, *words, env=os.environ | settings, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        said = json.loads(await child.stdout.readline())
        yield said["receiver_url"], psutil.Process(child.pid)
    finally:
        child.terminate()
        await child.wait()


if __name__ == "__main__":
    main()
