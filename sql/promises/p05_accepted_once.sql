-- P5: a message is accepted at most once, save for the documented cost of a decision of absence that proof contradicted
-- later: such an attempt is counted where it is decided (`doctor` names contradicted decisions), not here. Returns the
-- messages with more acceptances.
SELECT
    a.message_id,
    count(*) AS attempt_count
FROM attempt AS a
WHERE
    a.outcome = 'accepted'
    AND NOT EXISTS (
        SELECT 1
        FROM decision AS d
        WHERE d.attempt_id = a.attempt_id AND d.kind = 'absent' AND d.contradicted_at IS NOT NULL
    )
GROUP BY a.message_id
HAVING count(*) > 1
