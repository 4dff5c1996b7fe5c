-- Returns the campaigns that still wait for a second person when their time has passed, or an hour after they were
-- submitted to be sent at once; those of some days ago have been told often enough.
SELECT
    c.campaign_id,
    c.name,
    a.name AS account,
    extract(EPOCH FROM clock() - coalesce(c.scheduled_at, c.state_since))::float8 / 60 AS minutes
FROM campaign AS c
INNER JOIN account AS a ON c.account_id = a.account_id
WHERE
    c.state = 'awaiting_approval'
    AND coalesce(c.scheduled_at, c.state_since + interval '1 h') < clock()
    AND coalesce(c.scheduled_at, c.state_since) > clock() - %(days)s::float8 * interval '1 d'
ORDER BY c.campaign_id
