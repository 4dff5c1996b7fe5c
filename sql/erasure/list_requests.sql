-- Returns the requests for deletion, newest first, without the ids.
SELECT
    code,
    state,
    requested_at,
    handled_at
FROM deletion_request
ORDER BY requested_at DESC
LIMIT 1000
