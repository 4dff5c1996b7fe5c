-- Returns the names of the accounts for which proof of something unknown is still sought.
SELECT DISTINCT o.name
FROM attempt AS a
INNER JOIN account AS o ON a.account_id = o.account_id
WHERE a.settled_at IS NULL AND a.outcome = 'unknown'
ORDER BY o.name
