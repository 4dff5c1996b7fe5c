-- Deletes the reports of maintenance that are older than states are kept; at most `most`. Returns how many.
WITH deleted AS (
    DELETE FROM maintenance_run
    WHERE
        run_id IN (
            SELECT r.run_id
            FROM maintenance_run AS r
            WHERE r.ended_at < clock() - %(days)s::integer * interval '1 day'
            ORDER BY r.ended_at
            LIMIT %(most)s
        )
    RETURNING 1
)

SELECT count(*) AS deleted_count FROM deleted
