-- Says how many messages of an account (of one campaign, if named) are unknown, how many of these are due for a look-up
-- now, in how many seconds the next is, and for how many no proof is waited for any longer.
WITH open AS (
    SELECT
        a.settled_at IS NOT NULL AS is_settled,
        least(a.ended_at, a.lease_until) + %(grace_seconds)s::float8 * interval '1 s' AS first_at,
        p.asked_at
        + %(grace_seconds)s::float8 * interval '1 s' * power(2, least(p.asked_count - 1, 5)) AS next_at
    FROM message_list AS m
    INNER JOIN attempt AS a ON m.attempt_id = a.attempt_id
    LEFT JOIN LATERAL (
        SELECT
            max(l.asked_at) AS asked_at,
            count(*) AS asked_count
        FROM look_up AS l
        WHERE l.attempt_id = a.attempt_id
    ) AS p ON TRUE
    WHERE
        m.account_id = %(account_id)s
        AND (%(campaign_id)s::uuid IS NULL OR m.campaign_id = %(campaign_id)s::uuid)
        AND m.state = 'unknown'
)

SELECT
    count(*) AS unknown_count,
    count(*) FILTER (WHERE is_settled) AS settled_count,
    count(*) FILTER (WHERE NOT is_settled AND greatest(first_at, next_at) <= clock()) AS due_count,
    extract(EPOCH FROM min(greatest(first_at, next_at)) FILTER (WHERE NOT is_settled) - clock())::float8
        AS next_in_seconds
FROM open
