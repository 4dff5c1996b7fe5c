-- Writes beside each ready message of a campaign when its person's window closes, as it stands now, and until when a
-- private reply may be sent, where the campaign uses them; without an open window the turn is that of the reply.
-- Returns how many changed. One pass over the campaign and one look-up per person, whatever the length of the history.
WITH standing AS (
    SELECT
        m.message_id,
        l.opener_at + interval '24 h' - %(margin_seconds)s::float8 * interval '1 s' AS window_end,
        r.until - %(margin_seconds)s::float8 * interval '1 s' AS reply_until
    FROM message_list AS m
    INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
    LEFT JOIN last_interaction AS l ON m.account_id = l.account_id AND m.user_id = l.user_id
    LEFT JOIN reply_right AS r ON c.private_replies AND m.account_id = r.account_id AND m.user_id = r.user_id
    WHERE
        m.campaign_id = %(campaign_id)s
        AND m.state = 'ready'
        AND (l.user_id IS NOT NULL OR r.user_id IS NOT NULL)
),

dated AS (
    UPDATE message_list AS m
    SET
        closes_at = CASE WHEN t.window_end > clock() THEN t.window_end ELSE coalesce(t.reply_until, t.window_end) END,
        reply_until = t.reply_until
    FROM standing AS t
    WHERE
        m.message_id = t.message_id
        AND (m.closes_at, m.reply_until) IS DISTINCT FROM (
            CASE WHEN t.window_end > clock() THEN t.window_end ELSE coalesce(t.reply_until, t.window_end) END,
            t.reply_until
        )
    RETURNING m.message_id
)

SELECT count(*) AS dated_count FROM dated
