-- Deletes comments and posts that are as old as interactions may be: what they allowed was over after 7 days. At most
-- `most` of them. Returns how many.
WITH deleted AS (
    DELETE FROM entitlement AS e
    USING (
        SELECT
            o.account_id,
            o.object_id
        FROM entitlement AS o
        WHERE o.given_at < clock() - %(days)s::integer * interval '1 day'
        ORDER BY o.given_at
        LIMIT %(most)s
    ) AS old
    WHERE e.account_id = old.account_id AND e.object_id = old.object_id
    RETURNING 1
)

SELECT count(*) AS deleted_count FROM deleted
