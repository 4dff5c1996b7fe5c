-- Keeps that everything from the newest conversation down to the old top was listed.
UPDATE backfill
SET listed_at = clock(), top_at = greatest(top_at, %(newest_at)s::timestamptz)
WHERE account_id = %(account_id)s
