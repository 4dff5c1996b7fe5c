-- Puts a conversation back that was taken and could not be read now: it is tried again a little later.
UPDATE backfill_conversation
SET free_at = clock() + %(again_seconds)s::float8 * interval '1 s', try_count = %(try_count)s
WHERE account_id = %(account_id)s AND conversation_id = %(conversation_id)s
