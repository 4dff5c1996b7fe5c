-- Moves messages as far as they were told to be: read, else delivered, each with the earliest time of it. Only forward,
-- and only by what was told of the message's newest attempt. Returns how many became delivered, and read.
WITH told AS MATERIALIZED (
    SELECT
        m.message_id,
        m.attempt_id,
        m.state,
        min(t.delivered_at) AS delivered_at,
        min(t.read_at) AS read_at
    FROM told_message AS t
    INNER JOIN message_list AS m ON t.message_id = m.message_id AND t.attempt_id = m.attempt_id
    WHERE m.state IN ('sent', 'delivered') AND (t.delivered_at IS NOT NULL OR t.read_at IS NOT NULL)
    GROUP BY m.message_id
),

wished AS MATERIALIZED (
    SELECT
        message_id,
        attempt_id,
        CASE WHEN read_at IS NULL THEN 'delivered' ELSE 'read' END::message_state AS to_state,
        coalesce(read_at, delivered_at) AS happened_at
    FROM told
    WHERE state = 'sent' OR read_at IS NOT NULL
),

moved AS (
    SELECT
        move_messages(
            ARRAY(
                SELECT message_change(message_id, to_state, attempt_id => attempt_id, happened_at => happened_at)
                FROM wished
                ORDER BY message_id
            )
        ) AS message_id
)

SELECT
    count(*) FILTER (WHERE w.to_state = 'delivered') AS delivered_count,
    count(*) FILTER (WHERE w.to_state = 'read') AS read_count
FROM moved AS m
INNER JOIN wished AS w ON m.message_id = w.message_id
