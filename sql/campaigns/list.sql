-- Returns the newest campaigns, newest first.
SELECT
    c.campaign_id,
    c.name,
    c.state,
    c.scheduled_at,
    c.created_at,
    a.name AS account
FROM campaign AS c
INNER JOIN account AS a ON c.account_id = a.account_id
ORDER BY c.campaign_id DESC
LIMIT %(most)s
