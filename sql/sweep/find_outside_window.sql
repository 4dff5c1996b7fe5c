-- Returns accounts whose messages the platform refused as outside the window in the last day, though by our clock and
-- our interactions the window was open: one of them is wrong.
SELECT
    a.name AS account,
    count(*) AS message_count
FROM message_list AS m
INNER JOIN account AS a ON m.account_id = a.account_id
WHERE m.state = 'failed' AND m.reason = 'outside_window' AND m.state_since > clock() - interval '1 day'
GROUP BY a.account_id
ORDER BY a.name
