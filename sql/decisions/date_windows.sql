-- Writes beside each of these messages when its person's window closes, as it stands now, and until when a private
-- reply may be sent, where its campaign uses them: the claim takes them by that.
UPDATE message_list AS m
SET
    closes_at = CASE
        WHEN l.opener_at + interval '24 h' - %(margin_seconds)s::float8 * interval '1 s' > clock()
            THEN l.opener_at + interval '24 h' - %(margin_seconds)s::float8 * interval '1 s'
        ELSE coalesce(r.until, l.opener_at + interval '24 h') - %(margin_seconds)s::float8 * interval '1 s'
    END,
    reply_until = r.until - %(margin_seconds)s::float8 * interval '1 s'
FROM message_list AS o
INNER JOIN campaign AS c ON o.campaign_id = c.campaign_id
LEFT JOIN last_interaction AS l ON o.account_id = l.account_id AND o.user_id = l.user_id
LEFT JOIN reply_right AS r ON c.private_replies AND o.account_id = r.account_id AND o.user_id = r.user_id
WHERE
    m.message_id = ANY(%(message_ids)s::bigint[])
    AND m.message_id = o.message_id
    AND (l.user_id IS NOT NULL OR r.user_id IS NOT NULL)
