"""A history of interactions to measure with: people of one account who write over 30 days, in partitions by day."""

from typing import Final

from clients.postgres import Connection

DAYS: Final = 30

_CREATE_DAYS: Final = """
DO $$
DECLARE
    day timestamptz;
BEGIN
    FOR day IN SELECT generate_series(date_trunc('day', clock()) - interval '31 d', clock() + interval '1 d', '1 d')
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
SELECT
    %(account_id)s::bigint AS account_id,
    (25000000000000000 + (hashint8(i)::bigint + 2147483648) %% %(people)s)::text AS user_id,
    (CASE WHEN i %% 20 = 0 THEN 'comment' WHEN i %% 5 = 0 THEN 'reaction' ELSE 'message' END)::interaction_kind AS kind,
    clock() - (hashint8(i + 7)::bigint + 2147483648) %% (%(days)s * 86400000::bigint) * interval '1 ms' AS occurred_at,
    md5(i::text) || md5((i + 1)::text) || md5((i + 2)::text) || md5((i + 3)::text) AS event_id
FROM generate_series(%(first)s, %(last)s) AS i
"""


def create_days(connection: Connection) -> None:
    """Give each day of the history a partition of its own."""
    connection.execute("SET TIME ZONE 'UTC'")
    connection.execute(_CREATE_DAYS)


def make_rows(connection: Connection, *, account_id: int, rows: int, people: int) -> None:
    """Make a table `made` of that many interactions."""
    connection.execute(
        "CREATE UNLOGGED TABLE made AS SELECT * FROM interaction WITH NO DATA; ALTER TABLE made DROP stored_at"
    )
    connection.execute(
        "INSERT INTO made (account_id, user_id, kind, occurred_at, event_id)" + _ROWS,
        {"account_id": account_id, "people": people, "days": DAYS, "first": 1, "last": rows},
    )
