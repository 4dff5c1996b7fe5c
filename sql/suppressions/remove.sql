-- Takes opt-outs back. Returns how many there were.
WITH removed AS (
    DELETE FROM suppression
    WHERE account_id = %(account_id)s AND user_id = ANY(%(user_ids)s::text[])
    RETURNING user_id
)

SELECT count(*) AS removed_count FROM removed
