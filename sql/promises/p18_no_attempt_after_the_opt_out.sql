-- P18: no attempt was made for a person after that person's opt-out, or during a cool-off. Returns those that were.
SELECT
    a.attempt_id,
    a.started_at,
    s.added_at
FROM attempt AS a
INNER JOIN suppression AS s ON a.account_id = s.account_id AND a.user_id = s.user_id
WHERE a.started_at > s.added_at AND (s.until IS NULL OR a.started_at < s.until)
