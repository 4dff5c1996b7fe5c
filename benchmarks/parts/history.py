"""A history of interactions to measure with: people of one account who write, in partitions by day."""

from typing import Final

from clients.postgres import Connection

_CREATE_DAYS: Final = """
DO $$
DECLARE
    day timestamptz;
BEGIN
    FOR day IN SELECT generate_series(date_trunc('day', clock()) - interval '{days} d', clock() + interval '1 d', '1 d')
    LOOP
        EXECUTE format(
            'CREATE TABLE interaction_%s PARTITION OF interaction FOR VALUES FROM (%L) TO (%L)',
            to_char(day, 'YYYYMMDD'), day, day + interval '1 d'
        );
    END LOOP;
END
$$
"""

# Events in no order of people, time or id, as exports are; ids of the length that the platform's have.
_ROWS: Final = """
INSERT INTO made (account_id, user_id, kind, occurred_at, event_id)
SELECT
    %(account_id)s::bigint,
    (25000000000000000 + (hashint8(i)::bigint + 2147483648) %% %(people)s)::text,
    (CASE WHEN i %% 20 = 0 THEN 'comment' WHEN i %% 5 = 0 THEN 'reaction' ELSE 'message' END)::interaction_kind,
    clock() - %(oldest_days)s * interval '1 d'
    + ((hashint8(i + 7)::bigint + 2147483648) / 4294967296.0::float8)
    * (%(oldest_days)s - %(newest_days)s) * interval '1 d',
    md5(i::text) || md5((i + 1)::text) || md5((i + 2)::text) || md5((i + 3)::text)
FROM generate_series(%(first)s, %(last)s) AS i
"""


def create_days(connection: Connection, *, days: int = 31) -> None:
    """Give each day of the history a partition of its own."""
    connection.execute("SET TIME ZONE 'UTC'")
    connection.execute(_CREATE_DAYS.replace("{days}", str(days)))


def make_rows(
    connection: Connection,
    *,
    account_id: int,
    people: int,
    first: int = 1,
    last: int,
    newest_days: float = 0.0,
    oldest_days: float = 30.0,
) -> None:
    """Put interactions with these numbers into a table `made`: of so many people, so many days ago."""
    connection.execute(
        "CREATE UNLOGGED TABLE IF NOT EXISTS made (account_id bigint, user_id text, kind interaction_kind, "
        "occurred_at timestamptz, event_id text)"
    )
    connection.execute(
        _ROWS,
        {
            "account_id": account_id,
            "people": people,
            "first": first,
            "last": last,
            "newest_days": newest_days,
            "oldest_days": oldest_days,
        },
    )
