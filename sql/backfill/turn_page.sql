-- Keeps that a page of a conversation was read, and where it goes on.
UPDATE backfill_conversation
SET free_at = clock(), next_cursor = %(next_cursor)s, page_count = %(page_count)s, try_count = 0
WHERE account_id = %(account_id)s AND conversation_id = %(conversation_id)s
