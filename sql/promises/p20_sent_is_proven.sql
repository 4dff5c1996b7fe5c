-- P20: what is called sent, delivered or read was accepted or proven by the platform, and its times agree with its
-- state. Returns the messages that break it.
SELECT
    m.message_id,
    m.state,
    m.sent_at
FROM message_list AS m
LEFT JOIN attempt AS a ON m.attempt_id = a.attempt_id
WHERE
    (m.state IN ('sent', 'delivered', 'read') AND (m.sent_at IS NULL OR a.outcome IS DISTINCT FROM 'accepted'))
    OR (m.state = 'delivered' AND m.delivered_at IS NULL)
    OR (m.state = 'read' AND m.read_at IS NULL)
    OR (m.state IN ('invalid', 'duplicate', 'ready', 'cancelled', 'ineligible') AND m.sent_at IS NOT NULL)
