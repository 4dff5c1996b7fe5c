-- Forgets a conversation that needs no further reading.
DELETE FROM backfill_conversation
WHERE account_id = %(account_id)s AND conversation_id = %(conversation_id)s
