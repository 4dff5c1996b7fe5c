-- Gathers what the watermarks say of messages whose time of sending is known better now than before. A person's
-- watermarks stand side by side in their key's index.
INSERT INTO told_message (message_id, attempt_id, delivered_at, read_at, has_new_bound)
SELECT
    t.message_id,
    t.attempt_id,
    w.delivered_at,
    w.read_at,
    FALSE
FROM (
    SELECT
        message_id,
        attempt_id,
        min(platform_sent_at) AS platform_sent_at,
        min(delivered_at) AS delivered_at,
        min(read_at) AS read_at
    FROM told_message
    WHERE has_new_bound
    GROUP BY message_id, attempt_id
) AS t
INNER JOIN message_list AS m ON t.message_id = m.message_id
INNER JOIN LATERAL (
    SELECT
        min(x.told_at) FILTER (WHERE x.kind = 'delivery') AS delivered_at,
        min(x.told_at) FILTER (WHERE x.kind = 'read') AS read_at
    FROM watermark AS x
    WHERE
        x.account_id = m.account_id
        AND x.user_id = m.user_id
        AND x.up_to >= sent_by(
            least(m.platform_sent_at, t.platform_sent_at),
            m.sent_at,
            least(m.delivered_at, t.delivered_at),
            least(m.read_at, t.read_at)
        )
) AS w ON TRUE
WHERE w.delivered_at IS NOT NULL OR w.read_at IS NOT NULL
