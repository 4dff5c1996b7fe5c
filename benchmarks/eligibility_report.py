"""The nightly report over ten accounts and 90 days of interactions: what each part takes, and how much memory."""

import resource
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks"), str(ROOT / "tests")]

import logging

from parts.stage import TIMING, Bars

import servers
from clients.postgres import connect
from domain.guards import Guards
from factories import World
from tasks.eligibility_report import report_night
from tasks.report_files import write_report_files
from tasks.windows import read_clock

ACCOUNTS, DAYS = 10, 90
LARGE, SHORT = 100_000_000, 10_000_000
LIMIT = 60  # seconds, for the large one
PEOPLE_PER_INTERACTION = 33  # 3 million people did the 100 million

# One day. People are drawn by products of two random numbers, so that some write often and most seldom.
_DAY = """
INSERT INTO interaction_{day} (account_id, user_id, kind, occurred_at, event_id, stored_at)
SELECT
    1 + n %% %(accounts)s,
    (90000000000000000 + (random() * random() * %(people)s)::bigint * %(accounts)s + n %% %(accounts)s)::text,
    CASE WHEN n %% 20 = 0 THEN 'postback'::interaction_kind ELSE 'message'::interaction_kind END,
    %(begin)s::timestamptz + (random() + random()) / 2 * %(seconds)s * interval '1 s',
    'e-' || %(day)s || '-' || n,
    %(begin)s::timestamptz
FROM generate_series(1, %(rows)s) AS n
"""

# What the import raises batch by batch, in one pass.
_LAST = """
INSERT INTO last_interaction (account_id, user_id, opener_at, opener_kind)
SELECT account_id, user_id, max(occurred_at),
    CASE WHEN random() < 0.05 THEN 'postback' ELSE 'message' END::interaction_kind
FROM interaction
GROUP BY account_id, user_id
"""


def main() -> None:
    """Make the history, then report twice: the first night of an installation, and every later one."""
    is_large = "large" in sys.argv
    rows = LARGE if is_large else SHORT
    bars = Bars(f"nightly report, {ACCOUNTS} accounts, {rows:,} interactions of {DAYS} days")
    server = servers.private_18(options="-c shared_buffers=1GB -c max_wal_size=8GB")
    try:
        server.make_template()
        with connect(server.url(server.create())) as connection:
            started = time.perf_counter()
            fill(connection, rows)
            bars.say(f"history made in {time.perf_counter() - started:.0f} s: {size(connection)}")
            measure(connection, bars, rows, is_large=is_large)
    finally:
        server.stop()
    bars.end()


def fill(connection, rows: int) -> None:
    """Make the accounts, a partition for each day with its interactions, and everybody's newest opener."""
    world = World(connection)
    for _ in range(ACCOUNTS):
        world.account(per_second=40)
    for setting in ("synchronous_commit TO off", "work_mem TO '256MB'", "maintenance_work_mem TO '256MB'"):
        connection.execute(f"SET {setting}")
    now = read_clock(connection)
    first = (now - timedelta(days=DAYS)).replace(hour=0, minute=0, second=0, microsecond=0)
    for day in range(DAYS + 1):
        begin = first + timedelta(days=day)
        until = min(begin + timedelta(days=1), now)
        part = (until - begin) / timedelta(days=1)
        # Filled before it becomes a partition: its index is then built once and not row by row.
        connection.execute(f"CREATE UNLOGGED TABLE interaction_{day} (LIKE interaction INCLUDING DEFAULTS)")
        connection.execute(
            _DAY.format(day=day),
            {
                "accounts": ACCOUNTS,
                "people": rows // PEOPLE_PER_INTERACTION // ACCOUNTS,
                "rows": round(rows / DAYS * part),
                "begin": begin,
                "seconds": 86_399 * part,
                "day": day,
            },
        )
        connection.execute(
            f"ALTER TABLE interaction ATTACH PARTITION interaction_{day} "
            f"FOR VALUES FROM ('{begin.isoformat()}') TO ('{(begin + timedelta(days=1)).isoformat()}')"
        )
    connection.execute(_LAST)
    connection.execute("RESET work_mem")
    connection.execute("VACUUM ANALYZE")


def size(connection) -> str:
    row = connection.execute(
        "SELECT (SELECT count(*) FROM last_interaction) AS people, "
        "pg_size_pretty(pg_database_size(current_database())) "
        "AS size"
    ).fetchone()
    return f"{row['people']:,} people, {row['size']}"


def measure(connection, bars: Bars, rows: int, *, is_large: bool) -> None:
    """Report twice and print each part; the second report is what a night costs."""
    listen()
    counting = {}
    for name in ("first night (four weeks of full hours)", "every later night"):
        connection.execute("TRUNCATE eligibility_snapshot")
        PARTS.clear()
        before = peak()
        started = time.perf_counter()
        report = report_night(connection, account=None, zone="Europe/Berlin", timing=TIMING, guards=Guards())
        counted = time.perf_counter() - started
        with tempfile.TemporaryDirectory() as folder:
            files = write_report_files(report, Path(folder))
            sizes = ", ".join(f"{path.suffix} {path.stat().st_size / 1024:.0f} kB" for path in files)
        total = time.perf_counter() - started
        counting[name] = (counted, total)
        parts = ", ".join(f"{part} {took:.1f}" for part, took in PARTS)
        bars.say(
            f"{name}: {total:.1f} s ({parts}; files {total - counted:.1f}: {sizes}); "
            f"{sum(one.open_now for one in report.accounts):,} people open, memory +{peak() - before:.0f} MiB"
        )
    by_hand(connection, bars)
    counted, total = counting["every later night"]
    if is_large:
        bars.check(f"a night over {rows:,} interactions: {total:.1f} s", holds=total < LIMIT, bar=f"under {LIMIT} s")
    else:
        # The files cost the same whatever the history, so a tenth of the bar is for the counting.
        text = f"counting a night over {rows:,} interactions: {counted:.1f} s"
        bars.check(text, holds=counted < LIMIT / 10, bar=f"under {LIMIT // 10} s")
    bars.check(f"memory of this process: {peak():.0f} MiB", holds=peak() < 400, bar="under 400 MiB, plots and all")


def by_hand(connection, bars: Bars) -> None:
    """Count who is open as one would without last_interaction: the newest interaction of everybody in the history."""
    started = time.perf_counter()
    row = connection.execute(
        "SELECT count(*) AS people FROM (SELECT account_id, user_id FROM interaction GROUP BY account_id, user_id "
        "HAVING max(occurred_at) > clock_timestamp() - interval '24 h') AS x"
    ).fetchone()
    bars.say(
        f"beside it: only 'open now', from the whole history: {time.perf_counter() - started:.1f} s "
        f"({row['people']:,} people, the safety margin not taken off)"
    )


PARTS: list[tuple[str, float]] = []


def listen() -> None:
    """Collect what the report's own log says each part takes."""
    logger = logging.getLogger("windowcast.eligibility")
    logger.setLevel(logging.DEBUG)
    handler = logging.Handler()
    handler.emit = lambda record: PARTS.append((record.part, record.seconds))
    logger.addHandler(handler)


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
