-- Keeps the slowest acceptance that an account has ever shown, and returns the grace that follows from it in seconds.
-- Read from the campaigns that have something unknown, and from the one named: a pass over their messages at the end of
-- a run, so that sending pays nothing for it. From the slot to the recorded answer, where the answer itself told in
-- time; else to the platform's own time of the message, which also knows the late ones.
WITH looked_at AS (
    SELECT DISTINCT m.campaign_id
    FROM attempt AS a
    INNER JOIN message_list AS m ON a.message_id = m.message_id
    WHERE a.account_id = %(account_id)s AND a.settled_at IS NULL AND a.outcome = 'unknown'
    UNION
    SELECT c.campaign_id
    FROM campaign AS c
    WHERE c.campaign_id = %(campaign_id)s AND c.account_id = %(account_id)s
),

slowest AS (
    SELECT
        max(
            greatest(
                CASE
                    WHEN a.provider_message_id IS NOT NULL AND a.ended_at <= a.lease_until
                        THEN a.ended_at - a.slot_at
                END,
                m.platform_sent_at - a.slot_at
            )
        ) AS took
    FROM looked_at AS l
    INNER JOIN message_list AS m ON l.campaign_id = m.campaign_id
    INNER JOIN attempt AS a ON m.attempt_id = a.attempt_id
    WHERE a.outcome = 'accepted'
)

INSERT INTO look_up_pace AS p (account_id, slowest_acceptance)
SELECT
    %(account_id)s::bigint,
    greatest(s.took, interval '0 s')
FROM slowest AS s
ON CONFLICT (account_id) DO UPDATE
    SET slowest_acceptance = greatest(p.slowest_acceptance, excluded.slowest_acceptance)
RETURNING
    greatest(
        %(least_grace_seconds)s::float8,
        %(acceptances)s::float8 * extract(EPOCH FROM p.slowest_acceptance)::float8
    ) AS grace_seconds
