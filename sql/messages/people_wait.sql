-- Returns in how many seconds the first of a campaign's passed-over people can be tried again: when a wait of its own is
-- over, or the lease of an attempt under way. NULL: only people remain whose unknown attempt must settle first.
SELECT extract(EPOCH FROM min(greatest(coalesce(m.not_before, 'epoch'), w.wait_until)) - clock())::float8
    AS wait_seconds
FROM message_list AS m
LEFT JOIN attempt AS x ON m.account_id = x.account_id AND m.user_id = x.user_id AND x.settled_at IS NULL
CROSS JOIN LATERAL (
    SELECT CASE WHEN x.attempt_id IS NULL THEN 'epoch' ELSE x.lease_until END AS wait_until
) AS w
WHERE
    m.campaign_id = %(campaign_id)s
    AND m.state = 'ready'
    AND x.outcome IS DISTINCT FROM 'unknown'
