-- Raises when ready messages close whose people are among the loaded interactions: their windows close later now, or
-- they have commented and their campaign may answer. While the window is open, its end counts and not that of the
-- reply.
WITH standing AS (
    SELECT
        d.message_id,
        d.window_ends_at - %(margin)s::interval AS window_end,
        d.reply_ends_at - %(margin)s::interval AS reply_until
    FROM (
        SELECT DISTINCT
            account_id,
            user_id
        FROM loading_interaction
    ) AS i
    INNER JOIN message_deadline AS d ON i.account_id = d.account_id AND i.user_id = d.user_id
    WHERE d.state = 'ready' AND d.ends_at IS NOT NULL
),

raised AS (
    UPDATE message_list AS m
    SET closes_at = closing_time(t.window_end, t.reply_until), reply_until = t.reply_until
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
