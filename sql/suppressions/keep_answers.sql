-- Keeps who stopped marketing messages and who resumed them, and lets the newer answer of each count: a stop is an
-- opt-out, and a resumption takes back only an opt-out that a stop set. A stop takes the place of a cool-off.
-- Returns the people who are opted out by it now and were not before.
WITH told AS (
    SELECT
        g.account_id,
        g.user_id,
        max(g.stopped_at) AS stopped_at,
        max(g.resumed_at) AS resumed_at
    FROM
        unnest(
            %(account_ids)s::bigint[],
            %(user_ids)s::text[],
            %(stopped_at)s::timestamptz[],
            %(resumed_at)s::timestamptz[]
        ) AS g (account_id, user_id, stopped_at, resumed_at)
    GROUP BY g.account_id, g.user_id
),

kept AS (
    INSERT INTO marketing_answer AS a (account_id, user_id, stopped_at, resumed_at)
    SELECT
        account_id,
        user_id,
        stopped_at,
        resumed_at
    FROM told
    ORDER BY account_id, user_id
    ON CONFLICT (account_id, user_id) DO UPDATE
        SET
            stopped_at = greatest(a.stopped_at, excluded.stopped_at),
            resumed_at = greatest(a.resumed_at, excluded.resumed_at)
    RETURNING account_id, user_id, coalesce(stopped_at >= coalesce(resumed_at, '-infinity'), FALSE) AS is_stopped
),

taken_back AS (
    DELETE FROM suppression AS s
    USING kept AS k
    WHERE
        NOT k.is_stopped
        AND s.account_id = k.account_id
        AND s.user_id = k.user_id
        AND s.kind = 'opted_out'
        AND s.source = %(source)s
)

INSERT INTO suppression AS s (account_id, user_id, source, kind)
SELECT
    account_id,
    user_id,
    %(source)s,
    'opted_out'
FROM kept
WHERE is_stopped
ORDER BY account_id, user_id
ON CONFLICT (account_id, user_id) DO UPDATE
    SET kind = 'opted_out', until = NULL, source = excluded.source, added_at = clock()
    WHERE s.kind = 'unavailable'
RETURNING account_id, user_id
