-- Deletes interactions without a partition of their own that are over: older than interactions are kept, or stored that
-- long ago with a time far ahead. At most `most` of them. Returns how many.
WITH deleted AS (
    DELETE FROM interaction_default
    WHERE
        ctid = ANY(
            ARRAY(
                SELECT i.ctid
                FROM interaction_default AS i
                WHERE
                    i.occurred_at < clock() - %(days)s::integer * interval '1 day'
                    OR i.stored_at < clock() - %(days)s::integer * interval '1 day'
                ORDER BY i.occurred_at
                LIMIT %(most)s
            )
        )
    RETURNING 1
)

SELECT count(*) AS deleted_count FROM deleted
