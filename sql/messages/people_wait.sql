-- Returns in how many seconds the first of a campaign's passed-over people can be tried again: when a wait of its own
-- is over, or the lease of an attempt under way. NULL: only people remain whose unknown attempt must settle first.
SELECT extract(EPOCH FROM min(greatest(m.not_before, x.lease_until, 'epoch')) - clock())::float8 AS wait_seconds
FROM message_list AS m
LEFT JOIN attempt AS x ON m.account_id = x.account_id AND m.user_id = x.user_id AND x.settled_at IS NULL
WHERE
    m.campaign_id = %(campaign_id)s
    AND m.state = 'ready'
    AND x.outcome IS DISTINCT FROM 'unknown'
