-- Raises the turns of ready messages whose people are among the loaded interactions: their windows close later now, or
-- they have commented and their campaign may answer. Who has an open window has its turn, not that of a reply.
WITH standing AS (
    SELECT
        m.message_id,
        l.opener_at + interval '24 h' - %(margin_seconds)s::float8 * interval '1 s' AS window_end,
        r.until - %(margin_seconds)s::float8 * interval '1 s' AS reply_until
    FROM (
        SELECT DISTINCT
            account_id,
            user_id
        FROM loading_interaction
    ) AS i
    INNER JOIN message_list AS m ON i.account_id = m.account_id AND i.user_id = m.user_id
    INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
    LEFT JOIN last_interaction AS l ON m.account_id = l.account_id AND m.user_id = l.user_id
    LEFT JOIN reply_right AS r ON c.private_replies AND m.account_id = r.account_id AND m.user_id = r.user_id
    WHERE m.state = 'ready' AND (l.user_id IS NOT NULL OR r.user_id IS NOT NULL)
),

raised AS (
    UPDATE message_list AS m
    SET
        closes_at = CASE WHEN t.window_end > clock() THEN t.window_end ELSE coalesce(t.reply_until, t.window_end) END,
        reply_until = t.reply_until
    FROM standing AS t
    WHERE
        m.message_id = t.message_id
        AND m.state = 'ready'
        AND (
            coalesce(m.closes_at, '-infinity') < t.window_end
            OR t.reply_until IS NOT NULL
            OR m.reply_until IS NOT NULL
        )
    RETURNING m.message_id
)

SELECT count(*) AS raised_count FROM raised
