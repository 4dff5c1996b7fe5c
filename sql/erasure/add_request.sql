-- Keeps a request for deletion; one that is there stays as it is. Returns how it stands.
WITH added AS (
    INSERT INTO deletion_request (code, app_user_id)
    VALUES (%(code)s, %(app_user_id)s)
    ON CONFLICT (code) DO NOTHING
    RETURNING state
)

SELECT state FROM added
UNION ALL
SELECT r.state
FROM deletion_request AS r
WHERE r.code = %(code)s
LIMIT 1
