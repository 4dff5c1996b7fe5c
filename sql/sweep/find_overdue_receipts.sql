-- Returns accounts whose webhooks seem to be silent: messages sent more than `old_seconds` ago of which neither an echo
-- nor a delivery nor a read has told. Only accounts of which an echo has ever come: the others have no webhooks.
SELECT
    a.name AS account,
    count(*) AS message_count,
    min(m.sent_at) AS oldest_sent_at
FROM message_list AS m
INNER JOIN account AS a ON m.account_id = a.account_id
WHERE
    m.state = 'sent'
    AND m.platform_sent_at IS NULL
    AND m.sent_at < clock() - %(old_seconds)s::float8 * interval '1 s'
    AND m.sent_at > clock() - %(days)s::float8 * interval '1 day'
    AND EXISTS (
        SELECT 1 FROM message_list AS e WHERE e.account_id = m.account_id AND e.platform_sent_at IS NOT NULL
    )
GROUP BY a.account_id
ORDER BY a.name
