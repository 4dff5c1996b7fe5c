-- P5: a message is accepted at most once. Returns the messages with more acceptances.
SELECT
    message_id,
    count(*) AS attempt_count
FROM attempt
WHERE outcome = 'accepted'
GROUP BY message_id
HAVING count(*) > 1
