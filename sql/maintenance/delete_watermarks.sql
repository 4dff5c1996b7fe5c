-- Deletes what the platform said of everything up to a moment, as long as for single messages and unless it may still
-- tell something. At most `most` of them. Returns how many.
WITH deleted AS (
    DELETE FROM watermark AS w
    USING (
        SELECT
            o.account_id,
            o.user_id,
            o.kind,
            o.up_to
        FROM watermark AS o
        WHERE
            o.told_at < clock() - %(days)s::integer * interval '1 day'
            AND NOT EXISTS (
                SELECT 1 FROM attempt AS a
                WHERE a.account_id = o.account_id AND a.user_id = o.user_id AND a.settled_at IS NULL
            )
            AND NOT EXISTS (
                SELECT 1 FROM message_list AS m
                WHERE
                    m.account_id = o.account_id
                    AND m.user_id = o.user_id
                    AND m.state IN ('sent', 'delivered', 'read', 'unknown')
                    AND m.state_since >= clock() - %(days)s::integer * interval '1 day'
            )
        ORDER BY o.told_at
        LIMIT %(most)s
    ) AS old
    WHERE
        w.account_id = old.account_id
        AND w.user_id = old.user_id
        AND w.kind = old.kind
        AND w.up_to = old.up_to
    RETURNING 1
)

SELECT count(*) AS deleted_count FROM deleted
