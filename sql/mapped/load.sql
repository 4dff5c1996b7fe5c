-- Puts each person's newest opener in the mapped table into the loading table, where it is newer than the one we know;
-- from there on it is raised as every other one. With `since` only what happened later is read. A row's account is the
-- name or the platform id of one of ours, its kind one of ours or what the settings say it means. Grouped as it is
-- written there, so that only a person's newest of each kind is looked at any further.
INSERT INTO loading_interaction (account_id, user_id, kind, occurred_at)
WITH newest AS (
    SELECT
        m.account,
        m.user_id,
        m.kind,
        max(m.occurred_at) AS occurred_at
    FROM mapped_interaction AS m
    WHERE
        m.occurred_at <= (SELECT clock()) + %(tolerance_seconds)s::float8 * interval '1 s'
        AND (%(since)s::timestamptz IS NULL OR m.occurred_at > %(since)s::timestamptz)
        -- Hashed, whatever the planner thinks of a table that it does not know.
        AND (m.account, m.user_id, m.occurred_at) NOT IN (
            SELECT
                account,
                user_id,
                occurred_at
            FROM mapped_ahead
        )
    GROUP BY m.account, m.user_id, m.kind
)

SELECT
    a.account_id,
    n.user_id,
    coalesce(k.kind, %(default_kind)s::interaction_kind),
    n.occurred_at
FROM newest AS n
INNER JOIN unnest(%(accounts)s::text[], %(account_ids)s::bigint[]) AS a (account, account_id)
    ON n.account = a.account
LEFT JOIN unnest(%(written_kinds)s::text[], %(kinds)s::interaction_kind[]) AS k (written, kind)
    ON n.kind = k.written
LEFT JOIN last_interaction AS l ON a.account_id = l.account_id AND n.user_id = l.user_id
WHERE
    coalesce(k.kind, %(default_kind)s::interaction_kind) = ANY(%(openers)s::interaction_kind[])
    AND n.user_id ~ '^[0-9]{1,32}$'
    AND (l.opener_at IS NULL OR l.opener_at < n.occurred_at)
