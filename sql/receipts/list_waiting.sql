-- Returns bodies whose echoes have not done their work yet, oldest first.
SELECT
    receipt_id,
    body
FROM receipt_inbox
WHERE applied_at IS NULL
ORDER BY receipt_id
LIMIT %(most)s
FOR UPDATE SKIP LOCKED
