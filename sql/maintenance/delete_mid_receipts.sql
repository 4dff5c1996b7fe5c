-- Deletes what the platform said of single messages long enough ago, unless it may still tell something: of a person
-- with an attempt that is unsettled, or with a message that changed since. At most `most` of them. Returns how many.
WITH deleted AS (
    DELETE FROM mid_receipt AS r
    USING (
        SELECT
            o.account_id,
            o.mid
        FROM mid_receipt AS o
        WHERE
            o.first_seen_at < clock() - %(days)s::integer * interval '1 day'
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
        ORDER BY o.first_seen_at
        LIMIT %(most)s
    ) AS old
    WHERE r.account_id = old.account_id AND r.mid = old.mid
    RETURNING 1
)

SELECT count(*) AS deleted_count FROM deleted
