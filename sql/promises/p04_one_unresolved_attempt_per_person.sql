-- P4: a person of an account has at most one unresolved attempt. Returns the people with more.
SELECT
    account_id,
    user_id,
    count(*) AS attempt_count
FROM attempt
WHERE settled_at IS NULL
GROUP BY account_id, user_id
HAVING count(*) > 1
