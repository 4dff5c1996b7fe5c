-- Puts the tombstone of a person in the place of the id among those who are left in peace. An opt-out stays one;
-- everybody else is left in peace as erased. Where they were erased before and have been known again since, what holds
-- now counts.
WITH gone AS (
    DELETE FROM suppression
    WHERE account_id = %(account_id)s AND user_id = %(user_id)s
    RETURNING kind, added_at, source
),

standing AS (
    SELECT
        coalesce(max(g.kind::text), 'erased')::suppression_kind AS kind,
        coalesce(max(g.added_at), clock()) AS added_at,
        coalesce(max(g.source), 'their data was erased') AS source
    FROM gone AS g
    WHERE g.kind = 'opted_out'
)

INSERT INTO suppression AS s (account_id, user_id, kind, added_at, source)
SELECT
    %(account_id)s,
    %(tombstone)s,
    kind,
    added_at,
    source
FROM standing
ON CONFLICT (account_id, user_id) DO UPDATE
    SET kind = excluded.kind, added_at = excluded.added_at, source = excluded.source
    WHERE
    EXISTS (SELECT 1 FROM gone)
    OR EXISTS (
        SELECT 1 FROM last_interaction AS l WHERE l.account_id = %(account_id)s AND l.user_id = %(user_id)s
    )
