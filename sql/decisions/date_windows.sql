-- Writes when each of these messages closes, as of now, for the claim: at the end of its person's window, or of the
-- time for a private reply where its campaign uses them.
UPDATE message_list AS m
SET
    closes_at = closing_time(d.window_ends_at - %(margin)s::interval, d.reply_ends_at - %(margin)s::interval),
    reply_until = d.reply_ends_at - %(margin)s::interval
FROM message_deadline AS d
WHERE m.message_id = ANY(%(message_ids)s::bigint[]) AND m.message_id = d.message_id AND d.ends_at IS NOT NULL
