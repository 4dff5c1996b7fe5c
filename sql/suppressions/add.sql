-- Keeps opt-outs, for good; one takes the place of a cool-off, and of an erasure's own mark. Returns how many are new.
WITH added AS (
    INSERT INTO suppression AS s (account_id, user_id, source, kind)
    SELECT
        %(account_id)s,
        u.user_id,
        %(source)s,
        'opted_out'
    FROM unnest(%(user_ids)s::text[]) AS u (user_id)
    GROUP BY u.user_id
    ON CONFLICT (account_id, user_id) DO UPDATE
        SET kind = 'opted_out', until = NULL, source = excluded.source, added_at = clock()
        WHERE s.kind <> 'opted_out'
    RETURNING user_id
)

SELECT count(*) AS new_count FROM added
