-- Sees that one maintenance or erasure runs at a time: what one of them moves, the other must not miss. Returns whether
-- it is ours now, until the connection ends or gives it back.
SELECT pg_try_advisory_lock(7204519367) AS is_ours
