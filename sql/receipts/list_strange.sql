-- Returns the newest bodies that held something nobody here understands, with why.
SELECT
    receipt_id,
    received_at,
    event_count,
    strange_count,
    strange
FROM receipt_inbox
WHERE strange_count > 0
ORDER BY receipt_id DESC
LIMIT %(most)s
