-- Returns how many people whom a campaign can reach at `at` got another campaign message of its account in the
-- `overlap_seconds` before, or may have got one (an attempt of which nobody knows yet). Starts from what was sent then.
WITH lately AS (
    SELECT m.user_id FROM message_list AS m
    WHERE
        m.account_id = %(account_id)s
        AND m.sent_at > %(at)s::timestamptz - %(overlap_seconds)s::float8 * interval '1 s'
        AND m.campaign_id <> %(campaign_id)s
    UNION
    SELECT x.user_id FROM attempt AS x
    INNER JOIN message_list AS m ON x.message_id = m.message_id
    WHERE
        x.account_id = %(account_id)s
        AND x.settled_at IS NULL
        AND x.started_at > %(at)s::timestamptz - %(overlap_seconds)s::float8 * interval '1 s'
        AND m.campaign_id <> %(campaign_id)s
)

SELECT count(*) AS people
FROM lately AS p
INNER JOIN message_deadline AS d ON p.user_id = d.user_id
WHERE
    d.campaign_id = %(campaign_id)s
    AND NOT d.is_suppressed
    AND d.ends_at - %(lead)s::interval > %(at)s::timestamptz
