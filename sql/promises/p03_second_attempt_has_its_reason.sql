-- P3: a later attempt of a message exists only if each earlier one ended not_sent, or a decision that was made before
-- it allowed it: the audited retry of a refused one, or that of absence, by a person or by the campaign's policy after
-- two look-ups. Proof that comes too late turns an absent attempt into an accepted one: its decision still stands.
-- Returns the pairs that break it.
SELECT
    b.message_id,
    a.attempt_id AS earlier_attempt_id,
    a.outcome AS earlier_outcome,
    b.attempt_id AS later_attempt_id
FROM attempt AS a
INNER JOIN attempt AS b ON a.message_id = b.message_id AND a.started_at < b.started_at
WHERE
    coalesce(a.outcome, 'unknown') <> 'not_sent'
    AND NOT EXISTS (
        SELECT 1
        FROM decision AS d
        WHERE
            d.attempt_id = a.attempt_id
            AND d.decided_at <= b.started_at
            AND (
                (d.kind = 'retry' AND a.outcome = 'refused')
                OR (d.kind = 'absent' AND a.outcome = 'absent')
                OR (d.kind = 'absent' AND a.outcome = 'accepted' AND d.contradicted_at IS NOT NULL)
            )
    )
