-- P3: a later attempt of a message exists only if each earlier one ended not_sent, was refused and retried by command,
-- or was proven absent. Returns the pairs that break it.
SELECT
    b.message_id,
    a.attempt_id AS earlier_attempt_id,
    a.outcome AS earlier_outcome,
    b.attempt_id AS later_attempt_id
FROM attempt AS a
INNER JOIN attempt AS b ON a.message_id = b.message_id AND a.started_at < b.started_at
WHERE a.outcome IS NULL OR a.outcome IN ('accepted', 'unknown')
