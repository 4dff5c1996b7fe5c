-- Takes the next unknown attempt that is due for a look-up, soonest-closing window first, and keeps that it was asked.
-- Returns all that its judge needs; no row: none is due. Due is what has been over for longer than the grace (its POST
-- had its answer, or its lease has ended, so nothing of it can leave us any more), and after each look-up the wait
-- doubles. Two workers that meet here may look up the same attempt, which costs one call and nothing else.
WITH now AS MATERIALIZED (
    SELECT clock() AS at
),

due AS MATERIALIZED (
    SELECT
        a.attempt_id,
        a.message_id,
        a.account_id,
        a.user_id,
        a.started_at,
        least(a.ended_at, a.lease_until) AS over_at,
        a.provider_message_id,
        m.campaign_id,
        m.cells,
        c.template_id,
        c.resends_unknown
    FROM attempt AS a
    INNER JOIN message_list AS m ON a.message_id = m.message_id AND a.attempt_id = m.attempt_id
    INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
    CROSS JOIN now
    LEFT JOIN LATERAL (
        SELECT
            max(l.asked_at) AS asked_at,
            count(*) AS asked_count
        FROM look_up AS l
        WHERE l.attempt_id = a.attempt_id
    ) AS p ON TRUE
    WHERE
        a.account_id = %(account_id)s
        AND a.outcome = 'unknown'
        AND a.settled_at IS NULL
        AND m.state = 'unknown'
        AND (%(campaign_id)s::uuid IS NULL OR m.campaign_id = %(campaign_id)s::uuid)
        AND least(a.ended_at, a.lease_until) + %(grace_seconds)s::float8 * interval '1 s' <= now.at
        AND (
            p.asked_at IS NULL
            OR p.asked_at + %(grace_seconds)s::float8 * interval '1 s' * power(2, least(p.asked_count - 1, 5)) <= now.at
        )
    ORDER BY a.opener_at ASC, a.attempt_id ASC
    LIMIT 1
    FOR UPDATE OF a SKIP LOCKED
),

asked AS (
    INSERT INTO look_up (attempt_id)
    SELECT attempt_id FROM due
    RETURNING look_up_id, attempt_id
)

SELECT
    d.*,
    a.look_up_id
FROM due AS d
INNER JOIN asked AS a ON d.attempt_id = a.attempt_id
