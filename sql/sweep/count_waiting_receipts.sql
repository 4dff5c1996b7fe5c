-- Returns how many webhook bodies have waited for longer than `old_seconds` to be applied.
SELECT count(*) AS receipt_count
FROM receipt_inbox
WHERE applied_at IS NULL AND received_at < clock() - %(old_seconds)s::float8 * interval '1 s'
