-- Returns how many people whom a campaign can reach at `at` got another campaign message of its account in the
-- `overlap_seconds` before, or may have got one (an attempt of which nobody knows yet). Starts from what was sent then.
WITH lately AS (
    SELECT m.user_id FROM windowcast.message_list AS m
    WHERE
        m.account_id = %(account_id)s
        AND m.sent_at > %(at)s::timestamptz - %(overlap_seconds)s::float8 * interval '1 s'
        AND m.campaign_id <> %(campaign_id)s
    UNION
    SELECT x.user_id FROM attempt AS x
    INNER JOIN windowcast.message_list AS m ON x.message_id = m.message_id
    WHERE
        x.account_id = %(account_id)s
        AND x.settled_at IS NULL
        AND x.started_at > %(at)s::timestamptz - %(overlap_seconds)s::float8 * interval '1 s'
        AND m.campaign_id <> %(campaign_id)s
)

SELECT count(*) AS people
FROM lately AS p
INNER JOIN message_list AS m ON p.user_id = m.user_id
INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
LEFT JOIN last_interaction AS l ON m.account_id = l.account_id AND m.user_id = l.user_id
LEFT JOIN reply_right AS r ON c.private_replies AND m.account_id = r.account_id AND m.user_id = r.user_id
LEFT JOIN active_suppression AS s ON m.account_id = s.account_id AND m.user_id = s.user_id
WHERE
    m.campaign_id = %(campaign_id)s
    AND s.user_id IS NULL
    AND greatest(l.opener_at + interval '24 h', r.until)
    - (%(margin_seconds)s::float8 + %(reserve_seconds)s::float8) * interval '1 s'
    > %(at)s::timestamptz
