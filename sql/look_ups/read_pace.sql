-- Returns how many times in a row the platform asked an account's look-ups to wait, and for how many seconds from now.
-- No row: never looked up.
SELECT
    throttle_count,
    extract(EPOCH FROM not_before - clock())::float8 AS wait_seconds
FROM look_up_pace
WHERE account_id = %(account_id)s
