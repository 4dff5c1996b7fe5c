-- Lets another process read the next page of an account's list.
SELECT pg_advisory_unlock(hashtextextended('windowcast backfill', %(account_id)s)) AS was_ours
