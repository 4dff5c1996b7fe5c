-- Returns how many requests for deletion have waited for longer than `old_hours`.
SELECT count(*) AS request_count
FROM deletion_request
WHERE state = 'waiting' AND requested_at < clock() - %(old_hours)s::float8 * interval '1 h'
