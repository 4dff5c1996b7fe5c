-- Makes two submits of the same list wait for each other until the transaction ends, so that only one finds no earlier.
SELECT pg_advisory_xact_lock(hashtextextended(%(list_sha256)s, %(account_id)s))
