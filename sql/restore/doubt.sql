-- Moves to unknown what a restored backup calls ready though it may have been sent after the backup was made: the ready
-- messages of every campaign that is not over and whose time is not still ahead, and with `hold_until` those of people
-- whom it waits for: they may have written since, and got it. A campaign that had not started in the backup may have
-- started since. Returns one line for each campaign: how many of its messages moved.
WITH doubted AS MATERIALIZED (
    SELECT
        m.message_id,
        m.campaign_id
    FROM message_list AS m
    INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
    WHERE
        (
            m.state = 'ready'
            OR (c.hold_until IS NOT NULL AND is_held(m.state, m.reason))
        )
        AND c.state IN ('validated', 'awaiting_approval', 'scheduled', 'sending', 'paused')
        AND (c.started_at IS NOT NULL OR c.scheduled_at IS NULL OR c.scheduled_at <= clock())
),

moved AS (
    SELECT
        move_messages(
            ARRAY(
                SELECT message_change(message_id, 'unknown', 'restored')
                FROM doubted
            )
        ) AS message_id
)

SELECT
    d.campaign_id,
    count(*) AS message_count
FROM doubted AS d
INNER JOIN moved AS m ON d.message_id = m.message_id
GROUP BY d.campaign_id
ORDER BY d.campaign_id
