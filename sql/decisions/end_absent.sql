-- Ends an unknown attempt as absent: nothing of it reached the platform. Its person is free for another attempt.
UPDATE attempt
SET outcome = 'absent', settled_at = coalesce(settled_at, clock())
WHERE attempt_id = %(attempt_id)s AND outcome = 'unknown'
RETURNING attempt_id
