-- Takes the next conversation that is to be read, the newest first, so that no other process reads it at the same time;
-- one that stays taken for longer than a call can last has lost its process. No row: none is free.
UPDATE backfill_conversation AS c
SET free_at = clock() + %(taken_seconds)s::float8 * interval '1 s', try_count = c.try_count + 1
FROM (
    SELECT
        account_id,
        conversation_id
    FROM backfill_conversation
    WHERE account_id = %(account_id)s AND free_at <= clock()
    ORDER BY updated_at DESC NULLS FIRST, conversation_id ASC
    LIMIT 1
    FOR UPDATE SKIP LOCKED
) AS next
WHERE c.account_id = next.account_id AND c.conversation_id = next.conversation_id
RETURNING c.conversation_id, c.next_cursor, c.page_count, c.try_count
