-- Deletes webhook bodies that were understood and applied long enough ago, at most `most` of them. One that waits to be
-- applied is never deleted. Returns how many.
WITH deleted AS (
    DELETE FROM receipt_inbox
    WHERE
        receipt_id IN (
            SELECT r.receipt_id
            FROM receipt_inbox AS r
            WHERE r.applied_at < clock() - %(days)s::integer * interval '1 day' AND coalesce(r.strange_count, 0) = 0
            ORDER BY r.receipt_id
            LIMIT %(most)s
        )
    RETURNING 1
)

SELECT count(*) AS deleted_count FROM deleted
