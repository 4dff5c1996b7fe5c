-- P20: what is called sent, delivered or read was accepted or proven by the platform, and its times agree with its
-- state. Only of what a restored backup has lost the attempt of, a person's word is enough. Returns the messages that
-- break it.
SELECT
    m.message_id,
    m.state,
    m.sent_at
FROM message_list AS m
LEFT JOIN attempt AS a ON m.attempt_id = a.attempt_id
WHERE
    (m.state IN ('sent', 'delivered', 'read') AND m.sent_at IS NULL)
    OR (
        m.state IN ('sent', 'delivered', 'read')
        AND a.outcome IS DISTINCT FROM 'accepted'
        AND NOT EXISTS (
            SELECT 1
            FROM decision AS d
            WHERE
                d.message_id = m.message_id
                AND d.kind = 'sent'
                AND d.attempt_id IS NULL
                AND d.reason_before = 'restored'
        )
    )
    OR (m.state = 'delivered' AND m.delivered_at IS NULL)
    OR (m.state = 'read' AND m.read_at IS NULL)
    OR (m.state IN ('invalid', 'duplicate', 'ready', 'cancelled', 'ineligible') AND m.sent_at IS NOT NULL)
