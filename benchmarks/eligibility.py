"""Whom a campaign can reach: the join of its recipients with each person's newest opener, flat in the history.

100,000 recipients among 300,000 people of a million interactions in 30 days, and again with ten times the history, in
300 days; with the argument `large` a million recipients, three million people, and ten and a hundred million
interactions (65 GB of disk, an hour), with `whole` the first of these two alone. Beside it: the latest-per-person query
over the history, and reading a team's own table of that size. It ends with 1 when the join takes longer than two
seconds, or 1.3 times as long with ten times the history.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "benchmarks")]

import psutil
from parts.history import create_days, make_rows
from parts.stage import TIMING, Bars, open_stage

from clients.postgres import Connection, connect
from clients.settings import Settings
from factories import World
from sql import query
from tasks.campaigns import start_campaign
from tasks.mapped_interactions import read_all, read_recent
from tasks.windows import read_clock, turn_parameters

MOST_SECONDS = 2.0
FLAT = 1.3
TIMES = 5
THEIRS = Settings(
    interactions_table="windowcast.theirs",
    interactions_columns="account=page,user_id=user_id,kind=kind,occurred_at=occurred_at",
)
THEIR_TABLE = """
CREATE UNLOGGED TABLE theirs (page text, user_id text, kind interaction_kind, occurred_at timestamptz);
CREATE INDEX ON theirs (occurred_at)
"""
# What one would write without the table of newest openers.
LATEST_PER_PERSON = """
SELECT count(*) AS people
FROM message_list AS m
INNER JOIN (
    SELECT DISTINCT ON (account_id, user_id) account_id, user_id, occurred_at
    FROM interaction
    WHERE kind NOT IN ('comment', 'visitor_post')
    ORDER BY account_id, user_id, occurred_at DESC
) AS l ON m.account_id = l.account_id AND m.user_id = l.user_id
WHERE m.campaign_id = %(campaign_id)s AND l.occurred_at > clock() - interval '24 h'
"""
RECIPIENTS = """
INSERT INTO message_list (campaign_id, account_id, row_number, typed_user_id, user_id, cells, state)
SELECT m.campaign_id, m.account_id, l.place + 1, l.user_id, l.user_id, m.cells, 'ready'
FROM message_list AS m
CROSS JOIN (
    SELECT user_id, row_number() OVER (ORDER BY hashtext(user_id)) AS place
    FROM last_interaction WHERE user_id <> %(user_id)s
) AS l
WHERE m.campaign_id = %(campaign_id)s AND l.place < %(recipients)s
"""
KEEP_HISTORY = """
SET session_replication_role = replica; -- no look at the account for each row
INSERT INTO interaction (account_id, user_id, kind, occurred_at, event_id)
SELECT * FROM made ON CONFLICT DO NOTHING;
RESET session_replication_role;
INSERT INTO theirs SELECT 'Account 1', user_id, kind, occurred_at FROM made;
TRUNCATE made
"""
NEWEST_DAYS, ALL_DAYS = 30, 300


def main() -> None:
    is_large = "large" in sys.argv or "whole" in sys.argv
    base = 10_000_000 if is_large else 1_000_000
    people, recipients = base * 3 // 10, base // 10
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    bars = Bars(f"eligibility of {recipients:,} recipients among {people:,} people; load average before: {load}")
    with open_stage() as stage, connect(stage.new_database()) as connection:
        account = World(connection).account()
        create_days(connection, days=ALL_DAYS + 2)
        connection.execute(THEIR_TABLE)
        history = {"account_id": account.account_id, "people": people}
        make_rows(connection, **history, last=base, oldest_days=NEWEST_DAYS)
        connection.execute(KEEP_HISTORY)
        read = seconds_of(lambda: read_all(connection, THEIRS))
        bars.say(f"a team's own table of {base:,} read for the first time: {read:.2f} s")
        campaign_id = fill_campaign(connection, account, recipients)
        first = measure(bars, connection, campaign_id, base)
        bars.check(f"the join {first:.2f} s", holds=first <= MOST_SECONDS, bar=f"at most {MOST_SECONDS:g} s")
        if "whole" not in sys.argv:
            # Day by day, as they came: the indexes of one day fit into memory, those of all days do not.
            for day in range(NEWEST_DAYS, ALL_DAYS):
                first_row = day * base // NEWEST_DAYS + 1
                last_row = (day + 1) * base // NEWEST_DAYS
                make_rows(connection, **history, first=first_row, last=last_row, newest_days=day, oldest_days=day + 1)
                connection.execute(KEEP_HISTORY)
            tenfold = measure(bars, connection, campaign_id, 10 * base)
            bars.check(
                f"the join {tenfold:.2f} s with ten times the history: {tenfold / first:.2f} times",
                holds=tenfold <= FLAT * first,
                bar=f"within {FLAT:g} times",
            )
    bars.end()


def fill_campaign(connection: Connection, account, recipients: int):
    """Make a campaign that is sending to so many of the people."""
    world = World(connection)
    user = connection.execute("SELECT user_id FROM last_interaction ORDER BY opener_at DESC LIMIT 1").fetchone()
    folder = Path(tempfile.mkdtemp(prefix="windowcast-eligibility-"))
    template = world.template(folder, text="Hello!")
    campaign_id = world.submit(world.submission(account, template, user_ids=(user["user_id"],)), folder)
    start_campaign(connection, campaign_id, timing=TIMING)
    connection.execute(RECIPIENTS, {"campaign_id": campaign_id, "recipients": recipients, **user})
    return campaign_id


def measure(bars: Bars, connection: Connection, campaign_id, interactions: int) -> float:
    """Print what takes how long beside so many interactions; return the seconds of the join."""
    connection.execute("VACUUM ANALYZE")
    processor = processor_seconds(connection)
    join = statistics.median(seconds_of(lambda: closings(connection, campaign_id)) for _ in range(TIMES))
    processor = (processor_seconds(connection) - processor) / TIMES
    latest = seconds_of(lambda: connection.execute(LATEST_PER_PERSON, {"campaign_id": campaign_id}).fetchall())
    bars.say(
        f"{interactions:,} interactions: the join {join:.2f} s (processor {processor:.2f}), latest-per-person over the "
        f"history {latest:.2f} s ({latest / join:.0f} times)"
    )
    whole = seconds_of(lambda: read_all(connection, THEIRS))
    recent = seconds_of(lambda: read_recent(connection, THEIRS, every_seconds=0.0))
    bars.say(f"    a team's own table of that size: whole {whole:.2f} s, what could open a window {recent:.2f} s")
    return join


def closings(connection: Connection, campaign_id) -> None:
    """Join the recipients with their newest openers, as every check, submit and plan does."""
    now = read_clock(connection)
    parameters = {"campaign_id": campaign_id, "now": now, "at": now, **turn_parameters(TIMING)}
    connection.execute(query("forecast/closings"), parameters).fetchall()


def processor_seconds(connection: Connection) -> float:
    """Return what the server's process has computed: on a busy machine it says more than the clock."""
    times = psutil.Process(connection.info.backend_pid).cpu_times()
    return times.user + times.system


def seconds_of(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
