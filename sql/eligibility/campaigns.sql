-- Returns the campaigns of some accounts that are to start between two times, soonest first, and why one would not.
SELECT
    c.campaign_id,
    c.account_id,
    c.name,
    c.state,
    c.scheduled_at,
    a.paused_at IS NOT NULL AS is_account_paused
FROM campaign AS c
INNER JOIN account AS a ON c.account_id = a.account_id
WHERE
    c.account_id = ANY(%(account_ids)s::bigint[])
    AND c.state IN ('awaiting_approval', 'scheduled')
    AND c.scheduled_at > %(at)s::timestamptz
    AND c.scheduled_at <= %(until)s::timestamptz
ORDER BY c.scheduled_at, c.campaign_id
