-- Keeps the platform's own time of messages that a look-up found; deliveries and reads are compared with it. The
-- earliest one stays.
UPDATE message_list AS m
SET platform_sent_at = least(m.platform_sent_at, g.sent_at)
FROM unnest(%(attempt_ids)s::uuid[], %(sent_at)s::timestamptz[]) AS g (attempt_id, sent_at)
INNER JOIN attempt AS a ON g.attempt_id = a.attempt_id
WHERE m.message_id = a.message_id AND m.platform_sent_at IS DISTINCT FROM least(m.platform_sent_at, g.sent_at)
