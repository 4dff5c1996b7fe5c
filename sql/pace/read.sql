-- Returns the account's pace and for how long its workers still wait.
SELECT
    per_second,
    away_count,
    extract(EPOCH FROM not_before - clock())::float8 AS wait_seconds
FROM pace
WHERE account_id = %(account_id)s
