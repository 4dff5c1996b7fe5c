-- Deletes the newest opener of people who have not written for as long as states are kept and of whom no message is
-- kept either: to us they have never written. At most `most` of them. Returns how many.
WITH deleted AS (
    DELETE FROM last_interaction AS l
    USING (
        SELECT
            o.account_id,
            o.user_id
        FROM last_interaction AS o
        WHERE
            o.opener_at < clock() - %(days)s::integer * interval '1 day'
            AND NOT EXISTS (
                SELECT 1 FROM message_list AS m WHERE m.account_id = o.account_id AND m.user_id = o.user_id
            )
        ORDER BY o.opener_at
        LIMIT %(most)s
    ) AS old
    WHERE
        l.account_id = old.account_id
        AND l.user_id = old.user_id
        AND l.opener_at < clock() - %(days)s::integer * interval '1 day'
    RETURNING 1
)

SELECT count(*) AS deleted_count FROM deleted
