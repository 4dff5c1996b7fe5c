"""`windowcast campaigns show` of a campaign of a million rows, beside the same answers counted row by row.

The bar is for the reading, without the start of the command: that costs the same for ten rows, and is printed. The
statements that counted all rows until commit 0093575 are here as they were, and must return the same numbers.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from parts.stage import TIMING, Bars, Stage, open_stage

from cli.shown import campaign_details_json
from clients.postgres import Connection, connect
from clients.settings import settings
from factories import World
from sql import query
from tasks.campaigns import count_messages, get_campaign, start_campaign
from tasks.outlook import look

MILLION = 1_000_000
MOST_SECONDS = 0.050
TURNS = 7

# Adds rows 2 to n to a campaign of one person: two in fifty are bad or ineligible, the others are as `sent` says.
_MORE_ROWS = """
INSERT INTO message_list (
    campaign_id, account_id, row_number, typed_user_id, user_id, cells, state, reason, closes_at, sent_at,
    platform_sent_at, delivered_at, read_at
)
SELECT
    m.campaign_id,
    m.account_id,
    n,
    (90000000000000000 + n)::text,
    CASE WHEN n %% 50 > 0 THEN (90000000000000000 + n)::text END,
    ARRAY['Name ' || n, 'green tea', 'harbour'],
    CASE
        WHEN n %% 50 = 0 THEN 'invalid'
        WHEN n %% 50 = 1 THEN 'ineligible'
        WHEN NOT %(is_sent)s THEN 'ready'
        WHEN n %% 50 = 2 THEN 'failed'
        WHEN n %% 4 = 0 THEN 'sent'
        WHEN n %% 4 = 1 THEN 'delivered'
        ELSE 'read'
    END::message_state,
    CASE
        WHEN n %% 50 = 0 THEN 'bad_user_id'
        WHEN n %% 50 = 1 THEN 'window_closed'
        WHEN %(is_sent)s AND n %% 50 = 2 THEN 'message_refused'
    END::reason,
    clock() + (1 + abs(hashint8(n)) %% 1260 / 60.0) * interval '1 h',
    t.sent_at,
    t.sent_at,
    CASE WHEN n %% 4 > 0 THEN t.sent_at + n %% 1000 * interval '0.1 s' END,
    CASE WHEN n %% 4 > 1 THEN t.sent_at + n %% 1000 * interval '0.3 s' END
FROM message_list AS m
CROSS JOIN generate_series(2, %(rows)s) AS n
CROSS JOIN LATERAL (
    SELECT CASE WHEN %(is_sent)s AND n %% 50 > 2 THEN clock() - interval '1 h' END AS sent_at
) AS t
WHERE m.campaign_id = %(campaign_id)s
"""

_BAD_ROWS = """
INSERT INTO problem (campaign_id, row_number, column_name, finding)
SELECT campaign_id, row_number, 'user_id', 'id_bad_shape'
FROM message_list WHERE campaign_id = %(campaign_id)s AND state = 'invalid'
"""

# As they were at commit 0093575.
_OLD_GET = """
SELECT
    (SELECT count(*) FROM problem AS p WHERE p.campaign_id = c.campaign_id) AS problem_count,
    (
        SELECT count(*)
        FROM message_list AS m
        WHERE
            c.hold_until > clock()
            AND m.campaign_id = c.campaign_id
            AND m.state = 'ineligible'
            AND m.reason IN ('window_closed', 'never_interacted', 'person_unavailable')
    ) AS held_count,
    (
        SELECT count(*)
        FROM message_list AS m
        WHERE c.hold_until IS NOT NULL AND m.campaign_id = c.campaign_id AND m.recovered_at IS NOT NULL
    ) AS recovered_count
FROM campaign AS c
WHERE c.campaign_id = %(campaign_id)s
"""
_OLD_COUNT = """
SELECT state, reason, count(*) AS message_count FROM message_list
WHERE campaign_id = %(campaign_id)s GROUP BY state, reason
"""
_OLD_FUNNEL = "SELECT * FROM campaign_summary WHERE campaign_id = %(campaign_id)s"


def main() -> None:
    """Measure a campaign that is over, one that is being sent, and one that has not begun."""
    rows = MILLION if "large" in sys.argv[1:] else MILLION // 10
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    bars = Bars(f"campaigns show, {rows:,} rows, second fastest of {TURNS} in turns; load before: {load}")
    with open_stage() as stage:
        url = stage.new_database()
        campaigns = {state: campaign(url, rows, state=state) for state in ("finished", "sending", "validated")}
        stage.settle(url)
        bars.say(f"start of the command, and campaigns show of one row: {command_seconds(stage):.2f} s")
        with connect(url) as connection:
            for state, campaign_id in campaigns.items():
                if state == "sending":
                    look(connection, campaign_id, timing=TIMING)  # as its sender does every half minute
                measure(bars, connection, campaign_id, state=state)
    bars.end()


def campaign(url: str, rows: int, *, state: str) -> UUID:
    """Make a campaign with so many rows, whose messages are as those of a campaign in that state."""
    with connect(url) as connection:
        world = World(connection)
        number = connection.execute("SELECT count(*) AS n FROM account").fetchone()["n"]
        account = world.account(name=f"Page {number}", external_id=str(10**11 + number), per_second=40)
        world.people_write(account, [1])
        folder = Path(tempfile.mkdtemp(prefix="windowcast-bench-"))
        campaign_id = world.submit_ids(folder, [1], account=account)
        if state == "sending":
            start_campaign(connection, campaign_id, timing=TIMING)
        parameters = {"campaign_id": campaign_id, "rows": rows, "is_sent": state == "finished"}
        connection.execute(_MORE_ROWS, parameters)
        connection.execute(_BAD_ROWS, {"campaign_id": campaign_id})
        connection.execute("UPDATE campaign SET state = %s WHERE campaign_id = %s", [state, campaign_id])
    return campaign_id


def measure(bars: Bars, connection: Connection, campaign_id: UUID, *, state: str) -> None:
    """Compare the seconds and the numbers of both ways."""
    parameters = {"campaign_id": campaign_id}
    ways = {
        "show": lambda: campaign_details_json(connection, get_campaign(connection, campaign_id), settings=settings()),
        "get": lambda: get_campaign(connection, campaign_id),
        "old get": lambda: connection.execute(_OLD_GET, parameters).fetchone(),
        "old counts": lambda: connection.execute(_OLD_COUNT, parameters).fetchall(),
        "old funnel": lambda: connection.execute(_OLD_FUNNEL, parameters).fetchone(),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(TURNS):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - started)
    took = {name: sorted(times)[1] for name, times in seconds.items()}
    before = sum(took[name] for name in ways if name.startswith("old"))
    parts = ", ".join(f"{name.removeprefix('old ')} {took[name] * 1000:.0f}" for name in ways if name.startswith("old"))
    bars.check(
        f"{state}: {took['show'] * 1000:.1f} ms, of it campaigns/get {took['get'] * 1000:.1f}; counted row by row "
        f"{before * 1000:.0f} ms ({parts}): {before / took['show']:.0f} times",
        holds=took["show"] <= MOST_SECONDS,
        bar=f"at most {MOST_SECONDS * 1000:.0f} ms",
    )
    counted = {(row["state"], row["reason"]): row["message_count"] for row in ways["old counts"]()}
    kept = connection.execute(query("campaigns/count_messages"), {"campaign_ids": [campaign_id]})
    is_same = counted == {(row["state"], row["reason"]): row["message_count"] for row in kept}
    rows = count_messages(connection, [campaign_id])[campaign_id].rows
    bars.check(f"{state}: {rows:,} rows in the counts", holds=is_same, bar="the same numbers as counted row by row")


def command_seconds(stage: Stage) -> float:
    """Return the seconds of the whole command for a campaign of one row, second fastest of five."""
    url = stage.new_database()
    campaign_id = campaign(url, 1, state="validated")
    environment = {**os.environ, "WINDOWCAST_DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    code = "import sys; from cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "campaigns", "show", str(campaign_id), "--json"]
    times = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - started)
    return sorted(times)[1]


if __name__ == "__main__":
    main()
