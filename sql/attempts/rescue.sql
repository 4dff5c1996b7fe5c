-- Moves attempts whose lease is over to unknown, never back to ready: their POST may have reached the platform.
-- Returns how many.
WITH stale AS (
    UPDATE attempt AS a
    SET outcome = 'unknown', ended_at = clock()
    WHERE a.outcome IS NULL AND a.lease_until < (SELECT clock())
    RETURNING a.attempt_id, a.message_id
)

SELECT count(*) AS moved_count
FROM move_messages(
    ARRAY(
        SELECT message_change(message_id, 'unknown', 'no_answer', attempt_id)
        FROM stale
    )
)
