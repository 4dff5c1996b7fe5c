-- Notes rows of the mapped table that are further ahead of the clock than the tolerance: their times cannot be right.
INSERT INTO mapped_ahead (account, user_id, occurred_at)
SELECT DISTINCT
    account,
    user_id,
    occurred_at
FROM mapped_interaction
WHERE
    occurred_at > (SELECT clock()) + %(tolerance_seconds)s::float8 * interval '1 s'
    AND account IS NOT NULL
    AND user_id IS NOT NULL
ON CONFLICT (account, user_id, occurred_at) DO NOTHING
