-- Keeps opt-outs, for good; one takes the place of a cool-off, and of an erasure's own mark. An opt-out that came
-- through the platform alone becomes ours as well: its resumption does not take back what was asked for here. Returns
-- how many are new.
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
        SET
            kind = 'opted_out',
            until = NULL,
            source = excluded.source,
            added_at = CASE s.kind WHEN 'opted_out' THEN s.added_at ELSE clock() END
        WHERE s.kind <> 'opted_out' OR s.source = %(marketing_stop)s
    RETURNING user_id
)

SELECT count(*) AS new_count FROM added
