-- Deletes the bytes of files that were kept long enough, at most `most` of them. Returns how many.
WITH deleted AS (
    DELETE FROM upload_file
    WHERE
        upload_id IN (
            SELECT f.upload_id
            FROM upload_file AS f
            WHERE f.kept_at < clock() - %(days)s::integer * interval '1 day'
            ORDER BY f.kept_at
            LIMIT %(most)s
        )
    RETURNING upload_id
),

told AS (
    UPDATE upload AS u
    SET file_loss = 'retention'
    FROM deleted AS d
    WHERE u.upload_id = d.upload_id
)

SELECT count(*) AS deleted_count FROM deleted
