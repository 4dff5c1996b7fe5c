-- Keeps opt-outs. Returns how many are new.
WITH added AS (
    INSERT INTO suppression (account_id, user_id, source)
    SELECT
        %(account_id)s,
        u.user_id,
        %(source)s
    FROM unnest(%(user_ids)s::text[]) AS u (user_id)
    ON CONFLICT DO NOTHING
    RETURNING user_id
)

SELECT count(*) AS new_count FROM added
