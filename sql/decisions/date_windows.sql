-- Writes beside each of these messages when its person's window closes, as it stands now: the claim takes them by that.
UPDATE message_list AS m
SET closes_at = l.opener_at + interval '24 h' - %(margin_seconds)s::float8 * interval '1 s'
FROM last_interaction AS l
WHERE m.message_id = ANY(%(message_ids)s::bigint[]) AND m.account_id = l.account_id AND m.user_id = l.user_id
