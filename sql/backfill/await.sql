-- Keeps conversations of an account that are to be read one by one. One that waits already waits on where it was.
INSERT INTO backfill_conversation (account_id, conversation_id, updated_at, next_cursor, page_count)
SELECT
    %(account_id)s::bigint,
    c.conversation_id,
    c.updated_at,
    c.next_cursor,
    CASE WHEN c.next_cursor IS NULL THEN 0 ELSE 1 END
FROM
    unnest(%(conversation_ids)s::text[], %(updated_at)s::timestamptz[], %(next_cursors)s::text[])
        AS c (conversation_id, updated_at, next_cursor)
ON CONFLICT (account_id, conversation_id) DO NOTHING
