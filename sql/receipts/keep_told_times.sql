-- Keeps the earliest of all times told, where that is news. What was read had been delivered by then; Instagram tells
-- of no deliveries, so there that time stays empty.
UPDATE message_list AS m
SET
    platform_sent_at = least(m.platform_sent_at, t.platform_sent_at),
    delivered_at = least(m.delivered_at, t.delivered_at),
    read_at = least(m.read_at, t.read_at)
FROM (
    SELECT
        g.message_id,
        g.attempt_id,
        g.platform_sent_at,
        CASE a.channel WHEN 'messenger' THEN least(g.delivered_at, g.read_at) ELSE g.delivered_at END AS delivered_at,
        g.read_at
    FROM (
        SELECT
            message_id,
            attempt_id,
            min(platform_sent_at) AS platform_sent_at,
            min(delivered_at) AS delivered_at,
            min(read_at) AS read_at
        FROM told_message
        GROUP BY message_id, attempt_id
    ) AS g
    INNER JOIN message_list AS x ON g.message_id = x.message_id AND g.attempt_id = x.attempt_id
    INNER JOIN account AS a ON x.account_id = a.account_id
    WHERE
        x.state IN ('sent', 'delivered', 'read')
        AND (
            g.platform_sent_at < coalesce(x.platform_sent_at, 'infinity')
            OR g.read_at < coalesce(x.read_at, 'infinity')
            OR g.delivered_at < coalesce(x.delivered_at, 'infinity')
            OR (a.channel = 'messenger' AND g.read_at < coalesce(x.delivered_at, 'infinity'))
        )
) AS t
WHERE m.message_id = t.message_id
