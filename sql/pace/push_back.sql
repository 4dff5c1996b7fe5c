-- Makes every worker of the account wait: the platform asked for it, or did not answer. A wait never gets shorter by
-- this. Returns how many times in a row it has happened, and the wait in seconds that holds now.
UPDATE pace
SET
    not_before = greatest(not_before, clock() + %(wait_seconds)s::float8 * interval '1 s'),
    away_count = %(away_count)s
WHERE account_id = %(account_id)s
RETURNING away_count, extract(EPOCH FROM not_before - clock())::float8 AS wait_seconds
