-- P36: a comment or post is answered by one attempt at most, over all campaigns; attempts that certainly did not reach
-- the platform do not count. Returns what was answered, or perhaps answered, more often.
SELECT
    account_id,
    entitlement_id,
    count(*) AS attempt_count
FROM attempt
WHERE entitlement_id IS NOT NULL AND coalesce(outcome NOT IN ('not_sent', 'absent'), TRUE)
GROUP BY account_id, entitlement_id
HAVING count(*) > 1
