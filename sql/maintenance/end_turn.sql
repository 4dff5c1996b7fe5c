-- Lets another maintenance or erasure run.
SELECT pg_advisory_unlock(7204519367) AS was_ours
