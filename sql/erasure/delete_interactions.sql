-- Deletes what a person did. Returns how many interactions there were.
WITH deleted AS (
    DELETE FROM interaction
    WHERE account_id = %(account_id)s AND user_id = %(user_id)s
    RETURNING 1
),

aside AS (
    DELETE FROM interaction_aside
    WHERE account_id = %(account_id)s AND user_id = %(user_id)s
    RETURNING 1
)

SELECT (SELECT count(*) FROM deleted) + (SELECT count(*) FROM aside) AS deleted_count
