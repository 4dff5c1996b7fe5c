-- Returns the attempts among the loaded echoes that are not known to be accepted: their echo proves it. One line for
-- each attempt, with the least of the ids that its echoes gave it, so that their order does not matter.
SELECT
    e.attempt_id,
    a.outcome,
    e.mid
FROM (
    SELECT
        attempt_id,
        min(mid) AS mid
    FROM loading_receipt
    WHERE attempt_id IS NOT NULL
    GROUP BY attempt_id
) AS e
INNER JOIN attempt AS a ON e.attempt_id = a.attempt_id
WHERE a.outcome IS DISTINCT FROM 'accepted'
UNION
-- A receipt by an id that only an unknown attempt has proves that one.
SELECT
    a.attempt_id,
    a.outcome,
    r.mid
FROM loading_receipt AS r
INNER JOIN LATERAL (
    SELECT
        x.attempt_id,
        x.outcome
    FROM attempt AS x
    WHERE
        x.outcome = 'unknown'
        AND x.provider_message_id IN (r.mid, 'm_' || r.mid)
        AND x.account_id = r.account_id
) AS a ON TRUE
WHERE r.mid IS NOT NULL AND r.attempt_id IS NULL
