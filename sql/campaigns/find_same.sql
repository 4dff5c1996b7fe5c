-- Returns the newest campaign of the same list, account, template version and send time within 24 hours. Refused ones,
-- ones cancelled before anything was sent, and drafts whose submit has died (no list takes ten minutes to read) do not
-- count.
SELECT
    c.campaign_id,
    c.name,
    c.state,
    c.created_at
FROM campaign AS c
WHERE
    c.account_id = %(account_id)s
    AND c.template_id = %(template_id)s
    AND c.list_sha256 = %(list_sha256)s
    AND c.scheduled_at IS NOT DISTINCT FROM %(scheduled_at)s::timestamptz
    AND c.created_at > clock() - interval '24 h'
    AND c.state <> 'refused'
    AND NOT (c.state = 'draft' AND c.created_at < clock() - interval '10 min')
    AND NOT (
        c.state = 'cancelled'
        AND (
            c.started_at IS NULL
            OR NOT EXISTS (
                SELECT 1
                FROM message_list AS m
                INNER JOIN attempt AS x ON m.message_id = x.message_id
                WHERE
                    m.campaign_id = c.campaign_id
                    AND m.attempt_id IS NOT NULL
                    AND coalesce(x.outcome, 'unknown') <> 'not_sent'
            )
        )
    )
ORDER BY c.created_at DESC
LIMIT 1
