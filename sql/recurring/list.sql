-- Returns the lists that are submitted again and again, newest first; the stopped ones only if they are asked for.
SELECT *
FROM recurring
WHERE %(with_stopped)s::boolean OR stopped_at IS NULL
ORDER BY recurring_id DESC
