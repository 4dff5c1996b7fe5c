-- P14 and P16: the slot of every attempt lies inside the 24 hours after an interaction that opens a window and that we
-- know of. Returns the attempts that do not.
SELECT
    a.attempt_id,
    a.slot_at,
    a.opener_at
FROM attempt AS a
LEFT JOIN last_interaction AS l ON a.account_id = l.account_id AND a.user_id = l.user_id
WHERE
    (a.slot_at >= a.opener_at + interval '24 h' AND coalesce(a.outcome, 'unknown') <> 'not_sent')
    OR l.opener_at IS NULL
    OR l.opener_at < a.opener_at
