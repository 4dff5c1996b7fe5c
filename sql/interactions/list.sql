-- Returns what people did on an account, or one person, newest first by the events' own times.
SELECT
    user_id,
    kind,
    occurred_at,
    event_id
FROM interaction
WHERE account_id = %(account_id)s AND (%(user_id)s::text IS NULL OR user_id = %(user_id)s)
ORDER BY occurred_at DESC, event_id ASC
LIMIT %(most)s
