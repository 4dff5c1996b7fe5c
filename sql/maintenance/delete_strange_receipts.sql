-- Deletes webhook bodies of which something was not understood, at most `most` of them: they are kept longer, for
-- whoever finds out what it was. Returns how many.
WITH deleted AS (
    DELETE FROM receipt_inbox
    WHERE
        receipt_id IN (
            SELECT r.receipt_id
            FROM receipt_inbox AS r
            WHERE r.applied_at < clock() - %(days)s::integer * interval '1 day' AND r.strange_count > 0
            ORDER BY r.receipt_id
            LIMIT %(most)s
        )
    RETURNING 1
)

SELECT count(*) AS deleted_count FROM deleted
