-- Returns what is kept of one night of some accounts, by the accounts' names.
SELECT
    s.account_id,
    s.measured_at,
    s.time_zone,
    s.details
FROM eligibility_snapshot AS s
INNER JOIN account AS a ON s.account_id = a.account_id
WHERE s.night = %(night)s AND s.account_id = ANY(%(account_ids)s::bigint[])
ORDER BY a.name
