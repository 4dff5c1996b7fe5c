-- Sees that one process at a time reads a page of an account's list: each page says where the next one begins. Returns
-- whether it is ours now, until the connection ends or gives it back.
SELECT pg_try_advisory_lock(hashtextextended('windowcast backfill', %(account_id)s)) AS is_ours
