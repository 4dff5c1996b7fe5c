-- Deletes cool-offs that are over; opt-outs stay for good. At most `most` of them. Returns how many.
WITH deleted AS (
    DELETE FROM suppression AS s
    USING (
        SELECT
            o.account_id,
            o.user_id
        FROM suppression AS o
        WHERE o.until < clock()
        ORDER BY o.until
        LIMIT %(most)s
    ) AS old
    WHERE s.account_id = old.account_id AND s.user_id = old.user_id AND s.until < clock()
    RETURNING 1
)

SELECT count(*) AS deleted_count FROM deleted
