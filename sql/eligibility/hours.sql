-- Returns, for each account and each of the 24 full hours from `first` on, how many people had opened a window in the
-- 24 hours up to it, and how many interactions opened one in the hour up to it.
--
-- One pass over the 47 hours of evidence that can matter, and one over the newest 24. For any full hour of the 24, only
-- two things count of all that a person did: the newest full hour up to `first` by which they had written (it holds
-- from `first` on), and the oldest after it (it holds to the end of the 24). So people are counted by these two alone,
-- some hundred pairs.
WITH opener AS (
    SELECT
        account_id,
        user_id,
        -- The first full hour at which it holds.
        date_bin(interval '1 h', occurred_at - interval '1 us', %(first)s::timestamptz) + interval '1 h' AS holds_at
    FROM interaction AS i
    WHERE
        occurred_at > %(first)s::timestamptz - interval '24 h'
        AND occurred_at <= %(first)s::timestamptz + interval '23 h'
        AND account_id = ANY(%(account_ids)s::bigint[])
        AND kind = ANY(%(openers)s::interaction_kind[])
        AND (
            NOT %(is_segment)s::boolean
            OR EXISTS (SELECT 1 FROM segment_person AS p WHERE p.user_id = i.user_id)
        )
),

person AS (
    SELECT
        account_id,
        user_id,
        max(holds_at) FILTER (WHERE holds_at <= %(first)s::timestamptz) AS last_before,
        min(holds_at) FILTER (WHERE holds_at > %(first)s::timestamptz) AS first_after
    FROM opener
    GROUP BY account_id, user_id
),

pair AS MATERIALIZED (
    SELECT
        account_id,
        last_before,
        first_after,
        count(*) AS people
    FROM person
    GROUP BY account_id, last_before, first_after
),

tallied AS MATERIALIZED (
    SELECT
        account_id,
        date_bin(interval '1 h', occurred_at - interval '1 us', %(first)s::timestamptz) + interval '1 h' AS at,
        count(*) AS openers
    FROM interaction AS i
    WHERE
        occurred_at > %(first)s::timestamptz - interval '1 h'
        AND occurred_at <= %(first)s::timestamptz + interval '23 h'
        AND account_id = ANY(%(account_ids)s::bigint[])
        AND kind = ANY(%(openers)s::interaction_kind[])
        AND (
            NOT %(is_segment)s::boolean
            OR EXISTS (SELECT 1 FROM segment_person AS p WHERE p.user_id = i.user_id)
        )
    GROUP BY
        account_id,
        date_bin(interval '1 h', occurred_at - interval '1 us', %(first)s::timestamptz) + interval '1 h'
),

mark AS (
    SELECT
        a.account_id,
        %(first)s::timestamptz + h.number * interval '1 h' AS at
    FROM unnest(%(account_ids)s::bigint[]) AS a (account_id)
    CROSS JOIN generate_series(0, 23) AS h (number)
)

SELECT
    m.account_id,
    m.at,
    (
        SELECT coalesce(sum(p.people), 0)::bigint FROM pair AS p
        WHERE
            p.account_id = m.account_id
            AND (p.last_before > m.at - interval '24 h' OR p.first_after <= m.at)
    ) AS reachable,
    coalesce(t.openers, 0)::bigint AS openers
FROM mark AS m
LEFT JOIN tallied AS t ON m.account_id = t.account_id AND m.at = t.at
ORDER BY m.account_id, m.at
