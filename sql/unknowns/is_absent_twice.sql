-- Says whether an attempt is proven absent by policy B's rule: of its look-ups that showed a conversation, the newest
-- found it absent, one at least a grace earlier did too, and none since that one showed anything else.
WITH shown AS (
    SELECT
        l.asked_at,
        l.result
    FROM look_up AS l
    WHERE l.attempt_id = %(attempt_id)s AND l.result IN ('found', 'absent', 'unclear')
),

newest AS (
    SELECT max(asked_at) AS asked_at FROM shown
)

SELECT
    EXISTS(
        SELECT 1
        FROM shown AS s
        CROSS JOIN newest AS n
        WHERE
            s.result = 'absent'
            AND s.asked_at <= n.asked_at - %(grace_seconds)s::float8 * interval '1 s'
            AND NOT EXISTS (
                SELECT 1 FROM shown AS o WHERE o.asked_at >= s.asked_at AND o.result <> 'absent'
            )
    ) AS is_absent
