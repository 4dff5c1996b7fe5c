-- Returns the accounts that were paused within some hours, each with how many campaigns were paused with it.
SELECT
    a.name AS account,
    a.paused_at AS moment,
    a.pause_reason,
    count(c.campaign_id) AS campaign_count
FROM account AS a
LEFT JOIN campaign AS c ON a.account_id = c.account_id AND c.state = 'paused' AND c.pause_reason = 'account_paused'
WHERE a.paused_at > clock() - %(hours)s::float8 * interval '1 h'
GROUP BY a.account_id
ORDER BY a.paused_at
