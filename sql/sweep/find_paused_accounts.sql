-- Returns paused accounts that keep campaigns waiting, with why and how many.
SELECT
    a.name AS account,
    a.pause_reason,
    count(*) AS campaign_count
FROM account AS a
INNER JOIN campaign AS c ON a.account_id = c.account_id
WHERE
    a.paused_at IS NOT NULL
    AND (c.state IN ('scheduled', 'sending') OR (c.state = 'paused' AND c.pause_reason = 'account_paused'))
GROUP BY a.account_id
ORDER BY a.name
