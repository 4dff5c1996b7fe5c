-- Returns the kept full hours of some accounts from `first` to `last`, oldest first.
SELECT
    account_id,
    at,
    reachable,
    openers
FROM eligibility_hour
WHERE
    account_id = ANY(%(account_ids)s::bigint[])
    AND at BETWEEN %(first)s::timestamptz AND %(last)s::timestamptz
ORDER BY account_id, at
