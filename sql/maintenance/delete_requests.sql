-- Deletes requests for deletion that were handled as long ago as states are kept; at most `most`. Returns how many.
WITH deleted AS (
    DELETE FROM deletion_request
    WHERE
        code IN (
            SELECT r.code
            FROM deletion_request AS r
            WHERE r.handled_at < clock() - %(days)s::integer * interval '1 day'
            ORDER BY r.handled_at
            LIMIT %(most)s
        )
    RETURNING 1
)

SELECT count(*) AS deleted_count FROM deleted
