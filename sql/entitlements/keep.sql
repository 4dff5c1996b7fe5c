-- Keeps comments and visitors' posts, and that they were taken back, hidden or shown. Each time only ever moves in one
-- direction, so any order of the same events ends the same. Returns how many were given that were not known.
WITH told AS (
    SELECT
        g.account_id,
        g.object_id,
        min(g.kind) AS kind,
        (array_agg(g.user_id ORDER BY g.given_at, g.user_id) FILTER (WHERE g.user_id IS NOT NULL))[1] AS user_id,
        min(g.given_at) AS given_at,
        min(g.removed_at) AS removed_at,
        max(g.hidden_at) AS hidden_at,
        max(g.shown_at) AS shown_at
    FROM
        unnest(
            %(account_ids)s::bigint[],
            %(object_ids)s::text[],
            %(kinds)s::interaction_kind[],
            %(user_ids)s::text[],
            %(given_at)s::timestamptz[],
            %(removed_at)s::timestamptz[],
            %(hidden_at)s::timestamptz[],
            %(shown_at)s::timestamptz[]
        ) AS g (account_id, object_id, kind, user_id, given_at, removed_at, hidden_at, shown_at)
    GROUP BY g.account_id, g.object_id
),

kept AS (
    INSERT INTO entitlement AS e (
        account_id, object_id, kind, user_id, given_at, removed_at, hidden_at, shown_at
    )
    SELECT
        account_id,
        object_id,
        kind,
        user_id,
        given_at,
        removed_at,
        hidden_at,
        shown_at
    FROM told
    ORDER BY account_id, object_id
    ON CONFLICT (account_id, object_id) DO UPDATE
        SET
            kind = least(e.kind, excluded.kind),
            user_id = CASE
                WHEN (excluded.given_at, excluded.user_id) < (e.given_at, e.user_id) THEN excluded.user_id
                ELSE coalesce(e.user_id, excluded.user_id)
            END,
            given_at = least(e.given_at, excluded.given_at),
            removed_at = least(e.removed_at, excluded.removed_at),
            hidden_at = greatest(e.hidden_at, excluded.hidden_at),
            shown_at = greatest(e.shown_at, excluded.shown_at)
    RETURNING given_at, (xmax = 0) AS is_new
)

SELECT count(*) FILTER (WHERE is_new AND given_at IS NOT NULL) AS new_count FROM kept
