-- Returns in how many seconds the first of a campaign's passed-over people can be tried again: when a wait of its own
-- is over, the lease of an attempt under way, or the account's cap. NULL: only people remain whose unknown attempt must
-- settle first.
SELECT
    extract(
        EPOCH FROM min(
            greatest(
                m.not_before,
                x.lease_until,
                CASE WHEN a.cap_messages IS NOT NULL THEN cap_free_at(m.account_id, m.user_id) END,
                'epoch'
            )
        )
        - clock()
    )::float8 AS wait_seconds
FROM message_list AS m
INNER JOIN account AS a ON m.account_id = a.account_id
LEFT JOIN attempt AS x ON m.account_id = x.account_id AND m.user_id = x.user_id AND x.settled_at IS NULL
WHERE
    m.campaign_id = %(campaign_id)s
    AND m.state = 'ready'
    AND x.outcome IS DISTINCT FROM 'unknown'
