-- Deletes rows that were staged for a list which never became messages, because its submit ended on the way. At most
-- `most` of them. Returns how many.
WITH deleted AS (
    DELETE FROM staged_row AS s
    USING (
        SELECT o.ctid AS place
        FROM campaign AS c
        INNER JOIN staged_row AS o ON c.campaign_id = o.campaign_id
        WHERE c.created_at < clock() - %(days)s::integer * interval '1 day'
        ORDER BY place
        LIMIT %(most)s
    ) AS old
    WHERE s.ctid = old.place
    RETURNING 1
)

SELECT count(*) AS deleted_count FROM deleted
