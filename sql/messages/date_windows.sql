-- Writes when each ready message of a campaign closes, as of now: at the end of its person's window, or of the time for
-- a private reply where the campaign uses them. Returns how many changed. One pass over the campaign and one look-up
-- per person, whatever the length of the history.
WITH dated AS (
    UPDATE message_list AS m
    SET closes_at = t.closes_at, reply_until = t.reply_until
    FROM (
        SELECT
            message_id,
            closing_time(window_ends_at - %(margin)s::interval, reply_ends_at - %(margin)s::interval) AS closes_at,
            reply_ends_at - %(margin)s::interval AS reply_until
        FROM message_deadline
        WHERE campaign_id = %(campaign_id)s AND state = 'ready' AND ends_at IS NOT NULL
    ) AS t
    WHERE
        m.message_id = t.message_id
        AND (m.closes_at, m.reply_until) IS DISTINCT FROM (t.closes_at, t.reply_until)
    RETURNING m.message_id
)

SELECT count(*) AS dated_count FROM dated
