-- Marks bodies whose echoes have done their work.
UPDATE receipt_inbox SET applied_at = clock() WHERE receipt_id = ANY(%(receipt_ids)s::bigint[])
