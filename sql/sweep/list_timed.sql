-- Returns the campaigns that are scheduled for a time, each with the run that was made for it. One of this minute may
-- be on the way to its first run still, and is left out.
SELECT
    c.campaign_id,
    c.name,
    a.name AS account,
    c.scheduled_at,
    c.scheduled_run_id
FROM campaign AS c
INNER JOIN account AS a ON c.account_id = a.account_id
WHERE c.state = 'scheduled' AND c.scheduled_at IS NOT NULL AND c.created_at < clock() - interval '1 min'
ORDER BY c.campaign_id
