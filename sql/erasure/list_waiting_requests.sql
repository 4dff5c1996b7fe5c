-- Returns the requests for deletion that wait, oldest first.
SELECT
    code,
    app_user_id,
    requested_at
FROM deletion_request
WHERE state = 'waiting'
ORDER BY requested_at
