-- Begins the walk of an account, or finds the one that was begun. Returns how far it has come.
WITH begun AS (
    INSERT INTO backfill (account_id) VALUES (%(account_id)s)
    ON CONFLICT (account_id) DO NOTHING
    RETURNING top_at, bottom_at, next_cursor, is_whole
)

SELECT
    top_at,
    bottom_at,
    next_cursor,
    is_whole
FROM begun
UNION ALL
SELECT
    top_at,
    bottom_at,
    next_cursor,
    is_whole
FROM backfill
WHERE account_id = %(account_id)s
LIMIT 1
