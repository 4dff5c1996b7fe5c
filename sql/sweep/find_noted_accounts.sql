-- Returns accounts that the platform warned, blocked or unblocked within so many days, with the newest of it.
SELECT DISTINCT ON (a.name)
    a.name AS account,
    e.action,
    e.told_at,
    e.reason
FROM policy_event AS e
INNER JOIN account AS a ON e.account_id = a.account_id
WHERE e.told_at > clock() - %(days)s::float8 * interval '1 day'
ORDER BY a.name ASC, e.told_at DESC, e.action DESC
