-- Returns how the inbox stands: bodies that wait to be applied (counted up to `most`, so that a look stays cheap),
-- seconds since the newest body came (NULL: none ever did), and whether a campaign is sending, whose receipts should
-- be coming.
WITH waiting AS (
    SELECT receipt_id FROM receipt_inbox
    WHERE applied_at IS NULL
    ORDER BY receipt_id
    LIMIT %(most)s
),

newest AS (
    SELECT max(received_at) AS received_at FROM receipt_inbox
)

SELECT
    (SELECT count(*) FROM waiting) AS waiting_count,
    (SELECT extract(EPOCH FROM clock() - received_at)::float8 FROM newest) AS silent_seconds,
    EXISTS(SELECT FROM campaign WHERE state = 'sending') AS is_sending
